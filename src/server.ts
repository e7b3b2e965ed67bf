/** A data directory served over HTTP: what `allison serve` and the tests run. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { createApplication } from "./app.ts";
import { type Appliance, type Environment, openAppliance, readSettingFile } from "./appliance.ts";
import { type Config, UsageError } from "./config.ts";
import type { Route } from "./http/route.ts";
import { loopbackUrl } from "./lib/ip.ts";
import type { Log } from "./lib/log.ts";
import { createOrganization, readOrganization } from "./resources/organization.ts";
import { systemActor } from "./store/actor.ts";
import { lockDirectory } from "./store/lock.ts";
import { inspectDirectory } from "./store/open.ts";

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

export interface ServerOptions extends Environment {
  config: Config;
  log: Log;
}

const DEFAULT_ORGANIZATION = "My business";

export async function startServer({ config, log, ...environment }: ServerOptions): Promise<Server> {
  const tls = readTls(config);
  inspectDirectory(config.data, true);
  const lock = lockDirectory(config.data);
  try {
    const appliance = openAppliance(config, environment, true);
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
  const application = createApplication(appliance, config, log);
  const server = beginToListen(
    config,
    () => application.elysia.listen({ ...listenOptions(config, log), tls }).server!,
  );
  const url = urlOf(config.host, server.port!, tls !== undefined);
  const publicUrl = config.publicUrl ?? loopbackUrl(url);
  application.start(server, publicUrl);
  lock.announce({ pid: process.pid, url });

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

/** Another program listens there already. */
export class PortInUse extends UsageError {}

type Address = Pick<Config, "host" | "port">;

/** How Bun's server is to listen, whatever answers behind it. */
export const listenOptions = ({ host, port }: Address, log: Log) => ({
  hostname: host,
  port,
  reusePort: false,
  development: false as const,
  // The pipeline counts for itself and answers in the envelope; Bun's own refusal would be bare.
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  idleTimeout: 60,
  error(error: Error) {
    log.error({ err: error }, "internal_error");
    return new Response('{"error":"internal_error"}', {
      status: 500,
      headers: { "Content-Type": "application/json" },
    });
  },
});

/** Runs what begins to listen, or says in a sentence why that cannot be. */
export function beginToListen<T>({ host, port }: Address, begin: () => T): T {
  try {
    return begin();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "EADDRINUSE") {
      throw new PortInUse(
        `Port ${port} on ${host} is in use; choose another with --port (0 picks a free one).`,
      );
    }
    if (code === "EACCES")
      throw new UsageError(`Port ${port} needs more rights; choose one from 1024 on with --port.`);
    throw new UsageError(
      `${host} port ${port} cannot be listened on (${(error as Error).message}); see --host and --port.`,
    );
  }
}

/** Where a server listens, with the port that it got. */
export const urlOf = (host: string, port: number, secure: boolean): string =>
  `${secure ? "https" : "http"}://${hostForUrl(host)}:${port}`;

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

const hostForUrl = (host: string) => (host.includes(":") ? `[${host}]` : host);
