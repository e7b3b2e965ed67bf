/** Webhooks with the executable: events survive kill -9, and `allison webhooks`. */
import { afterAll, expect, test } from "bun:test";
import { createClient } from "../support/client.ts";
import { type Executable, installExecutable } from "../support/executable.ts";
import { startReceiver } from "../support/receiver.ts";
import { sampleCall } from "../support/samples.ts";

const allison: Executable = installExecutable();
afterAll(() => allison[Symbol.dispose]());

const ROUNDS = 100;
const ENVIRONMENT = { ALLISON_WEBHOOK_ALLOW: "127.0.0.0/8", ALLISON_WRITES_PER_MINUTE: "100000" };

test(`no event of an acknowledged write is lost in ${ROUNDS} kills at random moments`, async () => {
  await using receiver = await startReceiver();
  const acknowledged = new Set<string>();
  const delivered = () =>
    new Set(
      receiver.requests
        .map(({ body }) => JSON.parse(body) as { type: string; data: { call_id: string } })
        .filter(({ type }) => type === "call.ended")
        .map(({ data }) => data.call_id),
    );
  const missing = () => {
    const arrived = delivered();
    return [...acknowledged].filter((id) => !arrived.has(id));
  };
  let platform = "";
  for (let round = 0; round < ROUNDS; round += 1) {
    await using server = await allison.serve([], ENVIRONMENT);
    if (round === 0) {
      const keyOf = async (...args: string[]) =>
        (await allison.run(["keys", "create", "--name", "x", ...args])).stdout.trim();
      platform = await keyOf("--platform");
      const subscribed = await createClient(server.url, await keyOf("--scope", "write")).post(
        "/v1/webhook-subscriptions",
        { url: receiver.url, events: ["call.ended"] },
      );
      expect(subscribed.status).toBe(201);
    }
    const client = createClient(server.url, platform);
    let alive = true;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let n = 0; alive; n += 1) {
        const answer = await client
          .put(`/platform/v1/calls/kill-${round}-${writer}-${n}`, sampleCall())
          .catch(() => null);
        if (!answer) return;
        expect(answer.status).toBe(201);
        acknowledged.add(answer.body.data.id);
      }
    });
    // By the number of acknowledgements first, so that a slow machine has as many of them as a fast one.
    const awaited = acknowledged.size + Math.floor(Math.random() * 5);
    while (acknowledged.size < awaited) await Bun.sleep(1);
    await Bun.sleep(Math.random() * 40);
    server.kill("SIGKILL");
    await server.ended;
    alive = false;
    await Promise.all(writers);
  }
  await using last = await allison.serve([], ENVIRONMENT);
  const deadline = Date.now() + 60_000;
  while (missing().length > 0 && Date.now() < deadline) await Bun.sleep(100);
  expect(acknowledged.size).toBeGreaterThan(ROUNDS);
  expect(missing()).toEqual([]);
  expect((await allison.run(["audit", "verify"])).exitCode).toBe(0);
  expect(last.pid).toBeGreaterThan(0);
}, 180_000);

test("allison webhooks lists subscriptions and deliveries, sends a sample and retries a failed delivery", async () => {
  await using receiver = await startReceiver({ script: [{ status: 500 }, { status: 200 }] });
  const data = ["--data", "by-hand"];
  const environment = { ALLISON_WEBHOOK_ALLOW: "127.0.0.0/8" };
  await using server = await allison.serve(data, environment);
  const made = await allison.run(["keys", "create", "--name", "x", "--scope", "write", ...data]);
  const client = createClient(server.url, made.stdout.trim());
  const run = (...args: string[]) =>
    allison.run(["webhooks", ...args, ...data], { env: environment });
  const json = async (...args: string[]) => JSON.parse((await run(...args, "--json")).stdout);
  expect((await run("list")).stderr).toContain("There are no webhook subscriptions yet.");
  const created = await client.post("/v1/webhook-subscriptions", {
    url: receiver.url,
    events: ["call.ended", "contact.created"],
  });
  const { id } = created.body.data;
  expect(await json("list")).toMatchObject([{ id, url: receiver.url, enabled: true }]);

  const decided = async (delivery: string, status: string) => {
    for (let i = 0; i < 100; i += 1) {
      const [shown] = await json("deliveries", id);
      if (shown.id === delivery && shown.status === status) return shown;
      await Bun.sleep(50);
    }
    throw new Error(`${delivery} did not become ${status}`);
  };
  const sample = await json("test", id, "--event", "contact.created");
  expect(sample).toMatchObject({ event_type: "contact.created", test: true, status: "pending" });
  const failed = await decided(sample.id, "failed");
  expect(failed.attempts).toMatchObject([{ attempt: 1, status_code: 500, error: null }]);
  expect((await run("deliveries", id)).stdout).toContain("failed");
  expect(await json("deliveries", id, "--status", "succeeded")).toEqual([]);

  const listed = async (query: string) =>
    (await client.get(`/v1/webhook-subscriptions/${id}/deliveries?${query}`)).body.data;
  expect(await listed("status=failed&event=contact.created")).toEqual([failed]);
  expect(await listed("status=pending")).toEqual([]);
  expect(await listed("event=call.ended")).toEqual([]);

  expect((await run("retry", sample.id)).exitCode).toBe(0);
  expect((await decided(sample.id, "succeeded")).attempts).toHaveLength(2);
  const again = await run("retry", sample.id);
  expect([again.exitCode, again.stderr]).toEqual([
    1,
    "Refused: status is succeeded; only a failed delivery can be retried.\n",
  ]);
  await client.patch(`/v1/webhook-subscriptions/${id}`, { enabled: false });
  expect((await run("test", id)).stderr).toContain("enable the subscription first");
  for (const args of [
    ["deliveries", "x"],
    ["test", "x"],
    ["retry", "x"],
  ]) {
    expect([args, (await run(...args)).exitCode]).toEqual([args, 2]);
  }
}, 30_000);

test("the start reports a vault key that cannot decrypt the webhook secrets", async () => {
  const data = ["--data", "other-key"];
  const environment = { ALLISON_WEBHOOK_ALLOW: "192.0.2.0/24" };
  const first = await allison.serve(data, environment);
  const made = await allison.run(["keys", "create", "--name", "x", "--scope", "write", ...data]);
  const body = { url: "https://192.0.2.1/", events: ["call.ended"] };
  const created = await createClient(first.url, made.stdout.trim()).post(
    "/v1/webhook-subscriptions",
    body,
  );
  expect(created.status).toBe(201);
  expect(first.log()).not.toContain("encrypted with another key");
  await first[Symbol.asyncDispose]();
  await using second = await allison.serve(data, { ALLISON_SECRET_KEY: "ab".repeat(32) });
  expect(second.log()).toContain("encrypted with another key");
});
