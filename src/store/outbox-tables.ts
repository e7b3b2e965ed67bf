/** Events, and one delivery per event and subscription. */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { EventType } from "../contract/event-types.ts";

/** The call that an event is about; null for an event that names none. */
export const CALL_OF_EVENT = "body ->> '$.data.call_id'";

export const events = sqliteTable(
  "events",
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    /** `evt_` + 32 hex; the same for every subscription and every attempt. */
    id: text().notNull().unique(),
    type: text().$type<EventType>().notNull(),
    created_at: text().notNull(),
    /** The delivery's body, byte for byte. */
    body: text().notNull(),
  },
  (table) => [
    index("events_created").on(table.created_at),
    index("events_call").on(sql.raw(CALL_OF_EVENT) as never),
  ],
);

export const DELIVERY_STATUSES = ["pending", "succeeded", "failed", "cancelled"] as const;

export const deliveries = sqliteTable(
  "webhook_deliveries",
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    id: text().notNull().unique(),
    subscription_id: text().notNull(),
    event_seq: integer()
      .notNull()
      .references(() => events.seq),
    status: text({ enum: DELIVERY_STATUSES }).notNull(),
    /** A sample sent by `/test`: sent once, without effect on the subscription's health. */
    test: integer({ mode: "boolean" }).notNull(),
    created_at: text().notNull(),
    /** When the next attempt is due; null once the delivery succeeded, failed or was cancelled. */
    next_attempt_at: text(),
    /** Attempts of the current round; a retry starts a new round and keeps the history. */
    attempts_made: integer().notNull().default(0),
    /** Until when a dispatcher has claimed the delivery; it may be claimed again after an expired lease. */
    leased_until: text(),
  },
  (table) => [
    // Pending deliveries only: those due for a subscription, and the next due time of all.
    index("webhook_deliveries_due")
      .on(table.subscription_id, table.next_attempt_at, table.seq)
      .where(sql`status = 'pending'`),
    index("webhook_deliveries_next").on(table.next_attempt_at).where(sql`status = 'pending'`),
    index("webhook_deliveries_created").on(table.created_at),
    index("webhook_deliveries_subscription").on(table.subscription_id, table.created_at, table.id),
    index("webhook_deliveries_event").on(table.event_seq),
    index("webhook_deliveries_failed")
      .on(table.subscription_id, table.seq)
      .where(sql`status = 'failed'`),
  ],
);

export const attempts = sqliteTable(
  "webhook_attempts",
  {
    seq: integer().primaryKey({ autoIncrement: true }),
    delivery_seq: integer()
      .notNull()
      .references(() => deliveries.seq, { onDelete: "cascade" }),
    attempt: integer().notNull(),
    at: text().notNull(),
    status_code: integer(),
    error: text(),
    duration_ms: integer().notNull(),
    /** The first 4 KiB of the response. */
    answer: text(),
  },
  (table) => [uniqueIndex("webhook_attempts_delivery").on(table.delivery_seq, table.attempt)],
);
