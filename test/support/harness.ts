/** A whole server for a test: real HTTP on a free port of loopback, a real SQLite file in a directory that goes away. */
import { join } from "node:path";
import type { NewKey } from "../../src/access/keys.ts";
import { type Config, defaultConfig } from "../../src/config.ts";
import { createLog } from "../../src/lib/log.ts";
import { type Server, type ServerOptions, startServer } from "../../src/server.ts";
import { cliActor } from "../../src/store/actor.ts";
import { type Client, createClient } from "./client.ts";
import { temporaryDirectory } from "./directory.ts";

export interface TestServer extends AsyncDisposable {
  server: Server;
  url: string;
  data: string;
  /** With a read key, a write key and a platform key; `anonymous` has none. */
  read: Client;
  write: Client;
  platform: Client;
  anonymous: Client;
  tokens: { read: string; write: string; platform: string };
  /** Makes another key. */
  makeKey(key?: Partial<NewKey>): Promise<{ id: string; token: string }>;
}

/** Starts a server whose limits are out of the way unless a test wants them. */
export async function startTestServer(
  options: { config?: Partial<Config> } & Partial<Omit<ServerOptions, "config">> = {},
): Promise<TestServer> {
  const directory = temporaryDirectory();
  const { config, ...rest } = options;
  const server = await startServer({
    log: createLog("silent"),
    ...rest,
    config: defaultConfig({
      data: join(directory.path, "data"),
      port: 0,
      readsPerMinute: 1_000_000,
      writesPerMinute: 1_000_000,
      ...config,
    }),
  });
  const makeKey = async (key: Partial<NewKey> = {}) => {
    const made = await server.store.change(cliActor("test", "test"), (tx) =>
      server.keys.create(tx, {
        name: "Test",
        kind: "live",
        scope: "write",
        expires_at: null,
        ...key,
      }),
    );
    return { id: made.key.id, token: made.token };
  };
  const tokens = {
    read: (await makeKey({ name: "Reader", scope: "read" })).token,
    write: (await makeKey({ name: "Writer" })).token,
    platform: (await makeKey({ name: "Platform", kind: "plat", scope: null })).token,
  };
  return {
    server,
    url: server.url,
    data: config?.data ?? join(directory.path, "data"),
    read: createClient(server.url, tokens.read),
    write: createClient(server.url, tokens.write),
    platform: createClient(server.url, tokens.platform),
    anonymous: createClient(server.url, null),
    tokens,
    makeKey,
    async [Symbol.asyncDispose]() {
      await server.stop();
      directory[Symbol.dispose]();
    },
  };
}
