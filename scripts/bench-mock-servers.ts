/**
 * The mock servers that the benchmark compares: `allison mock` and four others, on the same document. The others are not
 * dependencies of the project. The first run installs them, pinned, into dist/bench-peers.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MOCK_KEYS } from "../src/contract/mock-keys.ts";
import {
  EXECUTABLE,
  listProcessTree,
  ROOT,
  type RunningServer,
  SERVER_CORE,
  WORK,
} from "./bench-tools.ts";

const PEERS = join(ROOT, "dist/bench-peers");
const PACKAGES = [
  "json-server@0.17.4",
  "@stoplight/prism-cli@5.16.0",
  "@mockoon/cli@9.9.0",
  "@scalar/mock-server@0.14.4",
  "@hono/node-server@1.19.19",
];
const DOCUMENT = join(WORK, "openapi.json");
const DATABASE = join(WORK, "db.json");
const ROUTES = join(WORK, "routes.json");
const SCALAR = join(PEERS, "scalar.mjs");
const START_TIMEOUT_MS = 60_000;
const CONTACT_ID = "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e10";

/** The other servers accept any key. */
export const KEY = MOCK_KEYS.write;
export const HEADERS = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
export const CONTACT = { phone_number: "+12025550123", first_name: "Maria", last_name: "Ortiz" };

export interface MockServer {
  name: string;
  /** The command that its documentation gives, for a free port. */
  command(port: number): string[];
  /** The path of one contact. */
  contactPath: string;
  /** The path of a list of one contact: a server that generates examples from the document lists no more. */
  listPath: string;
}

export interface RunningMock extends RunningServer {
  startMs: number;
}

export function installPeers(): void {
  if (existsSync(join(PEERS, "node_modules/.bin/prism"))) return;
  console.log("Installing the other mock servers into dist/bench-peers ...");
  mkdirSync(PEERS, { recursive: true });
  writeFileSync(join(PEERS, "package.json"), '{ "private": true }\n');
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"];
  const npm = Bun.spawnSync(["npm", "install", ...flags, ...PACKAGES], {
    cwd: PEERS,
    stderr: "inherit",
  });
  if (npm.exitCode !== 0) throw new Error("npm could not install the other mock servers");
}

const SCALAR_PROGRAM = `import { readFileSync } from "node:fs";
import { serve } from "@hono/node-server";
import { createMockServer } from "@scalar/mock-server";
const [document, port] = process.argv.slice(2);
const app = await createMockServer({ document: readFileSync(document, "utf8") });
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(port) });
`;

/** Writes the servers' inputs anew: the document, and for json-server, which reads none, 50 contacts. */
export async function writeInputs(): Promise<void> {
  const document = Bun.spawnSync([EXECUTABLE, "openapi"]);
  await Bun.write(DOCUMENT, document.stdout);
  const contacts = Array.from({ length: 50 }, (_, n) => ({
    id: n === 0 ? CONTACT_ID : crypto.randomUUID(),
    created_at: "2026-11-23T10:00:00.000Z",
    updated_at: "2026-11-23T10:00:00.000Z",
    ...CONTACT,
    phone_number: `+1202555${String(n).padStart(4, "0")}`,
    email: null,
    custom: {},
    source: "api",
    agent_notes: null,
    call_count: 0,
    last_contact_at: null,
  }));
  await Bun.write(DATABASE, JSON.stringify({ contacts, "webhook-subscriptions": [] }));
  await Bun.write(ROUTES, JSON.stringify({ "/v1/*": "/$1" }));
  await Bun.write(SCALAR, SCALAR_PROGRAM);
}

const binary = (name: string) => join(PEERS, "node_modules/.bin", name);

/** Every server, `allison mock` first. */
export async function listMockServers(): Promise<MockServer[]> {
  const paths = { contactPath: `/v1/contacts/${CONTACT_ID}`, listPath: "/v1/contacts?limit=1" };
  const product: MockServer = {
    name: "allison mock",
    command: (port) => [EXECUTABLE, "mock", "--seed", "1", "--port", String(port)],
    contactPath: "",
    listPath: paths.listPath,
  };
  product.contactPath = `/v1/contacts/${await findContactId(product)}`;
  const jsonServer: MockServer = {
    name: "json-server",
    command: (port) => {
      const options = `--host 127.0.0.1 --port ${port} --quiet`.split(" ");
      return ["node", binary("json-server"), DATABASE, "--routes", ROUTES, ...options];
    },
    contactPath: paths.contactPath,
    listPath: "/v1/contacts?_limit=1",
  };
  const prism: MockServer = {
    name: "prism",
    command: (port) => {
      // -m false: the separate process for its log does not start under the current Node.
      const options = `-h 127.0.0.1 -p ${port} -v silent -m false`.split(" ");
      return ["node", binary("prism"), "mock", DOCUMENT, ...options];
    },
    ...paths,
  };
  const scalar: MockServer = {
    name: "scalar",
    command: (port) => ["node", SCALAR, DOCUMENT, String(port)],
    ...paths,
  };
  const mockoon: MockServer = {
    name: "mockoon",
    command: (port) => {
      const address = ["--hostname", "127.0.0.1", "--port", String(port)];
      const options = ["--disable-log-to-file", "--disable-admin-api", "--repair"];
      return ["node", binary("mockoon-cli"), "start", "--data", DOCUMENT, ...address, ...options];
    },
    ...paths,
  };
  return [product, jsonServer, prism, scalar, mockoon];
}

/** The id of a contact in the data of seed 1, which is the same at each start. */
async function findContactId(product: MockServer): Promise<string> {
  const server = await startMockServer({ ...product, contactPath: product.listPath });
  const response = await fetch(server.url + product.listPath, { headers: HEADERS });
  const { data } = (await response.json()) as { data: { id: string }[] };
  await server.stop();
  return data[0]!.id;
}

async function findFreePort(): Promise<number> {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const { port } = server;
  await server.stop(true);
  return port!;
}

/** Starts a server and requests its contact until the response is a success. */
export async function startMockServer({
  name,
  command,
  contactPath,
}: MockServer): Promise<RunningMock> {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const before = performance.now();
  const child = Bun.spawn(["taskset", "-c", SERVER_CORE, ...command(port)], {
    stdout: "ignore",
    stderr: "ignore",
    env: { ...process.env, NODE_ENV: "production" },
  });
  const isReady = async () => {
    const response = await fetch(url + contactPath, { headers: HEADERS }).catch(() => null);
    await response?.text();
    return response?.ok ?? false;
  };
  while (!(await isReady())) {
    if (child.exitCode !== null || performance.now() - before > START_TIMEOUT_MS) {
      child.kill("SIGKILL");
      throw new Error(`${name} did not start`);
    }
    await Bun.sleep(2);
  }
  const startMs = performance.now() - before;
  const stop = async () => {
    killTree(child.pid);
    await child.exited;
  };
  return { url, pid: child.pid, startMs, stop };
}

/** Kills children before their parents. A process may already have ended with another one. */
function killTree(pid: number): void {
  for (const each of listProcessTree(pid).reverse())
    try {
      process.kill(each, "SIGKILL");
    } catch {}
}
