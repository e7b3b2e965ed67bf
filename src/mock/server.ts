/**
 * A mock server: the whole server on a database in memory, with keys that are the same at every start, faults on demand,
 * and its own controls under /mock. What it holds lasts until the process ends or it is reset, which starts it anew
 * behind the same port.
 */

import { createSignInLink, type SignInLink } from "../access/one-time.ts";
import { type Application, createApplication } from "../app.ts";
import { type Appliance, openAppliance } from "../appliance.ts";
import { type Config, defaultConfig, UsageError } from "../config.ts";
import { MOCK_KEYS } from "../contract/mock-keys.ts";
import type { MockState } from "../dashboard/mock-answers.ts";
import { readBody } from "../http/body.ts";
import { ApiError, errorBody, toApiError } from "../http/errors.ts";
import { targetOf } from "../http/target.ts";
import { isoTime, systemClock } from "../lib/clock.ts";
import { loopbackUrl } from "../lib/ip.ts";
import type { Log } from "../lib/log.ts";
import { systemRandom } from "../lib/random.ts";
import { VERSION } from "../lib/version.ts";
import { createIngest, type Ingest } from "../platform/ingest.ts";
import { readOrganization } from "../resources/organization.ts";
import { beginToListen, listenOptions, urlOf } from "../server.ts";
import { type Actor, systemActor } from "../store/actor.ts";
import { MEMORY } from "../store/open.ts";
import { createMockClock, type MockClock, type MockTime } from "./clock.ts";
import { createFaults, type Faults, suffer } from "./faults.ts";
import { createMockKeys } from "./keys.ts";
import { seededChance, seededRandom } from "./random.ts";
import { createRecent, type Recent } from "./recent.ts";
import { trigger } from "./trigger.ts";

export interface MockOptions {
  config: Pick<Config, "host" | "port" | "webhookAllow"> & Partial<Config>;
  log: Log;
  seed: number;
  time: MockTime;
  strict: boolean;
  limits: boolean;
  /** The rules of a faults file; null for none. */
  faults: unknown;
  /** Whose account the one-time link opens; `fill` makes it. */
  email: string;
  /** Puts in what is there at the start. The clock may be held meanwhile. */
  fill(world: World): Promise<unknown>;
}

/** Everything between two resets. */
export interface World {
  appliance: Appliance;
  application: Application;
  ingest: Ingest;
  clock: MockClock;
  faults: Faults;
  recent: Recent;
  signInLink: SignInLink;
}

export interface Mock {
  url: string;
  /** The world as it is now; another one after a reset. */
  world(): World;
  /** Opens the dashboard, signed in, once. */
  signInLink(): string;
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** Receivers on this machine, which a real server does not send to unless it is told. */
const LOOPBACK = ["127.0.0.0/8", "::1"];
const ACTOR: Actor = systemActor("mock");

export async function startMock(options: MockOptions): Promise<Mock> {
  const { log, seed } = options;
  const config = defaultConfig({
    ...options.config,
    data: MEMORY,
    webhookAllow: [...LOOPBACK, ...options.config.webhookAllow],
  });
  const { promise: ready, resolve: beReady, reject: fail } = Promise.withResolvers<void>();
  ready.catch(() => {});
  let world: World | null = null;
  const server = beginToListen(config, () =>
    Bun.serve({
      ...listenOptions(config, log),
      // Those who come before the data is there wait for it.
      fetch: (request) =>
        world ? respond(request, world) : ready.then(() => respond(request, world!)),
    }),
  );
  const url = loopbackUrl(urlOf(config.host, server.port!, false));

  async function begin(): Promise<World> {
    const clock = createMockClock(options.time);
    const appliance = openAppliance(
      config,
      {
        clock,
        random: seededRandom(seed, "rows"),
        requestRandom: seededRandom(seed, "requests"),
        apiKeyKind: "test",
      },
      true,
    );
    const signInLink = createSignInLink(options.email, systemRandom);
    const { strict, limits } = options;
    const application = createApplication(appliance, config, log, { strict, limits, signInLink });
    application.start(server, url);
    const made: World = {
      ...{ appliance, application, clock, signInLink, recent: createRecent() },
      ingest: createIngest({ db: appliance.db, publicUrl: () => url }),
      faults: createFaults(application.routes, seededChance(seed, "faults")),
    };
    if (options.faults !== null) arm(made.faults, options.faults);
    await options.fill(made);
    clock.release();
    return made;
  }

  async function reset(): Promise<void> {
    const next = await begin();
    const old = world!;
    world = next;
    old.application.stop().catch((error) => log.error({ err: error }, "reset"));
  }

  function respond(request: Request, now: World): Response | Promise<Response> {
    const { path } = targetOf(request);
    if (/^\/(v1|platform)\//.test(path)) return answer(request, path, now);
    if (path.startsWith("/mock/")) return control(request, path, now);
    return now.application.elysia.fetch(request);
  }

  /** A request to the API, with its fault if it has one. */
  async function answer(request: Request, path: string, now: World): Promise<Response> {
    const { appliance, application, faults, recent, clock } = now;
    const token = request.headers.get("authorization")?.replace(/^Bearer /, "") ?? "";
    const found = appliance.keys.authenticate(token, ["test", "plat"]);
    const key = typeof found === "string" ? null : found;
    const done = recent.note(request, key, isoTime(clock.now()));
    const started = systemClock.monotonic();
    const headers = () => ({
      "X-Request-Id": request.headers.get("x-request-id") ?? appliance.ids.request(),
    });
    const next = () => application.elysia.fetch(request);
    let response: Response;
    let fault: string | null = null;
    try {
      const met = faults.of(request, { method: request.method, path, key });
      fault = met?.text ?? null;
      response = met ? await suffer(met, next, headers()) : await next();
    } catch (error) {
      response = refusal(error, headers());
    }
    done(response, { ms: systemClock.monotonic() - started, fault });
    return response;
  }

  /** What is beside the API: /mock/… */
  async function control(request: Request, path: string, now: World): Promise<Response> {
    try {
      // No page of another site has it do anything; programs send no such header.
      const site = request.headers.get("sec-fetch-site") ?? "none";
      if (site !== "same-origin" && site !== "none") throw new ApiError("forbidden_origin");
      const [, , name = "", rest] = path.split("/");
      const handle = controls[name]?.[request.method];
      if (!handle) {
        const allowed = Object.keys(controls[name] ?? {}).join(", ");
        if (allowed === "") throw new ApiError("not_found");
        throw new ApiError("method_not_allowed", { headers: { Allow: allowed } });
      }
      const data = await handle(request, now, rest ?? "");
      return Response.json({ data }, { headers: { "Cache-Control": "no-store" } });
    } catch (error) {
      return refusal(error, {});
    }
  }

  const controls: Record<
    string,
    Record<string, (request: Request, now: World, rest: string) => unknown>
  > = {
    state: {
      GET: (request, now) => stateOf(now, Number(targetOf(request).query.get("after") ?? 0)),
    },
    requests: {
      async GET(_request, now, rest) {
        const found = await now.recent.find(Number(rest));
        if (!found) throw new ApiError("not_found");
        return found;
      },
    },
    faults: {
      GET: (_request, now) => now.faults.rules(),
      async POST(request, now) {
        now.faults.set(await readBody(request, {}));
        return now.faults.rules();
      },
    },
    reset: {
      async POST() {
        await reset();
        return stateOf(world!, 0);
      },
    },
    trigger: {
      async POST(request, now) {
        const { store } = now.appliance;
        const body = await readBody(request, {});
        return trigger({ store, ingest: now.ingest, actor: ACTOR }, body);
      },
    },
  };

  function stateOf({ appliance, faults, recent, clock }: World, after: number): MockState {
    const { db } = appliance;
    const count = (table: string) =>
      db.$client.query<{ n: number }, []>(`select count(*) as n from ${table}`).get()!.n;
    return {
      ...{ url, version: VERSION, seed, speed: options.time.speed },
      ...{ strict: options.strict, limits: options.limits, now: isoTime(clock.now()) },
      organization: readOrganization(db)?.name ?? "",
      keys: appliance.keys.list().flatMap(({ name, scope, prefix }) => {
        const token = Object.values(MOCK_KEYS).find((own) => own.startsWith(prefix.slice(0, 14)));
        return token ? [{ name, scope: scope ?? ("platform" as const), token }] : [];
      }),
      calls: count("calls"),
      subscriptions: count("webhook_subscriptions"),
      faults: faults.rules(),
      requests: recent.list(after),
    };
  }

  function refusal(error: unknown, headers: Record<string, string>): Response {
    const told = toApiError(error);
    if (told.code === "internal_error") log.error({ err: error }, "internal_error");
    return new Response(errorBody(told), {
      status: told.status,
      headers: { ...headers, ...told.headers, "Content-Type": "application/json" },
    });
  }

  try {
    world = await begin();
    beReady();
  } catch (error) {
    fail(error);
    await server.stop(true);
    throw error;
  }

  async function stop(): Promise<void> {
    await world!.application.drain();
    await server.stop(true);
    await world!.application.stop();
  }
  let stopping: Promise<void> | undefined;
  return {
    url,
    world: () => world!,
    signInLink: () => `${url}/sign-in/link#${world!.signInLink.token}`,
    reset,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** Throws a UsageError that names the rule. */
function arm(faults: Faults, rules: unknown): void {
  try {
    faults.set(rules);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const [[field, issue] = []] = Object.entries(error.details ?? {});
    throw new UsageError(`--faults cannot be used: ${field} ${issue}.`);
  }
}

/** The keys of a mock, made by its start. */
export const makeMockKeys = ({ appliance: { store, keys } }: World): Promise<void> =>
  store.change(ACTOR, (tx) => createMockKeys(tx, keys));
