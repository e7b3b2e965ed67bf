/**
 * The benchmark. Load generator and server sit on separate cores; what is compared is measured in turns, round by round,
 * so that a slow minute of the machine hits both; medians are printed, and ratios are what to quote.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAppliance } from "../src/appliance.ts";
import { defaultConfig } from "../src/config.ts";
import { cliActor } from "../src/store/actor.ts";
import { measureDashboard } from "./bench-dashboard.ts";
import { measureMocks } from "./bench-mocks.ts";
import { measureWebhooks } from "./bench-webhooks.ts";

const ROUNDS = 5;
const SECONDS = 3;
const CALLS = 100_000;
const EXECUTABLE = join(import.meta.dir, "../dist/allison");
const SERVER_CORE = "0";
const LOAD_CORE = "1";
const [EMAIL, PASSWORD] = ["bench@example.com", "correct horse battery"];

const parts = process.argv.slice(2);
const wanted = (part: string) => parts.length === 0 || parts.includes(part);
const median = (values: number[]) =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const round = (value: number) =>
  value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
const line = (name: string, value: string) => console.log(`${name.padEnd(58)} ${value}`);

export interface Running {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/** Starts a process on the server's core and waits for its `listening on …`. */
async function start(command: string[], env: Record<string, string> = {}): Promise<Running> {
  const child = Bun.spawn(["taskset", "-c", SERVER_CORE, ...command], {
    stdout: "pipe",
    stderr: "ignore",
    env: { ...process.env, ...env },
  });
  const reader = child.stdout.getReader();
  let text = "";
  while (!text.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${command.join(" ")} ended before it listened`);
    text += new TextDecoder().decode(value);
  }
  const url = /listening on (\S+)/.exec(text)![1]!;
  return {
    url,
    pid: child.pid,
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

const comparison = (kind: string, data: string) =>
  start(["bun", join(import.meta.dir, "bench-servers.ts"), kind, data]);
const product = (data: string) =>
  start([EXECUTABLE, "serve", "--data", data, "--port", "0", "--log-level", "error"], {
    ALLISON_READS_PER_MINUTE: "10000000",
    ALLISON_WRITES_PER_MINUTE: "10000000",
    ALLISON_WEBHOOK_ALLOW: "127.0.0.0/8",
  });

export interface Load {
  perSecond: number;
  p99Ms: number;
}

/** Drives `url` with wrk. `lua` may set up the requests. */
async function load(
  url: string,
  token: string,
  connections: number,
  lua: string,
  seconds = SECONDS,
): Promise<Load> {
  const script = join(work, `load-${Math.random().toString(36).slice(2)}.lua`);
  await Bun.write(
    script,
    `wrk.headers["Authorization"] = "Bearer ${token}"\n${lua}
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %f %f %d\\n", summary.requests / (summary.duration / 1e6), latency:percentile(99) / 1000,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end`,
  );
  const child = Bun.spawn(
    [
      "taskset",
      "-c",
      LOAD_CORE,
      "wrk",
      "-t1",
      `-c${connections}`,
      `-d${seconds}s`,
      "-s",
      script,
      url,
    ],
    { stdout: "pipe", stderr: "inherit" },
  );
  const output = await new Response(child.stdout).text();
  const [, perSecond, p99Ms, failed] = /RESULT (\S+) (\S+) (\S+)/.exec(output) ?? [];
  if (perSecond === undefined) throw new Error(`wrk said: ${output}`);
  if (Number(failed) > 0) throw new Error(`${failed} requests to ${url} failed`);
  return { perSecond: Number(perSecond), p99Ms: Number(p99Ms) };
}

/** Measures each in turn, `ROUNDS` times after a warm-up, and gives the medians. */
async function inTurns<K extends string>(
  measures: Record<K, () => Promise<Load>>,
): Promise<Record<K, Load>> {
  const names = Object.keys(measures) as K[];
  const results = Object.fromEntries(names.map((name) => [name, [] as Load[]])) as Record<
    K,
    Load[]
  >;
  for (const name of names) await measures[name]();
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    for (const name of names) results[name].push(await measures[name]());
  }
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        perSecond: median(results[name].map(({ perSecond }) => perSecond)),
        p99Ms: median(results[name].map(({ p99Ms }) => p99Ms)),
      },
    ]),
  ) as Record<K, Load>;
}

const work = mkdtempSync(join(tmpdir(), "allison-bench-"));

/** A data directory with keys, contacts and 100,000 calls. */
async function prepare(
  data: string,
): Promise<{ write: string; platform: string; contactIds: string[]; importSeconds: number }> {
  const appliance = openAppliance(defaultConfig({ data }), {}, true);
  const { store, keys } = appliance;
  const actor = cliActor("bench", "bench");
  const make = (kind: "live" | "plat") =>
    store.change(actor, (tx) =>
      keys.create(tx, {
        name: kind,
        kind,
        scope: kind === "live" ? "write" : null,
        expires_at: null,
      }),
    );
  const [write, platform] = [(await make("live")).token, (await make("plat")).token];
  const passwordHash = await appliance.passwords.hash(PASSWORD);
  await store.change(actor, (tx) =>
    appliance.users.create(tx, { email: EMAIL, name: null, passwordHash }),
  );
  await appliance.close();
  // The newest of today, so that the dashboard's overview has them.
  const start = Date.now() - CALLS * 60_000;
  const lines = Array.from({ length: CALLS }, (_, n) =>
    JSON.stringify({
      external_id: `call-${n}`,
      direction: "inbound",
      from_number: `+1555${String(n % 20_000).padStart(7, "0")}`,
      to_number: "+15550100100",
      started_at: new Date(start + n * 60_000).toISOString(),
      ended_at: new Date(start + n * 60_000 + 74_000).toISOString(),
      disposition: "completed",
      summary: `Asked about parking, call ${n}.`,
      outcome: n % 3 === 0 ? "booked" : null,
      intent: `Intent ${n % 12}`,
      transcript: [
        { role: "caller", text: "Hello, is there parking near you?", at: 0.5 },
        { role: "agent", text: "Yes, free parking behind the building.", at: 4.2 },
      ],
    }),
  );
  const file = join(work, "calls.ndjson");
  await Bun.write(file, `${lines.join("\n")}\n`);
  const before = performance.now();
  const imported = Bun.spawnSync([EXECUTABLE, "calls", "import", file, "--data", data], {
    stderr: "inherit",
  });
  if (imported.exitCode !== 0) throw new Error("the import failed");
  const importSeconds = (performance.now() - before) / 1000;
  const reopened = openAppliance(defaultConfig({ data }), {}, false);
  const contactIds = (
    reopened.db.$client.query("select id from contacts limit 1000").all() as { id: string }[]
  ).map(({ id }) => id);
  await reopened.close();
  return { write, platform, contactIds, importSeconds };
}

const memoryMib = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1024;

async function measureStart(data: string): Promise<void> {
  const times: number[] = [];
  for (let turn = 0; turn < ROUNDS + 4; turn += 1) {
    const before = performance.now();
    const server = await product(data);
    const answer = await fetch(`${server.url}/health`);
    if (!answer.ok) throw new Error("not healthy");
    times.push(performance.now() - before);
    await server.stop();
  }
  line("start to first answer, on 100,000 calls", `${round(median(times))} ms`);
  line("size of the executable", `${round(statSync(EXECUTABLE).size / 1e6)} MB`);
}

async function measureReads(
  data: string,
  { write, contactIds }: { write: string; contactIds: string[] },
): Promise<void> {
  const ids = `local ids = { ${contactIds.map((id) => `"${id}"`).join(",")} }
local n = 0
request = function() n = n + 1; return wrk.format("GET", "/v1/contacts/" .. ids[n % #ids + 1]) end`;
  const [bare, byHand, ours] = [
    await comparison("bare", data),
    await comparison("handwritten", data),
    await product(data),
  ];
  line("memory at rest", `${round(memoryMib(ours.pid))} MiB`);
  const authorization = { headers: { authorization: `Bearer ${write}` } };
  let cursor = "";
  for (let page = 0; page < CALLS / 100 - 10; page += 1) {
    const answer = await fetch(
      `${ours.url}/v1/calls?limit=100${cursor && `&cursor=${cursor}`}`,
      authorization,
    );
    cursor = ((await answer.json()) as { next_cursor: string }).next_cursor;
  }
  const result = await inTurns({
    bare: () => load(bare.url, write, 64, ""),
    byHand: () => load(byHand.url, write, 64, ids),
    ours: () => load(ours.url, write, 64, ids),
    first: () => load(`${ours.url}/v1/calls?limit=50`, write, 16, ""),
    deep: () => load(`${ours.url}/v1/calls?limit=50&cursor=${cursor}`, write, 16, ""),
  });
  const show = (name: string, { perSecond, p99Ms }: Load, more = "") =>
    line(name, `${round(perSecond)} /s, p99 ${round(p99Ms)} ms${more}`);
  show("bare Bun.serve, one JSON object", result.bare);
  show(
    "GET by id, written by hand on Bun.serve",
    result.byHand,
    `, ${round(result.byHand.perSecond / result.bare.perSecond)} of bare`,
  );
  show(
    "GET by id",
    result.ours,
    `, ${round(result.ours.perSecond / result.byHand.perSecond)} of by hand, ${round(result.ours.perSecond / result.bare.perSecond)} of bare`,
  );
  show("list of 50 of 100,000 calls, first page", result.first);
  show(
    "list of 50 of 100,000 calls, page near row 100,000",
    result.deep,
    `, costs ${round(result.first.perSecond / result.deep.perSecond)} of the first`,
  );
  await bare.stop();
  await byHand.stop();
  let requests = 0;
  while (requests < 1_000_000)
    requests += (await load(ours.url, write, 64, ids, 10)).perSecond * 10;
  line(`memory after ${round(requests)} requests`, `${round(memoryMib(ours.pid))} MiB`);
  await ours.stop();
}

/** Each run makes contacts with numbers of its own, from a counter that starts anywhere. */
const newContacts = () => `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n = ${Math.floor(Math.random() * 9e8)} * 1000
request = function()
  n = n + 1
  return wrk.format(nil, "/v1/contacts", nil, string.format('{"phone_number": "+%015d", "first_name": "Maria"}', 100000000000000 + n))
end`;

async function measureWrites(data: string, token: string): Promise<void> {
  const [grouped, ungrouped] = [
    await comparison("grouped", data),
    await comparison("ungrouped", `${data}-ungrouped`),
  ];
  for (const connections of [1, 16, 64]) {
    const result = await inTurns({
      grouped: () => load(grouped.url, token, connections, newContacts()),
      ungrouped: () => load(ungrouped.url, token, connections, newContacts()),
    });
    const { perSecond, p99Ms } = result.grouped;
    const times = perSecond / result.ungrouped.perSecond;
    line(
      `POST contact, ${connections} connections`,
      `${round(perSecond)} /s, p99 ${round(p99Ms)} ms, ${round(times)} times a commit per request`,
    );
  }
  await grouped.stop();
  await ungrouped.stop();
}

/** The parts that need an install with its calls. */
async function measureInstall(): Promise<void> {
  const prepared = await prepare(data);
  Bun.spawnSync(["cp", "-r", data, `${data}-ungrouped`]);
  if (wanted("import"))
    line("import of call records", `${round(CALLS / prepared.importSeconds)} /s`);
  if (wanted("start")) await measureStart(data);
  if (wanted("api")) await measureReads(data, prepared);
  if (wanted("writes")) await measureWrites(data, prepared.write);
  if (wanted("dashboard"))
    await measureDashboard({
      ...{ data, email: EMAIL, password: PASSWORD, rounds: ROUNDS },
      ...{ product, line, round, median },
    });
  if (wanted("webhooks")) {
    const { write: token, platform: platformToken } = prepared;
    const tools = {
      data,
      token,
      platformToken,
      rounds: ROUNDS,
      product,
      load,
      line,
      round,
      median,
    };
    await measureWebhooks(tools);
  }
}

const data = join(work, "data");
try {
  console.log(
    `Medians of ${ROUNDS} rounds of ${SECONDS} s, server on core ${SERVER_CORE}, load on core ${LOAD_CORE}\n`,
  );
  if (wanted("mocks")) await measureMocks({ rounds: ROUNDS, work, load, median, round });
  if (parts.length === 0 || parts.some((part) => part !== "mocks")) await measureInstall();
} finally {
  rmSync(work, { recursive: true, force: true });
}
