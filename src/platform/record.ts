/**
 * A call record: what the voice platform sends of a call. Every field may be left out, which keeps what is stored, so
 * that the platform tells of a call piece by piece; null clears a field again. Unknown fields are passed over.
 */
import { z } from "zod";
import { LIMITS } from "../config.ts";
import { choice, email, flag, isPlainUrl, label, tags, timestamp } from "../contract/fields.ts";
import { callFields, DIRECTIONS, DISPOSITIONS, ORDER_STATUSES, parts } from "../resources/calls.ts";

const aTime = "2026-11-23T10:42:00.000Z";

const metaOf = (schema: z.ZodType) => z.globalRegistry.get(schema) ?? {};

/** A field that may be left out or be null. Its sentence is the schema's own unless another is given. */
function field<S extends z.ZodType>(schema: S, description = metaOf(schema).description ?? "") {
  return schema
    .nullable()
    .optional()
    .meta({ ...metaOf(schema), description });
}

const list = <S extends z.ZodType>(entry: S, description: string, most: number) =>
  field(z.array(entry).max(most), `${description} A list that is sent replaces the one before.`);

const caller = z.object({
  first_name: field(label({ doc: "First name.", example: "Maria" })),
  last_name: field(label({ doc: "Last name.", example: "Ortiz" })),
  email: field(email({ doc: "Email address.", example: "maria@example.com" })),
});

const order = parts.order.extend({
  status: choice(ORDER_STATUSES, {
    doc: "How far the order is; `new` for a new order where left out. It moves forward only: `new`, `in_progress`, `fulfilled`, or `canceled` from either of the first two.",
    example: "new",
  }).optional(),
});

const webAddress = z
  .url({ protocol: /^https?$/, error: "must be an http or https address" })
  .max(LIMITS.urlLength)
  .refine(isPlainUrl, "must be an http or https address")
  .meta({
    description: "Where the recording is.",
    examples: ["https://recordings.example/CA7f3e.mp3"],
  });

/** Each field of a record in the order of the reference, but the `external_id`. */
const fields = {
  direction: choice(DIRECTIONS, {
    doc: "Who called whom. Required for a call that is not known yet.",
    example: "inbound",
  }).optional(),
  from_number: field(callFields.from_number.unwrap()),
  to_number: field(callFields.to_number.unwrap()),
  location_id: field(
    callFields.location_id.unwrap(),
    "The location that was called. Where left out or null, the one whose `phone_number` is the business's number of the call (`to_number` of an inbound, `from_number` of an outbound one), else the default location.",
  ),
  started_at: timestamp({
    doc: "When it began. Required for a call that is not known yet.",
    example: aTime,
  }).optional(),
  ended_at: field(
    timestamp({ doc: "When it ended; left out or null while it runs.", example: aTime }),
  ),
  disposition: field(
    choice(DISPOSITIONS, {
      doc: "How it ended; only of a call with `ended_at`.",
      example: "completed",
    }),
  ),
  summary: field(callFields.summary.unwrap()),
  outcome: field(callFields.outcome.unwrap()),
  outcome_tags: field(tags({ doc: "Short labels for what came of it.", example: ["reschedule"] })),
  intent: field(
    callFields.intent.unwrap(),
    "What the caller wanted, by the intent's name; made if there is none of that name.",
  ),
  intent_confidence: field(callFields.intent_confidence.unwrap()),
  transcript: list(parts.turn, "The conversation, in order.", LIMITS.transcriptTurns),
  unscorable: field(
    flag({
      doc: "A robocall, dialer or wrong number: while it is so, no `call.ended`, `call.message_taken` or `call.callback_requested` is raised; they are if it turns out to be none.",
      example: false,
    }),
  ),
  spam: field(flag({ doc: "Taken for unwanted advertising.", example: false })),
  caller: field(
    caller,
    "What the caller said of themselves. It fills in what the contact lacks and never overwrites; a call without the other party's number has no contact, and what is told of its caller is not kept.",
  ),
  messages: list(parts.message, "Messages the caller left.", LIMITS.listEntries),
  callback_request: field(parts.callback, "The wish to be called back."),
  escalations: list(
    parts.escalation,
    "Escalation rules that matched, in order.",
    LIMITS.listEntries,
  ),
  appointment: field(parts.appointment, "The appointment that was booked."),
  order: field(
    order,
    "What was ordered; shown and announced once `outcome` is `order`. It is replaced whole, only a `status` left out stays.",
  ),
  recording_url: field(webAddress),
};

/** One record among many: it says itself which call it is of. */
export const callRecord = z
  .object({ external_id: callFields.external_id, ...fields })
  .meta({ id: "CallRecord" });
export type CallRecord = z.infer<typeof callRecord>;

/** The record of a call that is named elsewhere, as in a path. */
export const namedCallRecord = z
  .object({ external_id: callFields.external_id.optional(), ...fields })
  .meta({ id: "NamedCallRecord" });

/** The platform's id of a call by itself, as in a path. */
export const callName = z.object({ external_id: callFields.external_id });

export const orderMove = z
  .object({
    status: choice(ORDER_STATUSES, {
      doc: "How far the order is now. It moves forward only.",
      example: "in_progress",
    }),
  })
  .meta({ id: "OrderMove" });
