/** Intents: what a caller may want, and what the receptionist does then. */
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { flag, label, prose } from "../contract/fields.ts";
import { rowColumns } from "../store/columns.ts";
import type { Entity } from "../store/entity.ts";
import { define, optional } from "./define.ts";
import { isTrue } from "./filters.ts";

export const intents = sqliteTable(
  "intents",
  {
    ...rowColumns(),
    name: text().notNull(),
    description: text(),
    active: integer({ mode: "boolean" }).notNull(),
  },
  (table) => [
    index("intents_created").on(table.created_at, table.id),
    uniqueIndex("intents_name").on(table.name),
  ],
);

export const intentEntity = { type: "intent", table: intents } satisfies Entity;
export const intentReference = { noun: "intent", entity: intentEntity };

export const intentDefinition = define<typeof intents>({
  noun: "intent",
  plural: "intents",
  schema: "Intent",
  path: "/v1/intents",
  tag: "Intents",
  entity: intentEntity,
  operations: ["list", "get", "create", "update"],
  help: {
    name: "What the caller wants. Must be unique.",
    active: "Whether new calls can be assigned to this intent.",
  },
  fields: {
    name: label({
      doc: "What the caller wants; no two intents have the same name.",
      example: "Reschedule",
    }),
    description: optional(
      prose({
        doc: "What the receptionist does about it.",
        example: "Offer the next three free slots and move the appointment.",
      }),
    ),
    active: flag({ doc: "Whether calls are still sorted under it.", example: true }).default(true),
  },
  filters: { active: isTrue(intents.active, "Only active ones, or only inactive ones.") },
  unique: { "intents.name": "name" },
});
