/**
 * Serves /dashboard/api, which the dashboard's pages use. It has every route of the API, with a session in place of a
 * key, and routes for what keys cannot do: accounts, sessions, keys and the audit log.
 */
import { createFirstAccount, type FirstAccount } from "../access/first-account.ts";
import type { SignInLink } from "../access/one-time.ts";
import type { Session } from "../access/sessions.ts";
import { createSignIn } from "../access/sign-in.ts";
import { createStepUp, type StepUp } from "../access/step-up.ts";
import type { User } from "../access/users.ts";
import type { Appliance } from "../appliance.ts";
import { LIMITS } from "../config.ts";
import type { Gate } from "../http/admission.ts";
import { ApiError, rateLimited } from "../http/errors.ts";
import type { Exchange } from "../http/exchange.ts";
import { readInput, readQuery } from "../http/input.ts";
import type { Handler, Pipeline } from "../http/pipeline.ts";
import { createRateLimiter } from "../http/rate-limit.ts";
import type { Params, Route } from "../http/route.ts";
import { NDJSON_TYPE, type StreamWatch, streamOf, watchValidity } from "../http/streaming.ts";
import { networkOf } from "../lib/ip.ts";
import type { Log } from "../lib/log.ts";
import { webhookSubscriptionDefinition } from "../resources/webhook-subscriptions.ts";
import { userActor } from "../store/actor.ts";
import { accountRoutes } from "./account.ts";
import { attentionRoutes, createOpenItems } from "./attention.ts";
import { auditRoutes } from "./audit.ts";
import { callActionRoutes } from "./call-actions.ts";
import { changesRoutes } from "./changes.ts";
import { actionOfWrite } from "./confirmable-actions.ts";
import { DEVICE_COOKIE, readCookie, SESSION_COOKIE } from "./cookies.ts";
import type { DashboardRequest, DashboardResponse, DashboardRoute } from "./dashboard-route.ts";
import { deliveryRoutes } from "./deliveries.ts";
import { fieldHelpRoutes } from "./field-help.ts";
import { firstAccountRoutes } from "./first-account.ts";
import { invitationRoutes } from "./invitation.ts";
import { keyRoutes } from "./keys.ts";
import { overviewRoutes } from "./overview.ts";
import { requireSameOrigin } from "./same-origin.ts";
import { signInRoutes } from "./sign-in.ts";
import { twoFactorRoutes } from "./two-factor.ts";

const BASE = "/dashboard/api";
/** Carries the proof that `POST /confirm` returned. */
const PROOF_HEADER = "x-confirmation";
/** With any value: the page refreshes by itself, so the request does not count as a use of the session. */
const UNATTENDED_HEADER = "x-unattended";

export interface DashboardServices {
  appliance: Appliance;
  pipeline: Pipeline;
  /** The routes of the API. */
  routes: readonly Route[];
  log: Log;
  addressOf(request: Request): string;
  publicUrl(): string;
  /** Null except for a mock. */
  signInLink: SignInLink | null;
}

export interface Dashboard {
  routes: readonly { method: string; path: string; handle: Handler }[];
  /** Answers every other path under /dashboard/api. */
  unknown(request: Request): Response;
  firstAccount: FirstAccount;
}

interface SignedIn {
  user: User;
  session: Session;
  /** Throws if the session has ended, or if the user may not use the route any more. */
  requireValid(): void;
}

/** Throws `unauthorized` without a session, and `insufficient_role` for a member where only owners are admitted. */
type RequireSession = (
  request: Request,
  route: { isPoll?: boolean; ownersOnly?: boolean },
) => SignedIn;

export function createDashboard(services: DashboardServices): Dashboard {
  const { appliance, pipeline } = services;
  const firstAccount = createFirstAccount(appliance.users, appliance.random);
  const requireSession = createSessionCheck(services);
  const stepUp = bindStepUp(services);
  const gateOf = (route?: Route): Gate => createGate(services, requireSession, stepUp, route);
  const chargeAddress = createAddressGuard(services);

  const ownRoutes = createOwnRoutes(services, firstAccount, stepUp).map((route) => ({
    method: route.method,
    path: BASE + route.path,
    handle: pipeline.open((exchange, params) =>
      answer(services, requireSession, chargeAddress, route, exchange, params),
    ),
  }));
  const apiRoutes = services.routes
    .filter(({ access }) => access === "key")
    .map((route) => ({
      method: route.method,
      path: BASE + route.path,
      handle: prefixLocation(pipeline.handler(route, gateOf(route))),
    }));
  const routes = [...ownRoutes, ...apiRoutes].map((route) => ({
    ...route,
    handle: preventCaching(route.handle),
  }));
  return { routes, unknown: pipeline.unknown(routes, gateOf()), firstAccount };
}

const bindStepUp = ({ appliance: { users, passwords, clock, random }, log }: DashboardServices) =>
  createStepUp(users, passwords, clock, random, log);

/** Owners manage the webhooks; members see them. */
const isOwnersOnly = ({ method, path }: Route): boolean =>
  method !== "GET" && path.startsWith(webhookSubscriptionDefinition.path);

/** Admits signed-in users to the routes of the API. `route` is undefined for a path that no route serves. */
function createGate(
  { pipeline, publicUrl }: DashboardServices,
  requireSession: RequireSession,
  stepUp: StepUp,
  route: Route | undefined,
): Gate {
  return (exchange) => {
    requireSameOrigin(exchange.request, publicUrl());
    const ownersOnly = route !== undefined && isOwnersOnly(route);
    const { user, session, requireValid } = requireSession(exchange.request, { ownersOnly });
    return {
      key: null,
      actor: () => userActor(user, pipeline.originOf(exchange), requireValid),
      requireConfirmed(body, target) {
        const action = route && actionOfWrite(route, body, target);
        if (action)
          stepUp.requireProof(session, action, exchange.request.headers.get(PROOF_HEADER));
      },
    };
  };
}

function createSessionCheck({ appliance, addressOf }: DashboardServices): RequireSession {
  const { users, sessions } = appliance;
  const requireRole = (user: User | null, ownersOnly: boolean) => {
    if (ownersOnly && user?.role !== "owner")
      throw new ApiError("insufficient_role", { details: { role: "must be owner" } });
  };
  return (request, { isPoll = false, ownersOnly = false }) => {
    const token = readCookie(request, SESSION_COOKIE);
    const session = token === null ? null : sessions.authenticate(token);
    const user = session && users.find(session.user_id);
    if (!user?.active) throw new ApiError("unauthorized");
    // A poll does not count as a use of the session.
    if (!isPoll && !request.headers.has(UNATTENDED_HEADER))
      sessions.recordUse(session!, () => addressOf(request));
    requireRole(user, ownersOnly);
    return {
      user,
      session: session!,
      requireValid() {
        sessions.requireActive(session!);
        requireRole(users.find(user.id), ownersOnly);
      },
    };
  };
}

/** Returns a function that throws `rate_limited` for an address that sends too many bodies without a session. */
function createAddressGuard({ appliance, addressOf }: DashboardServices) {
  const limiter = createRateLimiter(LIMITS.openBodiesPerMinute);
  return (request: Request): void => {
    const now = appliance.clock.monotonic();
    const { allowed, nextSeconds } = limiter.spend(networkOf(addressOf(request)), now);
    if (!allowed)
      throw rateLimited(nextSeconds, `${limiter.limit} requests per minute without a session`);
  };
}

function createOwnRoutes(
  { appliance, log, publicUrl, signInLink }: DashboardServices,
  firstAccount: FirstAccount,
  stepUp: StepUp,
): DashboardRoute[] {
  const openItems = createOpenItems(appliance.db);
  const shared = {
    ...appliance,
    log,
    publicUrl,
    firstAccount,
    signInLink,
    signIn: createSignIn({ ...appliance, log }),
    stepUp,
    secure: () => publicUrl().startsWith("https:"),
  };
  return [
    ...signInRoutes(shared),
    ...firstAccountRoutes(shared),
    ...invitationRoutes(shared),
    ...accountRoutes(shared),
    ...twoFactorRoutes(shared),
    ...keyRoutes(shared),
    ...auditRoutes(shared),
    ...changesRoutes(shared),
    ...overviewRoutes(shared),
    ...attentionRoutes(openItems),
    ...callActionRoutes(shared),
    ...deliveryRoutes(shared),
    ...fieldHelpRoutes,
  ];
}

/** Answers a request to one of the dashboard's own routes. Origin and session are checked before the input. */
async function answer(
  { appliance, pipeline, publicUrl }: DashboardServices,
  requireSession: RequireSession,
  chargeAddress: (request: Request) => void,
  route: DashboardRoute,
  exchange: Exchange,
  params: Params,
): Promise<Response> {
  const { request } = exchange;
  requireSameOrigin(request, publicUrl());
  const signedIn = route.access === "session" ? requireSession(request, route) : null;
  if (route.access === "public" && route.body) chargeAddress(request);
  const origin = pipeline.originOf(exchange);
  const input: DashboardRequest<unknown> = {
    params,
    origin,
    device: readCookie(request, DEVICE_COOKIE),
    query: readQuery(request, route.query),
    body: await readInput(request, route),
  };
  if (route.access === "public") return render(await route.handle(input));
  const { user, session, requireValid } = signedIn!;
  const proof = request.headers.get(PROOF_HEADER);
  const actor = userActor(user, origin, requireValid);
  const response = await route.handle({ ...input, user, session, actor, proof });
  return render(response, watchValidity(requireValid, appliance.clock));
}

/** `watch` ends a download with the session. */
function render(
  { status = 200, body, download, cookies = [] }: DashboardResponse,
  watch: StreamWatch = () => () => {},
): Response {
  const response = download ? renderDownload(download, watch) : renderJson(body, status);
  for (const cookie of cookies) response.headers.append("Set-Cookie", cookie);
  return response;
}

const renderJson = (body: object | undefined, status: number): Response =>
  body ? Response.json(body, { status }) : new Response(null, { status });

type Download = NonNullable<DashboardResponse["download"]>;

function renderDownload({ chunks, fileName }: Download, watch: StreamWatch): Response {
  return new Response(
    streamOf(chunks, (chunk) => chunk, watch),
    {
      headers: {
        "Content-Type": NDJSON_TYPE,
        "Content-Disposition": `attachment; filename="${fileName}"`,
      },
    },
  );
}

/** `Location` names the path under the dashboard, where the same session reaches it. */
function prefixLocation(handle: Handler): Handler {
  return async (request, params) => {
    const response = await handle(request, params);
    const location = response.headers.get("location");
    if (location !== null) response.headers.set("Location", BASE + location);
    return response;
  };
}

/** No cache may keep a response that only a signed-in user may see. */
function preventCaching(handle: Handler): Handler {
  return async (request, params) => {
    const response = await handle(request, params);
    response.headers.set("Cache-Control", "no-store");
    return response;
  };
}
