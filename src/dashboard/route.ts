/**
 * The dashboard's own routes, beside those of the API that it shares: what each takes, who may call it and what it
 * answers with. As in the API, a handler takes checked input and returns a value.
 */
import type { z } from "zod";
import type { Session } from "../access/sessions.ts";
import type { User } from "../access/users.ts";
import type { Method, Params, Query } from "../http/route.ts";
import type { Actor, RequestOrigin } from "../store/actor.ts";
import type { Page } from "./answers.ts";

/** One request. `proof` is what `confirm` gave for it, `device` what makes the browser known to an account. */
export interface Visit<Body> {
  params: Params;
  query: Query;
  body: Body;
  from: RequestOrigin;
  device: string | null;
}

/** One request of somebody who is signed in. */
export interface SignedInVisit<Body> extends Visit<Body> {
  user: User;
  session: Session;
  actor: Actor;
  proof: string | null;
}

/** What is answered: JSON, or lines of it as a file to be kept. Cookies are whole `Set-Cookie` values. */
export interface Reply {
  status?: 200 | 201 | 204;
  body?: object;
  lines?: { of: Iterable<object>; file: string };
  cookies?: string[];
}

/** An answer of one thing, or of a list that has no pages. */
export const data = <T extends object>(value: T, status: 200 | 201 = 200): Reply => ({
  status,
  body: { data: value },
});

/** An answer of one page of a list. */
export const page = <T extends object>(value: Page<T>): Reply => ({ body: value });

interface Takes<Body> {
  method: Method;
  /** Under /dashboard/api, with parameters as `:id`. */
  path: string;
  query?: z.ZodObject;
  body?: z.ZodType<Body>;
}

interface OpenRoute<Body> extends Takes<Body> {
  access: "open";
  answer(visit: Visit<Body>): Reply | Promise<Reply>;
}

interface SessionRoute<Body> extends Takes<Body> {
  access: "session";
  /** A page asks this by itself, again and again: it tells of nobody being there and prolongs no session. */
  unattended?: true;
  answer(visit: SignedInVisit<Body>): Reply | Promise<Reply>;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of routes holds bodies of every kind.
export type DashboardRoute = OpenRoute<any> | SessionRoute<any>;

/** A route for whoever comes. */
export const open = <Body>(route: Omit<OpenRoute<Body>, "access">): DashboardRoute => ({
  ...route,
  access: "open",
});

/** A route for those who are signed in. */
export const signedIn = <Body>(route: Omit<SessionRoute<Body>, "access">): DashboardRoute => ({
  ...route,
  access: "session",
});
