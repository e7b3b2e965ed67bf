/** The benchmark's part about webhooks: how fast deliveries go out, and what a dead receiver costs everybody else. */
import type { Load, Running } from "./bench.ts";

interface Tools {
  data: string;
  token: string;
  platformToken: string;
  rounds: number;
  product(data: string): Promise<Running>;
  load(url: string, token: string, connections: number, lua: string): Promise<Load>;
  line(name: string, value: string): void;
  round(value: number): string;
  median(values: number[]): number;
}

const DELIVERIES = 5_000;
const WAITING = 10_000;

/** Records that raise `call.ended` and `contact.created`, with names of their own. */
function records(count: number, name: string): string {
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

export async function measureWebhooks(tools: Tools): Promise<void> {
  const { line, round, median, rounds } = tools;
  const server = await tools.product(tools.data);
  const send = async (path: string, token: string, type: string, body: string) => {
    const answer = await fetch(server.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": type },
      body,
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.text();
  };
  const subscribe = async (url: string) => {
    const text = await send(
      "/v1/webhook-subscriptions",
      tools.token,
      "application/json",
      JSON.stringify({ url, events: ["call.ended"] }),
    );
    return (JSON.parse(text) as { data: { id: string } }).data.id;
  };
  const remove = (id: string) =>
    fetch(`${server.url}/v1/webhook-subscriptions/${id}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${tools.token}` },
    });
  const ingest = (count: number, name: string) =>
    send("/platform/v1/calls", tools.platformToken, "application/x-ndjson", records(count, name));

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
  const healthy = await subscribe(`http://127.0.0.1:${receiver.port}/`);
  for (let turn = 0; turn < rounds; turn += 1) {
    received = 0;
    const before = performance.now();
    await ingest(DELIVERIES, `bench-${before}`);
    while (received < DELIVERIES) await Bun.sleep(2);
    perSecond.push((DELIVERIES * 1000) / (performance.now() - before));
  }
  line(`deliveries to one receiver, in order, ingest included`, `${round(median(perSecond))} /s`);
  await remove(healthy);

  // Accepts and never answers, the worst a receiver can do.
  const dead = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const idle: number[] = [];
  const waiting: number[] = [];
  const p99 = async () =>
    (await tools.load(`${server.url}/v1/contacts?limit=1`, tools.token, 8, "")).p99Ms;
  await p99();
  for (let turn = 0; turn < rounds; turn += 1) {
    idle.push(await p99());
    const id = await subscribe(`http://127.0.0.1:${dead.port}/`);
    await ingest(WAITING, `waiting-${turn}-${Date.now()}`);
    waiting.push(await p99());
    await remove(id);
    await Bun.sleep(500);
  }
  line(
    `p99 of a GET while ${round(WAITING)} deliveries wait for a dead receiver`,
    `${round(median(waiting))} ms, ${round(median(waiting) / median(idle))} of idle`,
  );
  dead.stop(true);
  await receiver.stop(true);
  await server.stop();
}
