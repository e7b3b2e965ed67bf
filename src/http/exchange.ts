/** One request and what every response to it carries; errors become responses here and nowhere else. */
import type { Ids } from "../lib/ids.ts";
import type { Log } from "../lib/log.ts";
import { errorBody, STOPPING, STORAGE_PROBLEM, toApiError } from "./errors.ts";
import { targetOf } from "./target.ts";

export interface Exchange {
  request: Request;
  /** The client's own `X-Request-Id` if it is usable, else a new one. */
  id: string;
  /** Headers of the response, whatever its status. */
  headers: Record<string, string>;
}

type Work = (exchange: Exchange) => Response | Promise<Response>;

export interface Exchanges {
  /** Runs `work`; what it throws becomes a response in the error envelope. */
  run(request: Request, work: Work): Response | Promise<Response>;
  /** The response of an exchange. `body` is JSON text, null for none. */
  respond(exchange: Exchange, status: number, body: string | null): Response;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;
const JSON_TYPE = "application/json";
/** A cache may keep a response for its own client only, and must ask again; a browser must not guess its type. */
const COMMON_HEADERS = {
  "Cache-Control": "private, no-cache",
  "X-Content-Type-Options": "nosniff",
};

/** `onError` is called with every failure of the server. */
export function createExchanges(ids: Ids, log: Log, onError: (error: unknown) => void): Exchanges {
  const logsEachResponse = log.isLevelEnabled("debug");

  function begin(request: Request): Exchange {
    const clientId = request.headers.get("x-request-id");
    const id = clientId !== null && REQUEST_ID.test(clientId) ? clientId : ids.request();
    return { request, id, headers: { ...COMMON_HEADERS, "X-Request-Id": id } };
  }

  function respond(exchange: Exchange, status: number, body: string | null): Response {
    if (body !== null) exchange.headers["Content-Type"] = JSON_TYPE;
    if (logsEachResponse) {
      const { method } = exchange.request;
      const url = targetOf(exchange.request).path;
      log.debug({ request_id: exchange.id, method, url, status }, "answered");
    }
    return new Response(body, { status, headers: exchange.headers });
  }

  function fail(exchange: Exchange, thrown: unknown): Response {
    // A client that closed the connection reads no response, and that is no failure of the server.
    if (exchange.request.signal.aborted) return new Response(null, { status: 400 });
    const error = toApiError(thrown);
    if (error.status >= 500 && error.reason !== STOPPING && error.reason !== STORAGE_PROBLEM) {
      onError(thrown);
      const cause = error.reason === undefined ? { err: thrown } : { reason: error.reason };
      log.error({ request_id: exchange.id, method: exchange.request.method, ...cause }, error.code);
    }
    Object.assign(exchange.headers, error.headers);
    return respond(exchange, error.status, errorBody(error));
  }

  return {
    respond,
    run(request, work) {
      const exchange = begin(request);
      try {
        const response = work(exchange);
        return response instanceof Response
          ? response
          : response.catch((error) => fail(exchange, error));
      } catch (error) {
        return fail(exchange, error);
      }
    },
  };
}
