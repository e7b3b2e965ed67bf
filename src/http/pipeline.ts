/**
 * How a request becomes a response, in one order:
 *
 *   request id, not stopping, key, rate limit, scope        admission.ts
 *   query or body                                           input.ts
 *   a GET: object or page, ETag                             reading.ts
 *   a write: Idempotency-Key, object, If-Match, write       writing.ts
 *   NDJSON in and out                                       streaming.ts
 *
 * It knows no resource. An expected error is answered in the envelope; anything else is a 500 that reveals nothing to the
 * client and everything but secrets to the log.
 */
import type { Ids } from "../lib/ids.ts";
import type { BackgroundReader } from "../store/background-reader.ts";
import type { StorageHealth } from "../store/health.ts";
import { type Admission, type AdmissionServices, createAdmission, type Gate } from "./admission.ts";
import { ApiError, toApiError } from "./errors.ts";
import { createExchanges, type Exchange, type Exchanges } from "./exchange.ts";
import { answerRead, type PageJob } from "./reading.ts";
import type { Params, Route, RouteServices } from "./route.ts";
import { answerStream } from "./streaming.ts";
import { targetOf } from "./target.ts";
import { answerWrite } from "./writing.ts";

export interface PipelineServices extends AdmissionServices, RouteServices {
  /** Whether unknown fields and query parameters are refused instead of ignored. */
  strict: boolean;
  ids: Ids;
  health: Pick<StorageHealth, "reportError">;
  background: BackgroundReader;
  /** Reads the pages of the routes. */
  pageJob: PageJob;
}

/** Answers a request that matched a route. `params` are the path's, decoded. */
export type Handler = (request: Request, params: Params) => Response | Promise<Response>;

export interface Pipeline {
  /** Without a gate: the route's own key, rate limit and scope. */
  handler(route: Route, gate?: Gate): Handler;
  /** For requests that no route serves: 401, 429, 403, 404 or 405, in this order. */
  unknown(
    routes: readonly { method: string; path: string }[],
    gate?: Gate,
  ): (request: Request) => Response;
  /** For what is outside the API and needs no key: request id, 503 while stopping, errors in the envelope. */
  open(
    work: (exchange: Exchange, params: Params) => Response | Promise<Response>,
  ): (request: Request, params?: Params) => Response | Promise<Response>;
  originOf: Admission["originOf"];
}

export function createPipeline(services: PipelineServices): Pipeline {
  const { log, background, pageJob } = services;
  const admission = createAdmission(services);
  const exchanges = createExchanges(services.ids, log, services.health.reportError);
  const { strict } = services;
  const answering = { routeServices: services, background, pageJob, admission, exchanges, strict };
  const streams = {
    ...answering,
    clock: services.clock,
    onFailure({ id, request }: Exchange, error: unknown) {
      // A client that closed the connection is no failure of the server.
      if (request.signal.aborted) return;
      const { code } = toApiError(error);
      if (code === "unauthorized") {
        log.info({ request_id: id, reason: "ended" }, "key refused during a stream");
        return;
      }
      services.health.reportError(error);
      log.error({ request_id: id, err: error }, "stream broken off");
    },
  };
  return {
    originOf: admission.originOf,
    handler(route, gate) {
      const { run } = exchanges;
      if ("stream" in route)
        return (request) =>
          run(request, (exchange) => answerStream(streams, route, exchange, gate));
      if (route.method === "GET")
        return (request, params) =>
          run(request, (exchange) => answerRead(answering, route, exchange, params, gate));
      return (request, params) =>
        run(request, (exchange) => answerWrite(answering, route, exchange, params, gate));
    },
    unknown: (routes, gate) => createUnknownHandler(admission, exchanges, routes, gate),
    open:
      (work) =>
      (request, params = {}) =>
        exchanges.run(request, (exchange) => {
          admission.requireOpen(exchange);
          const response = work(exchange, params);
          return response instanceof Response
            ? withRequestId(response, exchange)
            : response.then((answered) => withRequestId(answered, exchange));
        }),
  };
}

function createUnknownHandler(
  admission: Admission,
  exchanges: Exchanges,
  routes: readonly { method: string; path: string }[],
  gate?: Gate,
): (request: Request) => Response {
  const known = routes.map(({ method, path }) => ({ method, pattern: patternOf(path) }));
  return (request) =>
    exchanges.run(request, (exchange) => {
      const { path } = targetOf(request);
      const area = /^\/(v1|platform\/v1)(\/|$)/.exec(path)?.[1];
      if (area || gate) admission.admit(exchange, area === "v1" ? "key" : "platform", gate);
      else admission.requireOpen(exchange);
      const methods = known.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
      throw methods.length === 0 ? new ApiError("not_found") : methodNotAllowed(methods);
    }) as Response;
}

function withRequestId(response: Response, { id }: Exchange): Response {
  response.headers.set("X-Request-Id", id);
  return response;
}

/** A `405` with the methods that the path has; HEAD goes wherever GET does. */
function methodNotAllowed(methods: readonly string[]): ApiError {
  const all = methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return new ApiError("method_not_allowed", { headers: { Allow: [...new Set(all)].join(", ") } });
}

/** `/v1/contacts/:id` as a pattern of whole paths. */
const patternOf = (path: string) => new RegExp(`^${path.replace(/:\w+/g, "[^/]+")}$`);
