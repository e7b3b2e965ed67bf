/**
 * /dashboard/api: what the dashboard's pages are made of. Every route of the API is there too, behind a session in place
 * of a key; the rest is what keys cannot do: accounts, sessions, keys themselves and the audit log.
 */

import { createFirstAccount, type FirstAccount } from "../access/first-account.ts";
import type { SignInLink } from "../access/one-time.ts";
import type { Session } from "../access/sessions.ts";
import { createSignIn } from "../access/sign-in.ts";
import { createStepUp } from "../access/step-up.ts";
import type { User } from "../access/users.ts";
import type { Appliance } from "../appliance.ts";
import type { Gate } from "../http/admission.ts";
import { ApiError } from "../http/errors.ts";
import type { Exchange } from "../http/exchange.ts";
import { readInput, readQuery } from "../http/input.ts";
import type { Handler, Pipeline } from "../http/pipeline.ts";
import type { Params, Route } from "../http/route.ts";
import { NDJSON_TYPE, ndjson } from "../http/streaming.ts";
import type { Log } from "../lib/log.ts";
import { userActor } from "../store/actor.ts";
import { accountRoutes } from "./account.ts";
import { attentionRoutes, createOpenItems } from "./attention.ts";
import { auditRoutes } from "./audit.ts";
import { callRoutes } from "./calls.ts";
import { changesRoutes } from "./changes.ts";
import { DEVICE_COOKIE, readCookie, SESSION_COOKIE } from "./cookies.ts";
import { deliveryRoutes } from "./deliveries.ts";
import { fieldHelpRoutes } from "./field-help.ts";
import { keyRoutes } from "./keys.ts";
import { overviewRoutes } from "./overview.ts";
import type { DashboardRoute, Reply, Visit } from "./route.ts";
import { requireSameOrigin } from "./same-origin.ts";
import { signInRoutes } from "./sign-in.ts";

const BASE = "/dashboard/api";
/** Where the page puts what `confirm` gave it. */
const PROOF_HEADER = "x-confirmation";
/** With any value: the page reads by itself, because something has changed, and nobody need be there. */
const UNATTENDED_HEADER = "x-unattended";

export interface DashboardServices {
  appliance: Appliance;
  pipeline: Pipeline;
  /** Those of the API. */
  routes: readonly Route[];
  log: Log;
  addressOf(request: Request): string;
  publicUrl(): string;
  /** Null but for a mock. */
  signInLink: SignInLink | null;
}

export interface Dashboard {
  /** What it serves, with how. */
  routes: readonly { method: string; path: string; handle: Handler }[];
  /** For every other path under it. */
  unknown(request: Request): Response;
  firstAccount: FirstAccount;
}

export function createDashboard(services: DashboardServices): Dashboard {
  const { appliance, pipeline, log, addressOf, publicUrl, signInLink } = services;
  const { users, sessions, passwords, clock, random } = appliance;
  const firstAccount = createFirstAccount(users, random);
  const openItems = createOpenItems(appliance.db);
  const shared = {
    ...appliance,
    log,
    publicUrl,
    firstAccount,
    signInLink,
    signIn: createSignIn({ ...appliance, log }),
    stepUp: createStepUp(users, passwords, clock, random, log),
    secure: () => publicUrl().startsWith("https:"),
  };

  /** `attended`: somebody may be there, which prolongs the session. */
  function requireSession(request: Request, attended = true): { user: User; session: Session } {
    const token = readCookie(request, SESSION_COOKIE);
    const session = token === null ? null : sessions.authenticate(token);
    const user = session && users.find(session.user_id);
    if (!user) throw new ApiError("unauthorized");
    if (attended && !request.headers.has(UNATTENDED_HEADER))
      sessions.recordUse(session!, () => addressOf(request));
    return { user, session: session! };
  }

  const gate: Gate = (exchange) => {
    requireSameOrigin(exchange.request, publicUrl());
    const { user } = requireSession(exchange.request);
    return { key: null, actor: () => userActor(user, pipeline.originOf(exchange)) };
  };

  async function answer(route: DashboardRoute, exchange: Exchange, params: Params) {
    const { request } = exchange;
    requireSameOrigin(request, publicUrl());
    const signedIn = route.access === "session" ? requireSession(request, !route.unattended) : null;
    const from = pipeline.originOf(exchange);
    const visit: Visit<unknown> = {
      params,
      from,
      device: readCookie(request, DEVICE_COOKIE),
      query: readQuery(request, route.query),
      body: await readInput(request, route),
    };
    if (route.access === "open") return render(await route.answer(visit));
    const { user, session } = signedIn!;
    const proof = request.headers.get(PROOF_HEADER);
    const actor = userActor(user, from);
    return render(await route.answer({ ...visit, user, session, actor, proof }));
  }

  const own = [
    ...signInRoutes(shared),
    ...accountRoutes(shared),
    ...keyRoutes(shared),
    ...auditRoutes(shared),
    ...changesRoutes(shared),
    ...overviewRoutes({ ...shared, openItems }),
    ...attentionRoutes(openItems),
    ...callRoutes(shared),
    ...deliveryRoutes(shared),
    ...fieldHelpRoutes,
  ].map((route) => ({
    method: route.method,
    path: BASE + route.path,
    handle: pipeline.open((exchange, params) => answer(route, exchange, params)),
  }));
  const ofTheApi = services.routes
    .filter(({ access }) => access === "key")
    .map((route) => ({
      method: route.method,
      path: BASE + route.path,
      handle: underBase(pipeline.handler(route, gate)),
    }));
  const routes = [...own, ...ofTheApi].map((route) => ({
    ...route,
    handle: unstored(route.handle),
  }));
  return { routes, unknown: pipeline.unknown(routes, gate), firstAccount };
}

function render({ status = 200, body, lines, cookies = [] }: Reply): Response {
  const response = lines ? linesOf(lines) : body ? Response.json(body, { status }) : empty(status);
  for (const cookie of cookies) response.headers.append("Set-Cookie", cookie);
  return response;
}

const empty = (status: number) => new Response(null, { status });

function linesOf({ of, file }: NonNullable<Reply["lines"]>): Response {
  return new Response(ndjson(of), {
    headers: {
      "Content-Type": NDJSON_TYPE,
      "Content-Disposition": `attachment; filename="${file}"`,
    },
  });
}

/** What was made is found where it was asked for. */
function underBase(handle: Handler): Handler {
  return async (request, params) => {
    const response = await handle(request, params);
    const location = response.headers.get("location");
    if (location !== null) response.headers.set("Location", BASE + location);
    return response;
  };
}

/** No cache keeps what only somebody signed in may see. */
function unstored(handle: Handler): Handler {
  return async (request, params) => {
    const response = await handle(request, params);
    response.headers.set("Cache-Control", "no-store");
    return response;
  };
}
