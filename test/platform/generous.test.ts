/** A record in the form of any voice platform becomes a call; what is lost of it is reported, and nothing else is. */
import { describe, expect, test } from "bun:test";
import { LIMITS } from "../../src/config.ts";
import { createWarnings, normalizeRecord } from "../../src/platform/normalize.ts";
import { callRecord } from "../../src/platform/record.ts";
import { createOrganization } from "../../src/resources/organization.ts";
import { startTestServer } from "../support/harness.ts";
import { ACTOR } from "../support/store.ts";
import {
  BUSINESS,
  CALLER,
  ended,
  freshName,
  lines,
  openWorld,
  type Sent,
  STARTED,
} from "./world.ts";

const UTTERED = [
  { role: "agent", text: "Hello.", at: 0 },
  { role: "caller", text: "Do you have parking?", at: 2 },
];
const SECONDS = Date.parse(STARTED) / 1_000;

/** The same call as each platform sends it. */
const PLATFORMS: Record<string, Sent> = {
  vapi: {
    direction: "inboundPhoneCall",
    started_at: "2026-11-23T10:00:00.000Z",
    ended_at: "2026-11-23T10:01:00.000Z",
    transcript: [
      { role: "system", text: "You are a receptionist.", at: 0 },
      { role: "bot", text: "Hello.", at: 0 },
      { role: "user", text: "Do you have parking?", at: 2 },
      { role: "tool_calls", text: "{}", at: 3 },
    ],
  },
  retell: {
    direction: "inbound",
    started_at: SECONDS * 1_000,
    ended_at: SECONDS * 1_000 + 60_000,
    transcript: [
      { role: "agent", text: "Hello.", at: 0 },
      { role: "user", text: "Do you have parking?", at: 2 },
      { role: "user", text: "" },
    ],
  },
  elevenlabs: {
    direction: "INBOUND",
    started_at: SECONDS,
    ended_at: String(SECONDS + 60),
    transcript: [
      { role: "agent", text: "Hello.", at: -1 },
      { role: "user", text: "Do you have parking?", at: "2" },
      { role: "agent", text: null, at: 4 },
    ],
  },
  bland: {
    direction: "inbound",
    started_at: "2026-11-23 04:00:00",
    ended_at: "2026-11-23T04:01:00",
    transcript: [
      { role: "assistant", text: "Hello." },
      { role: "user", text: "Do you have parking?", at: "2026-11-23T10:00:02Z" },
    ],
  },
  twilio: {
    direction: "Inbound",
    started_at: "Mon, 23 Nov 2026 10:00:00 +0000",
    ended_at: "2026-11-23 10:01:00Z",
    transcript: [
      { role: "AI", text: "Hello.", at: 0 },
      { role: "Human", text: "Do you have parking?", at: 2 },
    ],
  },
};

type Variation = [what: string, sent: Sent, stored: object, warned?: string[]];
const withheld = (from_number: unknown): Variation => [
  `a withheld number ${JSON.stringify(from_number)}`,
  { from_number },
  { from_number: null, contact_id: null },
];
const from = (from_number: unknown, stored: string | null, warned: string[] = []): Variation => [
  `the number ${JSON.stringify(from_number)}`,
  { from_number },
  { from_number: stored },
  warned,
];
const disposed = (
  disposition: unknown,
  stored: string | null,
  warned: string[] = [],
): Variation => [
  `the disposition ${JSON.stringify(disposition)}`,
  { disposition },
  { disposition: stored },
  warned,
];

const VARIATIONS: Variation[] = [
  ["nothing else", {}, { from_number: CALLER, duration_seconds: 60 }],
  ...["anonymous", "", "+266696687", "+7378742833", "sip:anonymous@anonymous.invalid"].map(
    withheld,
  ),
  from("(555) 010-0123", CALLER),
  from("15550100123", CALLER),
  from(15550100123, CALLER),
  from("sip:+15550100123@10.0.0.1;user=phone", CALLER),
  from('"Maria" <sip:15550100123@pbx.example>', CALLER),
  from("tel:+1-555-010-0123;ext=4", CALLER),
  from("sip:alice@example.com", null, ["from_number"]),
  from("client:alice", null, ["from_number"]),
  from("five five five", null, ["from_number"]),
  disposed("no-answer", "missed"),
  disposed("Voicemail", "missed"),
  disposed("canceled", "missed"),
  disposed("COMPLETED", "completed"),
  disposed("machine", null, ["disposition"]),
  ["an empty summary", { summary: "" }, { summary: null }],
  ["empty texts", { outcome: " ", intent: "", recording_url: "" }, { outcome: null, intent: null }],
  [
    "a dictated callback number",
    { callback_request: { callback_number: "five five five", reason: "Invoice" } },
    {
      callback_request: {
        callback_number: null,
        requested_window: null,
        reason: "Invoice",
        handled_at: null,
      },
    },
    ["callback_request.callback_number"],
  ],
  [
    "a message without text, and one with an unusable id",
    { messages: [{ message: "" }, { message: "Call me", team_member_id: "Dana" }, "Hello"] },
    {
      messages: [
        {
          message: "Call me",
          caller_name: null,
          callback_number: null,
          team_member_id: null,
          handled_at: null,
        },
      ],
    },
    ["messages.1.team_member_id", "messages.2"],
  ],
  [
    "an unknown rule id",
    { escalations: [{ rule_id: "rule-7", action: "Transfer", triggered_at: SECONDS }] },
    {
      escalations: [{ rule_id: null, rule_name: null, action: "transfer", triggered_at: STARTED }],
    },
    ["escalations.0.rule_id"],
  ],
  [
    "prices in fractions",
    {
      outcome: "order",
      order: {
        items: [{ name: "Tea", quantity: "2", price_cents: 1149.9999999 }],
        total_cents: 2299.6,
        status: "Canceled",
      },
    },
    {
      order: {
        profile_name: null,
        items: [{ name: "Tea", quantity: 2, price_cents: 1150, notes: null }],
        total_cents: 2300,
      },
      order_status: "canceled",
    },
    ["order.total_cents"],
  ],
  [
    "an appointment without a time",
    { appointment: { service: "Check-up", starts_at: "soon" } },
    { appointment: null },
    ["appointment.starts_at"],
  ],
  ["flags as text", { spam: "true", unscorable: 0 }, { spam: true, unscorable: false }],
  [
    "unusable values",
    { spam: "maybe", intent_confidence: 86 },
    { spam: false, intent_confidence: null },
    ["intent_confidence", "spam"],
  ],
];

async function openBusiness() {
  const world = openWorld();
  await world.store.change(ACTOR, (tx) => createOrganization(tx, "Bright Dental", "US"));
  await world.make("location", {
    name: "Here",
    phone_number: BUSINESS,
    timezone: "America/Chicago",
  });
  return world;
}
const turnsOf = (world: Awaited<ReturnType<typeof openBusiness>>) =>
  JSON.parse(world.value("select turns from transcripts order by call_seq desc limit 1"));

describe.each(Object.keys(PLATFORMS))("a record of %s", (platform) => {
  test.each(VARIATIONS)("with %s is stored", async (_, given, stored, warned = []) => {
    await using world = await openBusiness();
    const base = { external_id: freshName(), from_number: CALLER, to_number: BUSINESS };
    const record = { ...base, ...PLATFORMS[platform], ...given };
    const { call, warnings } = await world.put(record);
    expect(call).toMatchObject({
      direction: "inbound",
      started_at: STARTED,
      status: "ended",
      ...stored,
    } as never);
    expect(turnsOf(world)).toEqual(UTTERED);
    expect(warnings.map(({ field }) => field).sort()).toEqual(warned.toSorted());
    const traces = world.traces();
    expect((await world.put(record)).outcome).toBe("unchanged");
    expect(world.traces()).toEqual(traces);
  });
});

test("a misheard email address costs nothing but itself", async () => {
  await using world = openWorld();
  const caller = { first_name: "Maria", last_name: "", email: "maria at example dot com" };
  const { warnings } = await world.put(ended({ caller }));
  expect(world.contact()).toMatchObject({ first_name: "Maria", last_name: null, email: null });
  expect(warnings).toEqual([
    { field: "caller.email", reason: "must be an email address such as maria@example.com" },
  ]);
});

test("a time without a zone is that of the location, also when the location is named by its id", async () => {
  await using world = openWorld();
  const { id } = await world.make("location", {
    name: "Tokyo",
    timezone: "Asia/Tokyo",
    country: "Japan",
  });
  const sent = { location_id: id, started_at: "2026-11-23 19:00:00", from_number: "03-1234-5678" };
  const { call } = await world.put(ended(sent));
  expect(call).toMatchObject({ started_at: STARTED, from_number: "+81312345678" });
});

test.each([
  [{ direction: "sideways" }, ["direction"]],
  [{ direction: undefined }, ["direction"]],
  [{ started_at: "yesterday" }, ["started_at"]],
  [{ started_at: "2026-02-30 10:00:00", direction: "" }, ["direction", "started_at"]],
  [{ external_id: " " }, ["external_id"]],
])("a new call is refused for %j alone; a known one keeps what it has", async (given, fields) => {
  await using world = openWorld();
  const { code, details } = await world.refusal(ended({ ...given, summary: "", spam: "maybe" }));
  expect([code, Object.keys(details!).sort()]).toEqual(["validation_failed", fields]);
  if (fields.includes("external_id")) return;
  const record = ended();
  const { call } = await world.put(record);
  const again = await world.put({ ...record, ...given, summary: "Corrected." });
  expect(again.call).toEqual({ ...call, summary: "Corrected.", updated_at: again.call.updated_at });
});

test("an unusable detail of an update keeps the stored value", async () => {
  await using world = openWorld();
  const record = ended({ intent_confidence: 0.5, recording_url: "https://recordings.example/1" });
  const { call } = await world.put(record);
  const bad = {
    from_number: "five",
    disposition: "machine",
    intent_confidence: 50,
    recording_url: "none",
  };
  const again = await world.put({ ...record, ...bad });
  expect([again.outcome, again.call]).toEqual(["unchanged", call]);
  expect(again.warnings.map(({ field }) => field).sort()).toEqual(Object.keys(bad).sort());
});

test("of more turns than the limit the first are stored, and more characters are cut", async () => {
  await using world = openWorld();
  const turns = Array.from({ length: LIMITS.transcriptTurns + 10 }, (_, i) => ({
    role: "user",
    text: `${i}`,
  }));
  const { call, warnings } = await world.put(
    ended({ transcript: turns, summary: "a".repeat(20_001) }),
  );
  expect(JSON.parse(world.value("select turns from transcripts"))).toHaveLength(
    LIMITS.transcriptTurns,
  );
  expect(call.summary).toHaveLength(LIMITS.textLength);
  expect(warnings.map(({ field }) => field).sort()).toEqual(["summary", "transcript"]);
});

test("warnings name the entries as they were sent, and are limited", async () => {
  await using world = openWorld();
  const transcript = [
    { role: "system", text: "Hi" },
    { role: "user", text: "" },
    { role: "dog", text: "Woof", at: 1 },
    { role: "user", text: "Hi", at: 2 },
    ...Array.from({ length: 500 }, () => ({ role: "cat", text: "Meow" })),
  ];
  const { warnings } = await world.put(ended({ transcript }));
  expect(warnings[0]).toEqual({
    field: "transcript.2.role",
    reason: "must be one of agent, caller",
  });
  expect(warnings).toHaveLength(LIMITS.recordWarnings);
  expect(warnings.at(-1)).toEqual({ field: "record", reason: "has 402 more warnings" });
  expect(JSON.parse(world.value("select turns from transcripts"))).toEqual([
    { role: "caller", text: "Hi", at: 2 },
  ]);
});

describe("a version", () => {
  test.each([
    [2, 1],
    ["2026-11-23T10:02:00Z", "2026-11-23T10:01:00Z"],
    [SECONDS + 60, SECONDS],
  ])(
    "%j: a record of the lower %j fills in what is missing and overwrites nothing",
    async (high, low) => {
      await using world = openWorld();
      const record = ended({ version: high, outcome: null });
      const { call } = await world.put(record);
      const older = {
        ...record,
        version: low,
        ended_at: null,
        disposition: null,
        summary: "Old.",
        outcome: "booked",
      };
      const late = await world.put(older);
      expect(late.call).toEqual({ ...call, outcome: "booked", updated_at: late.call.updated_at });
      expect(late.warnings).toEqual([]);
      const current = await world.put({ ...record, summary: "New." });
      expect(current.call.summary).toBe("New.");
    },
  );

  test("that is unusable is as if it were left out", async () => {
    await using world = openWorld();
    const { call, warnings } = await world.put(ended({ version: "v1" }));
    expect([call.summary, warnings.map(({ field }) => field)]).toEqual([
      "Asked about parking.",
      ["version"],
    ]);
  });
});

test.each([
  ["Cafe\u0301", "Café"],
  ["RESCHEDULE", "Reschedule"],
])("an intent %j is the one named %j", async (sent, known) => {
  await using world = openWorld();
  const { id } = await world.make("intent", { name: known });
  expect((await world.put(ended({ intent: sent }))).call).toMatchObject({
    intent_id: id,
    intent: known,
  });
});

test("the answers over HTTP list the warnings", async () => {
  const bad = { ...ended(), from_number: "five", disposition: "machine" };
  const { external_id, ...body } = bad as Sent;
  const path = `/platform/v1/calls/${external_id}`;
  const fields = ["from_number", "disposition"];
  await using lenient = await startTestServer();
  const answer = await lenient.platform.put(path, body);
  expect([
    answer.status,
    answer.body.warnings.map(({ field }: { field: string }) => field),
  ]).toEqual([201, fields]);
  const many = { headers: { "content-type": "application/x-ndjson" }, body: lines([bad]) };
  const line = await lenient.platform.send("POST", "/platform/v1/calls", many);
  expect(JSON.parse(line.text)).toMatchObject({
    status: "unchanged",
    warnings: answer.body.warnings,
  });
});

describe("a detail of a megabyte", () => {
  const SIZE = 1024 * 1024;
  const texts = [" a", "; b", "a.", "1", "sip:", "<", "#"].flatMap((part) => [
    part.repeat(SIZE / part.length),
    `${part[0]!.repeat(SIZE)}!`,
  ]);
  const place = { country: () => "US", timeZone: () => "UTC" };
  const fields: [string, (value: unknown) => Sent][] = [
    ...Object.keys(callRecord.shape)
      .filter((name) => !["external_id", "direction", "started_at"].includes(name))
      .map((name): [string, (value: unknown) => Sent] => [name, (value) => ({ [name]: value })]),
    ["caller.email", (email) => ({ caller: { email } })],
    ["transcript.0.text", (text) => ({ transcript: [{ role: "caller", text, at: 0 }] })],
    ["transcript.0.at", (at) => ({ transcript: [{ role: "caller", text: "Hello", at }] })],
    ["messages.0.callback_number", (number) => ({ messages: [{ callback_number: number }] })],
    ["appointment.starts_at", (starts_at) => ({ appointment: { starts_at } })],
    ["order.items.0.name", (name) => ({ order: { items: [{ name }] } })],
  ];

  // A pattern that takes the square of the length would take hours here.
  test.each(fields)("in %s costs no more than its length", (_, wrap) => {
    for (const value of [...texts, Array(SIZE).fill(0), Array(SIZE).fill(";")]) {
      const { list, warn } = createWarnings();
      const call = ended();
      const record = normalizeRecord({ ...call, ...wrap(value) }, false, place, warn);
      expect(record).toMatchObject({ external_id: call.external_id as string });
      expect(list.length).toBeLessThanOrEqual(LIMITS.recordWarnings);
    }
  });
});
