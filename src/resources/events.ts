/**
 * The catalogue of events: the meaning and the payload of each. The reference (OpenAPI `webhooks`), the page
 * /docs/webhooks, the samples of `/test` and the check of payloads are derived from it.
 */
import { z } from "zod";
import type { EventType } from "../contract/event-types.ts";
import { exampleOf } from "../contract/example.ts";
import { choice, label } from "../contract/fields.ts";
import { callFields, ORDER_STATUSES, parts } from "./calls.ts";
import { contactDefinition } from "./contacts.ts";

interface EventEntry {
  /** When it is sent. */
  meaning: string;
  data: z.ZodObject;
  /** The fields of `data` that the server sets. The others come from the call record that raises the event. */
  serverSet: readonly string[];
  /** The field of the call record that holds the others; null where they are fields of the record itself. */
  recordField:
    | "messages"
    | "callback_request"
    | "escalations"
    | "appointment"
    | "caller"
    | "order"
    | null;
}

const { call_id, location_id, contact_id, order, order_status } = callFields;
const ids = { call_id, location_id, contact_id };

export const EVENTS: Record<EventType, EventEntry> = {
  "call.ended": {
    meaning: "A call ended. Not sent for an unscorable call.",
    data: z.object({
      call_id,
      location_id,
      started_at: callFields.started_at,
      ended_at: callFields.ended_at,
      duration_seconds: callFields.duration_seconds,
      direction: callFields.direction,
      from_number: callFields.from_number,
      disposition: callFields.disposition,
      summary: callFields.summary,
      outcome_tags: callFields.outcome_tags,
      contact_id,
      call_url: callFields.call_url,
      outcome: label({
        doc: "`order`; left out for a call without an order.",
        example: "order",
      }).optional(),
      order_status: order_status
        .unwrap()
        .optional()
        .describe("Left out for a call without an order."),
      order: order.unwrap().optional().describe("Left out for a call without an order."),
    }),
    serverSet: ["contact_id", "call_url", "duration_seconds"],
    recordField: null,
  },
  "call.message_taken": {
    meaning: "The caller left a message. Not sent for an unscorable call.",
    data: z.object({ ...ids, ...parts.message.shape }),
    serverSet: ["contact_id"],
    recordField: "messages",
  },
  "call.callback_requested": {
    meaning: "The caller requested a callback. Not sent for an unscorable call.",
    data: z.object({ ...ids, ...parts.callback.shape }),
    serverSet: ["contact_id"],
    recordField: "callback_request",
  },
  "call.escalation_triggered": {
    meaning: "An escalation rule matched. Can be sent while the call is in progress.",
    data: z.object({ ...ids, ...parts.escalation.shape }),
    serverSet: ["contact_id"],
    recordField: "escalations",
  },
  "call.appointment_booked": {
    meaning: "The caller booked an appointment.",
    data: z.object({ ...ids, ...parts.appointment.shape }),
    serverSet: ["contact_id"],
    recordField: "appointment",
  },
  "contact.created": {
    meaning: "A call from an unknown number created a contact.",
    data: contactDefinition.object,
    serverSet: Object.keys(contactDefinition.object.shape).filter(
      (name) => name === "custom" || !(name in contactDefinition.fields),
    ),
    recordField: "caller",
  },
  "call_order.status_changed": {
    meaning: "The status of an order changed: `new` → `in_progress` → `fulfilled`, or `canceled`.",
    data: z.object({
      call_id,
      order: parts.order,
      order_status: choice(ORDER_STATUSES, { doc: "Current status.", example: "in_progress" }),
      previous_status: choice(ORDER_STATUSES, { doc: "Previous status.", example: "new" }),
    }),
    serverSet: [],
    recordField: "order",
  },
};

/** A payload with the example of each field. `/test` sends it and the reference shows it. */
export const sampleOf = (type: EventType) => exampleOf(EVENTS[type].data) as object;
