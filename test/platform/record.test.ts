/** The validation of call records. */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { LIMITS } from "../../src/config.ts";
import { checkBody } from "../../src/http/validate.ts";
import { callRecord, namedCallRecord } from "../../src/platform/record.ts";
import { ended, refusalOf } from "./world.ts";

const detailsOf = async (sent: unknown) =>
  (await refusalOf(async () => checkBody(callRecord, sent))).details;

describe("an error is reported by the name of its field", () => {
  test.each([
    [{ external_id: undefined }, { external_id: "is required" }],
    [{ external_id: " " }, { external_id: "must not be blank" }],
    [{ external_id: "a".repeat(256) }, { external_id: "must be at most 255 characters" }],
    [{ direction: "sideways" }, { direction: "must be one of inbound, outbound" }],
    [{ direction: null }, { direction: "must be one of inbound, outbound" }],
    [
      { from_number: "0171 234567" },
      { from_number: "must be in E.164 form, for example +15550100123" },
    ],
    [
      { started_at: "yesterday" },
      { started_at: "must be an ISO 8601 time such as 2026-11-23T10:42:00.000Z" },
    ],
    [{ location_id: "Downtown" }, { location_id: "must be a UUID" }],
    [{ summary: "a".repeat(20_001) }, { summary: "must be at most 20000 characters" }],
    [{ intent_confidence: 1.01 }, { intent_confidence: "must be at most 1" }],
    [{ unscorable: "no" }, { unscorable: "must be true or false" }],
    [{ outcome_tags: ["a", 5] }, { "outcome_tags.1": "must be text" }],
    [{ messages: [{}] }, { "messages.0.message": "is required" }],
    [
      { messages: [{ message: "a" }, { message: " " }] },
      { "messages.1.message": "must not be blank" },
    ],
    [{ messages: { message: "a" } }, { messages: "must be a list" }],
    [
      { transcript: [{ role: "robot", text: "Hi", at: -1 }] },
      {
        "transcript.0.role": "must be one of agent, caller",
        "transcript.0.at": "must be at least 0",
      },
    ],
    [
      { caller: { email: "maria at example" } },
      { "caller.email": "must be an email address such as maria@example.com" },
    ],
    [
      { callback_request: { callback_number: "x" } },
      {
        "callback_request.callback_number": "must be in E.164 form, for example +15550100123",
      },
    ],
    [
      { escalations: [{ action: "shout", triggered_at: "now" }] },
      {
        "escalations.0.action": "must be one of transfer, callback, voicemail, ticket",
        "escalations.0.triggered_at": "must be an ISO 8601 time such as 2026-11-23T10:42:00.000Z",
      },
    ],
    [
      { appointment: { starts_at: "2026-11-30T09:00:00Z", duration_minutes: 1.5 } },
      { "appointment.duration_minutes": "must be a whole number" },
    ],
    [
      { order: { items: [{ name: "Tea", quantity: 0 }], status: "eaten" } },
      {
        "order.items.0.quantity": "must be at least 1",
        "order.status": "must be one of new, in_progress, fulfilled, canceled",
      },
    ],
    [
      { recording_url: "javascript:alert(1)" },
      { recording_url: "must be an http or https address" },
    ],
  ])("%j", async (fields, details) => {
    expect(await detailsOf(ended(fields))).toEqual(details as never);
  });

  test("all invalid fields are reported at once", async () => {
    const details = await detailsOf({ external_id: "CA1", direction: 1, summary: "", spam: 0 });
    expect(Object.keys(details!)).toEqual(["direction", "summary", "spam"]);
  });
});

test("a list accepts as many entries as its limit, and no more", async () => {
  const turn = { role: "agent", text: "Hello", at: 0 };
  const message = { message: "Call back" };
  for (const [field, entry, most] of [
    ["transcript", turn, LIMITS.transcriptTurns],
    ["messages", message, LIMITS.listEntries],
  ] as const) {
    const full = Array.from({ length: most }, () => entry);
    expect(checkBody(callRecord, ended({ [field]: full }))[field]).toHaveLength(most);
    expect(await detailsOf(ended({ [field]: [...full, entry] }))).toEqual({
      [field]: `must have at most ${most} entries`,
    });
  }
});

test("unknown fields are ignored, also in nested objects", () => {
  const record = checkBody(
    callRecord,
    ended({ mood: "good", messages: [{ message: "Call back", urgency: 3 }] }),
  );
  expect(record).not.toHaveProperty("mood");
  expect(record.messages![0]).toEqual({
    message: "Call back",
    caller_name: null,
    callback_number: null,
    team_member_id: null,
  });
});

test("a field that is left out stays absent, so it cannot overwrite the stored value", () => {
  expect(checkBody(callRecord, { external_id: "CA1" })).toEqual({ external_id: "CA1" });
  expect(checkBody(namedCallRecord, {})).toEqual({});
});

test("times with an offset are converted to UTC with milliseconds", () => {
  const record = checkBody(callRecord, ended({ started_at: "2026-11-23T11:00:00+02:00" }));
  expect(record.started_at).toBe("2026-11-23T09:00:00.000Z");
});

test("every field of a record has a description and, unless it is an object or a list, an example", () => {
  const composed = new Set([
    "transcript",
    "caller",
    "messages",
    "callback_request",
    "escalations",
    "appointment",
    "order",
  ]);
  for (const [name, schema] of Object.entries(callRecord.shape)) {
    const { description, examples } = z.toJSONSchema(schema, { io: "input" });
    expect([name, description]).toEqual([name, expect.stringMatching(/\.$/)]);
    if (!composed.has(name)) expect([name, examples]).toEqual([name, [expect.anything()]]);
  }
});
