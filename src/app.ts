/**
 * The whole server as a value. `openAppliance` opens a data directory with everything that works on it; the command line
 * uses that alone. `startServer` adds the HTTP side and is what `allison serve` and the tests run.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type AnyElysia, Elysia } from "elysia";
import { systemActor } from "./access/actor.ts";
import { createKeys, type Keys } from "./access/keys.ts";
import { createPasswords, type Passwords } from "./access/passwords.ts";
import { createSessions, type Sessions } from "./access/sessions.ts";
import { createUsers, type Users } from "./access/users.ts";
import { createVault, KEY_ENV, loadVaultKey, type Vault } from "./access/vault.ts";
import { type Config, LIMITS, UsageError } from "./config.ts";
import { createDashboard } from "./dashboard/api.ts";
import { createPages } from "./dashboard/pages.ts";
import { createDocs } from "./http/docs.ts";
import { createIdempotencyRecords } from "./http/idempotency.ts";
import { buildOpenApi } from "./http/openapi.ts";
import { createPipeline } from "./http/pipeline.ts";
import { createRateLimiter } from "./http/rate-limit.ts";
import type { Route } from "./http/route.ts";
import { type Clock, systemClock } from "./lib/clock.ts";
import { createIds, type Ids } from "./lib/ids.ts";
import { clientAddress, loopbackUrl, parseCidr } from "./lib/ip.ts";
import { type Random, systemRandom } from "./lib/random.ts";
import { createLog, type Log } from "./ops/log.ts";
import { VERSION } from "./ops/version.ts";
import { createRoutes } from "./resources/index.ts";
import { createOrganization, readOrganization } from "./resources/organization.ts";
import { createStore, type Store } from "./store/change.ts";
import { lockDirectory } from "./store/lock.ts";
import {
  closeDatabase,
  DATABASE_FILE,
  type Db,
  inspectDirectory,
  openDatabase,
} from "./store/open.ts";
import { createDispatcher, removeOldDeliveries } from "./webhooks/dispatcher.ts";
import { createEgress, type Egress } from "./webhooks/egress.ts";

/** What is handed in, so that a test can turn the clock and a mock can draw from a seed. */
export interface Surroundings {
  clock?: Clock;
  random?: Random;
  /** The environment variable that holds the vault's key in place of the key file. */
  secretKey?: string | undefined;
}

/** A data directory, opened. */
export interface Appliance {
  clock: Clock;
  random: Random;
  ids: Ids;
  db: Db;
  store: Store;
  keys: Keys;
  users: Users;
  sessions: Sessions;
  passwords: Passwords;
  vault: Vault;
  egress: Egress;
  /** Waits for writes under way, then puts the write-ahead log back into the file and closes it. */
  close(): Promise<void>;
}

type ApplianceConfig = Pick<Config, "data" | "webhookAllow" | "webhookCa">;

/** Opens a data directory; throws a UsageError for one that is not ours, damaged, newer or not writable. */
export function openAppliance(
  config: ApplianceConfig,
  surroundings: Surroundings,
  create: boolean,
): Appliance {
  const {
    clock = systemClock,
    random = systemRandom,
    secretKey = process.env[KEY_ENV],
  } = surroundings;
  const egress = openDoor(config);
  const fresh = !existsSync(join(config.data, DATABASE_FILE));
  // Before the database is made, so that a bad key leaves nothing behind.
  if (create) inspectDirectory(config.data, true);
  const vaultKey = fresh && !create ? null : loadVaultKey(config.data, secretKey, random, fresh);
  const db = openDatabase(config.data, { create });
  const ids = createIds(clock, random);
  const store = createStore(db, clock, ids);
  const vault = createVault(vaultKey!, random);
  const sessions = createSessions(store, clock, random);
  return {
    clock,
    random,
    ids,
    db,
    store,
    keys: createKeys(store, clock, random),
    users: createUsers(store, sessions, vault, random),
    sessions,
    passwords: createPasswords(),
    vault,
    egress,
    async close() {
      await store.idle();
      closeDatabase(db);
    },
  };
}

function openDoor({ webhookAllow, webhookCa }: ApplianceConfig): Egress {
  const ca = webhookCa === null ? null : readSettingFile("--webhook-ca", webhookCa);
  try {
    return createEgress({ allow: webhookAllow.map(parseCidr), ca });
  } catch (error) {
    throw new UsageError(`--webhook-ca cannot be used: ${(error as Error).message}.`);
  }
}

/** The OpenAPI document without a server: the routes are made over an empty database in memory. */
export function openApiDocument(config: Config): object {
  const db = openDatabase(":memory:", { create: true });
  const ids = createIds(systemClock, systemRandom);
  const store = createStore(db, systemClock, ids);
  const url = config.publicUrl ?? `http://127.0.0.1:${config.port}`;
  const routes = createRoutes({
    db,
    store,
    keys: createKeys(store, systemClock, systemRandom),
    vault: createVault(systemRandom.bytes(32), systemRandom),
    random: systemRandom,
    egress: createEgress({ allow: [] }),
    log: createLog("silent"),
    publicUrl: () => url,
  });
  const { readsPerMinute, writesPerMinute } = config;
  return buildOpenApi({
    routes,
    version: VERSION,
    serverUrl: url,
    readsPerMinute,
    writesPerMinute,
  });
}

export interface Server extends Appliance {
  /** Where it listens, such as `http://127.0.0.1:8080`. */
  url: string;
  /** The address for links: the public one, or where it listens. */
  publicUrl: string;
  /** The API that it serves, in the order of the reference. */
  routes: readonly Route[];
  /** What it serves to the dashboard beside it. */
  dashboardRoutes: readonly { method: string; path: string }[];
  /** The one-time link to the page that makes the first account; null once there is one. */
  firstAccountLink(): string | null;
  /** Finishes the requests in flight, refuses new ones with 503, closes the database. Resolves when all is done. */
  stop(): Promise<void>;
}

export interface ServerOptions extends Surroundings {
  config: Config;
  log: Log;
}

/** Bodies are read by the pipeline, within their limits. */
const OWN_PARSER = { parse: "none" } as const;
const LOOK_MS = 1_000;
const FLUSH_USES_MS = 5_000;
const CLEAN_UP_MS = 600_000;
const DEFAULT_ORGANIZATION = "My business";

export async function startServer({
  config,
  log,
  ...surroundings
}: ServerOptions): Promise<Server> {
  const tls = readTls(config);
  inspectDirectory(config.data, true);
  const lock = lockDirectory(config.data);
  try {
    const appliance = openAppliance(config, surroundings, true);
    try {
      await nameOrganization(appliance, config);
      return listen(appliance, config, log, tls, lock);
    } catch (error) {
      await appliance.close();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

function listen(
  appliance: Appliance,
  config: Config,
  log: Log,
  tls: ReturnType<typeof readTls>,
  lock: ReturnType<typeof lockDirectory>,
): Server {
  const { clock, random, ids, db, store, keys, sessions, vault } = appliance;
  const idempotency = createIdempotencyRecords(db, vault);
  const trusted = config.trustProxy.map(parseCidr);
  let draining = false;
  let lastRequest = 0;
  let publicUrl = config.publicUrl ?? "";
  const addressOf = (request: Request) =>
    clientAddress(
      server.requestIP(request)?.address ?? "",
      request.headers.get("x-forwarded-for"),
      trusted,
    );
  const routes = createRoutes({ ...appliance, log, publicUrl: () => publicUrl });
  const pipeline = createPipeline({
    store,
    keys,
    apiKeyKinds: ["live"],
    reads: createRateLimiter(config.readsPerMinute),
    writes: createRateLimiter(config.writesPerMinute),
    idempotency,
    clock,
    ids,
    log,
    addressOf,
    draining() {
      lastRequest = systemClock.monotonic();
      return draining;
    },
  });
  const dashboard = createDashboard({
    ...{ appliance, pipeline, routes, log, addressOf },
    publicUrl: () => publicUrl,
  });
  const docs = createDocs({
    document: () =>
      buildOpenApi({
        routes,
        version: VERSION,
        serverUrl: publicUrl,
        readsPerMinute: config.readsPerMinute,
        writesPerMinute: config.writesPerMinute,
      }),
    version: VERSION,
  });

  // Elysia finds the route and hands it the parameters; the order of everything else is the pipeline's.
  const app = new Elysia({ strictPath: true, handler: { standardHostname: false } });
  for (const route of routes) {
    const handle = pipeline.handler(route);
    app.route(
      route.method,
      route.path,
      ({ request, params }) => handle(request, params),
      OWN_PARSER,
    );
  }
  for (const { method, path, handle } of dashboard.routes) {
    app.route(method, path, ({ request, params }) => handle(request, params), OWN_PARSER);
  }
  app.all("/dashboard/api/*", ({ request }) => dashboard.unknown(request), OWN_PARSER);
  for (const path of docs.paths) {
    const page = pipeline.open((request) => docs.respond(path, request)!);
    app.get(path, ({ request }) => page(request), OWN_PARSER);
  }
  const health = pipeline.open(() => {
    db.$client.query("select 1").get();
    return Response.json({ status: "ok", version: VERSION });
  });
  app.get("/health", ({ request }) => health(request), OWN_PARSER);
  const pages = createPages(random);
  for (const path of pages.paths) {
    const asset = pipeline.open((request) => pages.asset(path, request));
    app.get(path, ({ request }) => asset(request), OWN_PARSER);
  }
  const document = pipeline.open((request) => pages.document(request)!);
  app.get("/", ({ request }) => document(request), OWN_PARSER);
  const others = ["/", "/health", ...docs.paths, ...pages.paths];
  const unknown = pipeline.unknown([...routes, ...others.map((path) => ({ method: "GET", path }))]);
  const elsewhere = pipeline.open((request) => pages.document(request) ?? unknown(request));
  app.all("/*", ({ request }) => elsewhere(request), OWN_PARSER);

  const server = serve(app, {
    hostname: config.host,
    port: config.port,
    tls,
    reusePort: false,
    development: false,
    // The pipeline counts for itself and answers in the envelope; Bun's own refusal would be bare.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    idleTimeout: 60,
    error: (error) => {
      log.error({ err: error }, "internal_error");
      return new Response('{"error":"internal_error"}', {
        status: 500,
        headers: { "Content-Type": "application/json" },
      });
    },
  });
  const url = `${tls ? "https" : "http"}://${hostForUrl(config.host)}:${server.port}`;
  publicUrl ||= loopbackUrl(url);
  lock.announce({ pid: process.pid, url });

  const dispatcher = createDispatcher({ ...appliance, log });
  dispatcher.start();
  const stopTimers = [
    every(clock, LOOK_MS, log, async () => dispatcher.look()),
    every(clock, FLUSH_USES_MS, log, async () => {
      await keys.flushUses();
      await sessions.flushSeen();
    }),
    every(clock, CLEAN_UP_MS, log, async () => {
      await store.housekeep((writer, at) => {
        idempotency.removeExpired(at);
        sessions.removeExpired(writer, at);
      });
      await removeOldDeliveries(store);
    }),
  ];

  /** Until the requests in flight are done, and those that had been sent by then have their 503. */
  async function drain(): Promise<void> {
    const now = () => systemClock.monotonic();
    draining = true;
    const started = now();
    lastRequest = started;
    const busy = () => server.pendingRequests > 0 && now() - started < LIMITS.shutdownMs;
    const stillComing = () =>
      now() - lastRequest < LIMITS.quietMs && now() - started < LIMITS.latecomersMs;
    while (busy() || stillComing()) await Bun.sleep(5);
  }

  async function stop(): Promise<void> {
    await drain();
    for (const stopTimer of stopTimers) stopTimer();
    await server.stop(true);
    await dispatcher.stop();
    await store.idle();
    // When somebody was last seen is worth no failed stop, on a full disk for one.
    await Promise.allSettled([keys.flushUses(), sessions.flushSeen()]);
    await appliance.close();
    lock.release();
  }
  let stopping: Promise<void> | undefined;
  return {
    ...appliance,
    url,
    publicUrl,
    routes,
    dashboardRoutes: dashboard.routes,
    firstAccountLink() {
      const token = dashboard.firstAccount.token();
      return token && `${publicUrl}/welcome#${token}`;
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** Starts to listen, or says in a sentence why that cannot be. */
function serve(
  app: AnyElysia,
  options: Exclude<Parameters<AnyElysia["listen"]>[0], string | number>,
) {
  try {
    return app.listen(options).server!;
  } catch (error) {
    const { hostname, port } = options as { hostname: string; port: number };
    const { code } = error as { code?: string };
    if (code === "EADDRINUSE") {
      throw new UsageError(
        `Port ${port} on ${hostname} is in use; choose another with --port (0 picks a free one).`,
      );
    }
    if (code === "EACCES")
      throw new UsageError(`Port ${port} needs more rights; choose one from 1024 on with --port.`);
    throw new UsageError(
      `${hostname} port ${port} cannot be listened on (${(error as Error).message}); see --host and --port.`,
    );
  }
}

async function nameOrganization({ db, store }: Appliance, config: Config): Promise<void> {
  if (readOrganization(db)) return;
  await store.change(systemActor("first start"), (tx) =>
    createOrganization(tx, config.organization ?? DEFAULT_ORGANIZATION),
  );
}

function readTls({ tlsCert, tlsKey }: Config): { cert: string; key: string } | undefined {
  if (tlsCert === null && tlsKey === null) return undefined;
  if (tlsCert === null) throw new UsageError("--tls-key needs --tls-cert.");
  if (tlsKey === null) throw new UsageError("--tls-cert needs --tls-key.");
  const cert = readSettingFile("--tls-cert", tlsCert);
  const key = readSettingFile("--tls-key", tlsKey);
  requirePair(cert, key);
  return { cert, key };
}

/** Told here by the setting; when the server starts to listen it would look like a matter of the port. */
function requirePair(cert: string, key: string): void {
  const read = <T>(setting: string, kind: string, parse: () => T): T => {
    try {
      return parse();
    } catch {
      throw new UsageError(`${setting} must be a PEM file with ${kind}.`);
    }
  };
  const certificate = read("--tls-cert", "a certificate", () => new X509Certificate(cert));
  const privateKey = read("--tls-key", "a private key, not encrypted", () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new UsageError("--tls-key is not the private key of --tls-cert.");
  }
}

function readSettingFile(setting: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(
      `${setting} names a file that cannot be read: ${(error as Error).message}.`,
    );
  }
}

const hostForUrl = (host: string) => (host.includes(":") ? `[${host}]` : host);

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
