/** Deliveries over real sockets to a receiver that behaves, or does not, under a clock that is turned. */
import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { LIMITS } from "../../src/config.ts";
import { EVENT_TYPES } from "../../src/contract/event-types.ts";
import { systemRandom } from "../../src/lib/random.ts";
import { EVENTS, sampleOf } from "../../src/resources/events.ts";
import { removeOldDeliveries } from "../../src/webhooks/retention.ts";
import { newSecret, webhookSubscriptionEntity } from "../../src/webhooks/subscriptions.ts";
import { type Answer, startReceiver } from "../support/receiver.ts";
import { ACTOR, createWebhookWorld } from "../support/webhooks.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BROKEN: readonly Answer[] = [{ status: 500, body: "broken" }];

async function started(options: Parameters<typeof createWebhookWorld>[0] = {}) {
  const world = createWebhookWorld(options);
  world.dispatcher.start();
  return world;
}

describe("what is sent", () => {
  test.each([...EVENT_TYPES])(
    "%s goes out in the documented envelope, verified by published libraries",
    async (type) => {
      await using receiver = await startReceiver();
      await using world = await started();
      const { secret } = await world.subscribe(receiver.url);
      await world.emit(type);
      const [request] = await receiver.received(1);
      const { headers, body } = request!;
      expect(request!.method).toBe("POST");
      expect(headers["content-type"]).toBe("application/json");
      const event = JSON.parse(body);
      expect(Object.keys(event)).toEqual(["id", "type", "created_at", "api_version", "data"]);
      expect(event).toMatchObject({ type, api_version: "v1", data: sampleOf(type) });
      expect(event.id).toMatch(/^evt_[0-9a-f]{32}$/);
      expect(EVENTS[type].data.strict().safeParse(event.data).error).toBeUndefined();
      expect(headers["x-allison-event-id"]).toBe(event.id);
      const timestamp = headers["x-allison-timestamp"]!;
      expect(timestamp).toBe(String(Math.floor(world.clock.now() / 1000)));
      const expected = createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex");
      expect(headers["x-allison-signature"]).toBe(`v1=${expected}`);
      for (const Library of [StandardWebhook, SvixWebhook]) {
        const signature = new Library(secret).sign(
          event.id,
          new Date(Number(timestamp) * 1000),
          body,
        );
        expect(headers["webhook-signature"]).toBe(signature);
      }
    },
  );

  test("under the real clock the published libraries verify a delivery exactly as it arrived", async () => {
    const { systemClock } = await import("../../src/lib/clock.ts");
    await using receiver = await startReceiver();
    await using world = await started({ clock: { ...systemClock, advance() {}, setWall() {} } });
    const { secret } = await world.subscribe(receiver.url);
    await world.emit();
    const { headers, body } = (await receiver.received(1))[0]!;
    for (const Library of [StandardWebhook, SvixWebhook]) {
      expect(() => new Library(secret).verify(body, headers)).not.toThrow();
      expect(() => new Library(secret).verify(`${body} `, headers)).toThrow();
    }
  });

  test("one event has one id for all subscriptions and all attempts, is signed anew each time, and its bytes stay", async () => {
    await using one = await startReceiver({ script: BROKEN });
    await using two = await startReceiver();
    await using world = await started();
    await world.subscribe(one.url);
    await world.subscribe(two.url);
    await world.emit();
    await world.pass(0);
    await world.pass(MINUTE);
    const [first, second] = await one.received(2);
    const [other] = await two.received(1);
    expect(second!.body).toBe(first!.body);
    expect(other!.body).toBe(first!.body);
    expect(second!.headers["x-allison-timestamp"]).not.toBe(first!.headers["x-allison-timestamp"]);
    expect(second!.headers["x-allison-signature"]).not.toBe(first!.headers["x-allison-signature"]);
  });

  test("a rotated secret signs the next delivery, the old one nothing more", async () => {
    await using receiver = await startReceiver();
    await using world = await started();
    const { id, secret } = await world.subscribe(receiver.url);
    const made = newSecret(id, world.vault, systemRandom);
    await world.store.change(ACTOR, (tx) =>
      tx.update(webhookSubscriptionEntity, world.subscription(id), made.stored),
    );
    await world.emit();
    const { headers, body } = (await receiver.received(1))[0]!;
    const sign = (key: string) =>
      `v1=${createHmac("sha256", key).update(`${headers["x-allison-timestamp"]}.${body}`).digest("hex")}`;
    expect(headers["x-allison-signature"]).toBe(sign(made.secret));
    expect(headers["x-allison-signature"]).not.toBe(sign(secret));
  });

  test("a secret rotated while deliveries are under way signs the next of them already", async () => {
    await using receiver = await startReceiver({ script: [{ delayMs: 100 }] });
    await using world = await started();
    const { id } = await world.subscribe(receiver.url);
    await Promise.all([world.emit(), world.emit()]);
    await receiver.received(1);
    const made = newSecret(id, world.vault, systemRandom);
    await world.store.change(ACTOR, (tx) =>
      tx.update(webhookSubscriptionEntity, world.subscription(id), made.stored),
    );
    const { headers, body } = (await receiver.received(2))[1]!;
    const signed = createHmac("sha256", made.secret).update(
      `${headers["x-allison-timestamp"]}.${body}`,
    );
    expect(headers["x-allison-signature"]).toBe(`v1=${signed.digest("hex")}`);
  });

  test("only what a subscription is for goes to it", async () => {
    await using receiver = await startReceiver();
    await using world = await started();
    const { id } = await world.subscribe(receiver.url, ["contact.created"]);
    await world.emit("call.ended");
    await world.emit("contact.created");
    await world.pass(0);
    expect(world.deliveries(id).map(({ event_type }) => event_type)).toEqual(["contact.created"]);
    expect(receiver.requests).toHaveLength(1);
  });
});

describe("the schedule", () => {
  test("six attempts: at once, then after 1 min, 15 min, 1 h, 6 h and 24 h, then failed for good", async () => {
    await using receiver = await startReceiver({ script: BROKEN });
    await using world = await started();
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

  test("a success ends it, whichever attempt it is", async () => {
    await using receiver = await startReceiver({
      script: [
        { status: 500 },
        { status: 302, headers: { location: "/" } },
        { status: 204, body: "" },
      ],
    });
    await using world = await started();
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

  test("a sample is tried once, says so in its envelope, and counts for nothing", async () => {
    await using receiver = await startReceiver({ script: BROKEN });
    await using world = await started();
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

  test("a failed delivery sent again begins a new round, with the same id and its history kept", async () => {
    await using receiver = await startReceiver({ script: BROKEN });
    await using world = await started();
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

describe("receivers that misbehave", () => {
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
        { behaviour: "hang" },
        { status: null, error: /did not complete its response within/ },
      ],
      ["resets the connection", { behaviour: "reset" }, { status: null, error: /connection/ }],
      [
        "closes in the middle of the body",
        { behaviour: "closeEarly" },
        { status: null, error: /connection|closed|ended/ },
      ],
      [
        "drips a byte at a time",
        { behaviour: "drip", body: page, dripMs: 50 },
        { status: null, error: /did not complete its response within/ },
      ],
      [
        "sends headers for ever",
        { behaviour: "dripHeaders", dripMs: 50 },
        { status: null, error: /did not complete its response within/ },
      ],
      ["speaks no HTTP", { behaviour: "garbage" }, { status: null, error: /./ }],
      [
        "answers slower than allowed",
        { status: 200, delayMs: 900 },
        { status: null, error: /did not complete its response within/ },
      ],
    ];
  test.each(table)(
    "%s: tried again in a minute, told in plain words, little kept",
    async (_name, answer, expected) => {
      await using receiver = await startReceiver({ script: [answer] });
      await using world = await started({ limits: { totalMs: 600, connectMs: 300 } });
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
    ["an endless body is cut and its status counts", { behaviour: "endless" }],
    ["a slow answer within the time counts", { status: 200, delayMs: 250 }],
    ["a 299 is a success", { status: 299 }],
  ])("%s", async (_name, answer) => {
    await using receiver = await startReceiver({ script: [answer] });
    await using world = await started({ limits: { totalMs: 2_000 } });
    const { id } = await world.subscribe(receiver.url);
    await world.emit();
    await world.pass(0);
    expect(world.deliveries(id)[0]!.status).toBe("succeeded");
  });

  test("an address that is refused is told with the setting that would allow it, and tried on schedule", async () => {
    await using world = await started();
    const { id } = await world.subscribe("https://10.1.2.3/hook");
    await world.emit();
    await world.pass(0);
    const [delivery] = world.deliveries(id);
    expect(delivery!.status).toBe("pending");
    expect(delivery!.attempts[0]).toMatchObject({ status_code: null });
    expect(delivery!.attempts[0]!.error).toContain("--webhook-allow");
  });

  test("one that hangs with a long queue delays no other", async () => {
    await using dead = await startReceiver({ script: [{ behaviour: "hang" }] });
    await using live = await startReceiver();
    await using world = await started({ limits: { totalMs: 20_000 } });
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

describe("order and volume", () => {
  test("a healthy subscription gets its events in the order in which they happened", async () => {
    await using receiver = await startReceiver();
    await using world = await started();
    await world.subscribe(receiver.url);
    const emitted = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        world.emit("call.ended", { call_id: String(i) }).then(() => String(i)),
      ),
    );
    const received = await receiver.received(300, 20_000);
    expect(received.map(({ body }) => JSON.parse(body).data.call_id)).toEqual(emitted);
  });

  test("of 100,000 that wait only a few are claimed and held at a time", async () => {
    await using dead = await startReceiver({ script: [{ behaviour: "hang" }] });
    await using world = await started({ limits: { totalMs: 20_000 } });
    const { id } = await world.subscribe(dead.url);
    await world.store.housekeep((db, at) => {
      db.$client.run(
        "insert into events (id, type, created_at, body) values ('evt_x', 'call.ended', ?, '{}')",
        [at],
      );
      db.$client.run(
        `with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
         insert into webhook_deliveries (id, subscription_id, event_seq, status, test, created_at, next_attempt_at)
         select 'd' || i, ?, 1, 'pending', 0, ?, ? from n`,
        [id, at, at],
      );
    });
    await dead.received(1);
    const { leased } = world.db.$client
      .query("select count(*) as leased from webhook_deliveries where leased_until is not null")
      .get() as { leased: number };
    expect(leased).toBeGreaterThan(0);
    expect(leased).toBeLessThanOrEqual(32);
    // Finalized: bun:sqlite keeps a lock for an EXPLAIN that is left open.
    const explain = world.db.$client.prepare(
      `explain query plan select seq from webhook_deliveries where status = 'pending' and subscription_id = 'x'
       and next_attempt_at <= 'y' and leased_until is null order by next_attempt_at, seq limit 32`,
    );
    const plan = explain.values().flat().join(" ");
    explain.finalize();
    expect(plan).toContain("webhook_deliveries_due");
    expect(plan).not.toContain("TEMP B-TREE");
    await dead.stop();
  });
});

describe("switching off", () => {
  test("what waits is cancelled at once and nothing more is sent, also not after switching on again", async () => {
    await using receiver = await startReceiver({ script: BROKEN });
    await using world = await started();
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

  test("deleting does the same", async () => {
    await using receiver = await startReceiver({ script: BROKEN });
    await using world = await started();
    const { id } = await world.subscribe(receiver.url);
    await world.emit();
    await world.pass(0);
    await world.remove(id);
    await world.pass(2 * DAY);
    expect(receiver.requests).toHaveLength(1);
    expect(world.deliveries(id)).toMatchObject([{ status: "cancelled" }]);
  });

  test("an attempt under way while it is switched off is told, and the delivery stays cancelled", async () => {
    await using receiver = await startReceiver({ script: [{ status: 200, delayMs: 200 }] });
    await using world = await started();
    const { id } = await world.subscribe(receiver.url);
    await world.emit();
    await receiver.received(1);
    await world.patch(id, { enabled: false });
    await world.pass(0);
    const [delivery] = world.deliveries(id);
    expect(delivery).toMatchObject({ status: "cancelled" });
    expect(delivery!.attempts).toMatchObject([{ status_code: 200 }]);
  });

  test("10 events in a row that failed for good switch it off, with the reason and an audit row", async () => {
    await using receiver = await startReceiver({ script: BROKEN });
    await using world = await started();
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

  test("5 days of failing without one success switch it off; a success in between starts the count anew", async () => {
    for (const recovers of [false, true]) {
      await using receiver = await startReceiver({ script: BROKEN });
      await using world = await started();
      const { id } = await world.subscribe(receiver.url);
      for (let day = 0; day < 6; day += 1) {
        if (recovers && day === 3) receiver.script([{ status: 200 }, ...BROKEN]);
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

describe("across crashes", () => {
  test.each(["claimed and not sent", "sent and not recorded"])(
    "a delivery that was %s when the process died is delivered again under the same id",
    async (moment) => {
      await using receiver = await startReceiver();
      await using world = createWebhookWorld();
      const { id } = await world.subscribe(receiver.url);
      await world.emit();
      // What a killed process leaves: the claim is on the disk, the record is not.
      await world.store.housekeep((db) =>
        db.$client.run("update webhook_deliveries set leased_until = '2999-01-01T00:00:00.000Z'"),
      );
      const [left] = world.db.$client.query("select body from events").all() as { body: string }[];
      if (moment.startsWith("sent"))
        await fetch(receiver.url, { method: "POST", body: left!.body });
      world.restart();
      await world.pass(0);
      expect(receiver.requests.at(-1)!.body).toBe(left!.body);
      expect(world.deliveries(id)).toMatchObject([{ status: "succeeded" }]);
    },
  );

  test("a stop sends nothing new, waits for what is under way and leaves the rest for the next start", async () => {
    await using receiver = await startReceiver({ script: [{ status: 200, delayMs: 100 }] });
    await using world = await started();
    const { id } = await world.subscribe(receiver.url);
    for (let i = 0; i < 5; i += 1) await world.emit();
    await receiver.received(1);
    await world.dispatcher.stop();
    await world.store.idle();
    expect(world.deliveries(id).map(({ status }) => status)).toEqual([
      "succeeded",
      ...Array(4).fill("pending"),
    ]);
    world.restart();
    await receiver.received(5);
    await world.pass(0);
    expect(world.deliveries(id).every(({ status }) => status === "succeeded")).toBe(true);
    expect(receiver.requests).toHaveLength(5);
  });

  test("what another process puts into the outbox is noticed and sent", async () => {
    const { systemClock } = await import("../../src/lib/clock.ts");
    await using receiver = await startReceiver();
    await using world = await started();
    const { id } = await world.subscribe(receiver.url);
    await world.pass(0);
    world.dispatcher.refresh();
    const { openDatabase, closeDatabase } = await import("../../src/store/open.ts");
    const { createStore } = await import("../../src/store/change.ts");
    const { createIds } = await import("../../src/lib/ids.ts");
    const { systemRandom } = await import("../../src/lib/random.ts");
    const { dirname } = await import("node:path");
    const other = openDatabase(dirname(world.db.$client.filename), { create: false });
    await createStore(other, world.clock, createIds(systemClock, systemRandom)).change(
      ACTOR,
      (tx) => tx.outbox.recordSample(id, "call.ended", sampleOf("call.ended")),
    );
    closeDatabase(other);
    world.dispatcher.refresh();
    await receiver.received(1);
  });
});

test(`deliveries and events are kept for ${LIMITS.deliveryDays} days, then removed, those that wait excepted`, async () => {
  await using receiver = await startReceiver();
  await using world = await started();
  const { id } = await world.subscribe(receiver.url);
  for (let i = 0; i < 1_200; i += 1) void world.emit();
  await world.store.idle();
  await world.pass(0);
  const count = (table: string) =>
    (world.db.$client.query(`select count(*) as n from ${table}`).get() as { n: number }).n;
  expect([count("events"), count("webhook_deliveries"), count("webhook_attempts")]).toEqual([
    1_200, 1_200, 1_200,
  ]);
  await world.pass(30 * DAY - 1);
  await removeOldDeliveries(world.store);
  expect(count("webhook_deliveries")).toBe(1_200);
  receiver.script(BROKEN);
  await world.emit();
  await world.pass(2);
  await removeOldDeliveries(world.store);
  expect([count("events"), count("webhook_deliveries"), count("webhook_attempts")]).toEqual([
    1, 1, 1,
  ]);
  expect(world.deliveries(id)).toMatchObject([{ status: "pending" }]);
}, 60_000);
