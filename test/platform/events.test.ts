/** Each change of state raises its event once, however many records report the call, in any order. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  CALLER,
  ENDED,
  ended,
  freshName,
  openWorld,
  type Raised,
  running,
  type Sent,
  STARTED,
} from "./world.ts";

const MESSAGE = { message: "Please call back.", caller_name: "Maria Ortiz" };
const ESCALATION = { rule_name: "Emergencies", action: "transfer", triggered_at: STARTED };
const about = (call: { id: string; contact_id: string | null }) => ({
  call_id: call.id,
  location_id: null,
  contact_id: call.contact_id,
});

describe("payloads", () => {
  test("of all events of one call are exactly as documented", async () => {
    await using world = openWorld();
    const { call } = await world.put(
      ended({
        messages: [MESSAGE, { message: "Thanks.", callback_number: CALLER }],
        callback_request: { requested_window: "tomorrow" },
        escalations: [ESCALATION],
        appointment: { starts_at: "2026-11-30T09:00:00Z", service: "Check-up" },
        caller: { first_name: "Maria" },
      }),
    );
    const contact = world.contact()!;
    const { seq: _, ...asShown } = contact as typeof contact & { seq: number };
    expect(world.raised()).toEqual([
      { type: "contact.created", data: asShown },
      {
        type: "call.escalation_triggered",
        data: { ...about(call), rule_id: null, ...ESCALATION },
      },
      {
        type: "call.appointment_booked",
        data: {
          ...about(call),
          starts_at: "2026-11-30T09:00:00.000Z",
          duration_minutes: null,
          service: "Check-up",
          attendee_name: null,
        },
      },
      {
        type: "call.message_taken",
        data: { ...about(call), ...MESSAGE, callback_number: null, team_member_id: null },
      },
      {
        type: "call.message_taken",
        data: {
          ...about(call),
          message: "Thanks.",
          caller_name: null,
          callback_number: CALLER,
          team_member_id: null,
        },
      },
      {
        type: "call.callback_requested",
        data: { ...about(call), callback_number: null, requested_window: "tomorrow", reason: null },
      },
      {
        type: "call.ended",
        data: {
          ...about(call),
          started_at: STARTED,
          ended_at: ENDED,
          duration_seconds: 74,
          direction: "inbound",
          from_number: CALLER,
          disposition: "completed",
          summary: "Asked about parking.",
          outcome_tags: [],
          call_url: `https://allison.example/calls/${call.id}`,
        },
      },
    ]);
  });

  test("of call.ended include the order with its status, and no field of it for a call without one", async () => {
    await using world = openWorld();
    const order = { profile_name: null, items: [], total_cents: 2300 };
    await world.put(ended({ outcome: "order", order: { total_cents: 2300, status: "fulfilled" } }));
    expect(world.raised().at(-1)!.data).toMatchObject({
      outcome: "order",
      order_status: "fulfilled",
      order,
    });
    for (const fields of [
      { outcome: "booked", order: {} },
      { outcome: "order" },
      { order: {} },
      {},
    ]) {
      await world.put(ended(fields));
      const [{ type, data }] = world.raised() as [Raised];
      expect(type).toBe("call.ended");
      for (const field of ["outcome", "order", "order_status"])
        expect(data).not.toHaveProperty(field);
    }
  });
});

describe("each event is raised once", () => {
  test("by the first record that reports it", async () => {
    await using world = openWorld();
    const { external_id } = running();
    const steps: [Sent, string[]][] = [
      [running({ external_id }), ["contact.created"]],
      [{ escalations: [ESCALATION] }, ["call.escalation_triggered"]],
      [{ escalations: [ESCALATION, ESCALATION] }, ["call.escalation_triggered"]],
      [{ messages: [MESSAGE] }, ["call.message_taken"]],
      [{ messages: [MESSAGE, MESSAGE, MESSAGE] }, ["call.message_taken", "call.message_taken"]],
      [{ callback_request: {} }, ["call.callback_requested"]],
      [{ callback_request: { reason: "Invoice" } }, []],
      [{ appointment: { starts_at: STARTED } }, ["call.appointment_booked"]],
      [{ appointment: { starts_at: ENDED } }, []],
      [{ ended_at: ENDED }, ["call.ended"]],
      [{ disposition: "completed", summary: "Asked about parking." }, []],
    ];
    for (const [fields, types] of steps) {
      await world.put({ external_id, ...fields });
      expect([fields, world.raisedTypes()]).toEqual([fields, types]);
      await world.put({ external_id, ...fields });
      expect(world.raised()).toEqual([]);
    }
  });

  test("even if a record clears a value and another sends it again", async () => {
    await using world = openWorld();
    const full = ended({
      messages: [MESSAGE],
      escalations: [ESCALATION],
      callback_request: {},
      appointment: { starts_at: STARTED },
    });
    await world.put(full);
    expect(world.raised()).toHaveLength(6);
    const { external_id } = full;
    await world.put({
      external_id,
      messages: [],
      escalations: [],
      callback_request: null,
      appointment: null,
      ended_at: null,
      disposition: null,
    });
    await world.put(full);
    expect(world.raised()).toEqual([]);
    await world.put({ external_id, messages: [MESSAGE, MESSAGE] });
    expect(world.raisedTypes()).toEqual(["call.message_taken"]);
  });

  test("call.ended not before the call ended", async () => {
    await using world = openWorld();
    await world.put(running({ summary: "So far so good." }));
    expect(world.raisedTypes()).toEqual(["contact.created"]);
  });
});

describe("an unscorable call", () => {
  const everything = (fields: Sent) =>
    ended({
      messages: [MESSAGE],
      callback_request: {},
      escalations: [ESCALATION],
      appointment: { starts_at: STARTED },
      ...fields,
    });

  test("raises no event for its end, messages and callback request, but all others", async () => {
    await using world = openWorld();
    const { call } = await world.put(everything({ unscorable: true }));
    expect(world.raisedTypes()).toEqual([
      "contact.created",
      "call.escalation_triggered",
      "call.appointment_booked",
    ]);
    expect(call).toMatchObject({ status: "ended", messages: [MESSAGE], callback_request: {} });
    expect(world.contact()!.agent_notes).toBeNull();
  });

  test("that turns out to be scorable raises the withheld events once", async () => {
    await using world = openWorld();
    const record = everything({ unscorable: true });
    await world.put(record);
    world.raised();
    await world.put({ ...record, unscorable: false });
    expect(world.raisedTypes()).toEqual([
      "call.message_taken",
      "call.callback_requested",
      "call.ended",
    ]);
    expect(world.contact()!.agent_notes).toBe("2026-11-23 Asked about parking.");
    await world.put(record);
    await world.put({ ...record, unscorable: false });
    expect(world.raised()).toEqual([]);
    expect(world.contact()!.agent_notes).toBe("2026-11-23 Asked about parking.");
  });

  test("that was scorable before does not withdraw events", async () => {
    await using world = openWorld();
    const record = everything({});
    await world.put(record);
    expect(world.raised()).toHaveLength(6);
    await world.put({ ...record, unscorable: true, messages: [MESSAGE, MESSAGE] });
    expect(world.raised()).toEqual([]);
  });
});

/** A record with any fields. */
const anyRecord = fc
  .record(
    {
      from_number: fc.constantFrom(null, "from"),
      to_number: fc.constantFrom(null, "+15550100101", "+15550100102"),
      location_id: fc.constantFrom("main", "north"),
      ended_at: fc.constant(ENDED),
      disposition: fc.constantFrom("completed", "hangup", "missed"),
      summary: fc.constantFrom("Asked about parking.", "Wanted\nto buy."),
      outcome: fc.constantFrom(null, "order", "booked"),
      outcome_tags: fc.subarray(["a", "b", "c"]),
      intent: fc.constantFrom("Buy", "Reschedule"),
      intent_confidence: fc.constantFrom(0, 0.25, 1),
      transcript: fc.array(
        fc.constantFrom("yes", "no").map((text) => ({ role: "agent", text, at: 1 })),
      ),
      unscorable: fc.boolean(),
      spam: fc.boolean(),
      caller: fc.record({
        first_name: fc.constant("Maria"),
        email: fc.constant("maria@example.com"),
      }),
      messages: fc.array(
        fc.constantFrom("one", "two", "three").map((message) => ({ message })),
        { maxLength: 4 },
      ),
      callback_request: fc.record({ reason: fc.constantFrom("an invoice", null) }),
      escalations: fc.array(
        fc.constantFrom("ticket", "transfer").map((action) => ({ action, triggered_at: STARTED })),
        { maxLength: 3 },
      ),
      appointment: fc.constant({ starts_at: STARTED }),
      order: fc.record(
        { total_cents: fc.nat(), status: fc.constantFrom("new", "in_progress") },
        { requiredKeys: [] },
      ),
      recording_url: fc.constant("https://recordings.example/1.mp3"),
    },
    { requiredKeys: [] },
  )
  .map((record) => ("ended_at" in record ? record : { ...record, disposition: undefined }));

const GROWING = ["messages", "escalations", "transcript"];
/** The fields of the first record: the required ones, and the one that decides whether events are raised. */
const FIRST = new Set(["external_id", "direction", "started_at", "unscorable"]);

/**
 * Splits a record into `count` partial ones. Each field appears first at a random step and again at some later ones; a
 * list grows until then. `draw` returns a whole number below its argument.
 */
function splitRecord(record: Sent, count: number, draw: (below: number) => number): Sent[] {
  const fields = Object.entries(record).filter(([, value]) => value !== undefined);
  const step = new Map(fields.map(([field]) => [field, FIRST.has(field) ? 0 : draw(count)]));
  const end = step.get("ended_at") ?? 0;
  if (step.has("disposition")) step.set("disposition", Math.max(end, step.get("disposition")!));
  // A caller without a number is not stored.
  if (step.has("caller"))
    step.set("caller", Math.max(step.get("from_number") ?? 0, step.get("caller")!));
  return Array.from({ length: count }, (_, current) => {
    const piece: Sent = { external_id: record.external_id };
    for (const [field, value] of fields) {
      const first = step.get(field)!;
      if (current === first || (current > first && draw(3) === 0)) piece[field] = value;
      else if (current < first && GROWING.includes(field) && draw(2) === 0)
        piece[field] = (value as unknown[]).slice(
          0,
          (current * (value as unknown[]).length) / count,
        );
    }
    return piece;
  });
}

/** The part of an event that is independent of the other fields known when it is raised. */
function invariantOf({ type, data }: Raised): string {
  const { call_id: _call, contact_id: _contact, location_id: _location, ...rest } = data;
  if (type === "call.ended") return `${type} ${rest.started_at} ${rest.ended_at}`;
  return type === "contact.created" ? type : `${type} ${JSON.stringify(rest)}`;
}

test("a call that is reported in parts equals one that is reported at once, with the same events", async () => {
  await using world = openWorld();
  const places = {
    main: (await world.make("location", { name: "Main", phone_number: "+15550100101" })).id,
    north: (await world.make("location", { name: "North", phone_number: "+15550100102" })).id,
  };
  let numbers = 0;
  /** The final call without its ids, with its transcript, contact and events. */
  async function outcomeOf(pieces: Sent[]) {
    const external_id = freshName();
    numbers += 1;
    const number = `+1555${String(numbers).padStart(7, "0")}`;
    for (const piece of pieces) {
      const fields = { ...piece, external_id };
      if (piece.from_number) Object.assign(fields, { from_number: number });
      if (piece.location_id)
        Object.assign(fields, { location_id: places[piece.location_id as keyof typeof places] });
      await world.put(fields);
    }
    const found = world.ingest.find(external_id)!;
    const {
      id: _id,
      call_id: _call,
      call_url: _url,
      external_id: _name,
      contact_id,
      from_number,
      ...call
    } = world.ingest.view(found);
    const contact = world.contact(number);
    return {
      call,
      contact: [
        contact_id === (contact?.id ?? null),
        from_number === (contact?.phone_number ?? null),
      ],
      notes: [contact?.agent_notes, contact?.first_name, contact?.email, contact?.call_count],
      turns: world.rows(
        "select turns from transcripts where call_seq = ? and turns <> '[]'",
        found.seq,
      ),
      raised: world.raised().map(invariantOf).sort(),
    };
  }
  const property = fc.asyncProperty(
    anyRecord,
    fc.integer({ min: 2, max: 6 }),
    fc.infiniteStream(fc.nat()),
    async (fields, count, stream) => {
      const record = { external_id: "", direction: "inbound", started_at: STARTED, ...fields };
      const draw = (below: number) => stream.next().value! % below;
      const pieces = splitRecord(record, count, draw);
      expect(await outcomeOf(pieces)).toEqual(await outcomeOf([record]));
    },
  );
  await fc.assert(property, { numRuns: 300 });
});
