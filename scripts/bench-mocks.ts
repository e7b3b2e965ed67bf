/**
 * The benchmark's part about mock servers: `allison mock` beside four that others use, on the same document and the same
 * requests. The peers are no dependencies of the project: they are installed, pinned, into dist/bench-peers the first
 * time. What a server can do besides is tried, not looked up.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MOCK_KEYS } from "../src/contract/mock-keys.ts";
import { startReceiver } from "../test/support/receiver.ts";
import type { Load } from "./bench.ts";

interface Tools {
  rounds: number;
  work: string;
  /** Of `url`: with this key, so many connections and this script for wrk. */
  load(
    url: string,
    token: string,
    connections: number,
    lua: string,
    seconds?: number,
  ): Promise<Load>;
  median(values: number[]): number;
  round(value: number): string;
}

const ROOT = join(import.meta.dir, "..");
const EXECUTABLE = join(ROOT, "dist/allison");
const PEERS = join(ROOT, "dist/bench-peers");
const PACKAGES = [
  ...["json-server@0.17.4", "@stoplight/prism-cli@5.16.0", "@mockoon/cli@9.9.0"],
  ...["@scalar/mock-server@0.14.4", "@hono/node-server@1.19.19"],
];
const SERVER_CORE = "0";
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 1;
const STARTS = 5;
const START_MS = 60_000;
const WEBHOOK_MS = 2_000;
/** Any key will do for the peers: they look whether there is one. */
const KEY = MOCK_KEYS.write;
const CONTACT = { phone_number: "+12025550123", first_name: "Maria", last_name: "Ortiz" };
const ID = "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e10";

interface Candidate {
  name: string;
  /** How its authors have it started; `port` is a free one. */
  command(port: number): string[];
  /** The path of one contact, and of a list of one: those that make their answers of the document have no more. */
  one: string;
  list: string;
}

interface Running {
  url: string;
  pid: number;
  startMs: number;
  stop(): Promise<void>;
}

function installPeers(): void {
  if (existsSync(join(PEERS, "node_modules/.bin/prism"))) return;
  console.log("Installing the peers into dist/bench-peers …");
  mkdirSync(PEERS, { recursive: true });
  writeFileSync(join(PEERS, "package.json"), '{ "private": true }\n');
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--loglevel=error"];
  const npm = Bun.spawnSync(["npm", "install", ...flags, ...PACKAGES], {
    cwd: PEERS,
    stderr: "inherit",
  });
  if (npm.exitCode !== 0) throw new Error("the peers could not be installed");
}

/** What the peers are told of the API: our document, and for json-server, which reads none, contacts of the same shape. */
async function prepare(work: string): Promise<void> {
  const document = Bun.spawnSync([EXECUTABLE, "openapi"]);
  await Bun.write(join(work, "openapi.json"), document.stdout);
  const contacts = Array.from({ length: 50 }, (_, n) => ({
    ...{ id: n === 0 ? ID : crypto.randomUUID(), created_at: "2026-11-23T10:00:00.000Z" },
    ...{ updated_at: "2026-11-23T10:00:00.000Z", email: null, custom: {}, source: "api" },
    ...{ ...CONTACT, phone_number: `+1202555${String(n).padStart(4, "0")}` },
    ...{ agent_notes: null, call_count: 0, last_contact_at: null },
  }));
  await Bun.write(join(work, "db.json"), JSON.stringify({ contacts, "webhook-subscriptions": [] }));
  await Bun.write(join(work, "routes.json"), JSON.stringify({ "/v1/*": "/$1" }));
  await Bun.write(
    join(PEERS, "scalar.mjs"),
    `import { readFileSync } from "node:fs";
import { serve } from "@hono/node-server";
import { createMockServer } from "@scalar/mock-server";
const [document, port] = process.argv.slice(2);
const app = await createMockServer({ document: readFileSync(document, "utf8") });
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(port) });
`,
  );
}

function candidates(work: string, ours: string): Candidate[] {
  const bin = (name: string) => join(PEERS, "node_modules/.bin", name);
  const document = join(work, "openapi.json");
  const one = `/v1/contacts/${ID}`;
  return [
    {
      name: "allison mock",
      command: (port) => [EXECUTABLE, "mock", "--seed", "1", "--port", String(port)],
      one: `/v1/contacts/${ours}`,
      list: "/v1/contacts?limit=1",
    },
    {
      name: "json-server",
      command: (port) => [
        ...[
          "node",
          bin("json-server"),
          join(work, "db.json"),
          "--routes",
          join(work, "routes.json"),
        ],
        ...["--host", "127.0.0.1", "--port", String(port), "--quiet"],
      ],
      one,
      list: "/v1/contacts?_limit=1",
    },
    {
      name: "prism",
      command: (port) => [
        ...["node", bin("prism"), "mock", document, "-h", "127.0.0.1", "-p", String(port)],
        // Its process for the log does not start under the Node that is current.
        ...["-v", "silent", "-m", "false"],
      ],
      one,
      list: "/v1/contacts?limit=1",
    },
    {
      name: "scalar",
      command: (port) => ["node", join(PEERS, "scalar.mjs"), document, String(port)],
      one,
      list: "/v1/contacts?limit=1",
    },
    {
      name: "mockoon",
      command: (port) => [
        ...["node", bin("mockoon-cli"), "start", "--data", document, "--port", String(port)],
        ...["--hostname", "127.0.0.1", "--disable-log-to-file", "--disable-admin-api", "--repair"],
      ],
      one,
      list: "/v1/contacts?limit=1",
    },
  ];
}

async function freePort(): Promise<number> {
  const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
  const { port } = server;
  await server.stop(true);
  return port!;
}

const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };

/** Starts it and asks until it answers. */
async function start({ name, command, one }: Candidate): Promise<Running> {
  const port = await freePort();
  const began = performance.now();
  const child = Bun.spawn(["taskset", "-c", SERVER_CORE, ...command(port)], {
    ...{ stdout: "ignore", stderr: "ignore" },
    env: { ...process.env, NODE_ENV: "production" },
  });
  const url = `http://127.0.0.1:${port}`;
  const answers = async () => {
    const response = await fetch(url + one, { headers }).catch(() => null);
    await response?.text();
    return response?.ok ?? false;
  };
  while (!(await answers())) {
    if (child.exitCode !== null || performance.now() - began > START_MS) {
      child.kill("SIGKILL");
      throw new Error(`${name} does not answer`);
    }
    await Bun.sleep(2);
  }
  const startMs = performance.now() - began;
  return {
    ...{ url, pid: child.pid, startMs },
    async stop() {
      for (const pid of [...treeOf(child.pid)].reverse())
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It went with its parent.
        }
      await child.exited;
    },
  };
}

/** A process and all that it started. */
function treeOf(pid: number): number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        return [
          [Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])] as const,
        ];
      } catch {
        return [];
      }
    });
  const tree = [pid];
  for (const one of tree)
    for (const [child, parent] of parents) if (parent === one) tree.push(child);
  return tree;
}

function memoryMib(pid: number): number {
  const kib = treeOf(pid).map((each) => {
    const status = readFileSync(`/proc/${each}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  });
  return kib.reduce((sum, each) => sum + each, 0) / 1024;
}

const newContacts = () => `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n = ${Math.floor(Math.random() * 9e8)} * 1000
request = function()
  n = n + 1
  return wrk.format(nil, "/v1/contacts", nil, string.format('{"phone_number": "+%015d", "first_name": "Maria"}', 100000000000000 + n))
end`;

const post = (url: string, body: object) =>
  fetch(url, { method: "POST", headers, body: JSON.stringify(body) });

/** Whether what was posted is found again. */
async function keeps({ url }: Running): Promise<boolean> {
  const phone_number = "+12025550199";
  await post(`${url}/v1/contacts`, { ...CONTACT, phone_number });
  const list = await (await fetch(`${url}/v1/contacts?q=0199`, { headers })).text();
  return list.includes(phone_number);
}

/** Whether a request can choose how it fails, by the header that it or its like takes. */
async function fails({ url }: Running, one: string): Promise<boolean> {
  for (const [name, value] of [
    ["x-mock-fault", "429"],
    ["prefer", "code=429"],
  ] as const) {
    const { status } = await fetch(url + one, { headers: { ...headers, [name]: value } });
    if (status === 429) return true;
  }
  return false;
}

/** Whether a webhook comes of a subscription, its test or a trigger. */
async function sendsWebhooks({ url }: Running): Promise<boolean> {
  const receiver = await startReceiver();
  try {
    const made = await post(`${url}/v1/webhook-subscriptions`, {
      url: receiver.url,
      events: ["call.ended"],
    });
    const { data, id } = (await made.json().catch(() => ({}))) as {
      data?: { id: string };
      id?: string;
    };
    await post(`${url}/v1/webhook-subscriptions/${data?.id ?? id}/test`, { event: "call.ended" });
    await post(`${url}/mock/trigger`, { event: "call.ended" });
    return await receiver.received(1, WEBHOOK_MS).then(
      () => true,
      () => false,
    );
  } finally {
    await receiver.stop();
  }
}

interface Measured {
  one: Load[];
  list: Load[];
  create: Load[];
  startMs: number;
  restMib: number;
  loadedMib: number;
  keeps: boolean;
  same: boolean;
  fails: boolean;
  webhooks: boolean;
}

/** Starts it some times, and tries what it can do. */
async function look(candidate: Candidate, { median }: Tools): Promise<Measured> {
  const starts: number[] = [];
  const bodies = new Set<string>();
  for (let turn = 0; turn < STARTS; turn += 1) {
    const running = await start(candidate);
    starts.push(running.startMs);
    const list = await (await fetch(running.url + candidate.list, { headers })).text();
    bodies.add(list.replaceAll(running.url, ""));
    await running.stop();
  }
  const running = await start(candidate);
  const restMib = memoryMib(running.pid);
  const can = {
    keeps: await keeps(running),
    fails: await fails(running, candidate.one),
    webhooks: await sendsWebhooks(running),
  };
  await running.stop();
  const loads = { one: [], list: [], create: [], loadedMib: 0 };
  return { ...loads, ...can, startMs: median(starts), restMib, same: bodies.size === 1 };
}

export async function measureMocks(tools: Tools): Promise<void> {
  const { rounds, work, load, median, round } = tools;
  installPeers();
  await prepare(work);
  const all = candidates(work, await ownContact());
  const results = new Map<string, Measured>();
  for (const candidate of all) results.set(candidate.name, await look(candidate, tools));
  for (let turn = 0; turn < rounds; turn += 1)
    for (const candidate of all) {
      // One at a time: what another still has to write of its log would take from this one's core.
      await prepare(work);
      const running = await start(candidate);
      const { url } = running;
      const result = results.get(candidate.name)!;
      await load(url + candidate.one, KEY, CONNECTIONS, "", WARM_UP_SECONDS);
      result.one.push(await load(url + candidate.one, KEY, CONNECTIONS, ""));
      result.list.push(await load(url + candidate.list, KEY, CONNECTIONS, ""));
      result.create.push(await load(url, KEY, CONNECTIONS, newContacts()));
      result.loadedMib = memoryMib(running.pid);
      await running.stop();
    }
  const names = all.map(({ name }) => name);
  const row = (title: string, cell: (of: Measured) => string) =>
    console.log(
      [title.padEnd(30), ...names.map((name) => cell(results.get(name)!).padStart(14))].join(""),
    );
  const yes = (is: boolean) => (is ? "yes" : "no");
  console.log(["".padEnd(30), ...names.map((name) => name.padStart(14))].join(""));
  for (const [title, kind] of [
    ["GET one contact", "one"],
    ["GET a list", "list"],
    ["POST a contact", "create"],
  ] as const) {
    const perSecond = (of: Measured) => median(of[kind].map((each) => each.perSecond));
    row(`${title}, per second`, (of) => round(perSecond(of)));
    row("  p99, ms", (of) => round(median(of[kind].map((each) => each.p99Ms))));
    const [first, ...others] = names.map((name) => perSecond(results.get(name)!));
    console.log(`  ${round(first! / Math.max(...others))} times the fastest of the others`);
  }
  row("Start to first answer, ms", (of) => round(of.startMs));
  row("Memory at rest, MiB", (of) => round(of.restMib));
  row("Memory after the load, MiB", (of) => round(of.loadedMib));
  row("Keeps what was posted", (of) => yes(of.keeps));
  row("Same data at each start", (of) => yes(of.same));
  row("Answers a chosen error", (of) => yes(of.fails));
  row("Sends webhooks", (of) => yes(of.webhooks));
}

/** The id of a contact that is there at every start. */
async function ownContact(): Promise<string> {
  const port = await freePort();
  const child = Bun.spawn([EXECUTABLE, "mock", "--seed", "1", "--port", String(port), "--json"], {
    stdout: "pipe",
  });
  await child.stdout.getReader().read();
  const answer = await fetch(`http://127.0.0.1:${port}/v1/contacts?limit=1`, { headers });
  const { data } = (await answer.json()) as { data: { id: string }[] };
  child.kill();
  await child.exited;
  return data[0]!.id;
}
