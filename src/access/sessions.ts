/**
 * Dashboard sessions: a random token in a cookie, of which only the hash is stored. A session ends when it is revoked,
 * when the password changes, after a week without a request, and after 30 days at the latest. A session that another
 * process ended is refused from the next request on.
 */
import { desc, eq, getTableColumns, lte, or, sql } from "drizzle-orm";
import { index, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { LIMITS } from "../config.ts";
import { type Clock, isoTime } from "../lib/clock.ts";
import { sha256Hex } from "../lib/json.ts";
import type { Random } from "../lib/random.ts";
import type { Store } from "../store/change.ts";
import { rowColumns } from "../store/columns.ts";
import type { Db, WritableDb } from "../store/database.ts";
import type { Entity } from "../store/entity.ts";
import { prepareQuery } from "../store/query.ts";
import type { Transaction } from "../store/transaction.ts";
import { AccessError } from "./errors.ts";
import { createLastUses } from "./last-uses.ts";
import { users } from "./users.ts";

export const sessions = sqliteTable(
  "sessions",
  {
    ...rowColumns(),
    user_id: text()
      .notNull()
      .references(() => users.id),
    token_hash: text().notNull().unique(),
    /** The address and the browser that started it. */
    ip: text(),
    user_agent: text(),
    expires_at: text().notNull(),
    last_seen_at: text().notNull(),
    last_seen_ip: text(),
  },
  (table) => [index("sessions_user").on(table.user_id)],
);
export type Session = typeof sessions.$inferSelect;

export const sessionEntity = {
  type: "session",
  table: sessions,
  ignored: ["token_hash", "last_seen_at", "last_seen_ip"],
} satisfies Entity;

const DAY_MS = 86_400_000;
export const TOKEN_BYTES = 32;

export interface Sessions {
  /** Starts a session, and ends the oldest at the limit. The token is for the cookie only. */
  start(tx: Transaction, userId: string): { session: Session; token: string };
  /** The session of a token, if it has not expired. */
  authenticate(token: string): Session | null;
  /** Throws `credential_ended` if the session has ended or expired. Reads the database, for transactions. */
  requireActive(session: Session): void;
  /** Records a request. Written to the database every few seconds, never during a request. */
  recordUse(session: Session, ip: () => string): void;
  lastUse(session: Session): { at: string; ip: string | null };
  flushUses(): Promise<void>;
  /** The active sessions of an account, newest first. */
  list(userId: string): Session[];
  end(tx: Transaction, session: Session): void;
  endAll(tx: Transaction, userId: string): void;
  /** Deletes a bounded number of expired sessions. */
  removeExpired(writer: WritableDb, at: string): void;
}

export function createSessions(store: Store, clock: Clock, random: Random): Sessions {
  const { byHash, allOf } = prepareSessionQueries(store.db);
  const uses = createLastUses(store, clock, (writer, id, { at, ip }) => {
    writer
      .update(sessions)
      .set({ last_seen_at: at, last_seen_ip: ip })
      .where(eq(sessions.id, id))
      .run();
  });

  const lastUse = (session: Session) =>
    uses.find(session.id) ?? { at: session.last_seen_at, ip: session.last_seen_ip };

  function isActive(session: Session): boolean {
    const now = clock.now();
    const idleEnd = Date.parse(lastUse(session).at) + LIMITS.sessionIdleDays * DAY_MS;
    return now < idleEnd && now < Date.parse(session.expires_at);
  }

  function end(tx: Transaction, session: Session): void {
    uses.forget(session.id);
    tx.remove(sessionEntity, session);
  }

  return {
    start(tx, userId) {
      for (const session of allOf(userId).slice(LIMITS.sessionsPerAccount - 1)) end(tx, session);
      return insertSession(tx, random, userId);
    },
    authenticate(token) {
      const session = byHash.get({ hash: sha256Hex(token) });
      return session && isActive(session) ? session : null;
    },
    requireActive({ token_hash }) {
      const session = byHash.get({ hash: token_hash });
      if (!session || !isActive(session))
        throw new AccessError({ kind: "credential_ended", credential: "session" });
    },
    recordUse: (session, ip) => uses.record(session.id, ip),
    lastUse,
    flushUses: uses.flush,
    list: (userId) => allOf(userId).filter(isActive),
    end,
    endAll(tx, userId) {
      for (const session of allOf(userId)) end(tx, session);
    },
    removeExpired(writer, at) {
      for (const id of expiredIds(writer, at)) {
        const isInUse = uses.find(id) !== undefined;
        if (!isInUse) writer.delete(sessions).where(eq(sessions.id, id)).run();
      }
    },
  };
}

function prepareSessionQueries(db: Db) {
  const byHash = prepareQuery<Session>(
    db,
    db
      .select()
      .from(sessions)
      .where(eq(sessions.token_hash, sql.placeholder("hash"))),
    getTableColumns(sessions),
  );
  const allOf = (userId: string): Session[] =>
    db
      .select()
      .from(sessions)
      .where(eq(sessions.user_id, userId))
      .orderBy(desc(sessions.created_at), desc(sessions.id))
      .all();
  return { byHash, allOf };
}

function insertSession(tx: Transaction, random: Random, userId: string) {
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
}

/** At most 1,000 sessions that have expired, or that were idle too long as far as the database knows. */
function expiredIds(db: Db, at: string): string[] {
  const idleSince = isoTime(Date.parse(at) - LIMITS.sessionIdleDays * DAY_MS);
  return db
    .select({ id: sessions.id })
    .from(sessions)
    .where(or(lte(sessions.expires_at, at), lte(sessions.last_seen_at, idleSince)))
    .limit(1_000)
    .all()
    .map(({ id }) => id);
}
