/** Shared by the parts of the benchmark: processes on fixed cores, load from wrk, medians and printed lines. */
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const ROOT = join(import.meta.dir, "..");
export const EXECUTABLE = join(ROOT, "dist/allison");
export const ROUNDS = 5;
export const SECONDS = 3;
export const SERVER_CORE = "0";
export const LOAD_CORE = "1";
/** The directory of this run. `bench.ts` removes it at the end. */
export const WORK = mkdtempSync(join(tmpdir(), "allison-bench-"));

export interface RunningServer {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

export interface Load {
  perSecond: number;
  p99Ms: number;
}

export interface LoadOptions {
  token: string;
  connections: number;
  /** Lua code for wrk that builds the requests. Without it, wrk repeats `GET url`. */
  lua?: string;
  seconds?: number;
}

export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Formats a number with three significant digits, or as an integer from 100 on. */
export function formatNumber(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}

export function printLine(name: string, value: string): void {
  console.log(`${name.padEnd(58)} ${value}`);
}

export function printLoad(name: string, { perSecond, p99Ms }: Load, suffix = ""): void {
  printLine(name, `${formatNumber(perSecond)} /s, p99 ${formatNumber(p99Ms)} ms${suffix}`);
}

/** Starts a process on the server's core and waits for its `listening on …`. */
async function startServer(
  command: string[],
  env: Record<string, string> = {},
): Promise<RunningServer> {
  const child = Bun.spawn(["taskset", "-c", SERVER_CORE, ...command], {
    stdout: "pipe",
    stderr: "ignore",
    env: { ...process.env, ...env },
  });
  const reader = child.stdout.getReader();
  let output = "";
  while (!output.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${command.join(" ")} ended before it listened`);
    output += new TextDecoder().decode(value);
  }
  const url = /listening on (\S+)/.exec(output)![1]!;
  return {
    url,
    pid: child.pid,
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

/** Starts one of the servers in `bench-servers.ts`. */
export function startComparison(kind: string, data: string): Promise<RunningServer> {
  return startServer(["bun", join(import.meta.dir, "bench-servers.ts"), kind, data]);
}

/** Starts the executable on a data directory, with limits that the load does not reach. */
export function startProduct(data: string): Promise<RunningServer> {
  return startServer([EXECUTABLE, "serve", "--data", data, "--port", "0", "--log-level", "error"], {
    ALLISON_READS_PER_MINUTE: "10000000",
    ALLISON_WRITES_PER_MINUTE: "10000000",
    ALLISON_WEBHOOK_ALLOW: "127.0.0.0/8",
  });
}

/** Prints what wrk measured in a line of its own, which `applyLoad` parses. */
const REPORT_RESULT = `done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %f %f %d\\n", summary.requests / (summary.duration / 1e6), latency:percentile(99) / 1000,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end`;

/** Drives `url` with wrk from the load's core. Throws if a request failed. */
export async function applyLoad(
  url: string,
  { token, connections, lua = "", seconds = SECONDS }: LoadOptions,
): Promise<Load> {
  const script = join(WORK, `load-${crypto.randomUUID()}.lua`);
  const authorize = `wrk.headers["Authorization"] = "Bearer ${token}"`;
  await Bun.write(script, [authorize, lua, REPORT_RESULT].join("\n"));
  const wrk = ["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, url];
  const child = Bun.spawn(["taskset", "-c", LOAD_CORE, ...wrk], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const output = await new Response(child.stdout).text();
  const [, perSecond, p99Ms, failed] = /RESULT (\S+) (\S+) (\S+)/.exec(output) ?? [];
  if (perSecond === undefined) throw new Error(`wrk printed no result: ${output}`);
  if (Number(failed) > 0) throw new Error(`${failed} requests to ${url} failed`);
  return { perSecond: Number(perSecond), p99Ms: Number(p99Ms) };
}

/** Runs each measurement in turn, `ROUNDS` times after a warm-up, and returns the medians. */
export async function measureInTurns<K extends string>(
  measurements: Record<K, () => Promise<Load>>,
): Promise<Record<K, Load>> {
  const names = Object.keys(measurements) as K[];
  const results = new Map(names.map((name) => [name, [] as Load[]]));
  for (const name of names) await measurements[name]();
  for (let turn = 0; turn < ROUNDS; turn += 1)
    for (const name of names) results.get(name)!.push(await measurements[name]());
  return Object.fromEntries(
    [...results].map(([name, loads]) => [name, medianLoad(loads)]),
  ) as Record<K, Load>;
}

export function medianLoad(loads: Load[]): Load {
  return {
    perSecond: median(loads.map(({ perSecond }) => perSecond)),
    p99Ms: median(loads.map(({ p99Ms }) => p99Ms)),
  };
}

/** Lua code for wrk that creates contacts. The numbers count up from a random one, so no two runs share any. */
export function createContactsLua(): string {
  return `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n = ${Math.floor(Math.random() * 9e8)} * 1000
request = function()
  n = n + 1
  return wrk.format(nil, "/v1/contacts", nil, string.format('{"phone_number": "+%015d", "first_name": "Maria"}', 100000000000000 + n))
end`;
}

/** The parent of each process, by process id. A process that ends meanwhile is left out. */
function readParents(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    } catch {}
  }
  return parents;
}

/** A process and its descendants, each after its parent. */
export function listProcessTree(pid: number): number[] {
  const parents = readParents();
  const tree = [pid];
  for (const ancestor of tree)
    for (const [child, parent] of parents) if (parent === ancestor) tree.push(child);
  return tree;
}

/** The resident memory of a process and its descendants. */
export function measureMemoryMib(pid: number): number {
  const kib = listProcessTree(pid).map((each) => {
    const status = readFileSync(`/proc/${each}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  });
  return kib.reduce((sum, each) => sum + each, 0) / 1024;
}
