/**
 * How a write is answered: body, Idempotency-Key, then in one transaction the references, the object, If-Match and the
 * write itself. The answer is rendered in that transaction, so that it can be stored with the write.
 */

import type { Vault } from "../access/vault.ts";
import type { RequestName } from "../store/idempotency.ts";
import type { Transaction } from "../store/transaction.ts";
import type { Admission, Gate, Principal } from "./admission.ts";
import { etagOf, namesTag } from "./conditional.ts";
import { ApiError, requireNoWarnings } from "./errors.ts";
import type { Exchange, Exchanges } from "./exchange.ts";
import { findAnswer, readIdempotencyKey, type StoredAnswer, storeAnswer } from "./idempotency.ts";
import { readInput } from "./input.ts";
import type { Params, RouteServices, WriteRoute } from "./route.ts";
import { targetOf } from "./target.ts";

export interface WriteServices {
  /** For the functions of the route. */
  routeServices: RouteServices;
  admission: Admission;
  exchanges: Exchanges;
  /** Whether unknown fields and query parameters are refused. */
  strict: boolean;
}

const SECRET_WARNING = "Store the secret now; it is not shown again.";

/** Answers a request to `route` after its commit. Throws what the error envelope is made of. */
export async function answerWrite(
  services: WriteServices,
  route: WriteRoute,
  exchange: Exchange,
  params: Params,
  gate?: Gate,
): Promise<Response> {
  const { routeServices, admission, exchanges, strict } = services;
  const { request, headers } = exchange;
  const { key, actor, requireConfirmed } = admission.admit(exchange, route.access, gate);
  const body = await readInput(
    request,
    route,
    strict,
    (sent) => route.country?.(routeServices, { params, body: sent }) ?? null,
  );
  const requestKey = route.method === "POST" ? readIdempotencyKey(request.headers) : null;
  const name =
    requestKey === null || key === null
      ? null
      : { apiKeyId: key.id, path: targetOf(request).path, key: requestKey };
  await route.before?.(routeServices, { params, body });
  const ifMatch = request.headers.get("if-match");
  const { answer, replayed } = await routeServices.store.change(actor(), (tx) =>
    answerOnce(tx, routeServices.vault, name, body, () =>
      perform(services, route, tx, { params, body, ifMatch, requireConfirmed }),
    ),
  );
  if (replayed) headers["Idempotent-Replayed"] = "true";
  if (route.answers.kind === "secret") headers["Cache-Control"] = "no-store";
  if (answer.location !== null) headers.Location = answer.location;
  if (answer.etag !== null) headers.ETag = answer.etag;
  return exchanges.respond(exchange, answer.status, answer.body);
}

/** The answer stored under this Idempotency-Key, or the answer of `work`, stored in the same transaction. */
function answerOnce(
  tx: Transaction,
  vault: Vault,
  name: RequestName | null,
  body: unknown,
  work: () => StoredAnswer,
): { answer: StoredAnswer; replayed: boolean } {
  const stored = name && findAnswer(tx, vault, name, body);
  if (stored) return { answer: stored, replayed: true };
  const answer = work();
  if (name) storeAnswer(tx, vault, name, body, answer);
  return { answer, replayed: false };
}

interface WriteRequest {
  params: Params;
  body: unknown;
  ifMatch: string | null;
  requireConfirmed: Principal["requireConfirmed"];
}

/** Does a write in its transaction and renders its answer. */
function perform(
  { routeServices: services, strict }: WriteServices,
  route: WriteRoute,
  tx: Transaction,
  { params, body, ifMatch, requireConfirmed }: WriteRequest,
): StoredAnswer {
  route.check?.(services, body);
  const target = route.find?.(services, params);
  if (target === null && !route.creates) throw new ApiError("not_found");
  if (ifMatch !== null && route.view) {
    const etag =
      target === null ? null : etagOf(JSON.stringify({ data: route.view(services, target) }));
    if (etag === null || !namesTag(ifMatch, etag)) throw new ApiError("precondition_failed");
  }
  requireConfirmed?.(body, target);
  const written = route.write(services, tx, { params, body, target });
  const status = written.status ?? route.status;
  const location = written.location ?? null;
  if (!written.data) return { status, location, etag: null, body: null };
  const data = JSON.stringify({ data: written.data });
  const { secret, warnings } = written;
  if (strict && warnings) requireNoWarnings(warnings);
  return {
    status,
    location,
    // The object of a 202 is still in progress, so its next representation differs.
    etag: status === 202 ? null : etagOf(data),
    body: secret
      ? JSON.stringify({ data: written.data, secret, warning: SECRET_WARNING })
      : warnings
        ? `${data.slice(0, -1)},"warnings":${JSON.stringify(warnings)}}`
        : data,
  };
}
