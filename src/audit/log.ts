/** Reads the audit log by filters, converts its rows to JSON, and verifies its chain from the first row to the last. */
import { and, asc, desc, eq, gt, gte, lt, type SQL } from "drizzle-orm";
import {
  type AuditRow,
  GENESIS,
  readAuditHead,
  rowHash,
  unkeyedRowHash,
} from "../store/audit-chain.ts";
import type { Db } from "../store/database.ts";
import { openSnapshot } from "../store/open.ts";
import { findSchemaChanges } from "../store/schema.ts";
import { audit } from "../store/tables.ts";

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
  | {
      intact: true;
      rows: number;
      /** The hash of the newest row. */
      head: string;
      /** The number of rows, the oldest ones, that were written before the log had a key. */
      unkeyed_rows: number;
    }
  /** `row`: where the problem is; null if it is in no row, but in the schema. */
  | { intact: false; row: number | null; problem: string };

/** A head noted outside the database. `id`: the number of the row; null if only the hash was noted. */
export interface NotedHead {
  id: number | null;
  hash: string;
}

/** The form in which people note a head: `18204:9f86d081…`. */
export const formatHead = (id: number, hash: string): string => `${id}:${hash}`;

/** Parses the form of `formatHead`, or a hash alone; null if the text is neither. */
export function parseHead(text: string): NotedHead | null {
  const [, id, hash] = /^(?:(\d{1,15}):)?([0-9a-f]{64})$/.exec(text) ?? [];
  return hash === undefined ? null : { id: id === undefined ? null : Number(id), hash };
}

/** What a verification needs beside the rows. */
export interface VerifyOptions {
  /** The key of the log. */
  auditKey: Uint8Array;
  /** Must belong to a row of the log. */
  head?: NotedHead | undefined;
}

/** Verifies the chain from its first row and stops at the first row that was altered or is missing. */
export function verifyAuditLog(db: Db, options: VerifyOptions): Verdict {
  using snapshot = openSnapshot(db);
  return finish(verifySnapshot(snapshot.db, options));
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
export async function verifyInSteps(db: Db, options: VerifyOptions): Promise<Verdict> {
  using snapshot = openSnapshot(db);
  const walk = verifySnapshot(snapshot.db, options);
  for (;;) {
    const { done, value } = walk.next();
    if (done) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const broken = (row: number | null, problem: string): Verdict => ({ intact: false, row, problem });

/** Yields after each page of rows. */
function* verifySnapshot(db: Db, { auditKey, head }: VerifyOptions): Generator<void, Verdict> {
  const recorded = readAuditHead(db, auditKey);
  const chain = createRowCheck(auditKey);
  let rows = 0;
  let hasNotedHead = head === undefined || isNoted(head, 0, GENESIS);
  for (const row of readEntries(db)) {
    if (row.id !== rows + 1) return broken(rows + 1, "is missing");
    if (!chain.accepts(row)) {
      return broken(
        row.id,
        recorded?.isSigned
          ? "or a row before it was altered"
          : "was altered, or was not written with this secret key: check secret.key and ALLISON_SECRET_KEY",
      );
    }
    rows += 1;
    hasNotedHead ||= isNoted(head!, row.id, row.hash);
    if (rows % PAGE_SIZE === 0) yield;
  }
  const { previous, unkeyedRows } = chain.state();
  if (!recorded || recorded.id > rows) return broken(rows + 1, "is missing at the end of the log");
  if (recorded.id !== rows || recorded.hash !== previous)
    return broken(rows, "does not match the recorded head of the log");
  if (!hasNotedHead)
    return broken(
      rows,
      "is the last row, and no row has the number and hash given with --head: the log was truncated or rewritten",
    );
  if (!recorded.isSigned)
    return broken(
      rows,
      "is the last row, and the recorded head of the log is not signed with this secret key: the log was truncated or rewritten without the key, or secret.key is another one",
    );
  const [change] = findSchemaChanges(db);
  if (change) return broken(null, `the ${change.object} ${change.problem} in the database`);
  return { intact: true, rows, head: previous, unkeyed_rows: unkeyedRows };
}

const isNoted = (head: NotedHead, id: number, hash: string): boolean =>
  head.hash === hash && (head.id === null || head.id === id);

/**
 * Checks one row after the other. Rows before the first keyed one may be unkeyed; whoever forges those cannot make the
 * keyed row that follows, nor the signature of the head.
 */
function createRowCheck(key: Uint8Array) {
  let previous = GENESIS;
  let isKeyed = false;
  let unkeyedRows = 0;
  return {
    accepts(row: AuditRow): boolean {
      if (row.hash === rowHash(key, previous, row)) isKeyed = true;
      else if (!isKeyed && row.hash === unkeyedRowHash(previous, row)) unkeyedRows += 1;
      else return false;
      previous = row.hash;
      return true;
    },
    state: () => ({ previous, unkeyedRows }),
  };
}
