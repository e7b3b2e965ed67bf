/** The types of events a subscription can receive. What each one carries: `resources/events.ts`. */
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
