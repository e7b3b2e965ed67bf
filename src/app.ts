/**
 * The server as a value: `createApplication` adds HTTP, the dashboard and webhooks to an appliance. It does not listen:
 * `server.ts` does, and a server that resets replaces its application.
 */
import { Elysia } from "elysia";
import type { SignInLink } from "./access/one-time.ts";
import type { Appliance } from "./appliance.ts";
import { formatHead } from "./audit/log.ts";
import { type Config, LIMITS } from "./config.ts";
import { REFUSED_HEADERS } from "./contract/fault-header.ts";
import { createDashboard, type Dashboard } from "./dashboard/api.ts";
import type { PageName } from "./dashboard/page-paths.ts";
import { createPages } from "./dashboard/pages.ts";
import { buildOpenApi } from "./docs/openapi.ts";
import { createDocs } from "./docs/site.ts";
import { storageUnavailable } from "./http/errors.ts";
import { createHostCheck } from "./http/hosts.ts";
import { createPipeline, type Pipeline } from "./http/pipeline.ts";
import { createRateLimiter, type RateLimiter } from "./http/rate-limit.ts";
import { createPageJob } from "./http/reading.ts";
import type { Route } from "./http/route.ts";
import { type Clock, systemClock } from "./lib/clock.ts";
import { clientAddress, parseCidr } from "./lib/ip.ts";
import type { Log } from "./lib/log.ts";
import { VERSION } from "./lib/version.ts";
import { countryOf } from "./resources/country.ts";
import { ROUTES } from "./routes.ts";
import { readAuditHead } from "./store/audit-chain.ts";
import { StorageUnavailable } from "./store/errors.ts";
import { removeAllExpiredIdempotency } from "./store/idempotency.ts";
import { createDispatcher, type Dispatcher } from "./webhooks/dispatcher.ts";
import { removeOldDeliveries } from "./webhooks/retention.ts";

/** The part of Bun's server that an application uses. */
export interface Listener {
  requestIP(request: Request): { address: string } | null;
  readonly pendingRequests: number;
}

export interface Application {
  elysia: Elysia;
  /** The routes of the API, in the order of the reference. */
  routes: readonly Route[];
  /** The routes of the dashboard's own API. */
  dashboardRoutes: readonly { method: string; path: string }[];
  dispatcher: Dispatcher;
  /** The one-time link to the page that creates the first account; null once an account exists. */
  firstAccountLink(): string | null;
  /** Starts the background work. Call it before the first request. `publicUrl`: the address in links. */
  start(listener: Listener, publicUrl: string): void;
  /** Rejects new requests with 503. Resolves when the requests in flight are answered. */
  drain(): Promise<void>;
  /** Stops the background work and closes the appliance. Call it when no more requests can arrive. */
  stop(): Promise<void>;
}

/** The pipeline reads bodies itself, within their limits. */
const NO_PARSER = { parse: "none" } as const;
const REFRESH_MS = 1_000;
const WATCH_MS = 1_000;
const FLUSH_MS = 5_000;
const CLEAN_UP_MS = 600_000;
const AUDIT_HEAD_MS = 86_400_000;
const DRAIN_POLL_MS = 5;

/** Options for other kinds of servers. The defaults are those of `allison serve`. */
export interface ApplicationOptions {
  /** Whether unknown fields and query parameters are rejected instead of ignored. */
  strict?: boolean;
  /** Creates the limiter of each kind of request. */
  createLimiter?: (limit: number) => RateLimiter;
  /** Request headers that are rejected: lower-case names and their error texts. */
  refusedHeaders?: Readonly<Record<string, string>>;
  /** A one-time link that signs in whoever opens it first. */
  signInLink?: SignInLink | null;
  /** Dashboard pages that only this server has. */
  extraPages?: readonly PageName[];
  /** The time in webhook signatures. Receivers compare it with their own clock. */
  signingClock?: Clock;
}

/** The state of an application that changes while it runs. */
interface Runtime {
  listener: Listener | null;
  publicUrl: string;
  isDraining: boolean;
  /** On the monotonic clock. */
  lastRequestAt: number;
}

/** Builds the server. The caller listens, then calls `start`. */
export function createApplication(
  appliance: Appliance,
  config: Config,
  log: Log,
  options: ApplicationOptions = {},
): Application {
  const runtime: Runtime = { listener: null, publicUrl: "", isDraining: false, lastRequestAt: 0 };
  const publicUrl = () => runtime.publicUrl;
  const { createLimiter = createRateLimiter, signingClock = appliance.clock } = options;
  const addressOf = createAddressReader(config, runtime);
  const pipeline = createPipeline({
    ...appliance,
    log,
    publicUrl,
    countryOf: (object) => countryOf(appliance.db, object),
    apiKeyKinds: [appliance.apiKeyKind],
    reads: createLimiter(config.readsPerMinute),
    writes: createLimiter(config.writesPerMinute),
    failedAuthentications: createLimiter(LIMITS.failedAuthPerMinute),
    strict: options.strict ?? false,
    pageJob: createPageJob(ROUTES),
    refusedHeaders: options.refusedHeaders ?? REFUSED_HEADERS,
    addressOf,
    requireServedHost: createHostCheck(config.host, publicUrl),
    draining() {
      runtime.lastRequestAt = systemClock.monotonic();
      return runtime.isDraining;
    },
  });
  const dashboard = createDashboard({
    appliance,
    pipeline,
    routes: ROUTES,
    log,
    addressOf,
    publicUrl,
    signInLink: options.signInLink ?? null,
  });
  const dispatcher = createDispatcher({ ...appliance, log, signingClock });
  const jobs = createJobs(appliance, dispatcher, log);
  return {
    elysia: createElysia({ appliance, config, pipeline, dashboard, publicUrl, options }),
    routes: ROUTES,
    dashboardRoutes: dashboard.routes,
    dispatcher,
    firstAccountLink() {
      const token = dashboard.firstAccount.token();
      return token && `${publicUrl()}/welcome#${token}`;
    },
    start(listener, address) {
      runtime.listener = listener;
      runtime.publicUrl = address;
      jobs.start();
    },
    drain: () => drain(runtime),
    stop: () => jobs.stop().then(() => appliance.close()),
  };
}

/** The address of the client, read from X-Forwarded-For behind a trusted proxy. */
function createAddressReader({ trustProxy }: Config, runtime: Runtime) {
  const trusted = trustProxy.map(parseCidr);
  return (request: Request): string =>
    clientAddress(
      runtime.listener?.requestIP(request)?.address ?? "",
      request.headers.get("x-forwarded-for"),
      trusted,
    );
}

interface ElysiaServices {
  appliance: Appliance;
  config: Config;
  pipeline: Pipeline;
  dashboard: Dashboard;
  publicUrl(): string;
  options: ApplicationOptions;
}

/** Elysia matches routes and decodes path parameters. The pipeline does everything else. */
function createElysia(services: ElysiaServices): Elysia {
  const { pipeline, dashboard } = services;
  const elysia: Elysia = new Elysia({ strictPath: true, handler: { standardHostname: false } });
  for (const route of ROUTES) {
    const handle = pipeline.handler(route);
    elysia.route(
      route.method,
      route.path,
      ({ request, params }) => handle(request, params),
      NO_PARSER,
    );
  }
  for (const { method, path, handle } of dashboard.routes) {
    elysia.route(method, path, ({ request, params }) => handle(request, params), NO_PARSER);
  }
  elysia.all("/dashboard/api/*", ({ request }) => dashboard.unknown(request), NO_PARSER);
  addOpenPaths(elysia, services);
  return elysia;
}

/** Adds the paths that require no key: reference, health check and dashboard pages. */
function addOpenPaths(
  elysia: Elysia,
  { appliance, config, pipeline, publicUrl, options }: ElysiaServices,
) {
  const get = (path: string, respond: (request: Request) => Response | Promise<Response>) => {
    const handle = pipeline.open(({ request }) => respond(request));
    elysia.get(path, ({ request }) => handle(request), NO_PARSER);
  };
  const docs = createDocs({
    document: () => openApiDocument({ ...config, publicUrl: publicUrl() }),
    version: VERSION,
  });
  for (const path of docs.paths) get(path, (request) => docs.respond(path, request)!);
  get("/health", () => {
    const problem = appliance.health.problem();
    if (problem !== null) throw storageUnavailable(problem);
    appliance.db.$client.query("select 1").get();
    return Response.json({ status: "ok", version: VERSION });
  });
  const pages = createPages(appliance.random, options.extraPages);
  for (const path of pages.paths) get(path, (request) => pages.asset(path, request));
  get("/", (request) => pages.document(request)!);
  const openPaths = ["/", "/health", ...docs.paths, ...pages.paths];
  const unknown = pipeline.unknown([
    ...ROUTES,
    ...openPaths.map((path) => ({ method: "GET", path })),
  ]);
  const handleOther = pipeline.open(({ request }) => pages.document(request) ?? unknown(request));
  elysia.all("/*", ({ request }) => handleOther(request), NO_PARSER);
}

/** The background work of an application. */
function createJobs(appliance: Appliance, dispatcher: Dispatcher, log: Log) {
  const { clock, store, health, keys, sessions } = appliance;
  const every = (ms: number, job: () => Promise<unknown>) =>
    runEvery(clock, ms, job, (error) => {
      health.reportError(error);
      // The log has named the problem when it began.
      if (!(error instanceof StorageUnavailable))
        log.error({ err: error }, "background job failed");
    });
  const flushUses = () => Promise.all([keys.flushUses(), sessions.flushUses()]);
  const cleanUp = async () => {
    await removeAllExpiredIdempotency(store);
    await store.housekeep((writer, at) => sessions.removeExpired(writer, at));
    await removeOldDeliveries(store);
  };
  let stopTimers: (() => void)[] = [];
  return {
    start() {
      logAuditHead(appliance, log);
      dispatcher.start();
      stopTimers = [
        every(REFRESH_MS, async () => dispatcher.refresh()),
        every(WATCH_MS, health.check),
        every(FLUSH_MS, flushUses),
        every(CLEAN_UP_MS, cleanUp),
        every(AUDIT_HEAD_MS, async () => logAuditHead(appliance, log)),
      ];
    },
    async stop() {
      for (const stopTimer of stopTimers) stopTimer();
      await dispatcher.stop();
      await store.idle();
      // A full disk must not prevent the shutdown: the times of last use may be lost.
      await Promise.allSettled([keys.flushUses(), sessions.flushUses()]);
      // Nor must a damaged file.
      await Promise.allSettled([Promise.try(() => logAuditHead(appliance, log))]);
    },
  };
}

/** Notes the head outside the database, so that rows that were removed or rewritten with the key are detected. */
function logAuditHead({ db, auditKey, isTemporary }: Appliance, log: Log): void {
  if (isTemporary) return;
  const head = readAuditHead(db, auditKey);
  if (head?.isSigned) {
    log.info({ head: formatHead(head.id, head.hash) }, "audit log head");
  } else {
    log.error(
      {},
      "the audit log was altered, or was written with another secret key; run `allison audit verify`",
    );
  }
}

/** Waits for the requests in flight, and then for those that clients send before they notice the shutdown. */
async function drain(runtime: Runtime): Promise<void> {
  const now = () => systemClock.monotonic();
  runtime.isDraining = true;
  const started = now();
  runtime.lastRequestAt = started;
  const isBusy = () => runtime.listener!.pendingRequests > 0 && now() - started < LIMITS.shutdownMs;
  const isReceiving = () =>
    now() - runtime.lastRequestAt < LIMITS.quietMs && now() - started < LIMITS.latecomersMs;
  while (isBusy() || isReceiving()) await Bun.sleep(DRAIN_POLL_MS);
}

/** Builds the OpenAPI document without a server, from the limits and the address in `config`. */
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

/** Runs a job every `ms`, after a failure too. */
function runEvery(
  clock: Clock,
  ms: number,
  job: () => Promise<unknown>,
  onFailure: (error: unknown) => void,
): () => void {
  let cancel = () => {};
  const schedule = () => {
    cancel = clock.after(ms, () => {
      job().catch(onFailure).finally(schedule);
    });
  };
  schedule();
  return () => cancel();
}
