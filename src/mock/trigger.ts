/**
 * Events on demand: what is asked for is checked against the catalogue and then made to happen, as a call of the voice
 * platform does, so that the API tells of it too. Exactly the one event is raised.
 */
import { desc, eq, max } from "drizzle-orm";
import { z } from "zod";
import type { Details } from "../contract/errors.ts";
import { EVENT_TYPES, type EventType } from "../contract/event-types.ts";
import type { TriggeredEvent } from "../dashboard/mock-answers.ts";
import { invalid } from "../http/errors.ts";
import { nearestName, requireKnownFields } from "../http/strict.ts";
import { checkBody } from "../http/validate.ts";
import { isoTime } from "../lib/clock.ts";
import type { Ingest } from "../platform/ingest.ts";
import { type CallRecord, callRecord } from "../platform/record.ts";
import { type Call, calls, ORDER_STATUSES, type OrderStatus } from "../resources/calls.ts";
import { contacts } from "../resources/contacts.ts";
import { escalationRules } from "../resources/escalation-rules.ts";
import { EVENTS, sampleOf } from "../resources/events.ts";
import { isDefault, locations } from "../resources/locations.ts";
import type { Actor } from "../store/actor.ts";
import type { Store } from "../store/change.ts";
import { deliveries, events } from "../store/outbox-tables.ts";
import type { Transaction } from "../store/transaction.ts";

export const TriggerBody = z.object({
  event: z.string(),
  /** Fields of the payload by their path, such as `order.items.0.name`. Text stands for what it means as JSON too. */
  set: z.record(z.string(), z.unknown()).default({}),
  /** The payload itself, such as a copy of one that was delivered. */
  data: z.record(z.string(), z.unknown()).default({}),
});

type Payload = Record<string, unknown>;

/** What the server makes itself: it can be read from a payload, and not be set. */
const MADE_HERE: Record<EventType, readonly string[]> = {
  "call.ended": ["contact_id", "call_url", "duration_seconds"],
  "call.message_taken": ["contact_id"],
  "call.callback_requested": ["contact_id"],
  "call.escalation_triggered": ["contact_id"],
  "call.appointment_booked": ["contact_id"],
  "contact.created": [
    ...["id", "created_at", "updated_at", "source", "agent_notes", "call_count"],
    ...["last_contact_at", "custom"],
  ],
  "call_order.status_changed": [],
};

/** A payload's fields as those of a record of the call. */
const RECORDS: Record<EventType, (payload: Payload) => Payload> = {
  "call.ended": ({ call_id: _call, order, order_status, ...fields }) =>
    order === undefined
      ? fields
      : { ...fields, outcome: "order", order: { ...(order as object), status: order_status } },
  "call.message_taken": ({ call_id: _call, location_id, ...message }) => ({
    ...(location_id !== undefined && { location_id }),
    messages: [message],
  }),
  "call.callback_requested": ({ call_id: _call, location_id, ...request }) => ({
    ...(location_id !== undefined && { location_id }),
    callback_request: request,
  }),
  "call.escalation_triggered": ({ call_id: _call, location_id, ...escalation }) => ({
    ...(location_id !== undefined && { location_id }),
    escalations: [escalation],
  }),
  "call.appointment_booked": ({ call_id: _call, location_id, ...appointment }) => ({
    ...(location_id !== undefined && { location_id }),
    appointment,
  }),
  "contact.created": ({ phone_number, ...caller }) => ({ from_number: phone_number, caller }),
  "call_order.status_changed": ({ order, previous_status }) => ({
    outcome: "order",
    order: { ...(order as object), status: previous_status },
  }),
};

export interface TriggerServices {
  store: Store;
  ingest: Ingest;
  actor: Actor;
}

/** Throws `validation_failed` for what the catalogue does not have, and `conflict` for what cannot happen. */
export async function trigger(services: TriggerServices, body: unknown): Promise<TriggeredEvent> {
  const { store, ingest, actor } = services;
  const given = checkBody(TriggerBody, body);
  const type = EVENT_TYPES.find((known) => known === given.event);
  if (type === undefined)
    throw invalid({ event: `must be one of ${EVENT_TYPES.join(", ")}${meant(given.event)}` });
  const payload = payloadOf(type, given.data, given.set);
  return store.change(actor, (tx) => {
    const before =
      tx.db
        .select({ seq: max(events.seq) })
        .from(events)
        .get()?.seq ?? 0;
    happen(tx, ingest, type, payload);
    return raisedAfter(tx, type, before);
  });
}

const meant = (event: string) => {
  const near = nearestName(event, EVENT_TYPES);
  return near === null ? "" : `; did you mean ${near}?`;
};

/** What is given of the payload, checked; `set` wins over `data`. */
function payloadOf(type: EventType, data: Payload, set: Payload): Payload {
  const schema = EVENTS[type].data;
  const made = MADE_HERE[type];
  const details: Details = {};
  for (const path of Object.keys(set))
    if (made.includes(path.split(".")[0]!))
      details[path] = "is made by the server and cannot be set";
  if (Object.keys(details).length > 0) throw invalid(details);
  requireKnownFields(schema, assembled(data, set));
  // Where text is not what the field takes, it may be a number or a list written as one.
  const refused = schema.partial().safeParse(assembled(data, set)).error?.issues ?? [];
  const names = new Set(refused.map(({ path }) => path.join(".")));
  const read = Object.entries(set).map(([path, value]) => [
    path,
    names.has(path) && typeof value === "string" ? jsonOr(value) : value,
  ]);
  const told = assembled(data, Object.fromEntries(read));
  const whole = checkBody(schema.partial(), told) as Payload;
  // What was left out is not null: it is what is usual.
  return Object.fromEntries(
    Object.entries(whole).filter(([name]) => name in told && !made.includes(name)),
  );
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function assembled(data: Payload, set: Payload): Payload {
  const whole = structuredClone(data);
  for (const [path, value] of Object.entries(set)) {
    const names = path.split(".");
    const last = names.pop()!;
    let inner: Payload = whole;
    for (const [i, name] of names.entries()) {
      const next = names[i + 1] ?? last;
      if (!Object.hasOwn(inner, name) || Object(inner[name]) !== inner[name])
        inner[name] = /^\d+$/.test(next) ? [] : {};
      inner = inner[name] as Payload;
    }
    Object.defineProperty(inner, last, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return whole;
}

/** Stores the call that raises the event, and nothing that raises another. */
function happen(tx: Transaction, ingest: Ingest, type: EventType, payload: Payload): void {
  const known = callOf(tx, payload.call_id);
  if (known && type === "call_order.status_changed") {
    moveOn(tx, ingest, known, payload);
    return;
  }
  const fields = RECORDS[type]({ ...usual(tx, type), ...payload });
  const setting = known ? { external_id: known.external_id } : newCall(tx, type);
  const record = checkBody(callRecord, { ...setting, ...appended(known, fields) });
  if (type === "contact.created") requireNewNumber(tx, record);
  const { call } = ingest.put(tx, record);
  if (type === "call_order.status_changed")
    moveOn(tx, ingest, ingest.find(call.external_id)!, payload);
}

function moveOn(tx: Transaction, ingest: Ingest, call: Call, payload: Payload): void {
  const next = payload.order_status as OrderStatus | undefined;
  ingest.moveOrder(tx, call, next ?? followerOf(call.order_status));
}

const followerOf = (status: OrderStatus | null): OrderStatus =>
  ORDER_STATUSES[ORDER_STATUSES.indexOf(status ?? "new") + 1] ?? "fulfilled";

function callOf(tx: Transaction, id: unknown): Call | null {
  if (id === undefined) return null;
  const found = tx.db
    .select()
    .from(calls)
    .where(eq(calls.id, id as string))
    .get();
  if (!found) throw invalid({ call_id: "names no call that exists; leave it out for a new one" });
  return found;
}

/** To what a call has of a kind already, one more. */
function appended(known: Call | null, fields: Payload): Payload {
  if (known === null) return fields;
  const whole = { ...fields };
  for (const name of ["messages", "escalations"] as const)
    if (fields[name]) whole[name] = [...known[name], ...(fields[name] as object[])];
  return whole;
}

/** A call by itself: from somebody known, so that no contact is made, and still running unless its end is what happens. */
function newCall(tx: Transaction, type: EventType): Payload {
  const now = Date.parse(tx.at);
  const caller = tx.db
    .select({ number: contacts.phone_number })
    .from(contacts)
    .orderBy(desc(contacts.seq))
    .get();
  const place = tx.db
    .select({ number: locations.phone_number })
    .from(locations)
    .where(isDefault)
    .get();
  return {
    external_id: `trigger-${tx.newId()}`,
    direction: "inbound",
    started_at: isoTime(now - 74_000),
    from_number: caller?.number ?? null,
    to_number: place?.number ?? null,
    ...(type === "call.ended" && { ended_at: tx.at, disposition: "completed" }),
  };
}

/** What a payload is where nothing is said: the catalogue's examples, without ids that name nothing here. */
function usual(tx: Transaction, type: EventType): Payload {
  const sample = Object.fromEntries(
    Object.entries(sampleOf(type)).filter(
      ([name, value]) =>
        !/(^|_)id$/.test(name) &&
        !name.endsWith("_at") &&
        value !== undefined &&
        !MADE_HERE[type].includes(name),
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
      return { ...sample, starts_at: isoTime(Date.parse(tx.at) + 2 * 86_400_000) };
    case "contact.created":
      return { ...sample, phone_number: freeNumber(tx) };
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
    throw invalid({ phone_number: "belongs to a contact already, so none would be made" });
}

/** A number of nobody, from those that are for such use. */
function freeNumber(tx: Transaction): string {
  for (let last = 9_999; ; last -= 1) {
    const number = `+1555019${String(last).padStart(4, "0")}`;
    if (!hasContact(tx, number)) return number;
  }
}

function raisedAfter(tx: Transaction, type: EventType, before: number): TriggeredEvent {
  const event = tx.db.select().from(events).orderBy(desc(events.seq)).get();
  if (!event || event.seq <= before || event.type !== type)
    throw invalid({ event: "did not happen: the call is in that state already" });
  const sent = tx.db
    .select({ id: deliveries.id })
    .from(deliveries)
    .where(eq(deliveries.event_seq, event.seq))
    .all();
  const { id, created_at, data } = JSON.parse(event.body);
  return { event: { id, type, created_at, data }, deliveries: sent.length };
}
