/**
 * The events of a call, each once: what has been announced is kept with the call, so it is a change of state that raises
 * an event, never a record that was sent again.
 */
import { type CallView, ORDER_OUTCOME, type OrderStatus, type Raised } from "../resources/calls.ts";
import { EVENTS } from "../resources/events.ts";
import type { Transaction } from "../store/transaction.ts";
import type { Merged } from "./merge.ts";

export const NOTHING_RAISED: Raised = {
  ended: false,
  messages: 0,
  callback: false,
  escalations: 0,
  appointment: false,
  noted: false,
  located: false,
};

/**
 * What will have been announced of a call once it is as `call` says. An unscorable call keeps its end, messages and
 * callback request to itself without their counting as announced: they are when it turns out to be scorable.
 */
export function raisedBy(was: Raised, call: Merged): Raised {
  const scorable = !call.unscorable;
  return {
    ...was,
    ended: was.ended || (scorable && call.status === "ended"),
    messages: scorable ? Math.max(was.messages, call.messages.length) : was.messages,
    callback: was.callback || (scorable && call.callback_request !== null),
    escalations: Math.max(was.escalations, call.escalations.length),
    appointment: was.appointment || call.appointment !== null,
  };
}

/** Emits what lies between the two states, as the call stands now; its end comes last. */
export function announce(tx: Transaction, call: CallView, was: Raised, now: Raised): void {
  const { call_id, location_id, contact_id } = call;
  const about = { call_id, location_id, contact_id };
  for (const escalation of call.escalations.slice(was.escalations, now.escalations)) {
    tx.emit("call.escalation_triggered", { ...about, ...escalation });
  }
  if (now.appointment && !was.appointment) {
    tx.emit("call.appointment_booked", { ...about, ...call.appointment });
  }
  for (const { handled_at: _, ...message } of call.messages.slice(was.messages, now.messages)) {
    tx.emit("call.message_taken", { ...about, ...message });
  }
  if (now.callback && !was.callback) {
    const { handled_at: _, ...request } = call.callback_request!;
    tx.emit("call.callback_requested", { ...about, ...request });
  }
  if (now.ended && !was.ended) tx.emit("call.ended", endedData(call));
}

const ENDED_FIELDS = Object.keys(EVENTS["call.ended"].data.shape) as (keyof CallView)[];
const ORDER_FIELDS = new Set<keyof CallView>(["outcome", "order_status", "order"]);

/** The fields of an order are there with an order only. */
function endedData(call: CallView): object {
  const ordered = call.outcome === ORDER_OUTCOME && call.order !== null;
  return Object.fromEntries(
    ENDED_FIELDS.filter((field) => ordered || !ORDER_FIELDS.has(field)).map((field) => [
      field,
      call[field],
    ]),
  );
}

/** An order that moved on; silent where the call shows no order, or showed none before. */
export function announceOrder(
  tx: Transaction,
  call: CallView,
  previous_status: OrderStatus | null,
): void {
  const { call_id, order, order_status } = call;
  if (order === null || previous_status === null || order_status === previous_status) return;
  tx.emit("call_order.status_changed", { call_id, order, order_status, previous_status });
}
