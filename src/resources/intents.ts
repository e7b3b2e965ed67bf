/** Intents: reasons for a call, and what the receptionist does about each. */
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

export const intentDefinition = define<typeof intents>({
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
      doc: "Name of the intent. Unique.",
      example: "Reschedule",
    }),
    description: optional(
      prose({
        doc: "What the receptionist does for this intent.",
        example: "Offer the next three free slots and move the appointment.",
      }),
    ),
    active: flag({
      doc: "Whether the receptionist assigns calls to this intent.",
      example: true,
    }).default(true),
  },
  filters: {
    active: isTrue(
      intents.active,
      "`true`: return only active intents. `false`: return only inactive intents.",
    ),
  },
  unique: { "intents.name": "name" },
});
