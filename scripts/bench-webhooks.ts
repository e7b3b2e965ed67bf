/** The part of the benchmark about webhooks: the rate of deliveries, and the cost of a receiver that never answers. */
import type { Install } from "./bench-data.ts";
import {
  applyLoad,
  formatNumber,
  median,
  printLine,
  ROUNDS,
  type RunningServer,
  startProduct,
} from "./bench-tools.ts";

const DELIVERIES = 5_000;
const WAITING = 10_000;

/** The requests that the measurements send to one server. */
interface Client {
  subscribe(url: string): Promise<string>;
  unsubscribe(id: string): Promise<void>;
  ingest(count: number, name: string): Promise<void>;
}

export async function measureWebhooks(install: Install): Promise<void> {
  const server = await startProduct(install.data);
  const client = createClient(server, install);
  await measureDeliveries(client);
  await measureDeadReceiver(client, server, install);
  await server.stop();
}

function createClient({ url }: RunningServer, { token, platformToken }: Install): Client {
  const send = async (method: string, path: string, key: string, type: string, body?: string) => {
    const headers = { authorization: `Bearer ${key}`, "content-type": type };
    const response = await fetch(url + path, { method, headers, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`);
    return text;
  };
  const subscriptions = "/v1/webhook-subscriptions";
  return {
    async subscribe(receiver) {
      const body = JSON.stringify({ url: receiver, events: ["call.ended"] });
      const text = await send("POST", subscriptions, token, "application/json", body);
      return (JSON.parse(text) as { data: { id: string } }).data.id;
    },
    async unsubscribe(id) {
      await send("DELETE", `${subscriptions}/${id}`, token, "application/json");
    },
    async ingest(count, name) {
      const body = callRecords(count, name);
      await send("POST", "/platform/v1/calls", platformToken, "application/x-ndjson", body);
    },
  };
}

/** Records that each raise `call.ended`, as NDJSON. `name` makes their external ids unique. */
function callRecords(count: number, name: string): string {
  const started = Date.now();
  return Array.from({ length: count }, (_, n) =>
    JSON.stringify({
      external_id: `${name}-${n}`,
      direction: "inbound",
      from_number: null,
      started_at: new Date(started).toISOString(),
      ended_at: new Date(started + 60_000).toISOString(),
      disposition: "completed",
      summary: "Asked about parking.",
    }),
  ).join("\n");
}

async function measureDeliveries(client: Client): Promise<void> {
  let received = 0;
  const receiver = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      await request.arrayBuffer();
      received += 1;
      return new Response("ok");
    },
  });
  const perSecond: number[] = [];
  const id = await client.subscribe(`http://127.0.0.1:${receiver.port}/`);
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    received = 0;
    const before = performance.now();
    await client.ingest(DELIVERIES, `bench-${before}`);
    while (received < DELIVERIES) await Bun.sleep(2);
    perSecond.push((DELIVERIES * 1000) / (performance.now() - before));
  }
  const rate = `${formatNumber(median(perSecond))} /s`;
  printLine("deliveries to one receiver, in order, ingest included", rate);
  await client.unsubscribe(id);
  await receiver.stop(true);
}

/** A receiver that accepts connections and never answers is the worst case for everybody else. */
async function measureDeadReceiver(
  client: Client,
  { url }: RunningServer,
  { token }: Install,
): Promise<void> {
  const receiver = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const idle: number[] = [];
  const waiting: number[] = [];
  const measureP99 = async () =>
    (await applyLoad(`${url}/v1/contacts?limit=1`, { token, connections: 8 })).p99Ms;
  await measureP99();
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    idle.push(await measureP99());
    const id = await client.subscribe(`http://127.0.0.1:${receiver.port}/`);
    await client.ingest(WAITING, `waiting-${turn}-${Date.now()}`);
    waiting.push(await measureP99());
    await client.unsubscribe(id);
    await Bun.sleep(500);
  }
  printLine(
    `p99 of a GET while ${formatNumber(WAITING)} deliveries wait for a dead receiver`,
    `${formatNumber(median(waiting))} ms, ${formatNumber(median(waiting) / median(idle))} of idle`,
  );
  receiver.stop(true);
}
