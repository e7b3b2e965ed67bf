/** Reads the audit log by filters, converts its rows to JSON, and verifies its chain from the first row to the last. */
import { and, desc, eq, gt, gte, lt, type SQL, sql } from "drizzle-orm";
import { SQLiteSyncDialect } from "drizzle-orm/sqlite-core";
import { LIMITS } from "../config.ts";
import {
  type AuditRow,
  GENESIS,
  readAuditHead,
  rowHash,
  unkeyedRowHash,
} from "../store/audit-chain.ts";
import type { BackgroundReader, Job } from "../store/background-reader.ts";
import { type Db, oncePerDatabase } from "../store/database.ts";
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

const dialect = new SQLiteSyncDialect();

export interface EntryPage {
  rows: AuditRow[];
  /** The number of the last row, from which the next page goes on; null on the last page. */
  next: number | null;
}

/** Reads the rows after number `after`, the oldest first, up to LIMITS.auditPageBytes. Null starts at the first row. */
export function readEntryPage(db: Db, filter: AuditFilter, after: number | null): EntryPage {
  // The first page has no lower bound, so that it includes a forged row with a number below 1.
  const afterLast = after === null ? undefined : gt(audit.id, after);
  const where = and(afterLast, conditions(filter)) ?? sql`true`;
  // In the order of the rows: with an index, every page would find and sort all rows of the filter.
  const { sql: text, params } = dialect.sqlToQuery(
    sql`select * from audit not indexed where ${where} order by id`,
  );
  const rows: AuditRow[] = [];
  let bytes = 0;
  for (const row of db.$client.query<AuditRow, never[]>(text).iterate(...(params as never[]))) {
    rows.push(row);
    bytes += sizeOf(row);
    if (bytes >= LIMITS.auditPageBytes) return { rows, next: row.id };
  }
  return { rows, next: null };
}

/** The memory that a row takes, about. */
const sizeOf = ({ changes }: AuditRow): number => 400 + changes.length;

/** Reads all rows, the oldest first, a page at a time. */
export function* readEntries(db: Db, filter: AuditFilter = {}): Generator<AuditRow> {
  let after: number | null = null;
  do {
    const { rows, next }: EntryPage = readEntryPage(db, filter, after);
    yield* rows;
    after = next;
  } while (after !== null);
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

/** How far a verification is. It can be copied to another thread. */
interface ChainState {
  /** The rows verified so far, which is also the number of the last one. */
  rows: number;
  /** The hash of the last one. */
  previous: string;
  isKeyed: boolean;
  unkeyedRows: number;
  hasNotedHead: boolean;
}

/** The result of one step: a verdict, or where to go on. `total`: the rows of the log at that time. */
export type VerificationStep =
  | { verdict: Verdict; state?: undefined }
  | { verdict?: undefined; state: ChainState; total: number };

interface StepRequest extends VerifyOptions {
  state: ChainState;
}

const startOf = ({ head }: VerifyOptions): ChainState => ({
  rows: 0,
  previous: GENESIS,
  isKeyed: false,
  unkeyedRows: 0,
  hasNotedHead: head === undefined || isNoted(head, 0, GENESIS),
});

const isNoted = (head: NotedHead, id: number, hash: string): boolean =>
  head.hash === hash && (head.id === null || head.id === id);

/** Verifies the chain from its first row and stops at the first row that was altered or is missing. */
export function verifyAuditLog(db: Db, options: VerifyOptions): Verdict {
  using snapshot = openSnapshot(db);
  for (let state = startOf(options); ; ) {
    const step = verifyPage(snapshot.db, { ...options, state });
    if (step.verdict) return step.verdict;
    state = step.state;
  }
}

/** Verifies the next page of the chain. */
export const verifyJob: Job<StepRequest, VerificationStep> = { name: "verify", run: verifyPage };

/**
 * Verifies the chain while the server runs, page by page, so that no job takes long and no read transaction holds the
 * write-ahead log. The last page is verified together with the head. `onProgress` is called after each page.
 */
export async function verifyInBackground(
  background: BackgroundReader,
  options: VerifyOptions,
  onProgress: (rows: number, total: number) => void,
): Promise<Verdict> {
  for (let state = startOf(options); ; ) {
    const request = { ...options, state };
    const step = await background.run(VERIFIER, verifyJob, request, LIMITS.backgroundMs.report);
    if (step.verdict) return step.verdict;
    state = step.state;
    onProgress(state.rows, step.total);
  }
}

/** The caller of verifications, whoever asked for one, since they share it. */
const VERIFIER = "audit verification";

const prepareWalk = oncePerDatabase(({ $client: sqlite }) => ({
  // One row at a time: with statistics of a nearly empty table, SQLite would search a range from the table's first row.
  find: sqlite.prepare<AuditRow, [number]>("select * from audit where id = ?"),
  ends: sqlite.prepare<Record<"first" | "last", number | null>, []>(
    "select (select min(id) from audit) as first, (select max(id) from audit) as last",
  ),
}));

const broken = (row: number | null, problem: string): Verdict => ({ intact: false, row, problem });

function verifyPage(db: Db, { state, auditKey, head }: StepRequest): VerificationStep {
  const { find, ends } = prepareWalk(db);
  const { first, last } = ends.get()!;
  const total = last ?? 0;
  const chain = { ...state };
  // A forged row may have a number below 1.
  if (first !== null && first < 1) return { verdict: broken(1, "is missing") };
  for (let bytes = 0; chain.rows < total && bytes < LIMITS.auditPageBytes; ) {
    const row = find.get(chain.rows + 1);
    if (row === null) return { verdict: broken(chain.rows + 1, "is missing") };
    if (!acceptRow(chain, auditKey, row))
      return { verdict: broken(row.id, describeAltered(db, auditKey)) };
    chain.hasNotedHead ||= isNoted(head!, row.id, row.hash);
    bytes += sizeOf(row);
  }
  return chain.rows < total ? { state: chain, total } : { verdict: verifyEnd(db, auditKey, chain) };
}

/**
 * Checks the next row. Rows before the first keyed one may be unkeyed; whoever forges those cannot make the keyed row that
 * follows, nor the signature of the head.
 */
function acceptRow(chain: ChainState, key: Uint8Array, row: AuditRow): boolean {
  if (row.hash === rowHash(key, chain.previous, row)) chain.isKeyed = true;
  else if (!chain.isKeyed && row.hash === unkeyedRowHash(chain.previous, row))
    chain.unkeyedRows += 1;
  else return false;
  chain.previous = row.hash;
  chain.rows += 1;
  return true;
}

const describeAltered = (db: Db, key: Uint8Array): string =>
  readAuditHead(db, key)?.isSigned
    ? "or a row before it was altered"
    : "was altered, or was not written with this secret key: check secret.key and ALLISON_SECRET_KEY";

/** Compares the end of the chain with the recorded head. */
function verifyEnd(db: Db, key: Uint8Array, chain: ChainState): Verdict {
  const { rows, previous, unkeyedRows, hasNotedHead } = chain;
  const recorded = readAuditHead(db, key);
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
