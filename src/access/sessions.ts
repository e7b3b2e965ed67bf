/**
 * Dashboard sessions: a random token in a cookie, of which only the hash is stored. A session ends when it is revoked,
 * when the password changes, after a week without a request and after 30 days in any case; with the next request, also
 * when another process ended it.
 */
import { desc, eq, getTableColumns, lte, or, sql } from "drizzle-orm";
import { index, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { LIMITS } from "../config.ts";
import { type Clock, isoTime } from "../lib/clock.ts";
import { sha256Hex } from "../lib/json.ts";
import type { Random } from "../lib/random.ts";
import type { Store } from "../store/change.ts";
import { rowColumns } from "../store/columns.ts";
import type { WritableDb } from "../store/database.ts";
import type { Entity } from "../store/entity.ts";
import { prepareQuery } from "../store/query.ts";
import type { Transaction } from "../store/transaction.ts";
import { users } from "./users.ts";

export const sessions = sqliteTable(
  "sessions",
  {
    ...rowColumns(),
    user_id: text()
      .notNull()
      .references(() => users.id),
    token_hash: text().notNull().unique(),
    /** From where it was begun, and with which browser. */
    ip: text(),
    user_agent: text(),
    expires_at: text().notNull(),
    last_seen_at: text().notNull(),
    last_seen_ip: text(),
  },
  (table) => [index("sessions_user").on(table.user_id)],
);
export type Session = typeof sessions.$inferSelect;

const sessionEntity = {
  type: "session",
  table: sessions,
  ignored: ["token_hash", "last_seen_at", "last_seen_ip"],
} satisfies Entity;

const DAY_MS = 86_400_000;
export const TOKEN_BYTES = 32;

export interface Sessions {
  /** Begins a session; the token is for the cookie alone. */
  start(tx: Transaction, userId: string): { session: Session; token: string };
  /** The session of a token, if it still goes on. */
  authenticate(token: string): Session | null;
  /** Notes a request. Written to the database every few seconds, never on the way of a request. */
  seen(session: Session, ip: () => string): void;
  lastSeen(session: Session): { at: string; ip: string | null };
  flushSeen(): Promise<void>;
  /** Those of an account that go on, the newest first. */
  list(userId: string): Session[];
  end(tx: Transaction, session: Session): void;
  endAll(tx: Transaction, userId: string): void;
  /** Removes a bounded number of those that have ended by themselves. */
  removeExpired(db: WritableDb, at: string): void;
}

export function createSessions(store: Store, clock: Clock, random: Random): Sessions {
  const { db } = store;
  const byHash = prepareQuery<Session>(
    db,
    db
      .select()
      .from(sessions)
      .where(eq(sessions.token_hash, sql.placeholder("hash"))),
    getTableColumns(sessions),
  );
  /** What is not written yet. */
  const sightings = new Map<string, { ms: number; at: string; ip: string }>();

  const lastSeen = (session: Session) =>
    sightings.get(session.id) ?? { at: session.last_seen_at, ip: session.last_seen_ip };

  function goesOn(session: Session): boolean {
    const now = clock.now();
    const idleEnd = Date.parse(lastSeen(session).at) + LIMITS.sessionIdleDays * DAY_MS;
    return now < idleEnd && now < Date.parse(session.expires_at);
  }

  const of = (userId: string) =>
    db
      .select()
      .from(sessions)
      .where(eq(sessions.user_id, userId))
      .orderBy(desc(sessions.created_at), desc(sessions.id))
      .all();

  function end(tx: Transaction, session: Session): void {
    sightings.delete(session.id);
    tx.remove(sessionEntity, session);
  }

  return {
    start(tx, userId) {
      const token = Buffer.from(random.bytes(TOKEN_BYTES)).toString("base64url");
      const { ip, user_agent } = tx.actor;
      const row = {
        id: tx.newId(),
        created_at: tx.at,
        updated_at: tx.at,
        user_id: userId,
        token_hash: sha256Hex(token),
        ip,
        user_agent,
        expires_at: isoTime(Date.parse(tx.at) + LIMITS.sessionDays * DAY_MS),
        last_seen_at: tx.at,
        last_seen_ip: ip,
      };
      return { session: { ...row, seq: tx.insert(sessionEntity, row) }, token };
    },
    authenticate(token) {
      const session = byHash.get({ hash: sha256Hex(token) });
      return session && goesOn(session) ? session : null;
    },
    seen(session, ip) {
      const now = clock.now();
      const last = sightings.get(session.id);
      // Once a second is close enough.
      if (last && Math.abs(now - last.ms) < 1_000) return;
      sightings.set(session.id, { ms: now, at: isoTime(now), ip: ip() });
    },
    lastSeen,
    async flushSeen() {
      const fresh = [...sightings];
      if (fresh.length === 0) return;
      await store.housekeep((writer) => {
        for (const [id, { at, ip }] of fresh) {
          writer
            .update(sessions)
            .set({ last_seen_at: at, last_seen_ip: ip })
            .where(eq(sessions.id, id))
            .run();
        }
      });
      for (const [id, sighting] of fresh) {
        if (sightings.get(id) === sighting) sightings.delete(id);
      }
    },
    list: (userId) => of(userId).filter(goesOn),
    end,
    endAll(tx, userId) {
      for (const session of of(userId)) end(tx, session);
    },
    removeExpired(writer, at) {
      const idleSince = isoTime(Date.parse(at) - LIMITS.sessionIdleDays * DAY_MS);
      const old = writer
        .select({ id: sessions.id })
        .from(sessions)
        .where(or(lte(sessions.expires_at, at), lte(sessions.last_seen_at, idleSince)))
        .limit(1_000)
        .all();
      for (const { id } of old) {
        if (!sightings.has(id)) writer.delete(sessions).where(eq(sessions.id, id)).run();
      }
    },
  };
}
