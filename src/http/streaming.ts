/** NDJSON (one JSON object per line, `application/x-ndjson`): streams of records in, and streams of answers out. */
import type { Clock } from "../lib/clock.ts";
import type { Admission, Gate } from "./admission.ts";
import { requireContentType } from "./body.ts";
import type { Exchange } from "./exchange.ts";
import { readQuery } from "./input.ts";
import type { RouteServices, StreamRoute } from "./route.ts";
import { requireKnownFields } from "./strict.ts";
import { checkBody } from "./validate.ts";

export const NDJSON_TYPE = "application/x-ndjson";

/** How often an open stream checks that its key or session is still valid: it ends within a second of it. */
const CHECK_MS = 500;

export interface StreamServices {
  /** For the functions of the route. */
  routeServices: RouteServices;
  admission: Admission;
  /** Whether unknown fields and query parameters are refused. */
  strict: boolean;
  clock: Clock;
  onFailure(exchange: Exchange, error: unknown): void;
}

/** Answers a request to `route`; the answers go out while its body still comes in. */
export function answerStream(
  { routeServices, admission, strict, clock, onFailure }: StreamServices,
  route: StreamRoute,
  exchange: Exchange,
  gate?: Gate,
): Response {
  const { request, headers } = exchange;
  const admitted = admission.admit(exchange, route.access, gate);
  const actor = admitted.actor();
  requireContentType(request, NDJSON_TYPE);
  readQuery(request, undefined, strict);
  const lines = route.stream(routeServices, {
    actor,
    body: request.body,
    requireKnown: strict
      ? (value) => {
          requireKnownFields(route.line, value);
          checkBody(route.line, value);
        }
      : undefined,
  });
  headers["Content-Type"] = NDJSON_TYPE;
  return new Response(
    ndjson(lines, watchValidity(actor.requireValid, clock), (error) => onFailure(exchange, error)),
    { headers },
  );
}

/** Calls back once with why a stream must end early; returns the function that stops watching. */
export type StreamWatch = (end: (error: unknown) => void) => () => void;

/** Ends a stream within a second of its key's or session's end, also one that waits for its sender or its reader. */
export function watchValidity(requireValid: (() => void) | null, clock: Clock): StreamWatch {
  return (end) => {
    if (requireValid === null) return () => {};
    let cancel = () => {};
    const checkLater = () => {
      cancel = clock.after(CHECK_MS, () => {
        try {
          requireValid();
          checkLater();
        } catch (error) {
          end(error);
        }
      });
    };
    checkLater();
    return () => cancel();
  };
}

/** The text of `objects`, one per line. */
export const ndjson = (
  objects: AsyncIterable<object>,
  watch: StreamWatch,
  onFailure?: (error: unknown) => void,
): ReadableStream<Uint8Array> =>
  streamOf(objects, (object) => `${JSON.stringify(object)}\n`, watch, onFailure);

/**
 * The text of `parts`, read one by one as the client reads. A failure in the middle ends the response early, since its
 * status has been sent; `onFailure` is told why. `watch` may end it too.
 */
export function streamOf<T>(
  parts: AsyncIterable<T>,
  toText: (part: T) => string,
  watch: StreamWatch,
  onFailure: (error: unknown) => void = () => {},
): ReadableStream<Uint8Array> {
  const iterator = parts[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  let stopWatching = () => {};
  let isOpen = true;
  function close(): void {
    isOpen = false;
    stopWatching();
  }
  /** Ends the iteration without waiting, because a sender that stopped sending would block it. */
  const abandon = () => void Promise.resolve(iterator.return?.()).catch(() => {});
  return new ReadableStream<Uint8Array>({
    start(controller) {
      stopWatching = watch((error) => {
        if (!isOpen) return;
        close();
        onFailure(error);
        controller.error(error);
        abandon();
      });
    },
    async pull(controller) {
      try {
        const { done, value } = await iterator.next();
        if (!isOpen) return;
        if (!done) return controller.enqueue(encoder.encode(toText(value)));
        close();
        controller.close();
      } catch (error) {
        if (!isOpen) return;
        close();
        onFailure(error);
        controller.error(error);
      }
    },
    cancel() {
      close();
      abandon();
    },
  });
}
