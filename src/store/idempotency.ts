/** The stored answers of requests with an `Idempotency-Key`; `http/idempotency.ts` says what they mean. */
import { and, eq, lt, sql } from "drizzle-orm";
import { LIMITS } from "../config.ts";
import { isoTime } from "../lib/clock.ts";
import type { WritableDb } from "./database.ts";
import { idempotency } from "./tables.ts";

/** Which request of which key: the API key's id, the path, and the client's Idempotency-Key. */
export interface RequestName {
  apiKeyId: string;
  path: string;
  key: string;
}

export type IdempotencyRecord = typeof idempotency.$inferSelect;

/** Used inside the transaction of the write. */
export interface IdempotencyRecords {
  /** The record of a request; an expired one is removed and counts as none. `at`: the time of the change. */
  find(name: RequestName, at: string): IdempotencyRecord | null;
  insert(record: IdempotencyRecord): void;
}

const REMOVED_AT_ONCE = 1_000;

const expiryAt = (at: string) => isoTime(Date.parse(at) - LIMITS.idempotencyHours * 3_600_000);

export function createIdempotencyRecords(db: WritableDb): IdempotencyRecords {
  const { placeholder } = sql;
  const isNamed = and(
    eq(idempotency.api_key_id, placeholder("apiKeyId")),
    eq(idempotency.path, placeholder("path")),
    eq(idempotency.key, placeholder("key")),
  );
  const select = db.select().from(idempotency).where(isNamed).prepare();
  const remove = db.delete(idempotency).where(isNamed).prepare();
  const insert = db
    .insert(idempotency)
    .values({
      api_key_id: placeholder("api_key_id"),
      path: placeholder("path"),
      key: placeholder("key"),
      body_hash: placeholder("body_hash"),
      status: placeholder("status"),
      location: placeholder("location"),
      etag: placeholder("etag"),
      answer: placeholder("answer"),
      created_at: placeholder("created_at"),
    })
    .prepare();
  return {
    find(name, at) {
      const record = select.get({ ...name });
      if (!record) return null;
      if (record.created_at > expiryAt(at)) return record;
      remove.run({ ...name });
      return null;
    },
    insert(record) {
      insert.run(record);
    },
  };
}

/** The part of the store that writes internal records. */
interface Housekeeper {
  housekeep<T>(work: (db: WritableDb, at: string) => T): Promise<T>;
}

/**
 * Removes every record that is expired, a bounded number in each transaction, so that other writes take turns with it and
 * the records never grow faster than they are removed.
 */
export async function removeAllExpiredIdempotency(store: Housekeeper): Promise<void> {
  let removed = REMOVED_AT_ONCE;
  while (removed === REMOVED_AT_ONCE) removed = await store.housekeep(removeExpiredIdempotency);
}

/** Removes a bounded number of expired records; returns how many. */
export function removeExpiredIdempotency(db: WritableDb, at: string): number {
  const expired = db
    .select({ rowid: sql`rowid` })
    .from(idempotency)
    .where(lt(idempotency.created_at, expiryAt(at)))
    .limit(REMOVED_AT_ONCE);
  return db
    .delete(idempotency)
    .where(sql`rowid in ${expired}`)
    .returning({ key: idempotency.key })
    .all().length;
}
