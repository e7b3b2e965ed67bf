/**
 * How a request becomes a response, in one order that is read here from top to bottom:
 *
 *   request id, open for work, key, rate limit, scope, path and method, body, Idempotency-Key, object, If-Match, write
 *
 * The dashboard's requests come the same way; a gate that asks for a session stands in place of key, rate limit and scope.
 *
 * It knows no resource. What a handler throws from the catalogue is answered in the envelope; anything else is a 500
 * that says nothing to the client and everything to the log.
 */

import type { ApiKey, Keys } from "../access/keys.ts";
import type { KeyKind } from "../access/token.ts";
import { LIMITS } from "../config.ts";
import type { Clock } from "../lib/clock.ts";
import type { Ids } from "../lib/ids.ts";
import { networkOf } from "../lib/ip.ts";
import type { Log } from "../lib/log.ts";
import type { Actor } from "../store/actor.ts";
import type { Store, Transaction } from "../store/change.ts";
import { readBody, requireContentType } from "./body.ts";
import { etagOf, namesTag } from "./conditional.ts";
import { ApiError, errorBody, invalid, rateLimited, toApiError } from "./errors.ts";
import {
  type IdempotencyRecords,
  type RequestName,
  readIdempotencyKey,
  type StoredAnswer,
} from "./idempotency.ts";
import type { RateLimiter } from "./rate-limit.ts";
import type { Params, ReadRoute, Route, StreamRoute, WriteRoute } from "./route.ts";
import { requireKnownFields, requireKnownParameters } from "./strict.ts";
import { isDecodable, targetOf } from "./target.ts";
import { checkBody, checkQuery } from "./validate.ts";

export interface PipelineServices {
  store: Store;
  keys: Keys;
  /** The kinds of keys that `/v1` accepts. */
  apiKeyKinds: readonly KeyKind[];
  reads: RateLimiter;
  writes: RateLimiter;
  /** By the client's network. */
  failedAuthentications: RateLimiter;
  /** Whether unknown fields and query parameters are refused instead of ignored. */
  strict: boolean;
  /** Request headers that are refused, by name in lower case, each with its error text. */
  refusedHeaders: Readonly<Record<string, string>>;
  idempotency: IdempotencyRecords;
  clock: Clock;
  ids: Ids;
  log: Log;
  /** The client's address, behind trusted proxies too. */
  addressOf(request: Request): string;
  /** Whether the server is stopping and takes no more work. */
  draining(): boolean;
}

/** Answers a request that matched a route. `params` are the path's, decoded. */
export type Handler = (request: Request, params: Params) => Response | Promise<Response>;

/** Who was let in. `key` is null where no key was asked for. */
export interface Caller {
  key: ApiKey | null;
  actor(): Actor;
}

/** Lets a request in, or throws. */
export type Gate = (request: Request, requestId: string) => Caller;

export interface Pipeline {
  /** Without a gate, the route's own: a key, its rate limit and its scope. */
  handler(route: Route, gate?: Gate): Handler;
  /** For what no route serves: 401, 429, 403, 404 or 405, in this order. */
  unknown(
    routes: readonly { method: string; path: string }[],
    gate?: Gate,
  ): (request: Request) => Response;
  /** For what is outside the API and needs no key: request id, 503 while stopping, errors in the envelope. */
  open(
    work: (request: Request, requestId: string, params: Params) => Response | Promise<Response>,
  ): (request: Request, params?: Params) => Response | Promise<Response>;
}

/** One request on its way: what every answer to it carries. */
interface Exchange {
  request: Request;
  id: string;
  headers: Record<string, string>;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;
const WRITING = new Set(["POST", "PUT", "PATCH", "DELETE"]);
const JSON_TYPE = "application/json";
/** Why a request is refused that no log need tell of, one by one. */
const STOPPING = "stopping";
const SECRET_WARNING = "Store the secret now; it is not shown again.";

export function createPipeline(services: PipelineServices): Pipeline {
  const { store, keys, idempotency, clock, ids, log, addressOf, strict } = services;
  const tellsAll = log.isLevelEnabled("debug");
  const refusedHeaders = Object.entries(services.refusedHeaders);

  function begin(request: Request): Exchange {
    const given = request.headers.get("x-request-id");
    const id = given !== null && REQUEST_ID.test(given) ? given : ids.request();
    return { request, id, headers: { "X-Request-Id": id } };
  }

  function requireOpen(exchange: Exchange): void {
    if (!services.draining()) return;
    // The next try may reach a new process only over a new connection.
    exchange.headers.Connection = "close";
    throw new ApiError("unavailable", { headers: { "Retry-After": "1" }, reason: STOPPING });
  }

  function authenticate(
    { request, id }: Exchange,
    kinds: readonly KeyKind[],
  ): Caller & { key: ApiKey } {
    const header = request.headers.get("authorization");
    const token = header?.startsWith("Bearer ") ? header.slice(7) : null;
    const key = token === null ? "missing" : keys.authenticate(token, kinds);
    if (typeof key === "string") {
      const address = addressOf(request);
      const { failedAuthentications } = services;
      const { allowed, retrySeconds } = failedAuthentications.spend(
        networkOf(address),
        clock.monotonic(),
      );
      if (!allowed)
        throw rateLimited(
          retrySeconds,
          `${failedAuthentications.limit} failed authentications per minute`,
        );
      log.info({ request_id: id, ip: address, reason: key }, "key refused");
      throw new ApiError("unauthorized", { headers: { "WWW-Authenticate": "Bearer" } });
    }
    keys.used(key, () => addressOf(request));
    const actor = (): Actor => ({
      type: key.kind === "plat" ? "platform" : "key",
      id: key.id,
      name: key.name,
      prefix: key.prefix,
      ip: addressOf(request),
      user_agent: request.headers.get("user-agent")?.slice(0, LIMITS.userAgentLength) ?? null,
      request_id: id,
    });
    return { key, actor };
  }

  /** Takes a token of the key's budget and tells in the answer's headers what is left of it. */
  function spend({ request, headers }: Exchange, key: ApiKey): void {
    const writing = WRITING.has(request.method);
    const [name, limiter] = writing
      ? (["writes", services.writes] as const)
      : (["reads", services.reads] as const);
    const { allowed, left, fullSeconds, retrySeconds } = limiter.spend(key.id, clock.monotonic());
    headers["RateLimit-Policy"] = `"${name}";q=${limiter.limit};w=60`;
    headers.RateLimit = `"${name}";r=${left};t=${fullSeconds}`;
    if (!allowed) throw rateLimited(retrySeconds, `${limiter.limit} ${name} per minute`);
  }

  function admitByKey(exchange: Exchange, access: Route["access"]): Caller {
    if (access === "platform") return authenticate(exchange, ["plat"]);
    const caller = authenticate(exchange, services.apiKeyKinds);
    spend(exchange, caller.key);
    if (caller.key.scope !== "write" && WRITING.has(exchange.request.method)) {
      throw new ApiError("insufficient_scope");
    }
    return caller;
  }

  /** The gate, or else key, rate limit and scope: whether the caller may go on at all. */
  function admit(exchange: Exchange, access: Route["access"], gate?: Gate): Caller {
    requireOpen(exchange);
    const caller = gate ? gate(exchange.request, exchange.id) : admitByKey(exchange, access);
    const { url, headers } = exchange.request;
    for (const [name, issue] of refusedHeaders)
      if (headers.has(name)) throw invalid({ [name]: issue });
    if (url.includes("%") && !isDecodable(targetOf(exchange.request).path)) {
      throw new ApiError("not_found");
    }
    return caller;
  }

  function fail(exchange: Exchange, thrown: unknown): Response {
    // Nobody is there any more to read it: a client that hung up is no failure of the server.
    if (exchange.request.signal.aborted) return new Response(null, { status: 400 });
    const error = toApiError(thrown);
    if (error.status >= 500 && error.reason !== STOPPING) {
      const cause = error.reason === undefined ? { err: thrown } : { reason: error.reason };
      log.error({ request_id: exchange.id, method: exchange.request.method, ...cause }, error.code);
    }
    Object.assign(exchange.headers, error.headers);
    return answer(exchange, error.status, errorBody(error));
  }

  function answer(exchange: Exchange, status: number, body: string | null): Response {
    if (body !== null) exchange.headers["Content-Type"] = JSON_TYPE;
    if (tellsAll)
      log.debug(
        {
          request_id: exchange.id,
          method: exchange.request.method,
          url: targetOf(exchange.request).path,
          status,
        },
        "answered",
      );
    return new Response(body, { status, headers: exchange.headers });
  }

  /** Runs `work` and turns what it throws into an answer. */
  function guarded(request: Request, work: (exchange: Exchange) => Response | Promise<Response>) {
    const exchange = begin(request);
    try {
      const response = work(exchange);
      return response instanceof Response
        ? response
        : response.catch((error) => fail(exchange, error));
    } catch (error) {
      return fail(exchange, error);
    }
  }

  function read(route: ReadRoute, exchange: Exchange, params: Params, gate?: Gate): Response {
    const { key } = admit(exchange, route.access, gate);
    const given = route.query || strict ? targetOf(exchange.request).query : null;
    if (given && strict) requireKnownParameters(route.query, given);
    const query = given && route.query ? checkQuery(route.query, given) : {};
    const found = route.read({ params, query, key });
    if (found === null) throw new ApiError("not_found");
    if (route.answers.kind === "page") return answer(exchange, 200, JSON.stringify(found));
    const body = JSON.stringify({ data: found });
    const etag = etagOf(body);
    exchange.headers.ETag = etag;
    const known = exchange.request.headers.get("if-none-match");
    return known !== null && namesTag(known, etag)
      ? answer(exchange, 304, null)
      : answer(exchange, 200, body);
  }

  async function write(
    route: WriteRoute,
    exchange: Exchange,
    params: Params,
    gate?: Gate,
  ): Promise<Response> {
    const { request, headers } = exchange;
    const { key, actor } = admit(exchange, route.access, gate);
    const sent = route.body ? await readBody(request, route) : undefined;
    if (strict) {
      requireKnownParameters(undefined, targetOf(request).query);
      if (route.body) requireKnownFields(route.body, sent);
    }
    const body = route.body ? checkBody(route.body, sent) : undefined;
    const requestKey = route.method === "POST" ? readIdempotencyKey(request.headers) : null;
    const name =
      requestKey === null || key === null
        ? null
        : { apiKeyId: key.id, path: targetOf(request).path, key: requestKey };
    await route.before?.({ params, body });
    const { stored, replayed } = await store.change(actor(), (tx) =>
      once(tx, name, body, () => perform(route, tx, params, body, request.headers.get("if-match"))),
    );
    if (replayed) headers["Idempotent-Replayed"] = "true";
    if (stored.location !== null) headers.Location = stored.location;
    if (stored.etag !== null) headers.ETag = stored.etag;
    return answer(exchange, stored.status, stored.body);
  }

  /** The answer kept under this Idempotency-Key, or a new one, kept in the transaction that makes it. */
  function once(
    tx: Transaction,
    name: RequestName | null,
    body: unknown,
    work: () => StoredAnswer,
  ) {
    const kept = name && idempotency.find(name, body, tx.at);
    if (kept) return { stored: kept, replayed: true };
    const stored = work();
    if (name) idempotency.keep(name, body, stored, tx.at);
    return { stored, replayed: false };
  }

  function stream(route: StreamRoute, exchange: Exchange, gate?: Gate): Response {
    const { actor } = admit(exchange, route.access, gate);
    requireContentType(exchange.request, "application/x-ndjson");
    if (strict) requireKnownParameters(undefined, targetOf(exchange.request).query);
    const lines = route.stream({
      actor: actor(),
      body: exchange.request.body,
      requireKnown: strict ? (value) => requireKnownFields(route.line, value) : undefined,
    });
    exchange.headers["Content-Type"] = "application/x-ndjson";
    return new Response(asText(lines, exchange), { headers: exchange.headers });
  }

  /** NDJSON of what comes; a failure in the middle ends the answer early, for its status is long sent. */
  function asText(lines: AsyncIterable<object>, { id }: Exchange): ReadableStream {
    const iterator = lines[Symbol.asyncIterator]();
    const encoder = new TextEncoder();
    return new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const { done, value } = await iterator.next();
          if (done) controller.close();
          else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
        } catch (error) {
          log.error({ request_id: id, err: error }, "stream broken off");
          controller.error(error);
        }
      },
      cancel: () => void iterator.return?.(),
    });
  }

  return {
    handler(route, gate) {
      if ("stream" in route)
        return (request) => guarded(request, (exchange) => stream(route, exchange, gate));
      if (route.method === "GET") {
        return (request, params) =>
          guarded(request, (exchange) => read(route, exchange, params, gate));
      }
      return (request, params) =>
        guarded(request, (exchange) => write(route, exchange, params, gate));
    },
    unknown(routes, gate) {
      const known = routes.map((route) => ({ route, pattern: patternOf(route.path) }));
      return (request) =>
        guarded(request, (exchange) => {
          const { path: pathname } = targetOf(request);
          const area = /^\/(v1|platform\/v1)(\/|$)/.exec(pathname)?.[1];
          if (area || gate) admit(exchange, area === "v1" ? "key" : "platform", gate);
          else requireOpen(exchange);
          const methods = known
            .filter(({ pattern }) => pattern.test(pathname))
            .map(({ route }) => route.method);
          if (methods.length === 0) throw new ApiError("not_found");
          throw methodNotAllowed(methods);
        }) as Response;
    },
    open:
      (work) =>
      (request, params = {}) =>
        guarded(request, (exchange) => {
          requireOpen(exchange);
          const tagged = (response: Response) => {
            response.headers.set("X-Request-Id", exchange.id);
            return response;
          };
          const response = work(request, exchange.id, params);
          return response instanceof Response ? tagged(response) : response.then(tagged);
        }),
  };
}

/** Does a write in its transaction and renders its answer there, so that it can be kept with it. */
function perform(
  route: WriteRoute,
  tx: Transaction,
  params: Params,
  body: unknown,
  ifMatch: string | null,
): StoredAnswer {
  route.check?.(tx.db, body);
  const target = route.find?.(tx.db, params);
  if (target === null && !route.creates) throw new ApiError("not_found");
  if (ifMatch !== null && route.view) {
    const etag = target === null ? null : etagOf(JSON.stringify({ data: route.view(target) }));
    if (etag === null || !namesTag(ifMatch, etag)) throw new ApiError("precondition_failed");
  }
  const written = route.write(tx, { params, body, target });
  const status = written.status ?? route.status;
  const location = written.location ?? null;
  if (!written.data) return { status, location, etag: null, body: null };
  const plain = JSON.stringify({ data: written.data });
  const { secret } = written;
  return {
    status,
    location,
    // A 202 answers with a thing in the making, which will be another the next time it is read.
    etag: status === 202 ? null : etagOf(plain),
    body: secret ? JSON.stringify({ data: written.data, secret, warning: SECRET_WARNING }) : plain,
  };
}

/** A `405` with the methods that the path does have; HEAD goes wherever GET does. */
function methodNotAllowed(methods: readonly string[]): ApiError {
  const all = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return new ApiError("method_not_allowed", { headers: { Allow: [...new Set(all)].join(", ") } });
}

/** `/v1/contacts/:id` as a pattern of whole paths. */
const patternOf = (path: string) => new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`);
