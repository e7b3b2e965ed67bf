/**
 * What a record makes of a call: the stored call with the record laid over it, and what cannot be so. Pure: it reads and
 * writes nothing.
 */

import type { Details } from "../contract/errors.ts";
import { conflict } from "../http/errors.ts";
import type { Call, OrderStatus } from "../resources/calls.ts";
import type { CallRecord } from "./record.ts";

/** A call without what it is found by and what is found for it. */
export type Merged = Omit<
  Call,
  | "seq"
  | "id"
  | "created_at"
  | "updated_at"
  | "external_id"
  | "location_id"
  | "contact_id"
  | "intent_id"
  | "raised"
>;

/** What a field is that was never told or was cleared. `direction` and `started_at` are always told. */
const BLANK = {
  direction: undefined as never,
  started_at: undefined as never,
  ended_at: null,
  from_number: null,
  to_number: null,
  disposition: null,
  summary: null,
  outcome: null,
  outcome_tags: [],
  intent_confidence: null,
  unscorable: false,
  spam: false,
  escalations: [],
  appointment: null,
  recording_url: null,
} satisfies Partial<Merged>;
type Told = Pick<Merged, keyof typeof BLANK>;

export function merge(before: Call | null, record: CallRecord): Merged {
  const stored: Told = before ?? BLANK;
  const told = <K extends keyof Told>(field: K): Told[K] => {
    const value = record[field] as Told[K] | null | undefined;
    return value === undefined ? stored[field] : (value ?? (BLANK as Told)[field]);
  };
  const started_at = told("started_at");
  const ended_at = told("ended_at");
  return {
    status: ended_at === null ? "in_progress" : "ended",
    started_at,
    ended_at,
    duration_seconds: ended_at === null ? null : secondsBetween(started_at, ended_at),
    direction: told("direction"),
    from_number: told("from_number"),
    to_number: told("to_number"),
    disposition: told("disposition"),
    summary: told("summary"),
    outcome: told("outcome"),
    outcome_tags: told("outcome_tags"),
    intent_confidence: told("intent_confidence"),
    unscorable: told("unscorable"),
    spam: told("spam"),
    messages: messagesAfter(before, record),
    callback_request: callbackAfter(before, record),
    escalations: told("escalations"),
    appointment: told("appointment"),
    ...orderAfter(before, record),
    recording_url: told("recording_url"),
  };
}

const secondsBetween = (from: string, to: string) =>
  Math.round((Date.parse(to) - Date.parse(from)) / 1000);

/** The platform knows nothing of who dealt with a message here: that stays with the message of the same place. */
function messagesAfter(before: Call | null, { messages }: CallRecord): Merged["messages"] {
  const stored = before?.messages ?? [];
  if (messages === undefined) return stored;
  return (messages ?? []).map((message, i) => ({
    ...message,
    handled_at: stored[i]?.handled_at ?? null,
  }));
}

function callbackAfter(
  before: Call | null,
  { callback_request: request }: CallRecord,
): Merged["callback_request"] {
  const stored = before?.callback_request ?? null;
  if (request === undefined) return stored;
  return request && { ...request, handled_at: stored?.handled_at ?? null };
}

function orderAfter(
  before: Call | null,
  { order: told }: CallRecord,
): Pick<Merged, "order" | "order_status"> {
  const stored = before?.order_status ?? null;
  if (told === undefined) return { order: before?.order ?? null, order_status: stored };
  if (told === null) return { order: null, order_status: null };
  const { status, ...order } = told;
  return { order, order_status: status ?? stored ?? "new" };
}

/** Longer calls than this many seconds are mistakes, and more than the API says a call can last. */
const LONGEST_SECONDS = 10_000_000;

/** What of the merged call cannot be, by the field of the record that is to blame. */
export function problemsOf(call: Merged, record: CallRecord): Details {
  const problems: Details = {};
  const { direction, started_at, ended_at, disposition } = call;
  if (direction === undefined) problems.direction = "is required";
  if (started_at === undefined) problems.started_at = "is required";
  else if (ended_at !== null && ended_at < started_at) {
    if (record.ended_at === undefined) problems.started_at = "must not be later than ended_at";
    else problems.ended_at = "must not be earlier than started_at";
  } else if ((call.duration_seconds ?? 0) > LONGEST_SECONDS) {
    problems[record.ended_at === undefined ? "started_at" : "ended_at"] =
      `must be within ${LONGEST_SECONDS} seconds of the call's other end`;
  }
  if (disposition !== null && ended_at === null) {
    problems.disposition = "needs ended_at: only a call that ended has one";
  }
  return problems;
}

/** Where an order may go from each status; it never comes back. */
const NEXT: Record<OrderStatus, readonly OrderStatus[]> = {
  new: ["in_progress", "fulfilled", "canceled"],
  in_progress: ["fulfilled", "canceled"],
  fulfilled: [],
  canceled: [],
};

/** Throws `conflict` on `field` for a step that an order cannot make; to stay is none. */
export function requireForward(from: OrderStatus, to: OrderStatus, field: string): void {
  if (from === to || NEXT[from].includes(to)) return;
  const open = NEXT[from];
  throw conflict({
    [field]: `cannot become ${to}: the order is ${from}${open.length === 0 ? " for good" : ` and may become ${open.join(", ")}`}`,
  });
}
