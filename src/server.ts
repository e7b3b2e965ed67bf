/** Serves a data directory over HTTP. `allison serve` and the tests start this server. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createApplication } from "./app.ts";
import { type Appliance, type Environment, openAppliance, readSettingFile } from "./appliance.ts";
import { type Config, UsageError } from "./config.ts";
import type { Route } from "./http/route.ts";
import { loopbackUrl } from "./lib/ip.ts";
import type { Log } from "./lib/log.ts";
import { createOrganization, readOrganization } from "./resources/organization.ts";
import { systemActor } from "./store/actor.ts";
import { lockDirectory, SERVER_FILE, type ServerLock } from "./store/lock.ts";
import { inspectDirectory } from "./store/open.ts";
import { requirePrivateKeyFile, restrictModes } from "./store/private-files.ts";
import { findSchemaChanges } from "./store/schema.ts";

export interface Server extends Appliance {
  /** The URL that it listens on, such as `http://127.0.0.1:8080`. */
  url: string;
  /** The URL for links: `--public-url`, or else the URL that it listens on. */
  publicUrl: string;
  /** The routes of the API, in the order of the reference. */
  routes: readonly Route[];
  /** The routes of the dashboard's own API. */
  dashboardRoutes: readonly { method: string; path: string }[];
  /** The one-time link to the page that creates the first account; null once an account exists. */
  firstAccountLink(): string | null;
  /** Rejects new requests with 503, finishes those in flight and closes the database. */
  stop(): Promise<void>;
}

export interface ServerOptions extends Environment {
  config: Config;
  log: Log;
}

const DEFAULT_ORGANIZATION = "My business";

export async function startServer({ config, log, ...environment }: ServerOptions): Promise<Server> {
  const tls = readTls(config);
  inspectDirectory(config.data, { create: true, newDatabase: config.newDatabase });
  restrictModes(config.data, log);
  const lock = lockDirectory(config.data);
  try {
    const appliance = openAppliance(config, { ...environment, log }, true);
    try {
      requireUnchangedSchema(appliance);
      await ensureOrganization(appliance, config);
      return await listen(appliance, config, log, tls, lock);
    } catch (error) {
      await appliance.close();
      throw error;
    }
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function listen(
  appliance: Appliance,
  config: Config,
  log: Log,
  tls: ReturnType<typeof readTls>,
  lock: ServerLock,
): Promise<Server> {
  const application = createApplication(appliance, config, log);
  const server = startListening(
    config,
    () => application.elysia.listen({ ...listenOptions(config, log), tls }).server!,
  );
  const url = formatUrl(config.host, server.port!, tls !== undefined);
  const publicUrl = config.publicUrl ?? loopbackUrl(url);
  try {
    application.start(server, publicUrl);
  } catch (error) {
    // An open listener would keep the process alive after the failure.
    await server.stop(true);
    throw error;
  }
  announce(lock, url, log);

  async function stop(): Promise<void> {
    await application.drain();
    await server.stop(true);
    await application.stop();
    lock.release();
  }
  let stopping: Promise<void> | undefined;
  return {
    ...appliance,
    url,
    publicUrl,
    routes: application.routes,
    dashboardRoutes: application.dashboardRoutes,
    firstAccountLink: application.firstAccountLink,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

/** Best effort: without the file, `allison health` requires the URL, and the server works. */
function announce(lock: ServerLock, url: string, log: Log): void {
  try {
    lock.announce({ pid: process.pid, url });
  } catch (error) {
    log.warn({ err: error, file: SERVER_FILE }, "the URL of the server could not be stored");
  }
}

/** Another program already listens on the port. */
export class PortInUse extends UsageError {}

type Address = Pick<Config, "host" | "port">;

/** The options of Bun's server that do not depend on the handler. */
export const listenOptions = ({ host, port }: Address, log: Log) => ({
  hostname: host,
  port,
  reusePort: false,
  development: false as const,
  // The pipeline enforces its own limit and answers in the error envelope; Bun's response has no body.
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  // Longer than load balancers keep an idle connection, so that they do not send a request into one that closes.
  idleTimeout: 90,
  error(error: Error) {
    log.error({ err: error }, "internal_error");
    return new Response('{"error":"internal_error"}', {
      status: 500,
      headers: { "Content-Type": "application/json" },
    });
  },
});

/** Runs `listen`; throws a UsageError that says why the address is not available. */
export function startListening<T>({ host, port }: Address, listen: () => T): T {
  try {
    return listen();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "EADDRINUSE") {
      throw new PortInUse(
        `Port ${port} on ${host} is in use; choose another with --port (0 picks a free one).`,
      );
    }
    if (code === "EACCES")
      throw new UsageError(
        `Port ${port} requires more privileges; choose a port from 1024 to 65535 with --port.`,
      );
    throw new UsageError(
      `Cannot listen on ${host} port ${port} (${(error as Error).message}); check --host and --port.`,
    );
  }
}

/** Returns the URL of a server that listens on `host` and `port`. */
export const formatUrl = (host: string, port: number, secure: boolean): string =>
  `${secure ? "https" : "http"}://${hostForUrl(host)}:${port}`;

/** Without the triggers of the audit log, the server would go on with a log that any program can rewrite. */
function requireUnchangedSchema({ db }: Appliance): void {
  const changes = findSchemaChanges(db);
  if (changes.length === 0) return;
  const list = changes.map(({ object, problem }) => `${object} ${problem}`).join(", ");
  throw new UsageError(
    `The schema of ${db.$client.filename} was changed by another program: ${list}. Restore a backup, or run \`allison audit verify\`, which checks the rows and prints the statements that restore the schema.`,
  );
}

async function ensureOrganization({ db, store }: Appliance, config: Config): Promise<void> {
  if (readOrganization(db)) return;
  await store.change(systemActor("first start"), (tx) =>
    createOrganization(tx, config.organization ?? DEFAULT_ORGANIZATION, config.country),
  );
}

function readTls({ tlsCert, tlsKey }: Config): { cert: string; key: string } | undefined {
  if (tlsCert === null && tlsKey === null) return undefined;
  if (tlsCert === null) throw new UsageError("--tls-key requires --tls-cert.");
  if (tlsKey === null) throw new UsageError("--tls-cert requires --tls-key.");
  requirePrivateKeyFile("--tls-key", tlsKey);
  const cert = readSettingFile("--tls-cert", tlsCert);
  const key = readSettingFile("--tls-key", tlsKey);
  requirePair(cert, key);
  return { cert, key };
}

/** Checked here so that the error names the setting; when the server starts to listen, it would blame the port. */
function requirePair(cert: string, key: string): void {
  const read = <T>(setting: string, kind: string, parse: () => T): T => {
    try {
      return parse();
    } catch {
      throw new UsageError(`${setting} must be a PEM file with ${kind}.`);
    }
  };
  const certificate = read("--tls-cert", "a certificate", () => new X509Certificate(cert));
  const privateKey = read("--tls-key", "an unencrypted private key", () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new UsageError("--tls-key is not the private key of --tls-cert.");
  }
}

const hostForUrl = (host: string) => (host.includes(":") ? `[${host}]` : host);
