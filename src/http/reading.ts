/** How a GET is answered: query, object or page, ETag, If-None-Match. */
import type { Details, ErrorCode } from "../contract/errors.ts";
import type { BackgroundReader, Job } from "../store/background-reader.ts";
import type { Admission, Gate } from "./admission.ts";
import { etagOf, namesTag } from "./conditional.ts";
import { ApiError } from "./errors.ts";
import type { Exchange, Exchanges } from "./exchange.ts";
import { readQuery } from "./input.ts";
import type { Page, PageRoute, Params, Query, ReadRoute, Route, RouteServices } from "./route.ts";

export interface ReadServices {
  /** For the functions of the route. */
  routeServices: RouteServices;
  background: BackgroundReader;
  pageJob: PageJob;
  admission: Admission;
  exchanges: Exchanges;
  /** Whether unknown query parameters are refused. */
  strict: boolean;
}

/** Answers a request to `route`. Throws what the error envelope is made of. */
export function answerRead(
  services: ReadServices,
  route: ReadRoute,
  exchange: Exchange,
  params: Params,
  gate?: Gate,
): Response | Promise<Response> {
  const { routeServices, admission, exchanges, strict } = services;
  const { key, actor } = admission.admit(exchange, route.access, gate);
  const query = readQuery(exchange.request, route.query, strict, () => routeServices.countryOf({}));
  if (isPageRoute(route) && route.isUnbounded?.(query))
    return readInBackground(services, route, actor().id ?? "", params, query).then((body) =>
      exchanges.respond(exchange, 200, body),
    );
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

interface PageRequest {
  operation: string;
  params: Params;
  query: Query;
  publicUrl: string;
}

/** The page as JSON text, or why there is none. */
type PageReply = { body: string } | { refusal: { code: ErrorCode; details: Details | undefined } };

export type PageJob = Job<PageRequest, PageReply>;

/** The job that reads a page of any of `routes`. */
export function createPageJob(routes: readonly Route[]): PageJob {
  const pages = new Map<string, PageRoute>(
    routes.flatMap((route) => (isPageRoute(route) ? [[route.operation, route]] : [])),
  );
  return {
    name: "page",
    run(db, { operation, params, query, publicUrl }) {
      let page: Page | null;
      try {
        page = pages.get(operation)!.read({ db, publicUrl: () => publicUrl }, { params, query });
        if (page === null) throw new ApiError("not_found");
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return { refusal: { code: error.code, details: error.details } };
      }
      return { body: JSON.stringify(page) };
    },
  };
}

const isPageRoute = (route: Route): route is PageRoute =>
  "answers" in route && route.answers.kind === "page";

async function readInBackground(
  { background, pageJob, routeServices }: ReadServices,
  { operation }: ReadRoute,
  caller: string,
  params: Params,
  query: Query,
): Promise<string> {
  const publicUrl = routeServices.publicUrl();
  // Plain copies: a framework's objects may not be cloneable.
  const request = { operation, params: { ...params }, query: { ...query }, publicUrl };
  const reply = await background.run(caller, pageJob, request);
  if ("body" in reply) return reply.body;
  const { code, details } = reply.refusal;
  throw new ApiError(code, details && { details });
}
