/**
 * The outbox: an event is stored in the transaction of the change that raised it, with a delivery for each enabled
 * subscription to it, so that neither exists without the other whatever happens to the process.
 */
import { and, eq, sql } from "drizzle-orm";
import type { EventType } from "../contract/event-types.ts";
import type { Ids } from "../lib/ids.ts";
import type { Db } from "./open.ts";
import { deliveries, events } from "./outbox-tables.ts";

/** To be used inside a write transaction, at its moment. */
export interface Outbox {
  /** Stores an event and its deliveries. */
  record(type: EventType, data: object, at: string): void;
  /** Stores a sample event and its one delivery; returns the delivery's id. */
  recordSample(subscriptionId: string, type: EventType, data: object, at: string): string;
  /** What still waits for a subscription is never sent. */
  cancelPending(subscriptionId: string): void;
  /** Begins a new round of attempts. */
  sendAgain(deliveryId: string, at: string): void;
}

/** The envelope of section "Webhooks" in the reference, as the text that is signed and sent. */
export const envelope = (id: string, type: EventType, at: string, data: object, test = false) =>
  JSON.stringify({
    id,
    type,
    created_at: at,
    api_version: "v1",
    ...(test ? { test: true } : {}),
    data,
  });

export function createOutbox(db: Db, ids: Ids): Outbox {
  const { placeholder } = sql;
  const subscribers = db.$client.prepare<{ id: string }, [string]>(
    `select id from webhook_subscriptions
     where enabled = 1 and exists (select 1 from json_each(events) where value = ?)
     order by seq`,
  );
  const insertEvent = db
    .insert(events)
    .values({
      id: placeholder("id"),
      type: placeholder("type"),
      created_at: placeholder("at"),
      body: placeholder("body"),
    })
    .returning({ seq: events.seq })
    .prepare();
  const insertDelivery = db
    .insert(deliveries)
    .values({
      id: placeholder("id"),
      subscription_id: placeholder("subscription_id"),
      event_seq: placeholder("event_seq"),
      status: "pending",
      test: placeholder("test"),
      created_at: placeholder("at"),
      next_attempt_at: placeholder("at"),
    })
    .prepare();
  const cancel = db
    .update(deliveries)
    .set({ status: "cancelled", next_attempt_at: null, leased_until: null })
    .where(and(eq(deliveries.subscription_id, placeholder("id")), eq(deliveries.status, "pending")))
    .prepare();
  const restart = db
    .update(deliveries)
    .set({
      status: "pending",
      next_attempt_at: sql`${placeholder("at")}`,
      attempts_made: 0,
      leased_until: null,
    })
    .where(eq(deliveries.id, placeholder("id")))
    .prepare();

  function store(
    type: EventType,
    data: object,
    at: string,
    subscriptionIds: string[],
    test: boolean,
  ): string {
    const id = ids.event();
    const event = insertEvent.get({ id, type, at, body: envelope(id, type, at, data, test) });
    let last = "";
    for (const subscription_id of subscriptionIds) {
      last = ids.uuid();
      insertDelivery.run({ id: last, subscription_id, event_seq: event.seq, test, at });
    }
    return last;
  }

  return {
    record(type, data, at) {
      store(
        type,
        data,
        at,
        subscribers.all(type).map(({ id }) => id),
        false,
      );
    },
    recordSample: (subscriptionId, type, data, at) => store(type, data, at, [subscriptionId], true),
    cancelPending: (id) => cancel.run({ id }),
    sendAgain: (id, at) => restart.run({ id, at }),
  };
}
