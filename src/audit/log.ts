/** The audit log as it is read: by filters, as JSON, and checked from its first row to its last. */
import { and, asc, desc, eq, gt, gte, lt, type SQL } from "drizzle-orm";
import { type AuditRow, GENESIS, rowHash } from "../store/audit-chain.ts";
import type { Db } from "../store/database.ts";
import { MEMORY, openSnapshot } from "../store/open.ts";
import { audit, auditHead } from "../store/tables.ts";

/** Which rows: each given filter narrows. Times are ISO 8601 in UTC; `from` is inclusive, `to` exclusive. */
export interface AuditFilter {
  /** The id of the key or user that acted. */
  actorId?: string;
  entityType?: string;
  entityId?: string;
  action?: AuditRow["action"];
  from?: string;
  to?: string;
  /** Rows before this number. */
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

/** The newest rows first. */
export const newestEntries = (db: Db, filter: AuditFilter, limit: number): AuditRow[] =>
  db.select().from(audit).where(conditions(filter)).orderBy(desc(audit.id)).limit(limit).all();

const PAGE = 1_000;

/** All rows, oldest first, a page at a time, so that a long log needs little memory. */
export function* entries(db: Db, filter: AuditFilter = {}): Generator<AuditRow> {
  // From no number on at first: a row forged below 1 is to be seen too.
  for (let from: SQL | undefined; ; ) {
    const page = db
      .select()
      .from(audit)
      .where(and(from, conditions(filter)))
      .orderBy(asc(audit.id))
      .limit(PAGE)
      .all();
    yield* page;
    const last = page.at(-1);
    if (page.length < PAGE || !last) return;
    from = gt(audit.id, last.id);
  }
}

/** A row as JSON: the actor as one object, the changes as an object again. */
export function entryView({
  actor_type,
  actor_id,
  actor_name,
  actor_prefix,
  changes,
  ...row
}: AuditRow) {
  const { id, at, action, entity_type, entity_id, ip, user_agent, request_id, hash } = row;
  return {
    id,
    at,
    actor: { type: actor_type, id: actor_id, name: actor_name, prefix: actor_prefix },
    action,
    entity_type,
    entity_id,
    changes: readChanges(changes),
    ip,
    user_agent,
    request_id,
    hash,
  };
}

/** As the text it is where somebody altered it into what is no JSON: such a row is to be shown, too. */
function readChanges(text: string): Record<string, [unknown, unknown]> | string {
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
 * Walks the chain from its first row and stops at the first that was altered or is missing, the last one included.
 * `head`: a hash noted elsewhere, which has to be that of a row still in the log.
 */
export function verify(db: Db, head?: string): Verdict {
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
 * The same for a server at work: over a connection of its own, which the writers do not wait for, and with a pause after
 * each thousand rows, in which requests are answered.
 */
export async function verifyBeside(db: Db): Promise<Verdict> {
  if (db.$client.filename === MEMORY) return verify(db);
  using snapshot = openSnapshot(db);
  const walk = verifySnapshot(snapshot.db);
  for (;;) {
    const { done, value } = walk.next();
    if (done) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Stops after each page of rows. */
function* verifySnapshot(db: Db, head?: string): Generator<void, Verdict> {
  let previous = GENESIS;
  let rows = 0;
  let headSeen = head === undefined || head === GENESIS;
  const broken = (row: number, problem: string): Verdict => ({ intact: false, row, problem });
  for (const row of entries(db)) {
    if (row.id !== rows + 1) return broken(rows + 1, "is missing");
    if (rowHash(previous, row) !== row.hash)
      return broken(row.id, "was altered, or a row before it was");
    previous = row.hash;
    rows += 1;
    headSeen ||= row.hash === head;
    if (rows % PAGE === 0) yield;
  }
  const kept = db.select().from(auditHead).get();
  if (!kept || kept.id > rows) return broken(rows + 1, "is missing at the end");
  if (kept.id !== rows || kept.hash !== previous)
    return broken(rows, "does not fit the noted head of the log");
  if (!headSeen)
    return broken(
      rows,
      "is the last, and none has the hash given with --head: the log was cut or rewritten",
    );
  return { intact: true, rows, head: previous };
}
