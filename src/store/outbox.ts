/**
 * The outbox: the transaction of a change also stores its events, with a delivery for each enabled subscription, so that
 * a crash never separates a change from its events.
 */
import { and, eq, sql } from "drizzle-orm";
import type { EventType } from "../contract/event-types.ts";
import type { Ids } from "../lib/ids.ts";
import type { WritableDb } from "./database.ts";
import { deliveries, events } from "./outbox-tables.ts";

/** Used inside a write transaction; `at` is the time of the transaction. */
export interface Outbox {
  /** Stores an event and its deliveries. */
  record(type: EventType, data: object, at: string): void;
  /** Stores a sample event and its one delivery; returns the delivery's id. */
  recordSample(subscriptionId: string, type: EventType, data: object, at: string): string;
  /** Cancels the pending deliveries of a subscription. */
  cancelPending(subscriptionId: string): void;
  /** Begins a new round of attempts. */
  sendAgain(deliveryId: string, at: string): void;
  /** Stores an attempt and ends the lease. A delivery that was cancelled during the attempt stays cancelled. */
  recordAttempt(deliverySeq: number, attempt: AttemptRecord, result: DeliveryResult): void;
}

/** One attempt: when it began, the answer's status and first 4 KiB, or why there was none. */
export interface AttemptRecord {
  at: string;
  statusCode: number | null;
  error: string | null;
  durationMs: number;
  answer: string | null;
}

/** The state of a delivery after an attempt. */
export interface DeliveryResult {
  status: "pending" | "succeeded" | "failed";
  /** When the next attempt is due; null if none is planned. */
  nextAttemptAt: string | null;
  /** Attempts of the current round. */
  attemptsMade: number;
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

export function createOutbox(db: WritableDb, ids: Ids): Outbox {
  const events = prepareEvents(db, ids);
  const changes = prepareDeliveryChanges(db);
  return {
    record: (type, data, at) => {
      events.store(type, data, at, events.subscribersOf(type), false);
    },
    recordSample: (subscriptionId, type, data, at) =>
      events.store(type, data, at, [subscriptionId], true),
    ...changes,
  };
}

function prepareEvents(db: WritableDb, ids: Ids) {
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
  return {
    subscribersOf: (type: EventType) => subscribers.all(type).map(({ id }) => id),
    /** Stores an event and its deliveries; returns the id of the last one. */
    store(
      type: EventType,
      data: object,
      at: string,
      subscriptionIds: string[],
      test: boolean,
    ): string {
      const id = ids.event();
      const event = insertEvent.get({ id, type, at, body: envelope(id, type, at, data, test) });
      let deliveryId = "";
      for (const subscription_id of subscriptionIds) {
        deliveryId = ids.uuid();
        insertDelivery.run({ id: deliveryId, subscription_id, event_seq: event.seq, test, at });
      }
      return deliveryId;
    },
  };
}

function prepareDeliveryChanges(db: WritableDb) {
  const { placeholder } = sql;
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
  const addAttempt = db.$client.prepare(
    `insert into webhook_attempts (delivery_seq, attempt, at, status_code, error, duration_ms, answer)
     select $seq, coalesce(max(attempt), 0) + 1, $at, $statusCode, $error, $durationMs, $answer
     from webhook_attempts where delivery_seq = $seq`,
  );
  const finish = db.$client.prepare(
    `update webhook_deliveries set status = $status, next_attempt_at = $nextAttemptAt,
       attempts_made = $attemptsMade, leased_until = null
     where seq = $seq and status = 'pending'`,
  );
  return {
    cancelPending: (id: string) => cancel.run({ id }),
    sendAgain: (id: string, at: string) => restart.run({ id, at }),
    recordAttempt(seq: number, attempt: AttemptRecord, result: DeliveryResult) {
      const { at, statusCode, error, durationMs, answer } = attempt;
      addAttempt.run({ seq, at, statusCode, error, durationMs, answer });
      finish.run({ seq, ...result });
    },
  };
}
