/**
 * A call record: the data of a call from the voice platform. Every field is optional and keeps its stored value when it
 * is left out, so that the platform can report a call piece by piece. Null clears a field. Unknown fields are ignored.
 */
import { z } from "zod";
import { LIMITS } from "../config.ts";
import { choice, email, isPlainUrl, label, metaOf, timestamp } from "../contract/fields.ts";
import { callFields, ORDER_STATUSES, parts } from "../resources/calls.ts";

const descriptionOf = (schema: z.ZodType) => metaOf(schema).description ?? "";

/** An optional field that may be null. Its description is the schema's own unless another is passed. */
const field = <S extends z.ZodType>(schema: S, description = descriptionOf(schema)) =>
  schema
    .nullable()
    .optional()
    .meta({ ...metaOf(schema), description });

/** A field of a call that its first record must have. */
const firstField = <S extends z.ZodType>(schema: S) =>
  schema.optional().meta({
    ...metaOf(schema),
    description: `${descriptionOf(schema)} Required for a new call.`,
  });

const list = <S extends z.ZodType>(entry: S, description: string, max: number) =>
  field(z.array(entry).max(max), `${description} Replaces the stored list.`);

const caller = z
  .object({
    first_name: field(label({ doc: "First name.", example: "Maria" })),
    last_name: field(label({ doc: "Last name.", example: "Ortiz" })),
    email: field(email({ doc: "Email address.", example: "maria@example.com" })),
  })
  .meta({ id: "Caller" });

const callbackRequest = parts.callback.meta({ id: "CallbackRequestInput" });

const order = parts.order
  .extend({
    status: choice(ORDER_STATUSES, {
      doc: "Status of the order; the default for a new order is `new`. It only moves forward: `new`, `in_progress`, `fulfilled`, or from one of the first two to `canceled`.",
      example: "new",
    }).optional(),
  })
  .meta({ id: "OrderInput" });

const webAddress = z
  .url({ protocol: /^https?$/, error: "must be an http or https address" })
  .max(LIMITS.urlLength)
  .refine(isPlainUrl, "must be an http or https address")
  .meta({
    description: descriptionOf(callFields.recording_url),
    examples: ["https://recordings.example/CA7f3e.mp3"],
  });

/** The fields of a record in the order of the reference, without `external_id`. */
const fields = {
  direction: firstField(callFields.direction),
  from_number: field(callFields.from_number.unwrap()),
  to_number: field(callFields.to_number.unwrap()),
  location_id: field(
    callFields.location_id.unwrap(),
    "The location that was called. If it is left out or null, it is the location whose `phone_number` is the business's number of the call (`to_number` of an inbound call, `from_number` of an outbound call), otherwise the default location.",
  ),
  started_at: firstField(callFields.started_at),
  ended_at: field(callFields.ended_at.unwrap()),
  disposition: field(callFields.disposition.unwrap(), "How the call ended. Requires `ended_at`."),
  summary: field(callFields.summary.unwrap()),
  outcome: field(callFields.outcome.unwrap()),
  outcome_tags: field(callFields.outcome_tags),
  intent: field(
    callFields.intent.unwrap(),
    "Name of the recognized intent. An intent of a new name is created.",
  ),
  intent_confidence: field(callFields.intent_confidence.unwrap()),
  transcript: list(parts.turn, "The conversation, in order.", LIMITS.transcriptTurns),
  unscorable: field(
    callFields.unscorable,
    "A robocall, dialer or wrong number. Such a call raises no `call.ended`, `call.message_taken` or `call.callback_requested` until it turns out to be scorable.",
  ),
  spam: field(callFields.spam),
  caller: field(
    caller,
    "What the caller said about themselves. It completes the contact and never overwrites its values. A call without the other party's number has no contact, and the caller's data is not stored.",
  ),
  messages: list(parts.message, descriptionOf(callFields.messages), LIMITS.listEntries),
  callback_request: field(callbackRequest, descriptionOf(callFields.callback_request)),
  escalations: list(parts.escalation, descriptionOf(callFields.escalations), LIMITS.listEntries),
  appointment: field(parts.appointment, descriptionOf(callFields.appointment)),
  order: field(
    order,
    "The order. The API and events show it if `outcome` is `order`. It is replaced as a whole; a `status` that is left out keeps its value.",
  ),
  recording_url: field(webAddress),
  version: field(
    z.union([
      z.int().min(0),
      timestamp({ doc: "A time that grows.", example: "2026-11-23T10:42:00.000Z" }),
    ]),
    "A whole number or a time that grows with each record of the call. A record with a lower version than the stored one fills in what is missing and overwrites nothing.",
  ).meta({ examples: [3] }),
};

/** One record of many, with the id of its call. */
export const callRecord = z
  .object({ external_id: callFields.external_id, ...fields })
  .meta({ id: "CallRecord" });
export type CallRecord = z.infer<typeof callRecord>;

/** The record of a call whose id is known already, such as from a path. */
export const namedCallRecord = z
  .object({ external_id: callFields.external_id.optional(), ...fields })
  .meta({ id: "NamedCallRecord" });

/** The platform's id of a call alone, such as in a path. */
export const callIdentifier = z.object({ external_id: callFields.external_id });

export const orderMove = z
  .object({
    status: choice(ORDER_STATUSES, {
      doc: "New status of the order. It only moves forward.",
      example: "in_progress",
    }),
  })
  .meta({ id: "OrderMove" });
