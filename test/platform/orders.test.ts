/** An order only moves forward, and each change of its status raises one event. */
import { describe, expect, test } from "bun:test";
import { ORDER_STATUSES, type OrderStatus } from "../../src/resources/calls.ts";
import { ended, openWorld, refusalOf, type Sent } from "./world.ts";

const ALLOWED: Record<OrderStatus, readonly OrderStatus[]> = {
  new: ["in_progress", "fulfilled", "canceled"],
  in_progress: ["fulfilled", "canceled"],
  fulfilled: [],
  canceled: [],
};
const STEPS = ORDER_STATUSES.flatMap((from) => ORDER_STATUSES.map((to) => [from, to] as const));

const ordered = (fields: Sent = {}): Sent =>
  ended({ outcome: "order", order: { items: [{ name: "Margherita" }], ...fields } });
const TAKEN = {
  profile_name: null,
  items: [{ name: "Margherita", quantity: 1, price_cents: null, notes: null }],
  total_cents: null,
};

describe.each(STEPS)("from %s to %s", (from, to) => {
  const allowed = ALLOWED[from].includes(to);
  const verdict = from === to ? "stays" : allowed ? "moves" : "is refused";

  test(`an order ${verdict} by itself`, async () => {
    await using world = openWorld();
    const { call } = await world.put(ordered({ status: from }));
    world.raised();
    const traces = world.traces();
    const move = () => world.moveOrder(call.external_id, to);
    if (verdict === "is refused") {
      const { code, details } = await refusalOf(move);
      expect([code, Object.keys(details!)]).toEqual(["conflict", ["status"]]);
      expect(world.traces()).toEqual(traces);
      return;
    }
    expect((await move()).order_status).toBe(to);
    if (verdict === "stays") return expect(world.traces()).toEqual(traces);
    expect(world.raised()).toEqual([
      {
        type: "call_order.status_changed",
        data: { call_id: call.id, order: TAKEN, order_status: to, previous_status: from },
      },
    ]);
  });

  test(`in a record that is stored, an order ${verdict === "is refused" ? "keeps its status" : verdict}`, async () => {
    await using world = openWorld();
    const record = ordered({ status: from });
    await world.put(record);
    world.raised();
    const next = { ...record, order: { ...(record.order as Sent), status: to } };
    if (verdict === "is refused") {
      const late = await world.put({ ...next, summary: "Corrected." });
      expect([late.call.order_status, late.call.summary]).toEqual([from, "Corrected."]);
      expect(late.warnings.map(({ field }) => field)).toEqual(["order.status"]);
      return expect(world.raised()).toEqual([]);
    }
    const { call, outcome } = await world.put(next);
    expect([call.order_status, outcome]).toEqual([
      to,
      verdict === "stays" ? "unchanged" : "updated",
    ]);
    expect(world.raisedTypes()).toEqual(verdict === "stays" ? [] : ["call_order.status_changed"]);
  });
});

test("an order starts as new, and a record without a status keeps the current one", async () => {
  await using world = openWorld();
  const record = ordered();
  expect((await world.put(record)).call).toMatchObject({ order_status: "new", order: TAKEN });
  await world.moveOrder(String(record.external_id), "in_progress");
  const again = await world.put(record);
  expect([again.outcome, again.call.order_status]).toEqual(["unchanged", "in_progress"]);
  const more = await world.put({ external_id: record.external_id, order: { total_cents: 5 } });
  expect(more.call).toMatchObject({
    order_status: "in_progress",
    order: { items: [], total_cents: 5 },
  });
});

test("the first status of an order is no change of status", async () => {
  await using world = openWorld();
  await world.put(ordered({ status: "canceled" }));
  expect(world.raisedTypes()).toEqual(["contact.created", "call.ended"]);
});

test("the error names the current status and the allowed ones", async () => {
  await using world = openWorld();
  const { call } = await world.put(ordered({ status: "in_progress" }));
  const back = await refusalOf(() => world.moveOrder(call.external_id, "new"));
  expect(back.details).toEqual({
    status: "cannot become new: after in_progress the status must be one of fulfilled, canceled",
  });
  await world.moveOrder(call.external_id, "fulfilled");
  const over = await refusalOf(() => world.moveOrder(call.external_id, "canceled"));
  expect(over.details).toEqual({
    status: "cannot become canceled: the status fulfilled is final",
  });
});

test.each([
  ["whose outcome is another", { outcome: "booked", order: {} }],
  ["without an outcome", { order: {} }],
  ["without an order", { outcome: "order" }],
])("a call %s has no order to move", async (_, fields) => {
  await using world = openWorld();
  const { call } = await world.put(ended(fields));
  expect(call).toMatchObject({ order: null, order_status: null });
  expect(await refusalOf(() => world.moveOrder(call.external_id, "in_progress"))).toEqual({
    code: "conflict",
    details: { status: "cannot be set: the call has no order" },
  });
});

test("an order that the call does not show yet changes without an event", async () => {
  await using world = openWorld();
  const record = ended({ order: { status: "new" } });
  await world.put(record);
  world.raised();
  await world.put({ ...record, order: { status: "in_progress" } });
  expect(world.raised()).toEqual([]);
  const { call } = await world.put({
    ...record,
    outcome: "order",
    order: { status: "in_progress" },
  });
  expect([call.order_status, world.raised()]).toEqual(["in_progress", []]);
});

test("an order that a record removes keeps its status for when it comes back", async () => {
  await using world = openWorld();
  const record = ordered();
  const { external_id } = (await world.put(record)).call;
  await world.moveOrder(external_id, "fulfilled");
  const without = await world.put({ external_id, order: null });
  expect(without.call).toMatchObject({ order: null, order_status: null });
  world.raised();
  const again = await world.put(record);
  expect([again.call.order_status, world.raised()]).toEqual(["fulfilled", []]);
});
