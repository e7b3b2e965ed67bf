/** Messages, callbacks and orders: which are open, and how users handle them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { LIMITS } from "../../src/config.ts";
import type { AttentionItem } from "../../src/dashboard/answers.ts";
import { HAS_OPEN_ITEMS } from "../../src/resources/calls.ts";
import { createTestClock } from "../support/clock.ts";
import { type Browser, EMAIL, makeAccount, openBrowser, signIn } from "../support/dashboard.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";

const NOWHERE = "019a9f3e-0000-7000-8000-000000000000";
const clock = createTestClock();
let it: TestServer;
let browser: Browser;
let userId: string;
beforeAll(async () => {
  it = await startTestServer({ clock });
  userId = (await makeAccount(it)).id;
  browser = await signIn(it);
});
afterAll(() => it[Symbol.asyncDispose]());

let calls = 0;
/** Reports a call as the platform does. Each call starts a minute after the previous one. */
async function reportCall(fields: object, externalId = `call-${calls++}`) {
  const answer = await it.platform.put(`/platform/v1/calls/${externalId}`, {
    direction: "inbound",
    from_number: "+15550100123",
    to_number: "+15550100100",
    started_at: new Date(Date.parse("2026-11-23T08:00:00Z") + calls * 60_000).toISOString(),
    ended_at: "2026-11-23T10:00:00Z",
    ...fields,
  });
  expect(answer.status).toBeLessThan(300);
  return answer.body.data as { id: string; external_id: string };
}
async function listAll(limit = 100): Promise<AttentionItem[]> {
  const items: AttentionItem[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const { body } = await browser.get(`/attention?limit=${limit}${cursor && `&cursor=${cursor}`}`);
    expect(body.has_more).toBe(body.next_cursor !== null);
    items.push(...body.data);
    cursor = body.next_cursor;
  }
  return items;
}
const openItemsOf = async (id: string) => (await listAll()).filter(({ call_id }) => call_id === id);
const countOpenItems = async () => (await browser.get("/overview")).body.data.attention.open_items;
const auditRows = () => it.server.db.$client.query("select count(*) as n from audit").get();

describe("the list of open items", () => {
  test("has each item with its caller and its text, those of the newest call first, and is counted", async () => {
    expect([await listAll(), await countOpenItems()]).toEqual([[], 0]);
    const caller = { first_name: "Maria", last_name: "Ortiz" };
    const older = await reportCall({ caller, messages: [{ message: "The invoice." }] });
    const newer = await reportCall({
      messages: [
        { message: "First", caller_name: "Ann", callback_number: "+15550100199" },
        { message: 'Says "handled_at":null, as if it were one' },
      ],
      callback_request: {
        callback_number: "+15550100188",
        requested_window: "noon",
        reason: "A crown",
      },
    });
    await reportCall({ messages: [{ message: "Win a prize" }], unscorable: true });
    await reportCall({});
    const items = await listAll();
    const { contact_id } = items[0]!;
    expect(contact_id).toBeString();
    const who = {
      contact_id,
      contact_name: "Maria Ortiz",
      from_number: "+15550100123",
      location_id: null,
    };
    const nothing = {
      name: null,
      callback_number: null,
      requested_window: null,
      team_member_id: null,
    };
    expect(items.map(({ started_at: _started, ...item }) => item)).toEqual([
      {
        call_id: newer.id,
        kind: "callback",
        index: null,
        ...who,
        ...nothing,
        text: "A crown",
        callback_number: "+15550100188",
        requested_window: "noon",
      },
      {
        call_id: newer.id,
        kind: "message",
        index: 0,
        ...who,
        ...nothing,
        text: "First",
        name: "Ann",
        callback_number: "+15550100199",
      },
      {
        call_id: newer.id,
        kind: "message",
        index: 1,
        ...who,
        ...nothing,
        text: 'Says "handled_at":null, as if it were one',
      },
      { call_id: older.id, kind: "message", index: 0, ...who, ...nothing, text: "The invoice." },
    ]);
    expect(await countOpenItems()).toBe(4);
  });

  test("is paged without skipping or repeating an item, also within a call", async () => {
    await reportCall({
      messages: [{ message: "a" }, { message: "b" }, { message: "c" }],
      callback_request: {},
    });
    const all = await listAll();
    expect(all.length).toBe(8);
    for (const limit of [1, 2, 3, 7, 8]) expect(await listAll(limit)).toEqual(all);
    const bad = await browser.get("/attention?cursor=x");
    expect([bad.status, Object.keys(bad.body.details)]).toEqual([400, ["cursor"]]);
  });

  test("is read by an index of the calls with open items", () => {
    const [step] = it.server.db.$client
      .query(
        `explain query plan select id from calls where ${HAS_OPEN_ITEMS} and started_at <= 'x'
         order by started_at desc, id desc`,
      )
      .all() as { detail: string }[];
    expect(step!.detail).toContain("calls_open");
  });
});

test("open items are counted up to a limit", async () => {
  await using own = await startTestServer();
  const insert = `insert into calls (id, created_at, updated_at, external_id, status, started_at, direction,
       outcome_tags, unscorable, spam, messages, escalations, raised)
     values ($id, '', '', $id, 'ended', '2026-11-20T00:00:00.000Z', 'inbound', '[]', 0, 0, $messages, '[]', '{}')`;
  const messages = JSON.stringify([{ message: "a", handled_at: null }]);
  await own.server.store.housekeep(({ $client }) => {
    for (let n = 0; n <= LIMITS.openCallsCounted; n += 1)
      $client.query(insert).run({ id: `call ${n}`, messages });
  });
  await makeAccount(own);
  const there = await signIn(own);
  const { attention } = (await there.get("/overview")).body.data;
  expect(attention.open_items).toBe(LIMITS.openCallsCounted);
  expect((await there.get("/attention?limit=1")).body.has_more).toBe(true);
});

describe("handling an item", () => {
  test("removes it from the list, keeps the others, and the audit log records by whom", async () => {
    const { id } = await reportCall({
      messages: [{ message: "a" }, { message: "b" }],
      callback_request: {},
    });
    clock.advance(1_000);
    const answer = await browser.put(`/calls/${id}/messages/1/handled`, { handled: true });
    const at = new Date(clock.now()).toISOString();
    expect(answer.status).toBe(200);
    const [listed] = (await it.read.get("/v1/calls?limit=1")).body.data;
    expect(answer.body.data).toEqual(listed);
    expect(
      answer.body.data.messages.map((each: { handled_at: string }) => each.handled_at),
    ).toEqual([null, at]);
    expect((await openItemsOf(id)).map(({ kind, index }) => [kind, index])).toEqual([
      ["callback", null],
      ["message", 0],
    ]);
    const [row] = (await browser.get(`/audit?entity_id=${id}`)).body.data;
    expect(row).toMatchObject({
      action: "updated",
      entity_type: "call",
      actor: { type: "user", id: userId, name: EMAIL },
    });
    expect(Object.keys(row.changes)).toEqual(["messages"]);
    await browser.put(`/calls/${id}/callback/handled`, { handled: true });
    await browser.put(`/calls/${id}/messages/0/handled`, { handled: true });
    expect(await openItemsOf(id)).toEqual([]);
  });

  test("twice writes nothing the second time; undoing it opens the item again", async () => {
    const { id } = await reportCall({ messages: [{ message: "a" }], callback_request: {} });
    for (const path of [`/calls/${id}/messages/0/handled`, `/calls/${id}/callback/handled`]) {
      const first = await browser.put(path, { handled: true });
      const before = auditRows();
      clock.advance(1_000);
      const second = await browser.put(path, { handled: true });
      expect([second.status, second.body]).toEqual([200, first.body]);
      expect(auditRows()).toEqual(before);
      expect((await browser.put(path, { handled: false })).status).toBe(200);
      const reopened = auditRows();
      expect((await browser.put(path, { handled: false })).status).toBe(200);
      expect(auditRows()).toEqual(reopened);
    }
    expect((await openItemsOf(id)).length).toBe(2);
  });

  test("persists when the platform sends the call again, with more fields or with the same", async () => {
    const messages = [{ message: "a" }, { message: "b" }];
    const fields = { messages, callback_request: { reason: "x" } };
    const { id, external_id } = await reportCall(fields);
    await browser.put(`/calls/${id}/messages/0/handled`, { handled: true });
    await browser.put(`/calls/${id}/callback/handled`, { handled: true });
    await reportCall({ ...fields, summary: "More is known." }, external_id);
    await reportCall({ messages: [...messages, { message: "c" }] }, external_id);
    expect((await openItemsOf(id)).map(({ kind, index }) => [kind, index])).toEqual([
      ["message", 1],
      ["message", 2],
    ]);
  });

  test.each([
    ["an unknown call", `/calls/${NOWHERE}/messages/0/handled`],
    ["an invalid id", "/calls/x/callback/handled"],
  ])("is a 404 for %s", async (_, path) => {
    const answer = await browser.put(path, { handled: true });
    expect([answer.status, answer.body]).toEqual([404, { error: "not_found" }]);
  });

  test("is a 404 for a message or callback that the call does not have", async () => {
    const { id } = await reportCall({ messages: [{ message: "a" }] });
    for (const what of [
      "messages/1",
      "messages/-1",
      "messages/x",
      "messages/0.5",
      "messages/length",
      "callback",
    ])
      expect([
        what,
        (await browser.put(`/calls/${id}/${what}/handled`, { handled: true })).status,
      ]).toEqual([what, 404]);
  });

  test("refuses an invalid body by its field, and a request of another site", async () => {
    const { id } = await reportCall({ messages: [{ message: "a" }] });
    for (const path of [`/calls/${id}/messages/0/handled`, `/calls/${id}/callback/handled`]) {
      const wrong = await browser.put(path, { handled: "yes" });
      expect([wrong.status, wrong.body.details]).toEqual([
        400,
        { handled: "must be true or false" },
      ]);
      const foreign = await browser.put(
        path,
        { handled: true },
        { "sec-fetch-site": "cross-site" },
      );
      expect(foreign.status).toBe(403);
      expect((await openBrowser(it.url).put(path, { handled: true })).status).toBe(401);
    }
  });
});

describe("an order", () => {
  const createOrder = () =>
    reportCall({ outcome: "order", order: { items: [{ name: "Margherita" }] } });
  const lastEvent = () =>
    it.server.db.$client
      .query(
        "select type, body ->> '$.data.order_status' as status from events order by seq desc limit 1",
      )
      .get();

  test("is updated by a user, whom the audit log records, and webhooks are sent", async () => {
    const { id } = await createOrder();
    const answer = await browser.patch(`/calls/${id}/order`, { status: "in_progress" });
    expect([answer.status, answer.body.data.order_status]).toEqual([200, "in_progress"]);
    expect(lastEvent()).toEqual({ type: "call_order.status_changed", status: "in_progress" });
    const [row] = (await browser.get(`/audit?entity_id=${id}`)).body.data;
    expect([row.actor.id, row.changes]).toEqual([userId, { order_status: ["new", "in_progress"] }]);
  });

  test("never returns to an earlier status, and a call without one is a conflict", async () => {
    const { id } = await createOrder();
    await browser.patch(`/calls/${id}/order`, { status: "fulfilled" });
    const back = await browser.patch(`/calls/${id}/order`, { status: "new" });
    expect([back.status, Object.keys(back.body.details)]).toEqual([409, ["status"]]);
    const none = await browser.patch(`/calls/${(await reportCall({})).id}/order`, {
      status: "fulfilled",
    });
    expect([none.status, none.body.details]).toEqual([
      409,
      { status: "cannot be set: the call has no order" },
    ]);
    const wrong = await browser.patch(`/calls/${id}/order`, { status: "eaten" });
    expect([wrong.status, Object.keys(wrong.body.details)]).toEqual([400, ["status"]]);
    expect((await browser.patch(`/calls/${NOWHERE}/order`, { status: "new" })).status).toBe(404);
  });
});
