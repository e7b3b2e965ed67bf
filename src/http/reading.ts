/** How a GET is answered: query, object or page, ETag, If-None-Match. */
import type { Admission, Gate } from "./admission.ts";
import { etagOf, namesTag } from "./conditional.ts";
import { ApiError } from "./errors.ts";
import type { Exchange, Exchanges } from "./exchange.ts";
import { readQuery } from "./input.ts";
import type { Params, ReadRoute, RouteServices } from "./route.ts";

export interface ReadServices {
  /** For the functions of the route. */
  routeServices: RouteServices;
  admission: Admission;
  exchanges: Exchanges;
  /** Whether unknown query parameters are refused. */
  strict: boolean;
}

/** Answers a request to `route`. Throws what the error envelope is made of. */
export function answerRead(
  { routeServices, admission, exchanges, strict }: ReadServices,
  route: ReadRoute,
  exchange: Exchange,
  params: Params,
  gate?: Gate,
): Response {
  const { key } = admission.admit(exchange, route.access, gate);
  const query = readQuery(exchange.request, route.query, strict);
  const found = route.read(routeServices, { params, query, key });
  if (found === null) throw new ApiError("not_found");
  if (route.answers.kind === "page") return exchanges.respond(exchange, 200, JSON.stringify(found));
  const body = JSON.stringify({ data: found });
  const etag = etagOf(body);
  exchange.headers.ETag = etag;
  const known = exchange.request.headers.get("if-none-match");
  return known !== null && namesTag(known, etag)
    ? exchanges.respond(exchange, 304, null)
    : exchanges.respond(exchange, 200, body);
}
