/** Requests to the API of a mock: applies a fault if one matches, and records the request for the page /mock. */
import { errorBody, toApiError } from "../http/errors.ts";
import { isoTime, systemClock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { applyFault, type Fault } from "./faults.ts";
import type { MockInstance } from "./instance.ts";

/** Answers a request to `/v1` or `/platform`. */
export async function respondToApi(
  request: Request,
  path: string,
  instance: MockInstance,
  log: Log,
): Promise<Response> {
  const { appliance, application, faults, recent, clock } = instance;
  const token = request.headers.get("authorization")?.replace(/^Bearer /, "") ?? "";
  const found = appliance.keys.authenticate(token, ["test", "plat"]);
  const key = typeof found === "string" ? null : found;
  const finish = recent.record(request, key, isoTime(clock.now()));
  const started = systemClock.monotonic();
  const headers = () => ({
    "X-Request-Id": request.headers.get("x-request-id") ?? appliance.ids.request(),
  });
  const next = () => application.elysia.fetch(request);
  let response: Response;
  let fault: Fault | null = null;
  try {
    fault = faults.find(request, { method: request.method, path, key });
    response = fault ? await applyFault(fault, next, headers()) : await next();
  } catch (error) {
    response = respondToError(error, log, headers());
  }
  finish(response, { ms: systemClock.monotonic() - started, fault: fault?.text ?? null });
  return response;
}

/** The error in the envelope of the API. An unexpected one is logged and answered with 500. */
export function respondToError(
  thrown: unknown,
  log: Log,
  headers: Record<string, string> = {},
): Response {
  const error = toApiError(thrown);
  if (error.code === "internal_error") log.error({ err: thrown }, "internal_error");
  return new Response(errorBody(error), {
    status: error.status,
    headers: { ...headers, ...error.headers, "Content-Type": "application/json" },
  });
}
