/**
 * A record merged into a stored call, and the checks of the result. All functions are pure: they read and write nothing.
 */
import type { Details } from "../contract/errors.ts";
import { conflict, invalid } from "../http/errors.ts";
import type { Call, OrderStatus } from "../resources/calls.ts";
import type { Warn } from "./normalize.ts";
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
  // The status stays, so that an order that is sent again later continues from it.
  if (sent === null) return { order: null, order_status: stored };
  const { status, ...order } = sent;
  return { order, order_status: status ?? stored ?? "new" };
}

/** The longest duration that the API allows for a call. */
const MAX_SECONDS = 10_000_000;

/** An end that is at most this much earlier than the start is a difference between two clocks. */
const CLOCK_DIFFERENCE_MS = 60_000;

/**
 * A record without what contradicts itself or the stored call. Throws `validation_failed` for a new call without a
 * direction or a start. `hasTurns`: the stored call has a transcript.
 */
export function reconcile(
  previous: Call | null,
  sent: CallRecord,
  hasTurns: () => boolean,
  warn: Warn,
): CallRecord {
  const record = { ...sent };
  if (previous === null) requireFirstFields(record);
  else {
    if (isOlder(previous, record)) keepStored(previous, record, hasTurns);
    record.direction ??= previous.direction;
    record.started_at ??= previous.started_at;
  }
  settleEnd(previous, record, warn);
  settleDisposition(previous, record, warn);
  settleOrder(previous, record, warn);
  return record;
}

function requireFirstFields({ direction, started_at }: CallRecord): void {
  const problems: Details = {};
  if (direction === undefined) problems.direction = "is required";
  if (started_at === undefined) problems.started_at = "is required";
  if (Object.keys(problems).length > 0) throw invalid(problems);
}

/** A version as a number; a time in milliseconds. */
export const versionOf = ({ version }: CallRecord): number | null =>
  typeof version === "string" ? Date.parse(version) : (version ?? null);

function isOlder({ raised }: Call, record: CallRecord): boolean {
  const version = versionOf(record);
  return version !== null && version < (raised.version ?? version);
}

/** Removes from an older record what the stored call has already. `caller` never overwrites anything. */
function keepStored(previous: Call, record: CallRecord, hasTurns: () => boolean): void {
  const isMissing = (value: unknown) =>
    value === null || (Array.isArray(value) && value.length === 0);
  const stored: Partial<Record<keyof CallRecord, unknown>> = {
    ...previous,
    intent: previous.intent_id,
    caller: null,
  };
  for (const field of Object.keys(record) as (keyof CallRecord)[]) {
    const isKept = field === "transcript" ? hasTurns() : !isMissing(stored[field]);
    if (field !== "version" && field !== "external_id" && isKept) delete record[field];
  }
}

/** Makes the end fit the start: one that does not is left out. */
function settleEnd(previous: Call | null, record: CallRecord, warn: Warn): void {
  const changed = record.ended_at === undefined ? "started_at" : "ended_at";
  const problem = problemOfEnd(record.started_at!, record.ended_at ?? previous?.ended_at ?? null);
  if (record.ended_at === null || problem === null) return;
  if (problem.earlierMs !== undefined && problem.earlierMs <= CLOCK_DIFFERENCE_MS) {
    record.ended_at = record.started_at!;
    warn(changed, `${problem.reason}; the call was stored as ending at its start`);
    return;
  }
  warn(changed, problem.reason);
  if (previous !== null) record.started_at = previous.started_at;
  if (changed === "ended_at") delete record.ended_at;
}

function problemOfEnd(started: string, ended: string | null) {
  if (ended === null) return null;
  const ms = Date.parse(ended) - Date.parse(started);
  if (ms < 0) return { reason: "must not be earlier than started_at", earlierMs: -ms };
  if (secondsBetween(started, ended) <= MAX_SECONDS) return null;
  return { reason: `must be within ${MAX_SECONDS} seconds of the call's other end` };
}

function settleDisposition(previous: Call | null, record: CallRecord, warn: Warn): void {
  const ended = record.ended_at === undefined ? (previous?.ended_at ?? null) : record.ended_at;
  const disposition =
    record.disposition === undefined ? (previous?.disposition ?? null) : record.disposition;
  if (ended !== null || disposition === null) return;
  warn("disposition", "requires ended_at: only a call that ended has a disposition");
  record.disposition = null;
}

function settleOrder(previous: Call | null, record: CallRecord, warn: Warn): void {
  const [from, to] = [previous?.order_status, record.order?.status];
  if (!from || !to || canFollow(from, to)) return;
  warn("order.status", refusalOfStep(from, to));
  record.order = { ...record.order!, status: from };
}

/** The statuses that may follow each status of an order; it never moves back. */
const NEXT: Record<OrderStatus, readonly OrderStatus[]> = {
  new: ["in_progress", "fulfilled", "canceled"],
  in_progress: ["fulfilled", "canceled"],
  fulfilled: [],
  canceled: [],
};

const canFollow = (from: OrderStatus, to: OrderStatus): boolean =>
  from === to || NEXT[from].includes(to);

function refusalOfStep(from: OrderStatus, to: OrderStatus): string {
  const next = NEXT[from];
  const rule =
    next.length === 0
      ? `the status ${from} is final`
      : `after ${from} the status must be one of ${next.join(", ")}`;
  return `cannot become ${to}: ${rule}`;
}

/** Throws `conflict` on `field` for a change of status that is not allowed. The same status is allowed. */
export function requireOrderStep(from: OrderStatus, to: OrderStatus, field: string): void {
  if (!canFollow(from, to)) throw conflict({ [field]: refusalOfStep(from, to) });
}
