/**
 * The dashboard's own routes, in addition to those of the API that it shares: what each takes, who may call it and what
 * it returns. As in the API, a handler takes validated input and returns a value.
 */
import type { z } from "zod";
import type { Session } from "../access/sessions.ts";
import type { User } from "../access/users.ts";
import { LIMITS } from "../config.ts";
import type { Method, Params, Query } from "../http/route.ts";
import type { Actor, RequestOrigin } from "../store/actor.ts";
import type { Page } from "./answers.ts";

export interface DashboardRequest<Body> {
  params: Params;
  query: Query;
  body: Body;
  origin: RequestOrigin;
  /** The device cookie, which identifies a browser that has signed in to an account before. */
  device: string | null;
}

/** A request of a user who is signed in. */
export interface SignedInRequest<Body> extends DashboardRequest<Body> {
  user: User;
  session: Session;
  actor: Actor;
  /** What `POST /confirm` returned for this action; null without one. */
  proof: string | null;
}

/** JSON, or the text of an NDJSON download, read as the client reads. Cookies are whole `Set-Cookie` values. */
export interface DashboardResponse {
  status?: 200 | 201 | 204;
  body?: object;
  download?: { chunks: AsyncIterable<string>; fileName: string };
  cookies?: string[];
}

/** A response with one object, or with a list that has no pages. */
export const dataResponse = <T extends object>(
  value: T,
  status: 200 | 201 = 200,
): DashboardResponse => ({ status, body: { data: value } });

/** A response with one page of a list. */
export const pageResponse = <T extends object>(page: Page<T>): DashboardResponse => ({
  body: page,
});

interface RouteInput<Body> {
  method: Method;
  /** Under /dashboard/api, with parameters as `:id`. */
  path: string;
  query?: z.ZodObject;
  body?: z.ZodType<Body>;
  /** Maximum size of a body. The default is LIMITS.bodyBytes. */
  bodyBytes?: number;
}

interface PublicRoute<Body> extends RouteInput<Body> {
  access: "public";
  handle(request: DashboardRequest<Body>): DashboardResponse | Promise<DashboardResponse>;
}

interface SessionRoute<Body> extends RouteInput<Body> {
  access: "session";
  /** A page sends this request repeatedly by itself, so it does not count as a use of the session. */
  isPoll?: true;
  /** Members are refused. */
  ownersOnly?: true;
  handle(request: SignedInRequest<Body>): DashboardResponse | Promise<DashboardResponse>;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of routes holds bodies of every kind.
export type DashboardRoute = PublicRoute<any> | SessionRoute<any>;

/** Defines a route that needs no session. */
export const publicRoute = <Body>(route: Omit<PublicRoute<Body>, "access">): DashboardRoute => ({
  ...route,
  bodyBytes: LIMITS.openBodyBytes,
  access: "public",
});

/** Defines a route that requires a session. */
export const sessionRoute = <Body>(route: Omit<SessionRoute<Body>, "access">): DashboardRoute => ({
  ...route,
  access: "session",
});
