/** The dispatcher over real sockets, under a test clock: what is sent, in which order, and across crashes. */
import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { dirname } from "node:path";
import { Webhook as StandardWebhook } from "standardwebhooks";
import { Webhook as SvixWebhook } from "svix";
import { EVENT_TYPES } from "../../src/contract/event-types.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { createIds } from "../../src/lib/ids.ts";
import { createLog, type Log } from "../../src/lib/log.ts";
import { systemRandom } from "../../src/lib/random.ts";
import { EVENTS, sampleOf } from "../../src/resources/events.ts";
import { createStore } from "../../src/store/change.ts";
import { closeDatabase, openDatabase } from "../../src/store/open.ts";
import { newSecret, webhookSubscriptionEntity } from "../../src/webhooks/subscriptions.ts";
import { type Answer, startReceiver } from "../support/receiver.ts";
import { AUDIT_KEY } from "../support/store.ts";
import {
  ACTOR,
  createWebhookWorld,
  startWebhookWorld,
  type WebhookWorld,
} from "../support/webhooks.ts";

const MINUTE = 60_000;
const FAILING: readonly Answer[] = [{ status: 500, body: "broken" }];

describe("a delivery", () => {
  test.each([...EVENT_TYPES])(
    "of %s has the documented envelope, and published libraries verify it",
    async (type) => {
      await using receiver = await startReceiver();
      await using world = startWebhookWorld();
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

  test("is verified by published libraries exactly as it arrived, under the system clock", async () => {
    await using receiver = await startReceiver();
    await using world = startWebhookWorld({
      clock: { ...systemClock, advance() {}, setWall() {} },
    });
    const { secret } = await world.subscribe(receiver.url);
    await world.emit();
    const { headers, body } = (await receiver.received(1))[0]!;
    for (const Library of [StandardWebhook, SvixWebhook]) {
      expect(() => new Library(secret).verify(body, headers)).not.toThrow();
      expect(() => new Library(secret).verify(`${body} `, headers)).toThrow();
    }
  });

  test("of one event has the same id and bytes for all subscriptions and attempts, and a new signature each time", async () => {
    await using one = await startReceiver({ script: FAILING });
    await using two = await startReceiver();
    await using world = startWebhookWorld();
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

  test("is signed with the new secret after a rotation", async () => {
    await using receiver = await startReceiver();
    await using world = startWebhookWorld();
    const { id, secret } = await world.subscribe(receiver.url);
    const created = newSecret(id, world.vault, systemRandom);
    await world.store.change(ACTOR, (tx) =>
      tx.update(webhookSubscriptionEntity, world.subscription(id), created.stored),
    );
    await world.emit();
    const { headers, body } = (await receiver.received(1))[0]!;
    const sign = (key: string) =>
      `v1=${createHmac("sha256", key).update(`${headers["x-allison-timestamp"]}.${body}`).digest("hex")}`;
    expect(headers["x-allison-signature"]).toBe(sign(created.secret));
    expect(headers["x-allison-signature"]).not.toBe(sign(secret));
  });

  test("is signed with the new secret even if it was claimed before the rotation", async () => {
    await using receiver = await startReceiver({ script: [{ delayMs: 100 }] });
    await using world = startWebhookWorld();
    const { id } = await world.subscribe(receiver.url);
    await Promise.all([world.emit(), world.emit()]);
    await receiver.received(1);
    const created = newSecret(id, world.vault, systemRandom);
    await world.store.change(ACTOR, (tx) =>
      tx.update(webhookSubscriptionEntity, world.subscription(id), created.stored),
    );
    const { headers, body } = (await receiver.received(2))[1]!;
    const signed = createHmac("sha256", created.secret).update(
      `${headers["x-allison-timestamp"]}.${body}`,
    );
    expect(headers["x-allison-signature"]).toBe(`v1=${signed.digest("hex")}`);
  });

  test("goes only to subscriptions to its event type", async () => {
    await using receiver = await startReceiver();
    await using world = startWebhookWorld();
    const { id } = await world.subscribe(receiver.url, ["contact.created"]);
    await world.emit("call.ended");
    await world.emit("contact.created");
    await world.pass(0);
    expect(world.deliveries(id).map(({ event_type }) => event_type)).toEqual(["contact.created"]);
    expect(receiver.requests).toHaveLength(1);
  });
});

describe("order and volume", () => {
  test("a healthy subscription receives its events in the order in which they occurred", async () => {
    await using receiver = await startReceiver();
    await using world = startWebhookWorld();
    await world.subscribe(receiver.url);
    const emitted = await Promise.all(
      Array.from({ length: 300 }, (_, i) =>
        world.emit("call.ended", { call_id: String(i) }).then(() => String(i)),
      ),
    );
    const received = await receiver.received(300, 20_000);
    expect(received.map(({ body }) => JSON.parse(body).data.call_id)).toEqual(emitted);
  });

  test("of 100,000 pending deliveries only a few are claimed at a time", async () => {
    await using dead = await startReceiver({ script: [{ fault: "hang" }] });
    await using world = startWebhookWorld({ limits: { totalMs: 20_000 } });
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
    // bun:sqlite keeps a lock for an EXPLAIN that is not finalized.
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

describe("many subscriptions", () => {
  const HANGING = 150;

  test("to receivers that hang get at most 64 connections, each gets its turn, and a healthy subscription is served", async () => {
    let mostOpen = 0;
    await using dead = await startReceiver({
      script() {
        mostOpen = Math.max(mostOpen, dead.open);
        return { fault: "hang" };
      },
    });
    await using receiver = await startReceiver();
    await using world = startWebhookWorld({ limits: { totalMs: 300 } });
    for (let i = 0; i < HANGING; i += 1) {
      await world.subscribe(`http://127.0.0.1:${dead.port}/${i}`, ["call.ended"]);
    }
    await world.emit("call.ended");
    await dead.received(64);
    const { id } = await world.subscribe(receiver.url, ["contact.created"]);
    await world.emit("contact.created");
    await receiver.received(1);
    await world.pass(0);
    expect(new Set(dead.requests.map(({ path }) => path)).size).toBe(HANGING);
    // By now all of them fail, and their retries leave places to the healthy one.
    for (let i = 0; i < 5; i += 1) await world.emit("call.ended");
    const first = dead.requests.length;
    await dead.received(first + 32);
    mostOpen = 0;
    for (let i = 0; i < 10; i += 1) await world.emit("contact.created");
    await receiver.received(11);
    await dead.received(first + 200, 10_000);
    expect(mostOpen).toBeLessThanOrEqual(32);
    const attempted = dead.requests.slice(first, first + HANGING).map(({ path }) => path);
    expect(new Set(attempted).size).toBe(HANGING);
    expect(world.deliveries(id).every(({ attempts }) => attempts.length === 1)).toBe(true);
    await dead.stop();
  });

  test("that are slow give up their places in turn, so that each of them receives its first event", async () => {
    await using slow = await startReceiver({ script: [{ delayMs: 200 }] });
    const clock = { ...systemClock, advance() {}, setWall() {} };
    await using world = startWebhookWorld({ clock });
    for (let i = 0; i < 80; i += 1) await world.subscribe(`http://127.0.0.1:${slow.port}/${i}`);
    for (let i = 0; i < 32; i += 1) await world.emit();
    const isServed = () => new Set(slow.requests.map(({ path }) => path)).size === 80;
    while (!isServed()) await Bun.sleep(20);
    // Without turns, the first 64 would have received all 32 events before the others received one.
    expect(slow.requests.length).toBeLessThan(64 * 32);
  });
});

describe("across crashes and restarts", () => {
  test.each(["claimed and not sent", "sent and not recorded"])(
    "a delivery that was %s when the process died is delivered again under the same id",
    async (moment) => {
      await using receiver = await startReceiver();
      await using world = createWebhookWorld();
      const { id } = await world.subscribe(receiver.url);
      await world.emit();
      // The state after a killed process: the claim is on disk, the outcome is not.
      await world.store.housekeep((db) =>
        db.$client.run("update webhook_deliveries set leased_until = '2999-01-01T00:00:00.000Z'"),
      );
      const [event] = world.db.$client.query("select body from events").all() as { body: string }[];
      if (moment.startsWith("sent"))
        await fetch(receiver.url, { method: "POST", body: event!.body });
      world.restart();
      await world.pass(0);
      expect(receiver.requests.at(-1)!.body).toBe(event!.body);
      expect(world.deliveries(id)).toMatchObject([{ status: "succeeded" }]);
    },
  );

  test("a stop sends nothing new, waits for attempts under way, and leaves the rest for the next start", async () => {
    await using receiver = await startReceiver({ script: [{ status: 200, delayMs: 100 }] });
    await using world = startWebhookWorld();
    const { id } = await world.subscribe(receiver.url);
    for (let i = 0; i < 5; i += 1) await world.emit();
    await receiver.received(1);
    await world.dispatcher().stop();
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

  test("a delivery that another process put into the outbox is sent", async () => {
    await using receiver = await startReceiver();
    await using world = startWebhookWorld();
    const { id } = await world.subscribe(receiver.url);
    await world.pass(0);
    world.dispatcher().refresh();
    const other = openDatabase(dirname(world.db.$client.filename), {
      create: false,
      auditKey: AUDIT_KEY,
    });
    await createStore(other, world.clock, createIds(systemClock, systemRandom), AUDIT_KEY).change(
      ACTOR,
      (tx) => tx.outbox.recordSample(id, "call.ended", sampleOf("call.ended")),
    );
    closeDatabase(other);
    world.dispatcher().refresh();
    await receiver.received(1);
  });
});

describe("while the storage refuses writes", () => {
  /** Makes writes fail as on a full disk, or because another program holds the write lock; returns how to end it. */
  const REFUSALS: Record<string, (world: WebhookWorld) => () => void> = {
    "the disk is full"({ db }) {
      const { page_count } = db.$client.query("pragma page_count").get() as { page_count: number };
      db.$client.run(`pragma max_page_count = ${page_count}`);
      // Takes the free space of the pages in use.
      let attempt = 1_000;
      const fill = (bytes: number) => {
        for (;;) {
          db.$client.run(
            `insert into webhook_attempts (delivery_seq, attempt, at, duration_ms, answer)
             select min(seq), ?, '', 0, zeroblob(?) from webhook_deliveries`,
            [attempt++, bytes],
          );
        }
      };
      for (const bytes of [900, 0]) expect(() => fill(bytes)).toThrow(/full/);
      return () => {
        db.$client.run("pragma max_page_count = 1000000");
        db.$client.run("delete from webhook_attempts where attempt >= 1000");
      };
    },
    "another program holds the write lock"({ db }) {
      const other = openDatabase(dirname(db.$client.filename), {
        create: false,
        auditKey: AUDIT_KEY,
      });
      other.$client.run("begin immediate");
      return () => {
        other.$client.run("rollback");
        closeDatabase(other);
      };
    },
  };

  test.each(Object.keys(REFUSALS))(
    "(%s) an outcome is kept and recorded later, nothing is sent twice, and few lines are logged",
    async (reason) => {
      const errors: unknown[] = [];
      const log = { ...createLog("silent"), error: (line: unknown) => errors.push(line) };
      await using world = startWebhookWorld({ log: log as Log });
      let accept = () => {};
      await using healthy = await startReceiver({
        script(_, index) {
          if (index === 0) accept = REFUSALS[reason]!(world);
          return {};
        },
      });
      await using failing = await startReceiver({ script: FAILING });
      const failingId = (await world.subscribe(failing.url, ["contact.created"])).id;
      for (let i = 0; i < 3; i += 1) await world.emit("contact.created");
      await world.pass(0);
      const { id } = await world.subscribe(healthy.url, ["call.ended"]);
      await Promise.all([world.emit("call.ended"), world.emit("call.ended")]);
      await healthy.received(1);
      world.clock.advance(MINUTE);
      for (let i = 0; i < 20; i += 1) {
        await Bun.sleep(10);
        world.clock.advance(1_000);
      }
      // A write waits for another program in the system's time.
      while (errors.length === 0) await Bun.sleep(10);
      accept();
      // In 80 s on the clock, each of the few writes that wait is repeated a few times.
      expect(errors.length).toBeLessThan(30);
      await world.pass(MINUTE);
      await world.pass(MINUTE);
      expect(world.deliveries(id).map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
      expect(healthy.requests).toHaveLength(2);
      expect(world.deliveries(failingId).map(({ attempts }) => attempts.length)).toEqual([2, 2, 2]);
      expect(countLeased(world)).toBe(0);
    },
  );

  test("a stop does not wait for the storage, and the next start sends what was not recorded", async () => {
    await using world = startWebhookWorld();
    let accept = () => {};
    await using receiver = await startReceiver({
      script(_, index) {
        if (index === 0) accept = REFUSALS["another program holds the write lock"]!(world);
        return {};
      },
    });
    const { id } = await world.subscribe(receiver.url);
    await world.emit();
    await receiver.received(1);
    await world.dispatcher().stop();
    accept();
    expect(world.deliveries(id)).toMatchObject([{ status: "pending" }]);
    world.restart();
    await world.pass(0);
    expect(world.deliveries(id)).toMatchObject([{ status: "succeeded" }]);
  });
});

const countLeased = ({ db }: WebhookWorld): number =>
  db.$client.query("select 1 from webhook_deliveries where leased_until is not null").all().length;
