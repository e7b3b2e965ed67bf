/** What the write path knows of a table whose rows are objects of the product. */
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { EntityType } from "../contract/entities.ts";
import type { AuditRules } from "./audit-chain.ts";
import type { SearchRules } from "./search.ts";

/** A table, what the audit log calls and shows of its rows, and how they are found by words. */
export interface Entity<Table extends SQLiteTable = SQLiteTable> extends AuditRules {
  type: EntityType;
  table: Table;
  search?: SearchRules;
  /**
   * Fields stored in a table of their own, keyed by the row's `seq`, so that lists do not read them. Passed with the
   * row's own fields (in an update: in `before` too), they are stored and audited with the row.
   */
  sideTables?: Record<string, SideTable>;
}

/** `seq` and `value` are the names of its two columns. */
export interface SideTable {
  table: SQLiteTable;
  seq: string;
  value: string;
}

export type RowOf<E extends Entity> = E["table"]["$inferSelect"];
export type NewRowOf<E extends Entity> = Omit<RowOf<E>, "seq">;
