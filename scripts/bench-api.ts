/** The part of the benchmark about the API: start, reads and writes. */
import { statSync } from "node:fs";
import { CALLS, type Install } from "./bench-data.ts";
import {
  applyLoad,
  createContactsLua,
  EXECUTABLE,
  formatNumber,
  measureInTurns,
  measureMemoryMib,
  median,
  printLine,
  printLoad,
  type RunningServer,
  startComparison,
  startProduct,
} from "./bench-tools.ts";

const STARTS = 9;
const MEMORY_REQUESTS = 1_000_000;

/** Measures the time from the start of the process to its first response. */
export async function measureStart({ data }: Install): Promise<void> {
  const times: number[] = [];
  for (let turn = 0; turn < STARTS; turn += 1) {
    const before = performance.now();
    const server = await startProduct(data);
    const response = await fetch(`${server.url}/health`);
    if (!response.ok) throw new Error("the server is not healthy");
    times.push(performance.now() - before);
    await server.stop();
  }
  printLine("start to first answer, on 100,000 calls", `${formatNumber(median(times))} ms`);
  printLine("size of the executable", `${formatNumber(statSync(EXECUTABLE).size / 1e6)} MB`);
}

/** Measures reads beside a bare server and one written by hand, and the memory that a million reads leave. */
export async function measureReads({ data, token, contactIds }: Install): Promise<void> {
  const bare = await startComparison("bare", data);
  const byHand = await startComparison("handwritten", data);
  const product = await startProduct(data);
  printLine("memory at rest", `${formatNumber(measureMemoryMib(product.pid))} MiB`);
  const lua = readContactsLua(contactIds);
  const cursor = await findDeepCursor(product, token);
  const list = `${product.url}/v1/calls?limit=50`;
  const result = await measureInTurns({
    bare: () => applyLoad(bare.url, { token, connections: 64 }),
    byHand: () => applyLoad(byHand.url, { token, connections: 64, lua }),
    product: () => applyLoad(product.url, { token, connections: 64, lua }),
    first: () => applyLoad(list, { token, connections: 16 }),
    deep: () => applyLoad(`${list}&cursor=${cursor}`, { token, connections: 16 }),
  });
  const divide = (a: keyof typeof result, b: keyof typeof result) =>
    formatNumber(result[a].perSecond / result[b].perSecond);
  printLoad("bare Bun.serve, one JSON object", result.bare);
  const byHandOfBare = divide("byHand", "bare");
  printLoad("GET by id, written by hand on Bun.serve", result.byHand, `, ${byHandOfBare} of bare`);
  const ratios = `${divide("product", "byHand")} of by hand, ${divide("product", "bare")} of bare`;
  printLoad("GET by id", result.product, `, ${ratios}`);
  printLoad("list of 50 of 100,000 calls, first page", result.first);
  const cost = `, costs ${divide("first", "deep")} of the first`;
  printLoad("list of 50 of 100,000 calls, page near row 100,000", result.deep, cost);
  await bare.stop();
  await byHand.stop();
  await measureMemoryAfterReads(product, token, lua);
  await product.stop();
}

/** Lua code for wrk that reads the contacts in turn. */
function readContactsLua(contactIds: string[]): string {
  return `local ids = { ${contactIds.map((id) => `"${id}"`).join(",")} }
local n = 0
request = function() n = n + 1; return wrk.format("GET", "/v1/contacts/" .. ids[n % #ids + 1]) end`;
}

/** Follows the list of calls to its last pages. */
async function findDeepCursor({ url }: RunningServer, token: string): Promise<string> {
  const headers = { authorization: `Bearer ${token}` };
  let cursor = "";
  for (let page = 0; page < CALLS / 100 - 10; page += 1) {
    const query = `limit=100${cursor && `&cursor=${cursor}`}`;
    const response = await fetch(`${url}/v1/calls?${query}`, { headers });
    cursor = ((await response.json()) as { next_cursor: string }).next_cursor;
  }
  return cursor;
}

async function measureMemoryAfterReads(
  { url, pid }: RunningServer,
  token: string,
  lua: string,
): Promise<void> {
  const seconds = 10;
  let requests = 0;
  while (requests < MEMORY_REQUESTS) {
    const { perSecond } = await applyLoad(url, { token, connections: 64, lua, seconds });
    requests += perSecond * seconds;
  }
  const memory = formatNumber(measureMemoryMib(pid));
  printLine(`memory after ${formatNumber(requests)} requests`, `${memory} MiB`);
}

/** Measures writes beside the same server with one commit for each request, on a copy of the data. */
export async function measureWrites({ data, token }: Install): Promise<void> {
  Bun.spawnSync(["cp", "-r", data, `${data}-ungrouped`]);
  const grouped = await startComparison("grouped", data);
  const ungrouped = await startComparison("ungrouped", `${data}-ungrouped`);
  for (const connections of [1, 16, 64]) {
    const create = ({ url }: RunningServer) =>
      applyLoad(url, { token, connections, lua: createContactsLua() });
    const result = await measureInTurns({
      grouped: () => create(grouped),
      ungrouped: () => create(ungrouped),
    });
    const times = formatNumber(result.grouped.perSecond / result.ungrouped.perSecond);
    const suffix = `, ${times} times a commit per request`;
    printLoad(`POST contact, ${connections} connections`, result.grouped, suffix);
  }
  await grouped.stop();
  await ungrouped.stop();
}
