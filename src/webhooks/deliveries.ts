/** The history of deliveries: those sent and those still pending, with their attempts. */
import { and, eq, sql } from "drizzle-orm";
import type { Db } from "../store/database.ts";
import { oncePerDatabase } from "../store/database.ts";
import { attempts, deliveries, events } from "../store/outbox-tables.ts";

/** Selects deliveries of a subscription, newest first, optionally by status or event type. */
export interface DeliveryFilter {
  subscription: string;
  status: string | null;
  event: string | null;
  /** Only deliveries that sort after this time and id; `newest` and "" for the first page. */
  sort: string;
  last: string;
  limit: number;
}

export type DeliveryRow = NonNullable<
  ReturnType<ReturnType<typeof prepareHistoryQueries>["byId"]["get"]>
>;

export type DeliveryHistory = ReturnType<typeof createDeliveryHistory>;

export function createDeliveryHistory(db: Db) {
  const queries = historyQueries(db);
  return {
    page: (filter: DeliveryFilter): DeliveryRow[] => queries.page.all({ ...filter }),
    /** Where the newest page starts: sorts after every time. */
    newest: "~",
    find: (id: string): DeliveryRow | null => queries.byId.get({ id }) ?? null,
    /** The delivery with its attempts, as a client sees it. */
    view(row: DeliveryRow) {
      const { seq, subscription_id: _, created_at, next_attempt_at, ...shown } = row;
      const made = queries.attempts.all({ seq });
      return { ...shown, created_at, attempts: made, next_attempt_at };
    },
  };
}

const historyQueries = oncePerDatabase(prepareHistoryQueries);

function prepareHistoryQueries(db: Db) {
  const { placeholder } = sql;
  const columns = {
    seq: deliveries.seq,
    id: deliveries.id,
    subscription_id: deliveries.subscription_id,
    event_id: events.id,
    event_type: events.type,
    status: deliveries.status,
    test: deliveries.test,
    created_at: deliveries.created_at,
    next_attempt_at: deliveries.next_attempt_at,
  };
  const selectJoined = () =>
    db.select(columns).from(deliveries).innerJoin(events, eq(events.seq, deliveries.event_seq));
  return {
    page: selectJoined()
      .where(
        and(
          eq(deliveries.subscription_id, placeholder("subscription")),
          sql`(${placeholder("status")} is null or ${deliveries.status} = ${placeholder("status")})`,
          sql`(${placeholder("event")} is null or ${events.type} = ${placeholder("event")})`,
          sql`(${deliveries.created_at}, ${deliveries.id}) < (${placeholder("sort")}, ${placeholder("last")})`,
        ),
      )
      .orderBy(sql`${deliveries.created_at} desc`, sql`${deliveries.id} desc`)
      .limit(placeholder("limit"))
      .prepare(),
    byId: selectJoined()
      .where(eq(deliveries.id, placeholder("id")))
      .prepare(),
    attempts: db
      .select({
        attempt: attempts.attempt,
        at: attempts.at,
        status_code: attempts.status_code,
        error: attempts.error,
        duration_ms: attempts.duration_ms,
      })
      .from(attempts)
      .where(eq(attempts.delivery_seq, placeholder("seq")))
      .orderBy(attempts.attempt)
      .prepare(),
  };
}
