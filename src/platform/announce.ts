/**
 * The events of a call, each raised once: the call stores what has been announced, so a change of its state raises an
 * event, never a record that is sent again.
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
 * What has been announced of a call once it has the state of `call`. The end, messages and callback request of an
 * unscorable call do not count as announced: they are raised if the call turns out to be scorable.
 */
export function nextRaised(previous: Raised, call: Merged): Raised {
  const scorable = !call.unscorable;
  return {
    ...previous,
    ended: previous.ended || (scorable && call.status === "ended"),
    messages: scorable ? Math.max(previous.messages, call.messages.length) : previous.messages,
    callback: previous.callback || (scorable && call.callback_request !== null),
    escalations: Math.max(previous.escalations, call.escalations.length),
    appointment: previous.appointment || call.appointment !== null,
  };
}

/** Raises the events between two states, with the current data of the call; the end of the call comes last. */
export function announceChanges(
  tx: Transaction,
  call: CallView,
  previous: Raised,
  current: Raised,
): void {
  const { call_id, location_id, contact_id } = call;
  const ids = { call_id, location_id, contact_id };
  for (const escalation of call.escalations.slice(previous.escalations, current.escalations)) {
    tx.emit("call.escalation_triggered", { ...ids, ...escalation });
  }
  if (current.appointment && !previous.appointment) {
    tx.emit("call.appointment_booked", { ...ids, ...call.appointment });
  }
  const messages = call.messages.slice(previous.messages, current.messages);
  for (const { handled_at: _, ...message } of messages) {
    tx.emit("call.message_taken", { ...ids, ...message });
  }
  if (current.callback && !previous.callback) {
    const { handled_at: _, ...request } = call.callback_request!;
    tx.emit("call.callback_requested", { ...ids, ...request });
  }
  if (current.ended && !previous.ended) tx.emit("call.ended", endedData(call));
}

const ENDED_FIELDS = Object.keys(EVENTS["call.ended"].data.shape) as (keyof CallView)[];
const ORDER_FIELDS = new Set<keyof CallView>(["outcome", "order_status", "order"]);

/** The data of `call.ended`; it contains the fields of an order only for a call with an order. */
function endedData(call: CallView): object {
  const hasOrder = call.outcome === ORDER_OUTCOME && call.order !== null;
  return Object.fromEntries(
    ENDED_FIELDS.filter((field) => hasOrder || !ORDER_FIELDS.has(field)).map((field) => [
      field,
      call[field],
    ]),
  );
}

/** Raises the change of an order's status. A call that shows no order, or showed none before, raises nothing. */
export function announceOrder(
  tx: Transaction,
  call: CallView,
  previous_status: OrderStatus | null,
): void {
  const { call_id, order, order_status } = call;
  if (order === null || previous_status === null || order_status === previous_status) return;
  tx.emit("call_order.status_changed", { call_id, order, order_status, previous_status });
}
