/** Locations of the business. Exactly one is the default. */
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

/** Must equal the condition of the partial index `locations_one_default`. */
export const isDefault = sql`is_default = 1`;

/** The field `location_id` of other resources. */
export const locationId = (doc: string) =>
  optional(reference({ doc, example: EXAMPLE_IDS.location }));
export const locationFilter = (column: SQLiteColumn) =>
  equals(
    column,
    reference({ doc: "Return only results for this location.", example: EXAMPLE_IDS.location }),
  );

export const locationDefinition = define<typeof locations>({
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
      doc: "Name of the location. Unique.",
      example: "Downtown",
    }),
    address: optional(label({ doc: "Street address.", example: "12 Market Street" })),
    city: optional(label({ doc: "City.", example: "Springfield" })),
    state: optional(label({ doc: "State or region.", example: "IL" })),
    zip: optional(label({ doc: "Postal code.", example: "62701" }, 20)),
    country: optional(label({ doc: "Country.", example: "US" })),
    timezone: timeZone({
      doc: "IANA time zone of the opening hours.",
      example: "America/Chicago",
    }).default("UTC"),
    phone_number: optional(
      phoneNumber({
        doc: "Phone number that callers dial. Calls to it are assigned to this location.",
        example: "+15550100100",
      }),
    ),
    hours: optional(weeklyHours, "Opening hours, in the time zone of the location."),
    is_default: flag({
      doc: "Whether calls that match no other location are assigned to this one. Exactly one location is the default, initially the first. Setting another as default replaces it.",
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
    update(tx, previous, changes) {
      if (changes.is_default === false && previous.is_default) {
        throw invalid({
          is_default: "cannot be set to false; set another location as the default instead",
        });
      }
      if (changes.is_default && !previous.is_default) {
        const current = tx.db.select().from(locations).where(isDefault).get();
        if (current) tx.update(locationEntity, current, { is_default: false });
      }
      return changes;
    },
  },
});
