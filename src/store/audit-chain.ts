/**
 * The audit chain: each row contains the hash of the previous row, so that an altered or missing row is detected. Rows are
 * appended in the transaction of the change; only `store/transaction.ts` appends.
 */
import { eq, getTableColumns, sql } from "drizzle-orm";
import { canonicalJson, sha256Hex } from "../lib/json.ts";
import type { Actor } from "./actor.ts";
import type { WritableDb } from "./database.ts";
import type { GroupParticipant } from "./group-commit.ts";
import { audit, auditHead } from "./tables.ts";

export type AuditRow = typeof audit.$inferSelect;
/** The previous hash of the first row. */
export const GENESIS = "0".repeat(64);

/**
 * A row's hash: SHA-256 of the JSON array of the previous hash and the row's columns in this order. `changes` is hashed as
 * the stored text, so that verification does not serialize it again.
 */
export function rowHash(previous: string, row: Omit<AuditRow, "hash">): string {
  return sha256Hex(
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
    ]),
  );
}

/** What an audit row shows of an entity: which columns are secret, and which are too long to store twice. */
export interface AuditRules {
  /** Shown as `***`: the row shows that the value changed, never the value. */
  masked?: readonly string[];
  /** Shown as length and SHA-256 of their JSON, such as a transcript. */
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
  if (rules.digested?.includes(field)) {
    const text = JSON.stringify(value);
    return { characters: text.length, sha256: sha256Hex(text) };
  }
  return value;
}

/** Takes part in each group: reads the head when it opens, since another process may have written, and stores it once. */
export interface AuditChain extends GroupParticipant<Head> {
  append(
    actor: Actor,
    at: string,
    entry: Pick<AuditRow, "action" | "entity_type" | "entity_id" | "changes">,
  ): void;
}
type Head = { id: number; hash: string };

export function createAuditChain(db: WritableDb): AuditChain {
  const columns = Object.keys(getTableColumns(audit));
  const insert = db.$client.prepare<never, [Record<string, string | number | null>]>(
    `insert into audit (${columns.join(", ")}) values (${columns.map((column) => `$${column}`).join(", ")})`,
  );
  const readHead = db.select().from(auditHead).prepare();
  const writeHead = db
    .update(auditHead)
    .set({ id: sql`${sql.placeholder("id")}`, hash: sql`${sql.placeholder("hash")}` })
    .where(eq(auditHead.seq, 1))
    .prepare();
  let stored: Head = { id: 0, hash: GENESIS };
  let head = stored;
  return {
    open() {
      const row = readHead.get()!;
      stored = { id: row.id, hash: row.hash };
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
      const hash = rowHash(head.hash, row);
      insert.run({ ...row, hash });
      head = { id: row.id, hash };
    },
    mark: () => head,
    restore(mark) {
      head = mark;
    },
    close() {
      if (head !== stored) writeHead.run(head);
      stored = head;
    },
  };
}
