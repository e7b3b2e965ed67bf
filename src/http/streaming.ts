/** NDJSON (one JSON object per line, `application/x-ndjson`): streams of records in, and streams of answers out. */
import type { Admission, Gate } from "./admission.ts";
import { requireContentType } from "./body.ts";
import type { Exchange } from "./exchange.ts";
import { readQuery } from "./input.ts";
import type { RouteServices, StreamRoute } from "./route.ts";
import { requireKnownFields } from "./strict.ts";

export const NDJSON_TYPE = "application/x-ndjson";

export interface StreamServices {
  /** For the functions of the route. */
  routeServices: RouteServices;
  admission: Admission;
  /** Whether unknown fields and query parameters are refused. */
  strict: boolean;
  onFailure(exchange: Exchange, error: unknown): void;
}

/** Answers a request to `route`; the answers go out while its body still comes in. */
export function answerStream(
  { routeServices, admission, strict, onFailure }: StreamServices,
  route: StreamRoute,
  exchange: Exchange,
  gate?: Gate,
): Response {
  const { request, headers } = exchange;
  const { actor } = admission.admit(exchange, route.access, gate);
  requireContentType(request, NDJSON_TYPE);
  readQuery(request, undefined, strict);
  const lines = route.stream(routeServices, {
    actor: actor(),
    body: request.body,
    requireKnown: strict ? (value) => requireKnownFields(route.line, value) : undefined,
  });
  headers["Content-Type"] = NDJSON_TYPE;
  return new Response(
    ndjson(lines, (error) => onFailure(exchange, error)),
    { headers },
  );
}

/**
 * The text of `objects`, read one by one as the client reads. A failure in the middle ends the response early, since its
 * status has been sent; `onFailure` is told why.
 */
export function ndjson(
  objects: Iterable<object> | AsyncIterable<object>,
  onFailure: (error: unknown) => void = () => {},
): ReadableStream<Uint8Array> {
  const iterator =
    Symbol.asyncIterator in objects ? objects[Symbol.asyncIterator]() : objects[Symbol.iterator]();
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
      } catch (error) {
        onFailure(error);
        controller.error(error);
      }
    },
    cancel: () => void iterator.return?.(),
  });
}
