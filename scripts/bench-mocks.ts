/** The part of the benchmark about mock servers: speed, start, memory, and what each can do, found out by trying. */
import { startReceiver } from "../test/support/receiver.ts";
import {
  CONTACT,
  HEADERS,
  installPeers,
  KEY,
  listMockServers,
  type MockServer,
  type RunningMock,
  startMockServer,
  writeInputs,
} from "./bench-mock-servers.ts";
import {
  applyLoad,
  createContactsLua,
  formatNumber,
  type Load,
  measureMemoryMib,
  median,
  medianLoad,
  ROUNDS,
} from "./bench-tools.ts";

const CONNECTIONS = 32;
const WARM_UP_SECONDS = 1;
const STARTS = 5;
const WEBHOOK_TIMEOUT_MS = 2_000;

interface Measured {
  name: string;
  one: Load[];
  list: Load[];
  create: Load[];
  startMs: number;
  memoryAtRestMib: number;
  memoryAfterLoadMib: number;
  isPersistent: boolean;
  isRepeatable: boolean;
  hasFaults: boolean;
  hasWebhooks: boolean;
}

export async function measureMocks(): Promise<void> {
  installPeers();
  await writeInputs();
  const servers = await listMockServers();
  const results = new Map<MockServer, Measured>();
  for (const server of servers) results.set(server, await measureAtRest(server));
  for (let turn = 0; turn < ROUNDS; turn += 1)
    for (const server of servers) await measureUnderLoad(server, results.get(server)!);
  printResults([...results.values()]);
}

/** Measures start and memory, and tries what the server can do. */
async function measureAtRest(server: MockServer): Promise<Measured> {
  const startTimes: number[] = [];
  const lists = new Set<string>();
  for (let turn = 0; turn < STARTS; turn += 1) {
    const running = await startMockServer(server);
    startTimes.push(running.startMs);
    const list = await (await fetch(running.url + server.listPath, { headers: HEADERS })).text();
    lists.add(list.replaceAll(running.url, ""));
    await running.stop();
  }
  const running = await startMockServer(server);
  const measured: Measured = {
    name: server.name,
    one: [],
    list: [],
    create: [],
    startMs: median(startTimes),
    memoryAtRestMib: measureMemoryMib(running.pid),
    memoryAfterLoadMib: 0,
    isPersistent: await keepsContacts(running),
    isRepeatable: lists.size === 1,
    hasFaults: await returnsChosenError(running, server.contactPath),
    hasWebhooks: await sendsWebhooks(running),
  };
  await running.stop();
  return measured;
}

/** Adds one round. Only this server runs, because another's pending log writes would take time from its core. */
async function measureUnderLoad(server: MockServer, measured: Measured): Promise<void> {
  await writeInputs();
  const running = await startMockServer(server);
  const { url, pid } = running;
  const options = { token: KEY, connections: CONNECTIONS };
  await applyLoad(url + server.contactPath, { ...options, seconds: WARM_UP_SECONDS });
  measured.one.push(await applyLoad(url + server.contactPath, options));
  measured.list.push(await applyLoad(url + server.listPath, options));
  measured.create.push(await applyLoad(url, { ...options, lua: createContactsLua() }));
  measured.memoryAfterLoadMib = measureMemoryMib(pid);
  await running.stop();
}

function post(url: string, body: object): Promise<Response> {
  return fetch(url, { method: "POST", headers: HEADERS, body: JSON.stringify(body) });
}

/** Whether a list returns a contact that was created. */
async function keepsContacts({ url }: RunningMock): Promise<boolean> {
  const phone_number = "+12025550199";
  await post(`${url}/v1/contacts`, { ...CONTACT, phone_number });
  const list = await (await fetch(`${url}/v1/contacts?q=0199`, { headers: HEADERS })).text();
  return list.includes(phone_number);
}

/** Whether a request can choose an error by a header, `X-Mock-Fault` or `Prefer`. */
async function returnsChosenError({ url }: RunningMock, path: string): Promise<boolean> {
  for (const [name, value] of [
    ["x-mock-fault", "429"],
    ["prefer", "code=429"],
  ] as const) {
    const { status } = await fetch(url + path, { headers: { ...HEADERS, [name]: value } });
    if (status === 429) return true;
  }
  return false;
}

/** Whether a subscription, its test or a trigger sends a webhook. */
async function sendsWebhooks({ url }: RunningMock): Promise<boolean> {
  const receiver = await startReceiver();
  const subscriptions = `${url}/v1/webhook-subscriptions`;
  try {
    const created = await post(subscriptions, { url: receiver.url, events: ["call.ended"] });
    const body = (await created.json().catch(() => ({}))) as {
      data?: { id: string };
      id?: string;
    };
    await post(`${subscriptions}/${body.data?.id ?? body.id}/test`, { event: "call.ended" });
    await post(`${url}/mock/trigger`, { event: "call.ended" });
    return await receiver.received(1, WEBHOOK_TIMEOUT_MS).then(
      () => true,
      () => false,
    );
  } finally {
    await receiver.stop();
  }
}

/** Prints a table with a column for each server, `allison mock` first. */
function printResults(results: Measured[]): void {
  const printRow = (title: string, cell: (result: Measured) => string) =>
    console.log([title.padEnd(30), ...results.map((result) => cell(result).padStart(14))].join(""));
  const yesOrNo = (is: boolean) => (is ? "yes" : "no");
  printRow("", ({ name }) => name);
  for (const [title, kind] of [
    ["GET one contact", "one"],
    ["GET a list", "list"],
    ["POST a contact", "create"],
  ] as const) {
    const loads = results.map((result) => medianLoad(result[kind]));
    printRow(`${title}, per second`, (result) => formatNumber(medianLoad(result[kind]).perSecond));
    printRow("  p99, ms", (result) => formatNumber(medianLoad(result[kind]).p99Ms));
    const [first, ...others] = loads.map(({ perSecond }) => perSecond);
    console.log(`  ${formatNumber(first! / Math.max(...others))} times the fastest of the others`);
  }
  printRow("Start to first answer, ms", ({ startMs }) => formatNumber(startMs));
  printRow("Memory at rest, MiB", ({ memoryAtRestMib }) => formatNumber(memoryAtRestMib));
  printRow("Memory after the load, MiB", (result) => formatNumber(result.memoryAfterLoadMib));
  printRow("Keeps created contacts", ({ isPersistent }) => yesOrNo(isPersistent));
  printRow("Same data at each start", ({ isRepeatable }) => yesOrNo(isRepeatable));
  printRow("Returns a chosen error", ({ hasFaults }) => yesOrNo(hasFaults));
  printRow("Sends webhooks", ({ hasWebhooks }) => yesOrNo(hasWebhooks));
}
