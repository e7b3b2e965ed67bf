/**
 * The server as a value: `createApplication` adds HTTP, the dashboard and webhooks to an appliance. It does not listen:
 * `server.ts` does, and a server that resets replaces its application.
 */
import { Elysia } from "elysia";
import type { SignInLink } from "./access/one-time.ts";
import type { Appliance } from "./appliance.ts";
import { type Config, LIMITS } from "./config.ts";
import { REFUSED_HEADERS } from "./contract/fault-header.ts";
import { createDashboard } from "./dashboard/api.ts";
import type { PageName } from "./dashboard/page-paths.ts";
import { createPages } from "./dashboard/pages.ts";
import { buildOpenApi } from "./docs/openapi.ts";
import { createDocs } from "./docs/site.ts";
import { createPipeline } from "./http/pipeline.ts";
import { createRateLimiter, type RateLimiter } from "./http/rate-limit.ts";
import type { Route } from "./http/route.ts";
import { type Clock, systemClock } from "./lib/clock.ts";
import { clientAddress, parseCidr } from "./lib/ip.ts";
import type { Log } from "./lib/log.ts";
import { VERSION } from "./lib/version.ts";
import { ROUTES } from "./routes.ts";
import { removeExpiredIdempotency } from "./store/idempotency.ts";
import { createDispatcher, type Dispatcher } from "./webhooks/dispatcher.ts";
import { removeOldDeliveries } from "./webhooks/retention.ts";

/** What it is served by: the part of Bun's server that an application asks. */
export interface Listener {
  requestIP(request: Request): { address: string } | null;
  readonly pendingRequests: number;
}

export interface Application {
  elysia: Elysia;
  /** The API that it serves, in the order of the reference. */
  routes: readonly Route[];
  /** What it serves to the dashboard beside it. */
  dashboardRoutes: readonly { method: string; path: string }[];
  dispatcher: Dispatcher;
  /** The one-time link to the page that makes the first account; null once there is one. */
  firstAccountLink(): string | null;
  /** Begins its work in the background; to be called before the first request is answered. `publicUrl`: for links. */
  start(listener: Listener, publicUrl: string): void;
  /** Refuses new requests with 503. Resolves when those in flight are done, and those that had been sent are answered. */
  drain(): Promise<void>;
  /** Ends the work in the background and closes the appliance; for when no request can come in any more. */
  stop(): Promise<void>;
}

/** Bodies are read by the pipeline, within their limits. */
const OWN_PARSER = { parse: "none" } as const;
const LOOK_MS = 1_000;
const FLUSH_USES_MS = 5_000;
const CLEAN_UP_MS = 600_000;

/** What another kind of server may replace. Each default is that of `allison serve`. */
export interface ApplicationOptions {
  /** Whether unknown fields and query parameters are refused instead of ignored. */
  strict?: boolean;
  /** Makes the limiter of each kind of request. */
  createLimiter?: (limit: number) => RateLimiter;
  /** Request headers that are refused, by name in lower case, each with its error text. */
  refusedHeaders?: Readonly<Record<string, string>>;
  /** A link that signs its first reader in. */
  signInLink?: SignInLink | null;
  /** First path segments of dashboard pages that only this server has. */
  extraPages?: readonly PageName[];
  /** The time in webhook signatures. Receivers compare it with their own clock. */
  signingClock?: Clock;
}

/** Builds the server. Whoever listens for it calls `start`. */
export function createApplication(
  appliance: Appliance,
  config: Config,
  log: Log,
  options: ApplicationOptions = {},
): Application {
  const { clock, random, db, store, keys, sessions } = appliance;
  const { createLimiter = createRateLimiter, signingClock = clock } = options;
  const trusted = config.trustProxy.map(parseCidr);
  let listener: Listener | undefined;
  let url = "";
  let draining = false;
  let lastRequest = 0;
  const publicUrl = () => url;
  const addressOf = (request: Request) =>
    clientAddress(
      listener?.requestIP(request)?.address ?? "",
      request.headers.get("x-forwarded-for"),
      trusted,
    );
  const pipeline = createPipeline({
    ...appliance,
    log,
    publicUrl,
    apiKeyKinds: [appliance.apiKeyKind],
    reads: createLimiter(config.readsPerMinute),
    writes: createLimiter(config.writesPerMinute),
    failedAuthentications: createLimiter(LIMITS.failedAuthPerMinute),
    strict: options.strict ?? false,
    refusedHeaders: options.refusedHeaders ?? REFUSED_HEADERS,
    addressOf,
    draining() {
      lastRequest = systemClock.monotonic();
      return draining;
    },
  });
  const dashboard = createDashboard({
    ...{ appliance, pipeline, routes: ROUTES, log, addressOf, publicUrl },
    signInLink: options.signInLink ?? null,
  });
  const docs = createDocs({
    document: () =>
      buildOpenApi({
        routes: ROUTES,
        version: VERSION,
        serverUrl: url,
        readsPerMinute: config.readsPerMinute,
        writesPerMinute: config.writesPerMinute,
      }),
    version: VERSION,
  });

  // Elysia finds the route and hands it the parameters; the order of everything else is the pipeline's.
  const elysia = new Elysia({ strictPath: true, handler: { standardHostname: false } });
  for (const route of ROUTES) {
    const handle = pipeline.handler(route);
    elysia.route(
      route.method,
      route.path,
      ({ request, params }) => handle(request, params),
      OWN_PARSER,
    );
  }
  for (const { method, path, handle } of dashboard.routes) {
    elysia.route(method, path, ({ request, params }) => handle(request, params), OWN_PARSER);
  }
  elysia.all("/dashboard/api/*", ({ request }) => dashboard.unknown(request), OWN_PARSER);
  for (const path of docs.paths) {
    const page = pipeline.open(({ request }) => docs.respond(path, request)!);
    elysia.get(path, ({ request }) => page(request), OWN_PARSER);
  }
  const health = pipeline.open(() => {
    db.$client.query("select 1").get();
    return Response.json({ status: "ok", version: VERSION });
  });
  elysia.get("/health", ({ request }) => health(request), OWN_PARSER);
  const pages = createPages(random, options.extraPages);
  for (const path of pages.paths) {
    const asset = pipeline.open(({ request }) => pages.asset(path, request));
    elysia.get(path, ({ request }) => asset(request), OWN_PARSER);
  }
  const document = pipeline.open(({ request }) => pages.document(request)!);
  elysia.get("/", ({ request }) => document(request), OWN_PARSER);
  const others = ["/", "/health", ...docs.paths, ...pages.paths];
  const unknown = pipeline.unknown([...ROUTES, ...others.map((path) => ({ method: "GET", path }))]);
  const elsewhere = pipeline.open(({ request }) => pages.document(request) ?? unknown(request));
  elysia.all("/*", ({ request }) => elsewhere(request), OWN_PARSER);

  const dispatcher = createDispatcher({ ...appliance, log, signingClock });
  let stopTimers: (() => void)[] = [];
  return {
    elysia: elysia as unknown as Elysia,
    routes: ROUTES,
    dashboardRoutes: dashboard.routes,
    dispatcher,
    firstAccountLink() {
      const token = dashboard.firstAccount.token();
      return token && `${url}/welcome#${token}`;
    },
    start(served, address) {
      listener = served;
      url = address;
      dispatcher.start();
      stopTimers = [
        every(clock, LOOK_MS, log, async () => dispatcher.refresh()),
        every(clock, FLUSH_USES_MS, log, async () => {
          await keys.flushUses();
          await sessions.flushUses();
        }),
        every(clock, CLEAN_UP_MS, log, async () => {
          await store.housekeep((writer, at) => {
            removeExpiredIdempotency(writer, at);
            sessions.removeExpired(writer, at);
          });
          await removeOldDeliveries(store);
        }),
      ];
    },
    async drain() {
      const now = () => systemClock.monotonic();
      draining = true;
      const started = now();
      lastRequest = started;
      const busy = () => listener!.pendingRequests > 0 && now() - started < LIMITS.shutdownMs;
      const stillComing = () =>
        now() - lastRequest < LIMITS.quietMs && now() - started < LIMITS.latecomersMs;
      while (busy() || stillComing()) await Bun.sleep(5);
    },
    async stop() {
      for (const stopTimer of stopTimers) stopTimer();
      await dispatcher.stop();
      await store.idle();
      // When somebody was last seen is worth no failed stop, on a full disk for one.
      await Promise.allSettled([keys.flushUses(), sessions.flushUses()]);
      await appliance.close();
    },
  };
}

/** The OpenAPI document without a server, with the limits and the address of `config`. */
export function openApiDocument(config: Config): object {
  const { readsPerMinute, writesPerMinute } = config;
  return buildOpenApi({
    routes: ROUTES,
    version: VERSION,
    serverUrl: config.publicUrl ?? `http://127.0.0.1:${config.port}`,
    readsPerMinute,
    writesPerMinute,
  });
}

/** Runs a job again and again; one that fails is told in the log and tried anew at its next time. */
function every(clock: Clock, ms: number, log: Log, job: () => Promise<void>): () => void {
  let cancel = () => {};
  const plan = () => {
    cancel = clock.after(ms, () => {
      job()
        .catch((error) => log.error({ err: error }, "background job failed"))
        .finally(plan);
    });
  };
  plan();
  return () => cancel();
}
