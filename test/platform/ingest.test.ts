/** A record creates a call; further records update it and change only the fields that they contain. */
import { describe, expect, test } from "bun:test";
import { verifyAuditLog } from "../../src/audit/log.ts";
import { canonicalJson, sha256Hex } from "../../src/lib/json.ts";
import { callEntity } from "../../src/resources/calls.ts";
import { ACTOR, AUDIT_KEY } from "../support/store.ts";
import { BUSINESS, CALLER, ENDED, ended, NOWHERE, openWorld, running, STARTED } from "./world.ts";

const TURNS = [
  { role: "caller", text: "Is there a wheelchair ramp?", at: 0.8 },
  { role: "agent", text: "There is, at the side entrance.", at: 4.25 },
];

describe("a new call", () => {
  test("is stored with the fields of its record", async () => {
    await using world = openWorld();
    const { call, outcome } = await world.put(
      ended({
        external_id: "CA-1",
        outcome: "booked",
        outcome_tags: ["b", "a", "b"],
        intent: "Reschedule",
        intent_confidence: 0.5,
        spam: true,
        recording_url: "https://recordings.example/1.mp3",
      }),
    );
    expect(outcome).toBe("created");
    expect(call).toEqual({
      id: call.call_id,
      call_id: call.id,
      external_id: "CA-1",
      status: "ended",
      created_at: "2026-11-23T10:00:00.000Z",
      updated_at: "2026-11-23T10:00:00.000Z",
      started_at: STARTED,
      ended_at: ENDED,
      duration_seconds: 74,
      direction: "inbound",
      from_number: CALLER,
      to_number: BUSINESS,
      disposition: "completed",
      summary: "Asked about parking.",
      outcome: "booked",
      outcome_tags: ["b", "a"],
      call_url: `https://allison.example/calls/${call.id}`,
      intent: "Reschedule",
      intent_id: expect.any(String),
      intent_confidence: 0.5,
      unscorable: false,
      spam: true,
      contact_id: expect.any(String),
      location_id: null,
      messages: [],
      escalations: [],
      callback_request: null,
      appointment: null,
      order_status: null,
      order: null,
      recording_url: "https://recordings.example/1.mp3",
    } as never);
  });

  test("requires a direction and a start; a record without them writes nothing", async () => {
    await using world = openWorld();
    expect(await world.refusal({ external_id: "CA-1" })).toEqual({
      code: "validation_failed",
      details: { direction: "is required", started_at: "is required" },
    });
    expect(world.traces()).toEqual({ audit: 0, events: 0, calls: [], contacts: [] });
  });

  test.each([
    ["2026-11-23T10:00:00.499Z", 0],
    ["2026-11-23T10:00:00.500Z", 1],
    ["2026-11-23T10:01:29.501Z", 90],
    [STARTED, 0],
  ])("that ended at %s has a duration of %i seconds", async (ended_at, seconds) => {
    await using world = openWorld();
    const { call } = await world.put(ended({ ended_at }));
    expect(call.duration_seconds).toBe(seconds);
  });
});

describe("a call that is sent again", () => {
  test("keeps fields that are left out and updates fields that are sent", async () => {
    await using world = openWorld();
    const first = await world.put(running({ external_id: "CA-1", outcome_tags: ["a"] }));
    expect(first.call).toMatchObject({
      status: "in_progress",
      ended_at: null,
      duration_seconds: null,
    });
    world.clock.advance(60_000);
    const second = await world.put({
      external_id: "CA-1",
      ended_at: ENDED,
      disposition: "hangup",
      summary: "Hung up.",
    });
    expect(second.outcome).toBe("updated");
    expect(second.call).toEqual({
      ...first.call,
      status: "ended",
      ended_at: ENDED,
      duration_seconds: 74,
      disposition: "hangup",
      summary: "Hung up.",
      updated_at: "2026-11-23T10:01:00.000Z",
    });
  });

  test("is cleared by null in each field that can be null", async () => {
    await using world = openWorld();
    const full = ended({
      external_id: "CA-1",
      outcome: "order",
      outcome_tags: ["a"],
      intent: "Buy",
      intent_confidence: 0.5,
      unscorable: true,
      spam: true,
      transcript: TURNS,
      messages: [{ message: "Call back" }],
      callback_request: {},
      order: {},
      escalations: [{ action: "ticket", triggered_at: STARTED }],
      appointment: { starts_at: STARTED },
      recording_url: "https://recordings.example/1",
    });
    await world.put(full);
    const kept = new Set(["external_id", "direction", "started_at"]);
    const cleared = Object.fromEntries(
      Object.keys(full).map((field) => [field, kept.has(field) ? full[field] : null]),
    );
    const { call } = await world.put(cleared);
    expect(call).toMatchObject({
      from_number: null,
      to_number: null,
      ended_at: null,
      disposition: null,
      summary: null,
      status: "in_progress",
      duration_seconds: null,
      outcome: null,
      outcome_tags: [],
      intent: null,
      intent_id: null,
      intent_confidence: null,
      contact_id: null,
      unscorable: false,
      spam: false,
      messages: [],
      callback_request: null,
      order: null,
      order_status: null,
      escalations: [],
      appointment: null,
      recording_url: null,
    });
    expect(world.value("select turns from transcripts")).toBe("[]" as never);
  });

  test("with the same record writes no audit row, raises no event and keeps updated_at", async () => {
    await using world = openWorld();
    const member = await world.make("teamMember", { name: "Dana" });
    const record = ended({
      external_id: "CA-1",
      transcript: TURNS,
      intent: "Buy",
      outcome: "order",
      caller: { first_name: "Maria" },
      outcome_tags: ["b", "a"],
      messages: [{ message: "Call back", team_member_id: member.id }],
      callback_request: {},
      order: { items: [{ name: "Tea" }], status: "in_progress" },
      escalations: [{ action: "ticket", triggered_at: STARTED }],
      appointment: { starts_at: STARTED },
    });
    const first = await world.put(record);
    const traces = world.traces();
    world.clock.advance(60_000);
    for (let times = 0; times < 3; times += 1) {
      expect(await world.put(record)).toEqual({
        call: first.call,
        outcome: "unchanged",
        warnings: [],
      });
    }
    const reordered = Object.fromEntries(Object.entries(record).reverse());
    expect((await world.put(reordered)).outcome).toBe("unchanged");
    expect(world.traces()).toEqual(traces);
  });

  test("writes one audit row with the changed fields for each change", async () => {
    await using world = openWorld();
    await world.put(running({ external_id: "CA-1" }));
    const { call } = await world.put({ external_id: "CA-1", outcome: "booked", spam: true });
    const rows = world.rows<{ action: string; changes: string; actor_name: string }>(
      "select action, changes, actor_name from audit where entity_id = ? order by id",
      call.id,
    );
    expect(rows.map(({ action }) => action)).toEqual(["created", "updated"]);
    expect(rows[1]).toMatchObject({ actor_name: "test" });
    expect(JSON.parse(rows[1]!.changes)).toEqual({
      outcome: [null, "booked"],
      spam: [false, true],
    });
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY }).intact).toBe(true);
  });

  test("keeps which messages and callback request are handled, by index", async () => {
    await using world = openWorld();
    const messages = [{ message: "One" }, { message: "Two" }];
    const record = running({ messages, callback_request: { reason: "Invoice" } });
    await world.put(record);
    const handled_at = "2026-11-23T12:00:00.000Z";
    await world.store.change(ACTOR, (tx) => {
      const call = world.ingest.find(String(record.external_id))!;
      const [one, two] = call.messages;
      tx.update(callEntity, call, {
        messages: [{ ...one!, handled_at }, two!],
        callback_request: { ...call.callback_request!, handled_at },
      });
    });
    expect((await world.put(record)).outcome).toBe("unchanged");
    const { call } = await world.put({
      external_id: record.external_id,
      messages: [...messages, { message: "Three" }],
      callback_request: { reason: "Another invoice" },
    });
    expect(call.messages.map((message) => message.handled_at)).toEqual([handled_at, null, null]);
    expect(call.callback_request).toMatchObject({ reason: "Another invoice", handled_at });
  });
});

describe("a contradiction costs its detail, not the call, and is reported on its field", () => {
  test.each([
    [
      { ended_at: "2026-11-23T09:59:59.600Z" },
      { ended_at: STARTED, disposition: "completed", duration_seconds: 0 },
      ["ended_at"],
    ],
    [
      { ended_at: "2026-11-23T09:58:59.999Z" },
      { ended_at: null, disposition: null },
      ["ended_at", "disposition"],
    ],
    [
      { ended_at: "2027-11-23T10:00:00Z" },
      { ended_at: null, disposition: null },
      ["ended_at", "disposition"],
    ],
    [{ ended_at: null }, { ended_at: null, disposition: null }, ["disposition"]],
  ])("%j", async (given, stored, fields) => {
    await using world = openWorld();
    const { call, warnings } = await world.put(ended(given));
    expect(call).toMatchObject(stored as never);
    expect(warnings.map(({ field }) => field)).toEqual(fields);
  });

  test("the record is checked together with the stored call", async () => {
    await using world = openWorld();
    await world.put(running({ external_id: "CA-1" }));
    const early = await world.put({ external_id: "CA-1", disposition: "missed" });
    expect([early.call.disposition, early.warnings.map(({ field }) => field)]).toEqual([
      null,
      ["disposition"],
    ]);
    await world.put({ external_id: "CA-1", ended_at: ENDED });
    await world.put({ external_id: "CA-1", disposition: "missed" });
    const late = await world.put({ external_id: "CA-1", started_at: "2026-11-23T10:03:15Z" });
    expect(late.call).toMatchObject({ started_at: STARTED, ended_at: ENDED });
    expect(late.warnings.map(({ field }) => field)).toEqual(["started_at"]);
  });

  test("references to objects that do not exist are null, with a warning each", async () => {
    await using world = openWorld();
    const place = await world.make("location", { name: "Here", phone_number: BUSINESS });
    const member = await world.make("teamMember", { name: "Dana" });
    const rule = await world.make("rule", {
      name: "People",
      condition: { type: "caller_request" },
      action: "ticket",
    });
    const escalation = { action: "ticket", triggered_at: STARTED };
    const { call, warnings } = await world.put(
      ended({
        location_id: NOWHERE,
        messages: [
          { message: "One", team_member_id: member.id },
          { message: "Two", team_member_id: NOWHERE },
        ],
        escalations: [
          { ...escalation, rule_id: NOWHERE },
          { ...escalation, rule_id: rule.id },
        ],
      }),
    );
    expect(call).toMatchObject({
      location_id: place.id,
      messages: [{ team_member_id: member.id }, { team_member_id: null }],
      escalations: [{ rule_id: null }, { rule_id: rule.id }],
    });
    expect(warnings).toEqual([
      { field: "location_id", reason: "must be the id of an existing location" },
      { field: "messages.1.team_member_id", reason: "must be the id of an existing team member" },
      { field: "escalations.0.rule_id", reason: "must be the id of an existing escalation rule" },
    ]);
  });
});

describe("the intent", () => {
  test("is found by its name; a new name creates an active intent", async () => {
    await using world = openWorld();
    const known = await world.make("intent", { name: "Reschedule", active: false });
    const one = await world.put(ended({ intent: " Reschedule " }));
    expect(one.call).toMatchObject({ intent_id: known.id, intent: "Reschedule" });
    const two = await world.put(ended({ intent: "Buy" }));
    const three = await world.put(ended({ intent: "Buy" }));
    expect(three.call.intent_id).toBe(two.call.intent_id);
    expect(world.rows("select name, active, description from intents order by seq")).toEqual([
      { name: "Reschedule", active: 0, description: null },
      { name: "Buy", active: 1, description: null },
    ]);
    expect(world.value("select count(*) from audit where entity_type = 'intent'")).toBe(2 as never);
  });

  test("is shown with its current name", async () => {
    await using world = openWorld();
    const record = ended({ intent: "Buy" });
    const { call } = await world.put(record);
    await world.update("intent", call.intent_id!, { name: "Order" });
    const { intent: _, ...rest } = record;
    const again = await world.put(rest);
    expect([again.outcome, again.call.intent]).toEqual(["unchanged", "Order"]);
  });
});

describe("the location", () => {
  async function withLocations() {
    const world = openWorld();
    const main = await world.make("location", { name: "Main", phone_number: "+15550100101" });
    const north = await world.make("location", { name: "North", phone_number: "+15550100102" });
    return { world, main: main.id, north: north.id };
  }

  test("is the one in the record, else the one with the business's number, else the default", async () => {
    const { world, main, north } = await withLocations();
    await using _ = world;
    const at = async (fields: object) => (await world.put(ended({ ...fields }))).call.location_id;
    expect(await at({ to_number: "+15550100102" })).toBe(north);
    expect(await at({ to_number: "+15550100102", location_id: main })).toBe(main);
    expect(await at({ to_number: "+15550100102", location_id: null })).toBe(north);
    expect(await at({ to_number: "+15550109999" })).toBe(main);
    expect(await at({ to_number: null })).toBe(main);
    const out = { direction: "outbound", from_number: "+15550100102", to_number: CALLER };
    expect(await at(out)).toBe(north);
  });

  test("changes with the number if it was found by number, and stays if the record named it", async () => {
    const { world, main, north } = await withLocations();
    await using _ = world;
    const moved = { to_number: "+15550100102" };
    for (const [fields, expected] of [
      [{}, north],
      [{ location_id: main }, main],
    ] as const) {
      const record = running({ to_number: null, ...fields });
      expect((await world.put(record)).call.location_id).toBe(main);
      const after = await world.put({ external_id: record.external_id, ...moved });
      expect(after.call.location_id).toBe(expected);
    }
  });

  test("stays once a record has named the location that was found before", async () => {
    const { world, main, north } = await withLocations();
    await using _ = world;
    const { external_id } = running();
    await world.put(running({ external_id, to_number: "+15550100101" }));
    expect((await world.put({ external_id, location_id: main })).outcome).toBe("unchanged");
    const named = await world.put({ external_id, to_number: "+15550100102" });
    expect(named.call.location_id).toBe(main);
    const found = await world.put({ external_id, location_id: null });
    expect(found.call.location_id).toBe(north);
  });

  test("of a stored call stays when locations change; a call without one gets one with its next record", async () => {
    await using world = openWorld();
    const record = ended();
    expect((await world.put(record)).call.location_id).toBeNull();
    const main = await world.make("location", { name: "Main" });
    expect((await world.put(record)).call.location_id).toBe(main.id);
    await world.make("location", { name: "North", phone_number: BUSINESS });
    expect((await world.put(record)).outcome).toBe("unchanged");
  });
});

describe("the transcript", () => {
  test("is stored with the call; the audit log contains its length and hash only", async () => {
    await using world = openWorld();
    const { call } = await world.put(ended({ transcript: TURNS }));
    expect(JSON.parse(world.value("select turns from transcripts"))).toEqual(TURNS);
    const more = [...TURNS, { role: "caller", text: "Thank you.", at: 9 }];
    await world.put({ external_id: call.external_id, transcript: more });
    expect(JSON.parse(world.value("select turns from transcripts"))).toEqual(more);
    const digest = (turns: object) => {
      const text = canonicalJson(turns);
      return { sha256: sha256Hex(text), length: Buffer.byteLength(text) };
    };
    const changes = world
      .rows<{ changes: string }>(
        "select changes from audit where entity_id = ? order by id",
        call.id,
      )
      .map((row) => JSON.parse(row.changes) as Record<string, unknown>);
    expect(changes[0]!.transcript).toEqual([null, digest(TURNS)]);
    expect(changes[1]).toEqual({ transcript: [digest(TURNS), digest(more)] });
    expect(world.value("select count(*) from audit where changes like '%wheelchair%'")).toBe(
      0 as never,
    );
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY }).intact).toBe(true);
  });

  test("updates updated_at of the call when it is sent later", async () => {
    await using world = openWorld();
    const record = ended();
    await world.put(record);
    world.clock.advance(1_000);
    const { call, outcome } = await world.put({ ...record, transcript: TURNS });
    expect([outcome, call.updated_at]).toEqual(["updated", "2026-11-23T10:00:01.000Z"]);
    expect(call).not.toHaveProperty("transcript");
  });

  test("and the summary are found by prefixes of their current words", async () => {
    await using world = openWorld();
    await world.put(ended({ external_id: "CA-1", transcript: TURNS }));
    await world.put(ended({ external_id: "CA-2", summary: "About the wheelchair ramp." }));
    expect(world.search("wheel*")).toEqual(["CA-1", "CA-2"]);
    expect(world.search("parking")).toEqual(["CA-1"]);
    await world.put({
      external_id: "CA-1",
      transcript: [{ role: "agent", text: "Tschüß", at: 0 }],
    });
    expect(world.search("wheel*")).toEqual(["CA-2"]);
    expect(world.search("tschu*")).toEqual(["CA-1"]);
    await world.put({ external_id: "CA-1", summary: "About invoices." });
    expect(world.search("parking")).toEqual([]);
    expect(world.search("invoice* tschu*")).toEqual(["CA-1"]);
    await world.put({ external_id: "CA-1", summary: "About refunds.", transcript: TURNS });
    expect(world.search("refund* entrance")).toEqual(["CA-1"]);
    await world.put({ external_id: "CA-1", transcript: null });
    expect([world.search("entrance"), world.search("refunds")]).toEqual([[], ["CA-1"]]);
  });
});
