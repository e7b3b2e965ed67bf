/** Events of acknowledged writes survive kill -9 of the executable, whenever it comes. */
import { afterAll, expect, test } from "bun:test";
import { createClient } from "../support/client.ts";
import { type Executable, installExecutable } from "../support/executable.ts";
import { startReceiver } from "../support/receiver.ts";
import { sampleCall } from "../support/samples.ts";

const allison: Executable = installExecutable();
afterAll(() => allison[Symbol.dispose]());

const ROUNDS = 100;
const ENVIRONMENT = { ALLISON_WEBHOOK_ALLOW: "127.0.0.0/8", ALLISON_WRITES_PER_MINUTE: "100000" };

test(`${ROUNDS} times killed at random moments while events flow: no event of an acknowledged write is missing`, async () => {
  await using receiver = await startReceiver();
  const acknowledged = new Set<string>();
  const delivered = () =>
    new Set(
      receiver.requests
        .map(({ body }) => JSON.parse(body) as { type: string; data: { call_id: string } })
        .filter(({ type }) => type === "call.ended")
        .map(({ data }) => data.call_id),
    );
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
    await Bun.sleep(Math.random() * 60);
    server.kill("SIGKILL");
    await server.ended;
    alive = false;
    await Promise.all(writers);
  }
  await using last = await allison.serve([], ENVIRONMENT);
  const deadline = Date.now() + 60_000;
  while ([...acknowledged].some((id) => !delivered().has(id)) && Date.now() < deadline)
    await Bun.sleep(100);
  const arrived = delivered();
  expect(acknowledged.size).toBeGreaterThan(ROUNDS);
  expect([...acknowledged].filter((id) => !arrived.has(id))).toEqual([]);
  expect((await allison.run(["audit", "verify"])).exitCode).toBe(0);
  expect(last.pid).toBeGreaterThan(0);
}, 180_000);
