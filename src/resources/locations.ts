/** Locations: where the business is. Exactly one is the default. */
import { sql } from "drizzle-orm";
import {
  index,
  integer,
  type SQLiteColumn,
  sqliteTable,
  text,
  uniqueIndex,
} from "drizzle-orm/sqlite-core";
import { EXAMPLE_IDS } from "../contract/example.ts";
import {
  flag,
  label,
  phoneNumber,
  reference,
  timeZone,
  type WeeklyHours,
  weeklyHours,
} from "../contract/fields.ts";
import { invalid } from "../http/errors.ts";
import { rowColumns } from "../store/columns.ts";
import type { Entity } from "../store/entity.ts";
import { define, optional } from "./define.ts";
import { equals } from "./filters.ts";

export const locations = sqliteTable(
  "locations",
  {
    ...rowColumns(),
    name: text().notNull(),
    address: text(),
    city: text(),
    state: text(),
    zip: text(),
    country: text(),
    timezone: text().notNull(),
    phone_number: text(),
    hours: text({ mode: "json" }).$type<WeeklyHours>(),
    is_default: integer({ mode: "boolean" }).notNull(),
  },
  (table) => [
    index("locations_created").on(table.created_at, table.id),
    uniqueIndex("locations_name").on(table.name),
    uniqueIndex("locations_one_default").on(table.is_default).where(sql`is_default = 1`),
  ],
);

export const locationEntity = { type: "location", table: locations } satisfies Entity;

/** In these words, so that the index of just this row is used. */
export const isDefault = sql`is_default = 1`;

/** For the other resources' `location_id`. */
export const locationReference = { noun: "location", entity: locationEntity };
export const locationId = (doc: string) =>
  optional(reference({ doc, example: EXAMPLE_IDS.location }));
export const locationFilter = (column: SQLiteColumn) =>
  equals(
    column,
    reference({ doc: "Return only results for this location.", example: EXAMPLE_IDS.location }),
  );

export const locationDefinition = define<typeof locations>({
  noun: "location",
  plural: "locations",
  schema: "Location",
  path: "/v1/locations",
  tag: "Locations",
  entity: locationEntity,
  operations: ["list", "get", "create", "update"],
  help: {
    name: "Must be unique.",
    timezone: "Used for the opening hours.",
    phone_number: "The number that callers dial. Calls to it belong to this location.",
  },
  fields: {
    name: label({
      doc: "What the location is called; no two have the same name.",
      example: "Downtown",
    }),
    address: optional(label({ doc: "Street and number.", example: "12 Market Street" })),
    city: optional(label({ doc: "City.", example: "Springfield" })),
    state: optional(label({ doc: "State or region.", example: "IL" })),
    zip: optional(label({ doc: "Postal code.", example: "62701" }, 20)),
    country: optional(label({ doc: "Country.", example: "US" })),
    timezone: timeZone({
      doc: "IANA time zone in which the hours are meant.",
      example: "America/Chicago",
    }).default("UTC"),
    phone_number: optional(
      phoneNumber({
        doc: "The number callers dial; a call to it belongs to this location.",
        example: "+15550100100",
      }),
    ),
    hours: optional(weeklyHours("Opening hours, in the location's own time.")),
    is_default: flag({
      doc: "The location a call belongs to where nothing else is known. Exactly one is; the first one made is at first, and setting another moves it.",
      example: true,
    }).default(false),
  },
  unique: { "locations.name": "name" },
  rules: {
    create(tx, row) {
      const current = tx.db.select().from(locations).where(isDefault).get();
      if (!current) return { ...row, is_default: true };
      if (row.is_default) tx.update(locationEntity, current, { is_default: false });
      return row;
    },
    update(tx, before, changes) {
      if (changes.is_default === false && before.is_default) {
        throw invalid({
          is_default: "cannot be unset; set it on another location and it moves there",
        });
      }
      if (changes.is_default && !before.is_default) {
        const current = tx.db.select().from(locations).where(isDefault).get();
        if (current) tx.update(locationEntity, current, { is_default: false });
      }
      return changes;
    },
  },
});
