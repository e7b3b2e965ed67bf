/** The overview counts every call once, on its local day and in its local hour. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { LIMITS } from "../../src/config.ts";
import type { Overview } from "../../src/dashboard/answers.ts";
import { createCallCounts } from "../../src/dashboard/call-counts.ts";
import { systemActor } from "../../src/store/actor.ts";
import { webhookSubscriptions } from "../../src/webhooks/subscriptions.ts";
import { createTestClock } from "../support/clock.ts";
import { type Browser, makeAccount, openBrowser, signIn } from "../support/dashboard.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { freshNumber } from "../support/samples.ts";

const DAY = 86_400_000;
const sum = (list: number[]) => list.reduce((total, each) => total + each, 0);

async function start(now = "2026-11-23T10:00:00.000Z") {
  const clock = createTestClock(Date.parse(now));
  const it = await startTestServer({ clock });
  await makeAccount(it);
  return { ...it, clock, browser: await signIn(it) };
}

let calls = 0;
/** Creates a call of one minute. */
async function call(it: TestServer, started_at: string, fields: object = {}): Promise<string> {
  const answer = await it.platform.put(`/platform/v1/calls/count-${calls++}`, {
    direction: "inbound",
    from_number: freshNumber(),
    to_number: "+15550100100",
    started_at,
    ended_at: new Date(Date.parse(started_at) + 60_000).toISOString(),
    ...fields,
  });
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body.data.id;
}
async function overview(browser: Browser, query: Record<string, string> = {}): Promise<Overview> {
  const answer = await browser.get(`/overview?${new URLSearchParams(query)}`);
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.body.data;
}
/** The days with calls, and the weekdays and hours with calls. */
function placesOf({ days, hours }: Overview) {
  return {
    days: Object.fromEntries(
      days.filter((day) => day.calls > 0).map((day) => [day.date, day.calls]),
    ),
    hours: hours.flatMap((day, weekday) =>
      day.flatMap((count, hour) => (count > 0 ? [`${weekday} ${hour}h ${count}`] : [])),
    ),
  };
}

describe("an empty install", () => {
  test("has thirty empty days, no calls and no completed setup step", async () => {
    const clock = createTestClock();
    await using it = await startTestServer({ clock });
    for (const key of it.server.keys.list())
      await it.server.store.change(systemActor("test"), (tx) => it.server.keys.remove(tx, key));
    await makeAccount(it);
    const result = await overview(await signIn(it));
    expect(result.days.length).toBe(30);
    expect([result.days[0]!.date, result.days.at(-1)!.date]).toEqual(["2026-10-25", "2026-11-23"]);
    expect(result.days[0]).toEqual({ date: "2026-10-25", calls: 0, seconds: 0, outcomes: {} });
    expect([result.hours.length, ...result.hours.map((day) => day.length)]).toEqual([
      7,
      ...Array.from({ length: 7 }, () => 24),
    ]);
    expect(result).toMatchObject({
      from: "2026-10-25T00:00:00.000Z",
      to: "2026-11-23T10:00:00.000Z",
      timezone: "UTC",
      outcomes: [],
      intents: [],
      other_outcomes: { count: 0, calls: 0 },
      other_intents: { count: 0, calls: 0 },
      totals: { calls: 0, seconds: 0, hidden: 0 },
      before: { calls: 0, seconds: 0 },
      attention: {
        open_items: 0,
        failing_subscriptions: 0,
        auto_disabled_subscriptions: 0,
        expiring_keys: 0,
        unused_keys: 0,
      },
      setup: {
        has_key: false,
        has_platform_key: false,
        has_subscription: false,
        has_call: false,
        has_location: false,
      },
    });
  });

  test("requires a session", async () => {
    await using it = await startTestServer();
    expect((await openBrowser(it.url).get("/overview")).status).toBe(401);
  });
});

describe("calls are counted", () => {
  let it: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    it = await start();
    await call(it, "2026-11-20T09:00:00Z", { outcome: "booked", intent: "Reschedule" });
    await call(it, "2026-11-20T09:30:00Z", { outcome: "booked", intent: "Reschedule" });
    await call(it, "2026-11-21T12:00:00Z", { outcome: "answered", intent: "Parking" });
    await call(it, "2026-11-22T12:00:00Z");
    await call(it, "2026-11-22T12:00:01Z", { spam: true, outcome: "booked" });
    await call(it, "2026-11-22T12:00:02Z", { unscorable: true });
    await call(it, "2026-10-20T12:00:00Z");
  });
  afterAll(() => it[Symbol.asyncDispose]());

  test("by day, outcome and intent, with spam and unscorable calls apart, and for the previous period", async () => {
    const result = await overview(it.browser);
    expect(result.totals).toEqual({ calls: 4, seconds: 240, hidden: 2 });
    expect(result.before).toEqual({ calls: 1, seconds: 60 });
    expect(result.days.slice(-4)).toEqual([
      { date: "2026-11-20", calls: 2, seconds: 120, outcomes: { booked: 2 } },
      { date: "2026-11-21", calls: 1, seconds: 60, outcomes: { answered: 1 } },
      { date: "2026-11-22", calls: 1, seconds: 60, outcomes: { "": 1 } },
      { date: "2026-11-23", calls: 0, seconds: 0, outcomes: {} },
    ]);
    expect(result.outcomes).toEqual([
      { outcome: "booked", calls: 2 },
      { outcome: null, calls: 1 },
      { outcome: "answered", calls: 1 },
    ]);
    expect(result.intents.map(({ name, calls: count }) => [name, count])).toEqual([
      ["Reschedule", 2],
      [null, 1],
      ["Parking", 1],
    ]);
    expect(result.setup).toMatchObject({ has_call: true, has_key: true, has_platform_key: true });
  });

  test("only within the range: its start is inclusive, its end exclusive", async () => {
    const range = { from: "2026-11-20T09:30:00.000Z", to: "2026-11-22T12:00:00.000Z" };
    const result = await overview(it.browser, range);
    expect(result).toMatchObject({ ...range, totals: { calls: 2, seconds: 120, hidden: 0 } });
    expect(result.days.map(({ date }) => date)).toEqual(["2026-11-20", "2026-11-21", "2026-11-22"]);
    expect(result.before).toEqual({ calls: 1, seconds: 60 });
  });

  test("only of one location where it is given", async () => {
    const created = await it.write.post("/v1/locations", { name: "Uptown", timezone: "UTC" });
    const location_id = created.body.data.id;
    await call(it, "2026-11-19T12:00:00Z", { location_id });
    expect((await overview(it.browser, { location_id })).totals.calls).toBe(1);
  });

  test(`over at most ${LIMITS.overviewDays} days`, async () => {
    const to = Date.parse("2026-11-23T00:00:00Z");
    const longest = new Date(to - LIMITS.overviewDays * DAY).toISOString();
    const query = (from: string) => ({ from, to: new Date(to).toISOString() });
    const result = await overview(it.browser, query(longest));
    expect(result.days.length).toBe(LIMITS.overviewDays);
    const longer = query(new Date(Date.parse(longest) - 1).toISOString());
    const refused = await it.browser.get(`/overview?${new URLSearchParams(longer)}`);
    expect([refused.status, Object.keys(refused.body.details)]).toEqual([400, ["from"]]);
  });

  test.each([
    ["from=yesterday", "from"],
    ["from=2026-11-24", "from"],
    ["from=2026-11-20&to=2026-11-20", "from"],
    ["from=2020-01-01", "from"],
    ["to=x", "to"],
    ["timezone=Mars/Olympus", "timezone"],
    ["timezone=%2B02:00", "timezone"],
    ["location_id=1", "location_id"],
  ])("?%s is refused with the parameter's name", async (query, field) => {
    const answer = await it.browser.get(`/overview?${query}`);
    expect([answer.status, Object.keys(answer.body.details)]).toEqual([400, [field]]);
  });
});

describe("days and hours are local to the time zone", () => {
  test.each([
    // On 1 November 2026 the clocks go back from 2:00 to 1:00.
    ["America/New_York", "2026-11-01T03:59:59Z", { "2026-10-31": 1 }, "5 23h 1"],
    ["America/New_York", "2026-11-01T04:00:00Z", { "2026-11-01": 1 }, "6 0h 1"],
    ["America/New_York", "2026-11-01T05:30:00Z", { "2026-11-01": 1 }, "6 1h 1"],
    ["America/New_York", "2026-11-01T06:30:00Z", { "2026-11-01": 1 }, "6 1h 1"],
    ["America/New_York", "2026-11-02T04:59:59Z", { "2026-11-01": 1 }, "6 23h 1"],
    ["America/New_York", "2026-11-02T05:00:00Z", { "2026-11-02": 1 }, "0 0h 1"],
    // On 29 March 2026 they go forward from 2:00 to 3:00.
    ["Europe/Berlin", "2026-03-29T00:59:00Z", { "2026-03-29": 1 }, "6 1h 1"],
    ["Europe/Berlin", "2026-03-29T01:00:00Z", { "2026-03-29": 1 }, "6 3h 1"],
    ["Europe/Berlin", "2026-03-29T21:59:00Z", { "2026-03-29": 1 }, "6 23h 1"],
    ["Europe/Berlin", "2026-03-29T22:00:00Z", { "2026-03-30": 1 }, "0 0h 1"],
    // Zones of half hours and quarters, and one whose summer is half an hour.
    ["Asia/Kolkata", "2026-11-20T18:29:59Z", { "2026-11-20": 1 }, "4 23h 1"],
    ["Asia/Kolkata", "2026-11-20T18:30:00Z", { "2026-11-21": 1 }, "5 0h 1"],
    ["Asia/Kathmandu", "2026-11-20T18:14:59Z", { "2026-11-20": 1 }, "4 23h 1"],
    ["Asia/Kathmandu", "2026-11-20T18:15:00Z", { "2026-11-21": 1 }, "5 0h 1"],
    ["Australia/Lord_Howe", "2026-04-04T12:59:00Z", { "2026-04-04": 1 }, "5 23h 1"],
    ["Australia/Lord_Howe", "2026-04-05T13:29:00Z", { "2026-04-05": 1 }, "6 23h 1"],
    // The clocks go back to midnight at 1:00, so the day begins twice.
    ["America/Havana", "2026-11-01T05:30:00Z", { "2026-11-01": 1 }, "6 0h 1"],
  ])("in %s at %s", async (timezone, at, days, hour) => {
    const ms = Date.parse(at);
    await using it = await start(new Date(ms + DAY).toISOString());
    await call(it, at);
    const result = await overview(it.browser, { timezone });
    expect(placesOf(result)).toEqual({ days, hours: [hour] });
    expect(result.days.length).toBe(30);
  });

  test("each day is there once and the range begins at a local midnight, across a change of the clock", async () => {
    await using it = await start("2026-11-15T12:00:00.000Z");
    const result = await overview(it.browser, { timezone: "America/New_York" });
    expect(result.from).toBe("2026-10-17T04:00:00.000Z");
    const dates = result.days.map(({ date }) => date);
    expect([dates.length, new Set(dates).size, dates[0]]).toEqual([30, 30, "2026-10-17"]);
  });
});

test("every one of many calls is counted once, also where many start at the same time", async () => {
  await using it = await start();
  const insert = `insert into calls (id, created_at, updated_at, external_id, status, started_at, duration_seconds, direction,
       outcome_tags, unscorable, spam, messages, escalations, raised, outcome)
     values ($id, $at, $at, $id, 'ended', $at, 1, 'inbound', '[]', 0, 0, '[]', '[]', '{}', $outcome)`;
  const together = 5_000;
  const total = together * 2 + 10;
  await it.server.store.housekeep(({ $client }) => {
    for (let n = 0; n < total; n += 1) {
      // Half of the calls start at the same time; the others are spread.
      const ms = n <= together ? 0 : n * 100;
      const at = new Date(Date.parse("2026-11-20T00:00:00Z") + ms).toISOString();
      $client.query(insert).run({ id: `call ${n}`, at, outcome: `outcome ${n % 25}` });
    }
  });
  const result = await overview(it.browser);
  expect(result.totals).toEqual({ calls: total, seconds: total, hidden: 0 });
  expect(sum(result.days.map((day) => day.calls))).toBe(total);
  expect(sum(result.hours.flat())).toBe(total);
  expect(result.outcomes.length).toBe(LIMITS.rankedOutcomes);
  expect(result.other_outcomes.count).toBe(5);
  const named = sum(result.outcomes.map(({ calls: count }) => count));
  expect(named + result.other_outcomes.calls).toBe(total);
  expect(sum(result.days.flatMap((day) => Object.values(day.outcomes)))).toBe(named);
  const counts = createCallCounts(it.server.db);
  const range = { from: result.from, to: result.to, timezone: "UTC", location: null };
  expect(counts.sumCalls(range)).toEqual({ calls: total, seconds: total });
});

test("intents after the tenth are summed", async () => {
  await using it = await start();
  for (let n = 0; n < LIMITS.rankedIntents + 2; n += 1)
    await call(it, "2026-11-20T09:00:00Z", { intent: `Intent ${n}` });
  await call(it, "2026-11-20T09:00:00Z", { intent: "Intent 11" });
  const { intents, other_intents } = await overview(it.browser);
  expect([intents.length, intents[0]!.name, intents[0]!.calls]).toEqual([10, "Intent 11", 2]);
  expect(other_intents).toEqual({ count: 2, calls: 2 });
});

test("keys that expire soon or are unused, and failing webhooks, are counted once each", async () => {
  await using it = await start();
  const soon = new Date(it.clock.now() + 13 * DAY).toISOString();
  const later = new Date(it.clock.now() + 15 * DAY).toISOString();
  await it.makeKey({ name: "Soon", expires_at: soon });
  await it.makeKey({ name: "Later", expires_at: later });
  const expired = await it.makeKey({ expires_at: new Date(it.clock.now() + 1000).toISOString() });
  const disabled = await it.makeKey({ name: "Disabled", expires_at: soon });
  await it.browser.patch(`/keys/${disabled.id}`, { active: false });
  it.clock.advance(2_000);
  expect(it.server.keys.list().some(({ id }) => id === expired.id)).toBe(true);
  const row = (id: string, fields: object) => ({
    id,
    created_at: soon,
    updated_at: soon,
    url: "https://example.com",
    events: [],
    enabled: true,
    secret: "",
    secret_preview: "",
    consecutive_failures: 0,
    ...fields,
  });
  await it.server.store.housekeep((db) =>
    db
      .insert(webhookSubscriptions)
      .values([
        row("working", {}),
        row("failing", { failing_since: soon }),
        row("disabled by a user", { enabled: false, failing_since: soon }),
        row("disabled by the server", { enabled: false, auto_disabled_reason: "no_success" }),
      ])
      .run(),
  );
  expect((await overview(it.browser)).attention).toEqual({
    open_items: 0,
    failing_subscriptions: 1,
    auto_disabled_subscriptions: 1,
    expiring_keys: 1,
    unused_keys: 0,
  });
  it.clock.advance(89 * DAY);
  await it.write.get("/v1/me");
  it.clock.advance(2 * DAY);
  await makeAccount(it, "late@example.com");
  const late = await signIn(it, { email: "late@example.com" });
  const { unused_keys } = (await overview(late)).attention;
  // Reader and Platform: Writer was used, and the others are expired or disabled.
  expect(unused_keys).toBe(2);
});
