/**
 * A record merged into a stored call, and the checks of the result. All functions are pure: they read and write nothing.
 */
import type { Details } from "../contract/errors.ts";
import { conflict } from "../http/errors.ts";
import type { Call, OrderStatus } from "../resources/calls.ts";
import type { CallRecord } from "./record.ts";

/** A call without its keys and the objects that are resolved for it. */
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

/** The value of a field that was never sent or was cleared. `direction` and `started_at` are always sent. */
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
type CopiedFields = Pick<Merged, keyof typeof BLANK>;
const COPIED = Object.keys(BLANK) as (keyof CopiedFields)[];

/** The call after a record: a field that is left out keeps the stored value, null clears it. */
export function mergeRecord(previous: Call | null, record: CallRecord): Merged {
  const stored: CopiedFields = previous ?? BLANK;
  const copied = Object.fromEntries(
    COPIED.map((field) => [
      field,
      record[field] === undefined ? stored[field] : (record[field] ?? BLANK[field]),
    ]),
  ) as CopiedFields;
  const { started_at, ended_at } = copied;
  return {
    ...copied,
    status: ended_at === null ? "in_progress" : "ended",
    duration_seconds: ended_at === null ? null : secondsBetween(started_at, ended_at),
    messages: mergeMessages(previous, record),
    callback_request: mergeCallback(previous, record),
    ...mergeOrder(previous, record),
  };
}

const secondsBetween = (from: string, to: string) =>
  Math.round((Date.parse(to) - Date.parse(from)) / 1000);

/** `handled_at` is unknown to the platform: it stays with the message at the same index. */
function mergeMessages(previous: Call | null, { messages }: CallRecord): Merged["messages"] {
  const stored = previous?.messages ?? [];
  if (messages === undefined) return stored;
  return (messages ?? []).map((message, i) => ({
    ...message,
    handled_at: stored[i]?.handled_at ?? null,
  }));
}

function mergeCallback(
  previous: Call | null,
  { callback_request: request }: CallRecord,
): Merged["callback_request"] {
  const stored = previous?.callback_request ?? null;
  if (request === undefined) return stored;
  return request && { ...request, handled_at: stored?.handled_at ?? null };
}

function mergeOrder(
  previous: Call | null,
  { order: sent }: CallRecord,
): Pick<Merged, "order" | "order_status"> {
  const stored = previous?.order_status ?? null;
  if (sent === undefined) return { order: previous?.order ?? null, order_status: stored };
  if (sent === null) return { order: null, order_status: null };
  const { status, ...order } = sent;
  return { order, order_status: status ?? stored ?? "new" };
}

/** The longest duration that the API allows for a call. */
const MAX_SECONDS = 10_000_000;

/** The contradictions in a merged call, by the field of the record that causes them. */
export function findProblems(call: Merged, record: CallRecord): Details {
  const problems: Details = {};
  const { direction, started_at, ended_at, disposition } = call;
  if (direction === undefined) problems.direction = "is required";
  if (started_at === undefined) problems.started_at = "is required";
  else if (ended_at !== null && ended_at < started_at) {
    if (record.ended_at === undefined) problems.started_at = "must not be later than ended_at";
    else problems.ended_at = "must not be earlier than started_at";
  } else if ((call.duration_seconds ?? 0) > MAX_SECONDS) {
    problems[record.ended_at === undefined ? "started_at" : "ended_at"] =
      `must be within ${MAX_SECONDS} seconds of the call's other end`;
  }
  if (disposition !== null && ended_at === null) {
    problems.disposition = "requires ended_at: only a call that ended has a disposition";
  }
  return problems;
}

/** The statuses that may follow each status of an order; it never moves back. */
const NEXT: Record<OrderStatus, readonly OrderStatus[]> = {
  new: ["in_progress", "fulfilled", "canceled"],
  in_progress: ["fulfilled", "canceled"],
  fulfilled: [],
  canceled: [],
};

/** Throws `conflict` on `field` for a change of status that is not allowed. The same status is allowed. */
export function requireOrderStep(from: OrderStatus, to: OrderStatus, field: string): void {
  if (from === to || NEXT[from].includes(to)) return;
  const next = NEXT[from];
  const rule =
    next.length === 0
      ? `the status ${from} is final`
      : `after ${from} the status must be one of ${next.join(", ")}`;
  throw conflict({ [field]: `cannot become ${to}: ${rule}` });
}
