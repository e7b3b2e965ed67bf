/** Deliveries in the dashboard: those that a call caused, the request as it was sent, and retrying those that failed. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { LIMITS } from "../../src/config.ts";
import { VERSION } from "../../src/lib/version.ts";
import { signedHeaders } from "../../src/webhooks/sign.ts";
import { createTestClock } from "../support/clock.ts";
import { type Browser, makeAccount, openBrowser, signIn } from "../support/dashboard.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { type Receiver, startReceiver } from "../support/receiver.ts";
import { sampleCall } from "../support/samples.ts";

const NOWHERE = "019a9f3e-0000-7000-8000-000000000000";
const MINUTE = 60_000;
const clock = createTestClock();
let it: TestServer;
let browser: Browser;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  it = await startTestServer({ clock, config: { webhookAllow: ["127.0.0.0/8"] } });
  await makeAccount(it);
});
afterAll(async () => {
  await it[Symbol.asyncDispose]();
  await receiver.stop();
});
beforeEach(async () => {
  // Some of these tests advance the clock by more than the life of a session.
  browser = await signIn(it);
  receiver.script([{ body: "ok" }]);
});

async function subscribe(events = ["call.ended"]) {
  const { body } = await it.write.post("/v1/webhook-subscriptions", { url: receiver.url, events });
  return { id: body.data.id as string, secret: body.secret as string };
}
let calls = 0;
const call = async (fields: object = {}): Promise<string> =>
  (await it.platform.put(`/platform/v1/calls/sent-${calls++}`, { ...sampleCall(), ...fields })).body
    .data.id;
const deliveriesOf = async (id: string) => (await browser.get(`/calls/${id}/deliveries`)).body.data;
const value = (query: string, ...parameters: string[]) =>
  it.server.db.$client.query(query).values(...parameters)[0]?.[0] as never;
/** Waits for the dispatcher. */
async function until(done: () => boolean | Promise<boolean>) {
  const deadline = Date.now() + 5_000;
  while (!(await done())) {
    if (Date.now() > deadline) throw new Error("timed out");
    await Bun.sleep(5);
  }
}
const untilAttempted = (id: string) =>
  until(async () =>
    ((await deliveriesOf(id)) as { attempted_at: string | null }[]).every(
      ({ attempted_at }) => attempted_at !== null,
    ),
  );
/** Marks every delivery as failed. */
const failAll = (subscription: string) =>
  it.server.store.housekeep((db) =>
    db.$client.run(
      "update webhook_deliveries set status = 'failed', next_attempt_at = null where subscription_id = ?",
      [subscription],
    ),
  );
const remove = (id: string) => it.write.delete(`/v1/webhook-subscriptions/${id}`);

describe("a call", () => {
  test("has only the deliveries that it caused, newest first", async () => {
    const { id: subscription } = await subscribe(["call.ended", "call.message_taken"]);
    const none = await call({ ended_at: null, disposition: null });
    const id = await call({ messages: [{ message: "Call me." }] });
    await untilAttempted(id);
    const list = await deliveriesOf(id);
    const about = { subscription_id: subscription, url: receiver.url, status: "succeeded" };
    const sent = {
      attempted_at: expect.any(String),
      status_code: 200,
      error: null,
      next_attempt_at: null,
    };
    expect(list).toEqual(
      ["call.ended", "call.message_taken"].map((event_type) => ({
        id: expect.any(String),
        created_at: expect.any(String),
        event_type,
        ...about,
        ...sent,
      })),
    );
    expect(await deliveriesOf(none)).toEqual([]);
    await remove(subscription);
    expect((await deliveriesOf(id))[0]).toMatchObject({ subscription_id: subscription, url: null });
  });

  test("has the delivery about its new contact, which no later call of the contact has", async () => {
    const { id: subscription } = await subscribe(["contact.created"]);
    const from_number = "+12025550177";
    const [first, second] = [await call({ from_number }), await call({ from_number })];
    await untilAttempted(first);
    expect(await deliveriesOf(first)).toMatchObject([
      { subscription_id: subscription, event_type: "contact.created", status: "succeeded" },
    ]);
    expect(await deliveriesOf(second)).toEqual([]);
    await remove(subscription);
  });

  test("that does not exist is a 404, and a request without a session is a 401", async () => {
    for (const path of [
      `/calls/${NOWHERE}/deliveries`,
      "/calls/x/deliveries",
      `/deliveries/${NOWHERE}`,
      "/deliveries/x",
    ]) {
      expect([path, (await browser.get(path)).status]).toEqual([path, 404]);
      expect((await openBrowser(it.url).get(path)).status).toBe(401);
    }
  });

  test("finds its events by an index", () => {
    const [step] = it.server.db.$client
      .query(
        "explain query plan select id from events as e where e.body ->> '$.data.call_id' = 'x'",
      )
      .all() as { detail: string }[];
    expect(step!.detail).toContain("events_call");
  });
});

describe("a delivery", () => {
  test("shows the request byte for byte as it was received, and the response", async () => {
    receiver.script([{ status: 201, body: "thank you" }]);
    const { id: subscription, secret } = await subscribe();
    const before = receiver.requests.length;
    const id = await call({ summary: "Ünïcödé — “quotes”" });
    await untilAttempted(id);
    const received = (await receiver.received(before + 1))[before]!;
    const [{ id: delivery }] = await deliveriesOf(id);
    const answer = await browser.get(`/deliveries/${delivery}`);
    expect(answer.text).not.toContain(secret);
    const { request, ...fields } = answer.body.data;
    const event = JSON.parse(received.body);
    expect(fields).toEqual({
      id: delivery,
      subscription_id: subscription,
      url: receiver.url,
      event_id: event.id,
      event_type: "call.ended",
      status: "succeeded",
      test: false,
      created_at: event.created_at,
      next_attempt_at: null,
      attempts: [
        {
          attempt: 1,
          at: expect.any(String),
          status_code: 201,
          error: null,
          duration_ms: expect.any(Number),
          answer: "thank you",
        },
      ],
    });
    expect([request.signature, request.body]).toEqual(["shown", received.body]);
    for (const [name, text] of Object.entries(request.headers))
      expect([name, received.headers[name.toLowerCase()]]).toEqual([name, text as string]);
    const at = Date.parse(fields.attempts[0].at);
    expect(request.headers).toEqual(signedHeaders(secret, event.id, received.body, at));
    await remove(subscription);
  });

  test("hides its signature once the secret is rotated, and shows it again after the next attempt", async () => {
    receiver.script([{ status: 500 }]);
    const { id: subscription, secret } = await subscribe();
    const id = await call();
    await untilAttempted(id);
    const [{ id: delivery }] = await deliveriesOf(id);
    const detail = async () => (await browser.get(`/deliveries/${delivery}`)).body.data;
    const first = (await detail()).request;
    expect(first.signature).toBe("shown");
    await it.write.patch(`/v1/webhook-subscriptions/${subscription}`, {
      description: 'not "secret": "x"',
    });
    expect((await detail()).request).toEqual(first);
    clock.advance(1_000);
    const rotated = await it.write.post(`/v1/webhook-subscriptions/${subscription}/rotate-secret`);
    const { request } = await detail();
    expect(request).toEqual({
      ...first,
      signature: "rotated",
      headers: { ...first.headers, "X-Allison-Signature": null, "webhook-signature": null },
    });
    clock.advance(MINUTE);
    await until(async () => (await detail()).attempts.length === 2);
    const again = (await detail()).request;
    expect(again.signature).toBe("shown");
    const event = JSON.parse(again.body);
    const time = Number(again.headers["X-Allison-Timestamp"]) * 1_000;
    expect(again.headers).toEqual(signedHeaders(rotated.body.secret, event.id, again.body, time));
    expect(again.headers).not.toEqual(signedHeaders(secret, event.id, again.body, time));
    await remove(subscription);
    expect((await detail()).request.signature).toBe("unreadable");
  });

  test("that has not been sent has neither time nor signature", async () => {
    const { id: subscription } = await subscribe();
    const delivery = await it.server.store.housekeep((db, at) => {
      const { $client } = db;
      $client.run(
        "insert into events (id, type, created_at, body) values ('evt_x', 'call.ended', ?, '{}')",
        [at],
      );
      $client.run(
        `insert into webhook_deliveries (id, subscription_id, event_seq, status, test, created_at, next_attempt_at)
         values (?, ?, (select max(seq) from events), 'pending', 0, ?, '2999-01-01T00:00:00.000Z')`,
        [NOWHERE, subscription, at],
      );
      return NOWHERE;
    });
    const { request } = (await browser.get(`/deliveries/${delivery}`)).body.data;
    expect(request).toEqual({
      signature: "not_sent",
      body: "{}",
      headers: {
        "Content-Type": "application/json",
        "User-Agent": `Allison/${VERSION}`,
        "X-Allison-Timestamp": null,
        "X-Allison-Event-Id": "evt_x",
        "X-Allison-Signature": null,
        "webhook-id": "evt_x",
        "webhook-timestamp": null,
        "webhook-signature": null,
      },
    });
    await remove(subscription);
  });
});

describe("retrying the deliveries that failed since a time", () => {
  const retry = (id: string, since: unknown, from = browser) =>
    from.post(`/webhook-subscriptions/${id}/retry-failed`, { since });
  const now = () => new Date(clock.now()).toISOString();

  test("sends them, but not earlier ones, test deliveries or those of other subscriptions", async () => {
    const [one, other] = [await subscribe(), await subscribe()];
    const early = await call();
    await untilAttempted(early);
    clock.advance(MINUTE);
    const since = now();
    const late = [await call(), await call()];
    for (const id of late) await untilAttempted(id);
    const testDelivery = await it.write.post(`/v1/webhook-subscriptions/${one.id}/test`);
    await until(
      () =>
        value("select status from webhook_deliveries where id = ?", testDelivery.body.data.id) ===
        ("succeeded" as never),
    );
    for (const { id } of [one, other]) await failAll(id);
    const before = receiver.requests.length;
    const answer = await retry(one.id, since);
    expect([answer.status, answer.body]).toEqual([200, { data: { sent_again: 2, more: false } }]);
    const again = (await receiver.received(before + 2)).slice(before);
    expect(again.map(({ body }) => JSON.parse(body).data.call_id)).toEqual(late);
    const failed = (id: string) =>
      value(
        "select count(*) from webhook_deliveries where status = 'failed' and subscription_id = ?",
        id,
      );
    await until(() => failed(one.id) === (2 as never));
    expect(failed(other.id)).toBe(3 as never);
    expect((await retry(one.id, now())).body.data).toEqual({ sent_again: 0, more: false });
    for (const { id } of [one, other]) await remove(id);
  });

  test("sends a limited number at once and reports that there are more", async () => {
    const { id } = await subscribe();
    const total = LIMITS.sentAgainAtOnce + 1;
    await it.server.store.housekeep(({ $client }, at) => {
      $client.run(
        "insert into events (id, type, created_at, body) values ('evt_many', 'call.ended', ?, '{}')",
        [at],
      );
      for (let n = 0; n < total; n += 1) {
        $client.run(
          `insert into webhook_deliveries (id, subscription_id, event_seq, status, test, created_at)
           values (?, ?, (select max(seq) from events), 'failed', 0, ?)`,
          [`delivery ${n}`, id, at],
        );
        $client.run(
          `insert into webhook_attempts (delivery_seq, attempt, at, status_code, duration_ms)
           values ((select max(seq) from webhook_deliveries), 1, ?, 500, 1)`,
          [at],
        );
      }
    });
    const first = await retry(id, "2026-01-01T00:00:00Z");
    expect(first.body.data).toEqual({ sent_again: LIMITS.sentAgainAtOnce, more: true });
    expect((await retry(id, "2026-01-01T00:00:00Z")).body.data).toEqual({
      sent_again: 1,
      more: false,
    });
    await remove(id);
  });

  test("is refused for a disabled subscription, for a blocked address and without a time", async () => {
    const { id } = await subscribe();
    await it.write.patch(`/v1/webhook-subscriptions/${id}`, { enabled: false });
    const off = await retry(id, now());
    expect([off.status, off.body.details]).toEqual([
      409,
      { enabled: "is false; enable the subscription first" },
    ]);
    await it.server.store.housekeep((db) =>
      db.$client.run("update webhook_subscriptions set url = 'http://10.0.0.1/x' where id = ?", [
        id,
      ]),
    );
    const closed = await retry(id, now());
    expect([closed.status, Object.keys(closed.body.details)]).toEqual([400, ["url"]]);
    for (const since of [undefined, "yesterday", 5]) {
      const answer = await retry(id, since);
      expect([answer.status, Object.keys(answer.body.details)]).toEqual([400, ["since"]]);
    }
    expect((await retry(NOWHERE, now())).status).toBe(404);
    expect((await retry(id, now(), openBrowser(it.url))).status).toBe(401);
    const path = `/webhook-subscriptions/${id}/retry-failed`;
    expect(
      (await browser.post(path, { since: now() }, { "sec-fetch-site": "same-site" })).status,
    ).toBe(403);
    await remove(id);
  });
});
