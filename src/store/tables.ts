/** The tables that belong to no resource: audit log and idempotency records. */
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Actor } from "./actor.ts";

export const audit = sqliteTable(
  "audit",
  {
    /** Gap-free; set by the writer, not by the database. */
    id: integer().primaryKey(),
    at: text().notNull(),
    actor_type: text().$type<Actor["type"]>().notNull(),
    actor_id: text(),
    actor_name: text(),
    actor_prefix: text(),
    action: text().$type<"created" | "updated" | "deleted">().notNull(),
    entity_type: text().notNull(),
    entity_id: text().notNull(),
    /** JSON text `{field: [old, new]}`, exactly as it was hashed. */
    changes: text().notNull(),
    ip: text(),
    user_agent: text(),
    request_id: text(),
    hash: text().notNull(),
  },
  (table) => [
    index("audit_entity").on(table.entity_type, table.entity_id),
    index("audit_actor").on(table.actor_id),
    index("audit_at").on(table.at),
  ],
);

/** Number and hash of the newest audit row, stored separately so that a truncated table is detected. */
export const auditHead = sqliteTable("audit_head", {
  seq: integer().primaryKey(),
  id: integer().notNull(),
  hash: text().notNull(),
  /** Made with the key of the log; null or wrong where somebody without the key has set the head. */
  signature: text(),
});

export const idempotency = sqliteTable(
  "idempotency",
  {
    api_key_id: text().notNull(),
    path: text().notNull(),
    key: text().notNull(),
    body_hash: text().notNull(),
    status: integer().notNull(),
    location: text(),
    etag: text(),
    /** The response body, encrypted by the vault because it may contain a webhook secret. */
    answer: text(),
    created_at: text().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.api_key_id, table.path, table.key] }),
    index("idempotency_created").on(table.created_at),
  ],
);
