/** Reads the audit log by filters, converts its rows to JSON, and verifies its chain from the first row to the last. */
import { and, asc, desc, eq, gt, gte, lt, type SQL } from "drizzle-orm";
import { type AuditRow, GENESIS, rowHash } from "../store/audit-chain.ts";
import type { Db } from "../store/database.ts";
import { MEMORY, openSnapshot } from "../store/open.ts";
import { audit, auditHead } from "../store/tables.ts";

/** A row must match every filter that is set. Times are ISO 8601 in UTC; `from` is inclusive, `to` exclusive. */
export interface AuditFilter {
  /** The id of the key or user that acted. */
  actorId?: string;
  entityType?: string;
  entityId?: string;
  action?: AuditRow["action"];
  from?: string;
  to?: string;
  /** Only rows with a lower number. */
  before?: number;
}

const conditions = (filter: AuditFilter): SQL | undefined =>
  and(
    filter.actorId === undefined ? undefined : eq(audit.actor_id, filter.actorId),
    filter.entityType === undefined ? undefined : eq(audit.entity_type, filter.entityType),
    filter.entityId === undefined ? undefined : eq(audit.entity_id, filter.entityId),
    filter.action === undefined ? undefined : eq(audit.action, filter.action),
    filter.from === undefined ? undefined : gte(audit.at, filter.from),
    filter.to === undefined ? undefined : lt(audit.at, filter.to),
    filter.before === undefined ? undefined : lt(audit.id, filter.before),
  );

/** Returns up to `limit` rows, the newest first. */
export const listNewestEntries = (db: Db, filter: AuditFilter, limit: number): AuditRow[] =>
  db.select().from(audit).where(conditions(filter)).orderBy(desc(audit.id)).limit(limit).all();

const PAGE_SIZE = 1_000;

/** Reads all rows, the oldest first. It reads a page at a time, so that a long log needs little memory. */
export function* readEntries(db: Db, filter: AuditFilter = {}): Generator<AuditRow> {
  // The first page has no lower bound, so that it includes a forged row with a number below 1.
  for (let afterLast: SQL | undefined; ; ) {
    const page = db
      .select()
      .from(audit)
      .where(and(afterLast, conditions(filter)))
      .orderBy(asc(audit.id))
      .limit(PAGE_SIZE)
      .all();
    yield* page;
    const last = page.at(-1);
    if (page.length < PAGE_SIZE || !last) return;
    afterLast = gt(audit.id, last.id);
  }
}

/** Converts a row to JSON, with the actor as one object and the changes as another. */
export function entryView(row: AuditRow) {
  return {
    id: row.id,
    at: row.at,
    actor: {
      type: row.actor_type,
      id: row.actor_id,
      name: row.actor_name,
      prefix: row.actor_prefix,
    },
    action: row.action,
    entity_type: row.entity_type,
    entity_id: row.entity_id,
    changes: parseChanges(row.changes),
    ip: row.ip,
    user_agent: row.user_agent,
    request_id: row.request_id,
    hash: row.hash,
  };
}

/** Returns the text itself where it was altered into invalid JSON, so that such a row can be shown too. */
function parseChanges(text: string): Record<string, [unknown, unknown]> | string {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

export type Verdict =
  | { intact: true; rows: number; head: string }
  | { intact: false; row: number; problem: string };

/**
 * Verifies the chain from its first row and stops at the first row that was altered or is missing.
 * `head`: a hash recorded outside the database, which must belong to a row of the log.
 */
export function verifyAuditLog(db: Db, head?: string): Verdict {
  // A database in memory has no second connection, and nobody writes to it during a synchronous walk.
  if (db.$client.filename === MEMORY) return finish(verifySnapshot(db, head));
  using snapshot = openSnapshot(db);
  return finish(verifySnapshot(snapshot.db, head));
}

function finish(walk: Generator<void, Verdict>): Verdict {
  for (;;) {
    const { done, value } = walk.next();
    if (done) return value;
  }
}

/**
 * Verifies the chain while the server runs. It uses its own connection, so that writers do not wait, and pauses after each
 * page of rows, so that requests are served.
 */
export async function verifyInSteps(db: Db): Promise<Verdict> {
  if (db.$client.filename === MEMORY) return verifyAuditLog(db);
  using snapshot = openSnapshot(db);
  const walk = verifySnapshot(snapshot.db);
  for (;;) {
    const { done, value } = walk.next();
    if (done) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Yields after each page of rows. */
function* verifySnapshot(db: Db, head?: string): Generator<void, Verdict> {
  let previous = GENESIS;
  let rows = 0;
  let hasHead = head === undefined || head === GENESIS;
  const broken = (row: number, problem: string): Verdict => ({ intact: false, row, problem });
  for (const row of readEntries(db)) {
    if (row.id !== rows + 1) return broken(rows + 1, "is missing");
    if (rowHash(previous, row) !== row.hash)
      return broken(row.id, "or a row before it was altered");
    previous = row.hash;
    rows += 1;
    hasHead ||= row.hash === head;
    if (rows % PAGE_SIZE === 0) yield;
  }
  const recorded = db.select().from(auditHead).get();
  if (!recorded || recorded.id > rows) return broken(rows + 1, "is missing at the end of the log");
  if (recorded.id !== rows || recorded.hash !== previous)
    return broken(rows, "does not match the recorded head of the log");
  if (!hasHead)
    return broken(
      rows,
      "is the last row, and no row has the hash given with --head: the log was truncated or rewritten",
    );
  return { intact: true, rows, head: previous };
}
