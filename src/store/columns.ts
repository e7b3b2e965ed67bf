/** Columns that every resource's table has. */
import { integer, text } from "drizzle-orm/sqlite-core";

/** `seq` is the row's place in the file (full-text indexes point at it) and never leaves the server. */
export const rowColumns = () => ({
  seq: integer().primaryKey({ autoIncrement: true }),
  id: text().notNull().unique(),
  created_at: text().notNull(),
  updated_at: text().notNull(),
});
