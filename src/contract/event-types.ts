/** The types of events that a subscription can receive. `resources/events.ts` declares the payload of each. */
export const EVENT_TYPES = [
  "call.ended",
  "call.message_taken",
  "call.callback_requested",
  "call.escalation_triggered",
  "call.appointment_booked",
  "contact.created",
  "call_order.status_changed",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** What the dashboard says of each type. Imports nothing, because the browser loads it too. */
export const EVENT_HELP: Record<EventType, string> = {
  "call.ended": "A call ended.",
  "call.message_taken": "A caller left a message.",
  "call.callback_requested": "A caller requested a callback.",
  "call.escalation_triggered": "An escalation rule matched, possibly during the call.",
  "call.appointment_booked": "A caller booked an appointment.",
  "contact.created": "A call from an unknown number created a contact.",
  "call_order.status_changed": "The status of an order changed.",
};
