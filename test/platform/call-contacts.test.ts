/** Calls keep their contacts up to date: names, number of calls, last contact and notes. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { verifyAuditLog } from "../../src/audit/log.ts";
import { LIMITS } from "../../src/config.ts";
import type { ApiError } from "../../src/http/errors.ts";
import { appendLine } from "../../src/platform/call-contacts.ts";
import { contactEntity, contacts } from "../../src/resources/contacts.ts";
import { ACTOR, AUDIT_KEY, insertContact } from "../support/store.ts";
import { BUSINESS, CALLER, ended, openWorld, running, type Sent, STARTED } from "./world.ts";

const OTHER = "+15550100199";

describe("the contact of a call", () => {
  test.each([
    ["inbound", CALLER],
    ["outbound", BUSINESS],
  ])("is, for an %s call, the one with the number %s", async (direction, number) => {
    await using world = openWorld();
    const { call } = await world.put(ended({ direction }));
    expect(world.contacts()).toMatchObject([
      { id: call.contact_id, phone_number: number, source: "call" },
    ]);
  });

  test("does not exist for a withheld number", async () => {
    await using world = openWorld();
    const { call } = await world.put(ended({ from_number: null, caller: { first_name: "Maria" } }));
    expect([call.contact_id, world.contacts()]).toEqual([null, []]);
    expect(world.raisedTypes()).toEqual(["call.ended"]);
  });

  test("raises contact.created for an unknown number only, once", async () => {
    await using world = openWorld();
    await world.put(ended());
    expect(world.raisedTypes()).toEqual(["contact.created", "call.ended"]);
    await world.put(ended());
    expect(world.raisedTypes()).toEqual(["call.ended"]);
    await world.store.change(ACTOR, (tx) => insertContact(tx, OTHER));
    const { call } = await world.put(ended({ from_number: OTHER }));
    expect(world.raisedTypes()).toEqual(["call.ended"]);
    expect(world.contact(OTHER)).toMatchObject({
      id: call.contact_id,
      source: "api",
      call_count: 1,
    });
  });
});

describe("the fields of a contact", () => {
  test("names and email address are filled in if they are empty, never overwritten", async () => {
    await using world = openWorld();
    await world.put(ended({ caller: { first_name: "Maria" } }));
    await world.put(ended({ caller: { first_name: "Mary", last_name: "Ortiz", email: null } }));
    await world.put(ended({ caller: { last_name: "Smith", email: "maria@example.com" } }));
    expect(world.contact()).toMatchObject({
      first_name: "Maria",
      last_name: "Ortiz",
      email: "maria@example.com",
      call_count: 3,
    });
  });

  test("a name that a later record contains is stored, and the outcome is `updated`", async () => {
    await using world = openWorld();
    const { external_id } = (await world.put(running())).call;
    const updated = await world.put({ external_id, caller: { first_name: "Maria" } });
    expect([updated.outcome, world.contact()!.first_name]).toEqual(["updated", "Maria"]);
    const again = await world.put({ external_id, caller: { first_name: "Maria" } });
    expect(again.outcome).toBe("unchanged");
  });

  test("a call counts once, however often it is sent; the last contact is the latest start", async () => {
    await using world = openWorld();
    const later = "2026-11-24T10:00:00.000Z";
    const one = running({ started_at: later });
    await world.put(one);
    await world.put({ ...one, summary: "Asked about parking." });
    await world.put(ended());
    expect(world.contact()).toMatchObject({ call_count: 2, last_contact_at: later });
    await world.put({ external_id: one.external_id, started_at: "2026-11-22T10:00:00.000Z" });
    expect(world.contact()).toMatchObject({ call_count: 2, last_contact_at: STARTED });
  });

  test("each call that changes a contact writes one audit row for it", async () => {
    await using world = openWorld();
    await world.put(ended({ caller: { first_name: "Maria" } }));
    await world.put(ended());
    const actions = world.rows(
      "select action from audit where entity_type = 'contact' order by id",
    );
    expect(actions).toEqual([{ action: "created" }, { action: "updated" }]);
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY }).intact).toBe(true);
  });
});

describe("notes", () => {
  test("get one line for each call that ended with a summary", async () => {
    await using world = openWorld();
    const record = running({ summary: "Asked about\n\n  parking. " });
    await world.put(record);
    expect(world.contact()!.agent_notes).toBeNull();
    await world.put({ ...record, ended_at: "2026-11-24T00:10:00Z" });
    await world.put({ ...record, summary: "Asked about parking twice." });
    await world.put(
      ended({ started_at: "2026-11-23T23:59:59.999Z", ended_at: null, disposition: null }),
    );
    await world.put(ended({ summary: null }));
    await world.put(ended({ summary: "Wants to buy." }));
    expect(world.contact()!.agent_notes).toBe(
      "2026-11-23 Asked about parking twice.\n2026-11-23 Wants to buy.",
    );
  });

  test("of a call follow a corrected summary in their place, also to another contact", async () => {
    await using world = openWorld();
    const { external_id } = (await world.put(ended({ summary: "First." }))).call;
    await world.put(ended({ summary: "Second." }));
    await world.put({ external_id, summary: "Corrected." });
    expect(world.contact()!.agent_notes).toBe("2026-11-23 Corrected.\n2026-11-23 Second.");
    await world.put({ external_id, from_number: OTHER, summary: "Corrected again." });
    expect(world.contact()!.agent_notes).toBe("2026-11-23 Second.");
    await world.put({ external_id, summary: "Final." });
    expect(world.contact(OTHER)!.agent_notes).toBe("2026-11-23 Final.");
    await world.put({ external_id, summary: null });
    expect(world.contact(OTHER)!.agent_notes).toBeNull();
  });

  test("hold 20,000 characters and keep the newest lines", () => {
    const line = (i: number) => `2026-11-23 ${"😀".repeat(989)}${String(i).padStart(4, "0")}`;
    let notes: string | null = null;
    for (let i = 0; i < 50; i += 1) notes = appendLine(notes, line(i));
    const kept = notes!.split("\n");
    expect(kept.at(-1)).toBe(line(49));
    expect(kept).toHaveLength(19);
    expect([...notes!].length).toBeLessThanOrEqual(LIMITS.textLength);
    expect(kept).toEqual(Array.from({ length: 19 }, (_, i) => line(31 + i)));
    const huge = appendLine(notes, `2026-11-24 ${"ß".repeat(LIMITS.textLength)}`);
    expect([...huge]).toHaveLength(LIMITS.textLength);
    expect(huge.startsWith("2026-11-24 ß")).toBe(true);
  });

  test("of a contact never exceed the limit of the API", async () => {
    await using world = openWorld();
    for (let i = 0; i < 3; i += 1) await world.put(ended({ summary: "a".repeat(15_000) }));
    expect(world.contact()!.agent_notes).toBe(`2026-11-23 ${"a".repeat(15_000)}`);
  });
});

describe("a call whose other number changes", () => {
  test("moves to the other contact with its count, last contact and note", async () => {
    await using world = openWorld();
    const early = "2026-11-20T10:00:00.000Z";
    await world.put(ended({ started_at: early, summary: "Wants to buy." }));
    const { external_id } = (await world.put(ended())).call;
    const { call, outcome } = await world.put({ external_id, from_number: OTHER });
    expect([outcome, call.contact_id]).toEqual(["updated", world.contact(OTHER)!.id]);
    expect(world.contact()).toMatchObject({
      call_count: 1,
      last_contact_at: early,
      agent_notes: "2026-11-20 Wants to buy.",
    });
    expect(world.contact(OTHER)).toMatchObject({
      call_count: 1,
      last_contact_at: STARTED,
      agent_notes: "2026-11-23 Asked about parking.",
    });
    await world.put({ external_id, from_number: null });
    expect(world.contact(OTHER)).toMatchObject({
      call_count: 0,
      last_contact_at: null,
      agent_notes: null,
    });
    expect(world.raisedTypes().filter((type) => type === "call.ended")).toHaveLength(2);
  });

  test("moves to the other contact when its direction changes", async () => {
    await using world = openWorld();
    const { external_id } = (await world.put(ended())).call;
    const { call } = await world.put({ external_id, direction: "outbound" });
    expect(call.contact_id).toBe(world.contact(BUSINESS)!.id);
    expect(world.contact()).toMatchObject({ call_count: 0, last_contact_at: null });
  });
});

const NUMBERS = [null, "+15550100001", "+15550100002", "+15550100003"];
const someTime = fc
  .nat({ max: 1_000 })
  .map((minutes) => new Date(Date.parse(STARTED) + minutes * 60_000).toISOString());
const anyPut = fc.record(
  {
    external_id: fc.constantFrom("CA-1", "CA-2", "CA-3", "CA-4"),
    direction: fc.constantFrom("inbound", "outbound"),
    from_number: fc.constantFrom(...NUMBERS),
    to_number: fc.constantFrom(...NUMBERS),
    started_at: someTime,
    ended_at: fc.option(someTime),
    summary: fc.constantFrom("Asked about parking.", "Wants to buy.", null),
    unscorable: fc.boolean(),
  },
  { requiredKeys: ["external_id"] },
);

test("counts and last contacts match the calls after records in any order, and repeated records change nothing", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyPut, { minLength: 1, maxLength: 30 }), async (puts) => {
      await using world = openWorld();
      for (const put of puts as Sent[]) {
        try {
          await world.put(put);
        } catch (error) {
          expect((error as ApiError).code).toBe("validation_failed");
          continue;
        }
        expect((await world.put(put)).outcome).toBe("unchanged");
      }
      const counted = world.rows<Record<string, string | number | null>>(
        `select contacts.id, call_count, last_contact_at, count(calls.id) as n, max(started_at) as latest,
                sum(calls.raised ->> 'noted') as notes, agent_notes
         from contacts left join calls on calls.contact_id = contacts.id group by contacts.id`,
      );
      for (const row of counted) {
        expect([row.call_count, row.last_contact_at]).toEqual([row.n, row.latest]);
        const lines = row.agent_notes === null ? 0 : String(row.agent_notes).split("\n").length;
        expect(lines).toBeGreaterThanOrEqual(Number(row.notes ?? 0));
      }
      const ends = world
        .raised()
        .flatMap(({ type, data }) => (type === "call.ended" ? [data.call_id] : []));
      expect(new Set(ends).size).toBe(ends.length);
    }),
    { numRuns: 60 },
  );
});

test("a contact keeps the values that a client has set in the meantime", async () => {
  await using world = openWorld();
  const record = ended({ caller: { first_name: "Maria" } });
  await world.put(record);
  await world.store.change(ACTOR, (tx) => {
    const [contact] = tx.db.select().from(contacts).all();
    tx.update(contactEntity, contact!, { first_name: "Mary" });
  });
  expect((await world.put(record)).outcome).toBe("unchanged");
  expect(world.contact()!.first_name).toBe("Mary");
});
