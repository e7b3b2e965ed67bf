/**
 * Events on demand. The payload is checked against the event catalogue and stored as a call, so that the API shows what
 * happened too. Exactly one event is raised.
 */
import { desc, eq, max } from "drizzle-orm";
import { z } from "zod";
import { LIMITS } from "../config.ts";
import type { Details } from "../contract/errors.ts";
import { EVENT_TYPES, type EventType } from "../contract/event-types.ts";
import type { TriggeredEvent } from "../dashboard/mock-answers.ts";
import { invalid, requireNoWarnings } from "../http/errors.ts";
import { nearestName, requireKnownFields } from "../http/strict.ts";
import { checkBody } from "../http/validate.ts";
import { isoTime } from "../lib/clock.ts";
import type { Ingest } from "../platform/ingest.ts";
import { type CallRecord, callRecord } from "../platform/record.ts";
import {
  type Call,
  calls,
  ORDER_OUTCOME,
  ORDER_STATUSES,
  type OrderStatus,
} from "../resources/calls.ts";
import { contacts } from "../resources/contacts.ts";
import { escalationRules } from "../resources/escalation-rules.ts";
import { EVENTS, sampleOf } from "../resources/events.ts";
import { isDefault, locations } from "../resources/locations.ts";
import type { Actor } from "../store/actor.ts";
import type { Store } from "../store/change.ts";
import { deliveries, events } from "../store/outbox-tables.ts";
import type { Transaction } from "../store/transaction.ts";

const TriggerBody = z.object({
  event: z.string(),
  /** Fields of the payload by path, such as `order.items.0.name`. Text may stand for the JSON value of a field. */
  set: z.record(z.string(), z.unknown()).default({}),
  /** The payload, such as a copy of a delivered one. */
  data: z.record(z.string(), z.unknown()).default({}),
});

type Payload = Record<string, unknown>;

/** Of a payload; those of the catalogue have three levels. */
const MAX_DEPTH = 10;

const HOUR_MS = 3_600_000;
/** How long a call has been running when it raises an event. */
const CALL_AGE_MS = 74_000;
/** How far ahead an appointment is. */
const APPOINTMENT_MS = 48 * HOUR_MS;

export interface TriggerServices {
  store: Store;
  ingest: Ingest;
  actor: Actor;
}

/** Raises an event. Throws `validation_failed` for a bad payload and `conflict` for a step that the call does not allow. */
export async function trigger(services: TriggerServices, body: unknown): Promise<TriggeredEvent> {
  const { store, ingest, actor } = services;
  const input = checkBody(TriggerBody, body);
  const type = EVENT_TYPES.find((known) => known === input.event);
  if (type === undefined) {
    const near = nearestName(input.event, EVENT_TYPES);
    const hint = near === null ? "" : `; did you mean ${near}?`;
    throw invalid({ event: `must be one of ${EVENT_TYPES.join(", ")}${hint}` });
  }
  const payload = readPayload(type, input.data, input.set);
  return store.change(actor, (tx) => {
    const lastEvent = tx.db
      .select({ seq: max(events.seq) })
      .from(events)
      .get();
    storeCall(tx, ingest, type, payload);
    return readRaisedEvent(tx, type, lastEvent?.seq ?? 0);
  });
}

/** The checked fields of the payload. `set` takes precedence over `data`. */
function readPayload(type: EventType, data: Payload, set: Payload): Payload {
  const { data: schema, serverSet } = EVENTS[type];
  const details: Details = {};
  for (const path of Object.keys(set))
    if (serverSet.includes(path.split(".")[0]!))
      details[path] = "is set by the server; leave it out";
  for (const path of Object.keys(set)) {
    const names = path.split(".");
    if (names.length > MAX_DEPTH) details[path] = `has more than ${MAX_DEPTH} parts`;
    if (names.some((name) => /^\d+$/.test(name) && Number(name) >= LIMITS.listEntries))
      details[path] = `has an index above ${LIMITS.listEntries - 1}`;
  }
  if (isDeeperThan(MAX_DEPTH, data)) details.data = `has more than ${MAX_DEPTH} levels`;
  if (Object.keys(details).length > 0) throw invalid(details);
  const untyped = withPaths(data, set);
  requireKnownFields(schema, untyped);
  // Where a field does not take the text, the text may be the JSON of a number or a list.
  const issues = schema.partial().safeParse(untyped).error?.issues ?? [];
  const refused = new Set(issues.map(({ path }) => path.join(".")));
  const typed = Object.entries(set).map(([path, value]) => [
    path,
    refused.has(path) && typeof value === "string" ? parseJson(value) : value,
  ]);
  const input = withPaths(data, Object.fromEntries(typed));
  const checked = checkBody(schema.partial(), input) as Payload;
  // The check fills missing fields with null; they are left out, so that their defaults apply.
  return Object.fromEntries(
    Object.entries(checked).filter(([name]) => name in input && !serverSet.includes(name)),
  );
}

/** The value of a JSON text, or the text itself. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Without recursion, because the value may have more levels than the stack. */
function isDeeperThan(levels: number, value: unknown): boolean {
  let level = [value];
  for (let depth = 0; depth <= levels && level.length > 0; depth += 1)
    level = level.flatMap((inner) =>
      Object(inner) === inner ? Object.values(inner as object) : [],
    );
  return level.length > 0;
}

/** A copy of `data` with the values of `set` at their paths. */
function withPaths(data: Payload, set: Payload): Payload {
  const copy = structuredClone(data);
  for (const [path, value] of Object.entries(set)) {
    const names = path.split(".");
    const last = names.pop()!;
    let inner: Payload = copy;
    const requireIndex = (name: string) => {
      if (Array.isArray(inner) && !/^\d+$/.test(name))
        throw invalid({ [path]: `must name an entry of a list by its index, not "${name}"` });
    };
    for (const [i, name] of names.entries()) {
      requireIndex(name);
      const next = names[i + 1] ?? last;
      if (!Object.hasOwn(inner, name) || Object(inner[name]) !== inner[name])
        inner[name] = /^\d+$/.test(next) ? [] : {};
      inner = inner[name] as Payload;
    }
    requireIndex(last);
    // An assignment to `__proto__` would not make a field.
    Object.defineProperty(inner, last, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return copy;
}

/** Stores the call that raises the event, and nothing that raises another. */
function storeCall(tx: Transaction, ingest: Ingest, type: EventType, payload: Payload): void {
  const stored = findCall(tx, payload.call_id);
  if (stored && type === "call_order.status_changed") {
    advanceOrder(tx, ingest, stored, payload);
    return;
  }
  const fields = recordFieldsOf(type, { ...defaultPayload(tx, type), ...payload });
  const base = stored ? { external_id: stored.external_id } : newCall(tx, type);
  const record = checkBody(callRecord, { ...base, ...withStoredEntries(stored, fields) });
  if (type === "contact.created") requireNewNumber(tx, record);
  const { call, warnings } = ingest.put(tx, record);
  requireNoWarnings(warnings);
  if (type === "call_order.status_changed")
    advanceOrder(tx, ingest, ingest.find(call.external_id)!, payload);
}

/** The fields of a payload as those of a call record. */
function recordFieldsOf(type: EventType, payload: Payload): Payload {
  const { call_id: _, location_id, ...fields } = payload;
  const { recordField } = EVENTS[type];
  const common = location_id === undefined ? {} : { location_id };
  switch (recordField) {
    case null: {
      const { order, order_status, ...rest } = fields;
      return { ...common, ...rest, ...(order !== undefined && orderFields(order, order_status)) };
    }
    case "order":
      return orderFields(fields.order, fields.previous_status);
    case "caller": {
      const { phone_number, ...caller } = fields;
      return { from_number: phone_number, caller };
    }
    case "messages":
    case "escalations":
      return { ...common, [recordField]: [fields] };
    case "callback_request":
    case "appointment":
      return { ...common, [recordField]: fields };
  }
}

const orderFields = (order: unknown, status: unknown) => ({
  outcome: ORDER_OUTCOME,
  order: { ...(order as object), status },
});

function advanceOrder(tx: Transaction, ingest: Ingest, call: Call, payload: Payload): void {
  const status = payload.order_status as OrderStatus | undefined;
  ingest.moveOrder(tx, call, status ?? nextStatus(call.order_status));
}

const nextStatus = (status: OrderStatus | null): OrderStatus =>
  ORDER_STATUSES[ORDER_STATUSES.indexOf(status ?? "new") + 1] ?? "fulfilled";

function findCall(tx: Transaction, id: unknown): Call | null {
  if (id === undefined) return null;
  const found = tx.db
    .select()
    .from(calls)
    .where(eq(calls.id, id as string))
    .get();
  if (!found)
    throw invalid({ call_id: "must be the id of an existing call; leave it out to create a call" });
  return found;
}

/** Puts the entries that a stored call already has before the new ones, because a record replaces whole lists. */
function withStoredEntries(stored: Call | null, fields: Payload): Payload {
  if (stored === null) return fields;
  const { messages, escalations } = fields;
  return {
    ...fields,
    ...(Array.isArray(messages) && { messages: [...stored.messages, ...messages] }),
    ...(Array.isArray(escalations) && { escalations: [...stored.escalations, ...escalations] }),
  };
}

/** A call from a known caller, so that no contact is created. It is still running unless the event is its end. */
function newCall(tx: Transaction, type: EventType): Payload {
  const caller = tx.db
    .select({ number: contacts.phone_number })
    .from(contacts)
    .orderBy(desc(contacts.seq))
    .get();
  const location = tx.db
    .select({ number: locations.phone_number })
    .from(locations)
    .where(isDefault)
    .get();
  return {
    external_id: `trigger-${tx.newId()}`,
    direction: "inbound",
    started_at: isoTime(Date.parse(tx.at) - CALL_AGE_MS),
    from_number: caller?.number ?? null,
    to_number: location?.number ?? null,
    ...(type === "call.ended" && { ended_at: tx.at, disposition: "completed" }),
  };
}

/** The fields that are missing: the catalogue's examples, without ids and times. */
function defaultPayload(tx: Transaction, type: EventType): Payload {
  const sample = Object.fromEntries(
    Object.entries(sampleOf(type)).filter(
      ([name, value]) =>
        !/(^|_)id$/.test(name) &&
        !name.endsWith("_at") &&
        value !== undefined &&
        !EVENTS[type].serverSet.includes(name),
    ),
  );
  switch (type) {
    case "call.ended":
      return { summary: "Called about an appointment.", outcome_tags: [] };
    case "call.escalation_triggered": {
      const rule = tx.db.select().from(escalationRules).orderBy(escalationRules.seq).get();
      return {
        ...sample,
        ...(rule && { rule_id: rule.id, rule_name: rule.name, action: rule.action }),
        triggered_at: tx.at,
      };
    }
    case "call.appointment_booked":
      return { ...sample, starts_at: isoTime(Date.parse(tx.at) + APPOINTMENT_MS) };
    case "contact.created":
      return { ...sample, phone_number: findFreeNumber(tx) };
    case "call_order.status_changed":
      return { order: sample.order, previous_status: "new" };
    default:
      return sample;
  }
}

const hasContact = (tx: Transaction, number: string) =>
  tx.db
    .select({ id: contacts.id })
    .from(contacts)
    .where(eq(contacts.phone_number, number))
    .get() !== undefined;

function requireNewNumber(tx: Transaction, { from_number }: CallRecord): void {
  if (typeof from_number === "string" && hasContact(tx, from_number))
    throw invalid({ phone_number: "must be a number without a contact" });
}

/** A fictional number without a contact. */
function findFreeNumber(tx: Transaction): string {
  for (let last = 9_999; ; last -= 1) {
    const number = `+1555019${String(last).padStart(4, "0")}`;
    if (!hasContact(tx, number)) return number;
  }
}

/** The event that was raised after `lastSeq`, and the number of its deliveries. */
function readRaisedEvent(tx: Transaction, type: EventType, lastSeq: number): TriggeredEvent {
  const event = tx.db.select().from(events).orderBy(desc(events.seq)).get();
  if (!event || event.seq <= lastSeq || event.type !== type)
    throw invalid({ event: "was not raised: the call is already in that state" });
  const created = tx.db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(eq(deliveries.event_seq, event.seq))
    .all();
  const { id, created_at, data } = JSON.parse(event.body);
  return { event: { id, type, created_at, data }, deliveries: created.length };
}
