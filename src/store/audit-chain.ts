/**
 * The audit chain: each row contains the hash of itself and of the previous row, and the head beside the table has the
 * number and the hash of the newest row. Both use the key of the log, which is not in the database, so that whoever alters
 * the database alone is detected. Rows are appended in the transaction of the change; only `store/transaction.ts` appends.
 */
import type { Database } from "bun:sqlite";
import { eq, getTableColumns, sql } from "drizzle-orm";
import { LIMITS } from "../config.ts";
import { canonicalJson, hmacSha256Hex, sha256Hex } from "../lib/json.ts";
import type { Actor } from "./actor.ts";
import type { Db, WritableDb } from "./database.ts";
import type { GroupParticipant } from "./group-commit.ts";
import { audit, auditHead } from "./tables.ts";

export type AuditRow = typeof audit.$inferSelect;
/** The previous hash of the first row. */
export const GENESIS = "0".repeat(64);

/** What a row's hash covers. `changes` is the stored text, so that verification does not serialize it again. */
const rowText = (previous: string, row: Omit<AuditRow, "hash">): string =>
  JSON.stringify([
    previous,
    row.id,
    row.at,
    row.actor_type,
    row.actor_id,
    row.actor_name,
    row.actor_prefix,
    row.action,
    row.entity_type,
    row.entity_id,
    row.changes,
    row.ip,
    row.user_agent,
    row.request_id,
  ]);

/**
 * A row's hash: HMAC-SHA-256 (RFC 2104) of the JSON array of the previous hash and the row's columns in this order, as
 * lower-case hex.
 */
export const rowHash = (key: Uint8Array, previous: string, row: Omit<AuditRow, "hash">): string =>
  hmacSha256Hex(key, rowText(previous, row));

/** The hash of rows that were written before the log had a key: SHA-256 of the same text. */
export const unkeyedRowHash = (previous: string, row: Omit<AuditRow, "hash">): string =>
  sha256Hex(rowText(previous, row));

/** Number and hash of the newest row; 0 and GENESIS for an empty log. */
export interface AuditHead {
  id: number;
  hash: string;
}

/** The signature of a head. Without it, whoever removes the newest rows could set the head back. */
export const headSignature = (key: Uint8Array, { id, hash }: AuditHead): string =>
  hmacSha256Hex(key, JSON.stringify(["audit head", id, hash]));

/** The recorded head, and whether it is signed with `key`; null if the record is missing. */
export function readAuditHead(db: Db, key: Uint8Array): (AuditHead & { isSigned: boolean }) | null {
  const head = db.select().from(auditHead).get();
  if (!head) return null;
  const { id, hash } = head;
  return { id, hash, isSigned: head.signature === headSignature(key, head) };
}

/** What an audit row shows of an entity: which columns are secret, and which are too long to store twice. */
export interface AuditRules {
  /** Shown as `***`: the row shows that the value changed, never the value. */
  masked?: readonly string[];
  /** Shown as digests of any length, such as a transcript. */
  digested?: readonly string[];
  /** Internal columns that are not part of the entity. */
  ignored?: readonly string[];
}

const BOOKKEEPING = new Set(["seq", "id", "created_at", "updated_at"]);
type Values = Record<string, unknown>;

/** `{field: [old, new]}` of the columns that differ; null when none does. Absent rows count as all null. */
export function changesBetween(
  before: Values | null,
  after: Values | null,
  rules: AuditRules,
): Record<string, [unknown, unknown]> | null {
  const changes: Record<string, [unknown, unknown]> = {};
  let changed = false;
  for (const field of Object.keys(after ?? before ?? {})) {
    if (BOOKKEEPING.has(field) || rules.ignored?.includes(field)) continue;
    const old = before?.[field] ?? null;
    const now = after?.[field] ?? null;
    if (sameValue(old, now)) continue;
    changes[field] = [shown(field, old, rules), shown(field, now, rules)];
    changed = true;
  }
  return changed ? changes : null;
}

function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  return typeof a === "object" && typeof b === "object" && canonicalJson(a) === canonicalJson(b);
}

function shown(field: string, value: unknown, rules: AuditRules): unknown {
  if (value === null) return null;
  if (rules.masked?.includes(field)) return "***";
  return rules.digested?.includes(field) || isLong(value) ? digestOf(value) : value;
}

function isLong(value: unknown): boolean {
  if (typeof value === "string") return value.length > LIMITS.auditValueLength;
  return typeof value === "object" && JSON.stringify(value).length > LIMITS.auditValueLength;
}

/** What the audit log shows of a long value: the SHA-256 of its canonical JSON, and the length of that in bytes. */
export interface ValueDigest {
  sha256: string;
  length: number;
}

function digestOf(value: unknown): ValueDigest {
  const text = canonicalJson(value);
  return { sha256: sha256Hex(text), length: Buffer.byteLength(text) };
}

/** Takes part in each group: reads the head when it opens, since another process may have written, and stores it once. */
export interface AuditChain extends GroupParticipant<AuditHead> {
  append(
    actor: Actor,
    at: string,
    entry: Pick<AuditRow, "action" | "entity_type" | "entity_id" | "changes">,
  ): void;
}

export function createAuditChain(db: WritableDb, key: Uint8Array): AuditChain {
  const columns = Object.keys(getTableColumns(audit));
  const insert = db.$client.prepare<never, [Record<string, string | number | null>]>(
    `insert into audit (${columns.join(", ")}) values (${columns.map((column) => `$${column}`).join(", ")})`,
  );
  const readHead = db.select().from(auditHead).prepare();
  const writeHead = db
    .update(auditHead)
    .set({
      id: sql`${sql.placeholder("id")}`,
      hash: sql`${sql.placeholder("hash")}`,
      signature: sql`${sql.placeholder("signature")}`,
    })
    .where(eq(auditHead.seq, 1))
    .prepare();
  let stored: AuditHead = { id: 0, hash: GENESIS };
  let head = stored;
  let storedSignature: string | null = null;
  return {
    open() {
      const { id, hash, signature } = readHead.get()!;
      stored = { id, hash };
      storedSignature = signature;
      head = stored;
    },
    append(actor, at, entry) {
      const row = {
        id: head.id + 1,
        at,
        actor_type: actor.type,
        actor_id: actor.id,
        actor_name: actor.name,
        actor_prefix: actor.prefix,
        ...entry,
        ip: actor.ip,
        user_agent: actor.user_agent,
        request_id: actor.request_id,
      };
      const hash = rowHash(key, head.hash, row);
      insert.run({ ...row, hash });
      head = { id: row.id, hash };
    },
    mark: () => head,
    restore(mark) {
      head = mark;
    },
    close() {
      if (head === stored) return;
      // A head that somebody else has set keeps its wrong signature: a new one would hide that rows were removed.
      const isSigned = storedSignature === headSignature(key, stored);
      writeHead.run({ ...head, signature: isSigned ? headSignature(key, head) : storedSignature });
      stored = head;
    },
  };
}

/** The audit row of the change from SHA-256 to the key, in the form of the schema that `keyAuditLog` meets. */
const KEYED_ROW = {
  actor_type: "system",
  actor_id: null,
  actor_name: "update",
  actor_prefix: null,
  action: "updated",
  entity_type: "audit_log",
  entity_id: "audit_log",
  changes: '{"hash_algorithm":["sha256","hmac-sha256"]}',
  ip: null,
  user_agent: null,
  request_id: null,
} as const;

/**
 * Signs the head for the first time. If the log has rows, it first appends a keyed row, which covers the hash of the last
 * unkeyed one. Only the migration calls it: later, an unkeyed log or head is a forged one. A head that does not match the
 * last row remains unsigned, so that verification reports it, and so does a log with rows unless `mayHaveUnkeyedRows`.
 */
export function keyAuditLog(
  sqlite: Database,
  options: { auditKey: Uint8Array; mayHaveUnkeyedRows?: boolean; at: string },
): void {
  const { auditKey: key, mayHaveUnkeyedRows = true, at } = options;
  const head = sqlite.query<AuditHead, []>("select id, hash from audit_head").get();
  const last = sqlite
    .query<AuditHead, []>("select id, hash from audit order by id desc limit 1")
    .get() ?? { id: 0, hash: GENESIS };
  if (head?.id !== last.id || head.hash !== last.hash) return;
  if (last.id > 0 && !mayHaveUnkeyedRows) return;
  let signed = last;
  if (last.id > 0) {
    const row = { id: last.id + 1, at, ...KEYED_ROW };
    signed = { id: row.id, hash: rowHash(key, last.hash, row) };
    const values = { ...row, hash: signed.hash };
    const columns = Object.keys(values);
    sqlite
      .prepare(
        `insert into audit (${columns.join(", ")}) values (${columns.map((name) => `$${name}`).join(", ")})`,
      )
      .run(values);
  }
  sqlite
    .prepare("update audit_head set id = ?, hash = ?, signature = ?")
    .run(signed.id, signed.hash, headSignature(key, signed));
}
