/** The schedule of attempts under a test clock, receivers with faults, and when a subscription is disabled. */
import { describe, expect, test } from "bun:test";
import { sampleOf } from "../../src/resources/events.ts";
import { type Answer, startReceiver } from "../support/receiver.ts";
import { ACTOR, startWebhookWorld } from "../support/webhooks.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const FAILING: readonly Answer[] = [{ status: 500, body: "broken" }];

describe("the schedule", () => {
  test("six attempts: without delay, then after 1 min, 15 min, 1 h, 6 h and 24 h, then failed for good", async () => {
    await using receiver = await startReceiver({ script: FAILING });
    await using world = startWebhookWorld();
    const { id } = await world.subscribe(receiver.url);
    const start = world.clock.now();
    await world.emit();
    await world.pass(0);
    const delays = [0, MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR];
    let due = start;
    for (const [index, delay] of delays.entries()) {
      due += delay;
      if (delay > 0) {
        await world.pass(delay - 1);
        expect(receiver.requests).toHaveLength(index);
        await world.pass(1);
      }
      expect(receiver.requests).toHaveLength(index + 1);
      const [delivery] = world.deliveries(id);
      const next = delays[index + 1];
      expect(delivery).toMatchObject({
        status: next === undefined ? "failed" : "pending",
        next_attempt_at: next === undefined ? null : new Date(due + next).toISOString(),
      });
      expect(delivery!.attempts.map(({ at }) => at).at(-1)).toBe(new Date(due).toISOString());
    }
    await world.pass(30 * DAY);
    expect(receiver.requests).toHaveLength(6);
  });

  test("a success ends the attempts, whichever attempt it is", async () => {
    await using receiver = await startReceiver({
      script: [
        { status: 500 },
        { status: 302, headers: { location: "/" } },
        { status: 204, body: "" },
      ],
    });
    await using world = startWebhookWorld();
    const { id } = await world.subscribe(receiver.url);
    await world.emit();
    await world.pass(0);
    await world.pass(MINUTE);
    await world.pass(15 * MINUTE);
    await world.pass(10 * DAY);
    const [delivery] = world.deliveries(id);
    expect(delivery).toMatchObject({ status: "succeeded", next_attempt_at: null });
    expect(delivery!.attempts.map(({ attempt, status_code }) => [attempt, status_code])).toEqual([
      [1, 500],
      [2, 302],
      [3, 204],
    ]);
    expect(world.subscription(id)).toMatchObject({ consecutive_failures: 0, failing_since: null });
  });

  test("a sample has one attempt, is marked in its envelope, and does not affect the health", async () => {
    await using receiver = await startReceiver({ script: FAILING });
    await using world = startWebhookWorld();
    const { id } = await world.subscribe(receiver.url);
    await world.store.change(ACTOR, (tx) =>
      tx.outbox.recordSample(id, "contact.created", sampleOf("contact.created")),
    );
    await world.pass(0);
    await world.pass(10 * DAY);
    expect(receiver.requests).toHaveLength(1);
    expect(JSON.parse(receiver.requests[0]!.body)).toMatchObject({
      test: true,
      type: "contact.created",
    });
    expect(world.deliveries(id)).toMatchObject([
      { status: "failed", test: true, next_attempt_at: null },
    ]);
    expect(world.subscription(id)).toMatchObject({
      enabled: true,
      consecutive_failures: 0,
      failing_since: null,
    });
  });

  test("a retried delivery starts a new series of attempts, with the same id and its history", async () => {
    await using receiver = await startReceiver({ script: FAILING });
    await using world = startWebhookWorld();
    const { id } = await world.subscribe(receiver.url);
    await world.emit();
    await world.pass(0);
    for (const delay of [MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR]) await world.pass(delay);
    const [failed] = world.deliveries(id);
    expect(failed!.status).toBe("failed");
    receiver.script([{ status: 200 }]);
    await world.store.change(ACTOR, (tx) => tx.outbox.sendAgain(failed!.id));
    await world.pass(0);
    const [delivery] = world.deliveries(id);
    expect(delivery).toMatchObject({ id: failed!.id, status: "succeeded" });
    expect(delivery!.attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(receiver.requests.at(-1)!.headers["webhook-id"]).toBe(
      receiver.requests[0]!.headers["webhook-id"]!,
    );
  });
});

describe("receivers with faults", () => {
  const page = "x".repeat(10_000);
  const table: [string, Answer, { status: number | null; error: RegExp | null; kept?: number }][] =
    [
      ["answers 500", { status: 500, body: page }, { status: 500, error: null, kept: 4096 }],
      ["answers 410", { status: 410, body: "gone" }, { status: 410, error: null, kept: 4 }],
      [
        "answers 429 with Retry-After",
        { status: 429, headers: { "retry-after": "86400" } },
        { status: 429, error: null },
      ],
      [
        "redirects to itself",
        { status: 301, headers: { location: "/hook" } },
        { status: 301, error: null },
      ],
      [
        "redirects to a metadata address",
        { status: 307, headers: { location: "http://169.254.169.254/" } },
        { status: 307, error: null },
      ],
      [
        "never answers",
        { fault: "hang" },
        { status: null, error: /did not complete its response within/ },
      ],
      ["resets the connection", { fault: "reset" }, { status: null, error: /connection/ }],
      [
        "closes within the body",
        { status: 500, fault: "closeEarly" },
        { status: null, error: /connection|closed|ended/ },
      ],
      [
        "drips one byte at a time",
        { fault: "drip", body: page, dripMs: 50 },
        { status: null, error: /did not complete its response within/ },
      ],
      [
        "sends headers without end",
        { fault: "dripHeaders", dripMs: 50 },
        { status: null, error: /did not complete its response within/ },
      ],
      ["does not speak HTTP", { fault: "garbage" }, { status: null, error: /./ }],
      [
        "answers slower than allowed",
        { status: 200, delayMs: 900 },
        { status: null, error: /did not complete its response within/ },
      ],
    ];
  test.each(table)(
    "%s: retried in a minute, with an error in plain words, and little of the response is kept",
    async (_name, answer, expected) => {
      await using receiver = await startReceiver({ script: [answer] });
      await using world = startWebhookWorld({ limits: { totalMs: 600, connectMs: 300 } });
      const { id } = await world.subscribe(receiver.url);
      const at = world.clock.now();
      await world.emit();
      await world.pass(0);
      const [delivery] = world.deliveries(id);
      expect(delivery).toMatchObject({
        status: "pending",
        next_attempt_at: new Date(at + MINUTE).toISOString(),
      });
      const [attempt] = delivery!.attempts;
      expect(attempt!.status_code).toBe(expected.status);
      if (expected.error === null) expect(attempt!.error).toBeNull();
      else expect(attempt!.error).toMatch(expected.error);
      expect(attempt!.duration_ms).toBeLessThan(2_000);
      const stored = world.db.$client.query("select answer from webhook_attempts").get() as {
        answer: string | null;
      };
      if (expected.kept !== undefined) expect(stored.answer).toHaveLength(expected.kept);
      expect(receiver.requests.length).toBeLessThanOrEqual(1);
    },
  );

  test.each<[string, Answer]>([
    ["an endless body is cut and its status counts", { fault: "endless" }],
    ["a slow response within the time limit counts", { status: 200, delayMs: 250 }],
    ["a 299 is a success", { status: 299 }],
  ])("%s", async (_name, answer) => {
    await using receiver = await startReceiver({ script: [answer] });
    await using world = startWebhookWorld({ limits: { totalMs: 2_000 } });
    const { id } = await world.subscribe(receiver.url);
    await world.emit();
    await world.pass(0);
    expect(world.deliveries(id)[0]!.status).toBe("succeeded");
  });

  test("a refused address is reported with the setting that would allow it, and retried on schedule", async () => {
    await using world = startWebhookWorld();
    const { id } = await world.subscribe("https://10.1.2.3/hook");
    await world.emit();
    await world.pass(0);
    const [delivery] = world.deliveries(id);
    expect(delivery!.status).toBe("pending");
    expect(delivery!.attempts[0]).toMatchObject({ status_code: null });
    expect(delivery!.attempts[0]!.error).toContain("--webhook-allow");
  });

  test("a receiver that hangs with a long queue delays no other", async () => {
    await using dead = await startReceiver({ script: [{ fault: "hang" }] });
    await using live = await startReceiver();
    await using world = startWebhookWorld({ limits: { totalMs: 20_000 } });
    await world.subscribe(dead.url, ["call.ended"]);
    const { id } = await world.subscribe(live.url, ["contact.created"]);
    for (let i = 0; i < 200; i += 1) await world.emit("call.ended");
    await dead.received(1);
    await world.emit("contact.created");
    await live.received(1);
    while (world.deliveries(id)[0]!.status === "pending") await Bun.sleep(5);
    expect(world.deliveries(id)[0]!.status).toBe("succeeded");
    await dead.stop();
  });
});

describe("disabling a subscription", () => {
  test("cancels pending deliveries, which are not sent after it is enabled again either", async () => {
    await using receiver = await startReceiver({ script: FAILING });
    await using world = startWebhookWorld();
    const { id } = await world.subscribe(receiver.url);
    await world.emit();
    await world.pass(0);
    await world.patch(id, { enabled: false });
    await world.emit();
    await world.pass(2 * DAY);
    expect(receiver.requests).toHaveLength(1);
    expect(world.deliveries(id)).toMatchObject([{ status: "cancelled", next_attempt_at: null }]);
    receiver.script([{ status: 200 }]);
    await world.patch(id, { enabled: true });
    await world.pass(2 * DAY);
    expect(receiver.requests).toHaveLength(1);
    await world.emit();
    await world.pass(0);
    expect(world.deliveries(id).map(({ status }) => status)).toEqual(["cancelled", "succeeded"]);
  });

  test("by deleting it does the same", async () => {
    await using receiver = await startReceiver({ script: FAILING });
    await using world = startWebhookWorld();
    const { id } = await world.subscribe(receiver.url);
    await world.emit();
    await world.pass(0);
    await world.remove(id);
    await world.pass(2 * DAY);
    expect(receiver.requests).toHaveLength(1);
    expect(world.deliveries(id)).toMatchObject([{ status: "cancelled" }]);
  });

  test("during an attempt: the attempt is recorded, and the delivery stays cancelled", async () => {
    await using receiver = await startReceiver({ script: [{ status: 200, delayMs: 200 }] });
    await using world = startWebhookWorld();
    const { id } = await world.subscribe(receiver.url);
    await world.emit();
    await receiver.received(1);
    await world.patch(id, { enabled: false });
    await world.pass(0);
    const [delivery] = world.deliveries(id);
    expect(delivery).toMatchObject({ status: "cancelled" });
    expect(delivery!.attempts).toMatchObject([{ status_code: 200 }]);
  });

  test("happens after 10 events in a row that failed for good, with the reason and an audit row", async () => {
    await using receiver = await startReceiver({ script: FAILING });
    await using world = startWebhookWorld();
    const { id } = await world.subscribe(receiver.url);
    for (let i = 0; i < 10; i += 1) {
      expect(world.subscription(id).enabled).toBe(true);
      await world.emit();
    }
    await world.emit("contact.created");
    await world.pass(0);
    for (const delay of [MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR]) await world.pass(delay);
    expect(world.subscription(id)).toMatchObject({
      enabled: false,
      auto_disabled_reason: "consecutive_failures",
    });
    const { n } = world.db.$client
      .query(
        "select count(*) as n from audit where entity_type = 'webhook_subscription' and actor_type = 'system' and action = 'updated'",
      )
      .get() as { n: number };
    expect(n).toBe(1);
    await world.patch(id, { enabled: true });
    expect(world.subscription(id)).toMatchObject({
      enabled: true,
      auto_disabled_reason: null,
      consecutive_failures: 0,
    });
  });

  test("happens after 5 days without a success; a success restarts the count", async () => {
    for (const recovers of [false, true]) {
      await using receiver = await startReceiver({ script: FAILING });
      await using world = startWebhookWorld();
      const { id } = await world.subscribe(receiver.url);
      for (let day = 0; day < 6; day += 1) {
        if (recovers && day === 3) receiver.script([{ status: 200 }, ...FAILING]);
        await world.emit();
        await world.pass(0);
        await world.pass(DAY);
      }
      expect(world.subscription(id)).toMatchObject(
        recovers
          ? { enabled: true, auto_disabled_reason: null }
          : { enabled: false, auto_disabled_reason: "no_success" },
      );
      if (!recovers)
        expect(world.deliveries(id).some(({ status }) => status === "pending")).toBe(false);
    }
  });
});
