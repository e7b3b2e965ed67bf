/** Contacts: the people who call. Incoming calls create and complete them. */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { z } from "zod";
import { LIMITS } from "../config.ts";
import {
  choice,
  email,
  isBlank,
  label,
  phoneNumber,
  prose,
  queryPhoneNumber,
  timestamp,
  wholeNumber,
} from "../contract/fields.ts";
import { invalid } from "../http/errors.ts";
import { rowColumns } from "../store/columns.ts";
import type { Entity } from "../store/entity.ts";
import { define, optional } from "./define.ts";
import { equals, equalsIgnoringCase, substring } from "./filters.ts";

const SOURCES = ["call", "api", "manual"] as const;

export const contacts = sqliteTable(
  "contacts",
  {
    ...rowColumns(),
    first_name: text(),
    last_name: text(),
    email: text(),
    phone_number: text().notNull(),
    source: text({ enum: SOURCES }).notNull(),
    agent_notes: text(),
    call_count: integer().notNull(),
    last_contact_at: text(),
    custom: text({ mode: "json" }).$type<Record<string, string>>().notNull(),
  },
  (table) => [
    uniqueIndex("contacts_phone_number").on(table.phone_number),
    index("contacts_email").on(sql`email collate nocase`),
  ],
);
export type Contact = typeof contacts.$inferSelect;

export const contactEntity = {
  type: "contact",
  table: contacts,
  search: {
    index: "contacts_search",
    fields: ["first_name", "last_name", "phone_number", "email"],
  },
  // Grows with each call, so the audit log stores a digest instead of the full text.
  digested: ["agent_notes"],
} satisfies Entity;

/**
 * Refuses names that differ in white space at their ends only, because trimming would lose one of them. Leaves out blank
 * values, which forms send for empty inputs.
 */
function readCustom(custom: unknown, context: z.RefinementCtx): unknown {
  if (custom === null || typeof custom !== "object" || Array.isArray(custom)) return custom;
  const names = new Set<string>();
  const filled = Object.entries(custom).filter(([name, value]) => {
    const trimmed = name.trim();
    if (names.has(trimmed)) {
      const message = "has the same name as another field";
      context.addIssue({ code: "custom", message, path: [name], input: custom });
    }
    names.add(trimmed);
    return value !== null && !(typeof value === "string" && isBlank(value));
  });
  return Object.fromEntries(filled);
}

/** The migration creates an index on this expression. */
const latest = sql`coalesce(${contacts.last_contact_at}, ${contacts.created_at})`;

export const contactDefinition = define<typeof contacts>({
  plural: "contacts",
  schema: "Contact",
  path: "/v1/contacts",
  tag: "Contacts",
  entity: contactEntity,
  operations: ["list", "get", "create", "update"],
  help: {
    phone_number: "With its country code, such as +1 555 010 0123. Cannot be changed later.",
  },
  fields: {
    first_name: optional(label({ doc: "First name.", example: "Maria" })),
    last_name: optional(label({ doc: "Last name.", example: "Ortiz" })),
    email: optional(email({ doc: "Email address.", example: "maria@example.com" })),
    phone_number: phoneNumber({
      doc: "Phone number in E.164 form. Unique, and cannot be changed after creation.",
      example: "+15550100123",
    }),
    custom: z
      .record(
        label({ doc: "Name of the field.", example: "crm_id" }, 100),
        prose({ doc: "Value of the field.", example: "A-1042" }, LIMITS.customLength),
      )
      .refine((values) => Object.keys(values).length <= LIMITS.customEntries, {
        error: `must have at most ${LIMITS.customEntries} entries`,
      })
      .default(() => ({}))
      .meta({
        description: `Custom fields: up to ${LIMITS.customEntries} short texts by name.`,
        examples: [{ crm_id: "A-1042" }],
      }),
  },
  prepare: { custom: readCustom },
  readOnly: {
    source: choice(SOURCES, {
      doc: "How the contact was created: from a call, by the API, or manually in the dashboard.",
      example: "call",
    }),
    agent_notes: prose({
      doc: "Notes of the receptionist, one line per call.",
      example: "2026-11-23 Asked to move the check-up to Friday.",
    }).nullable(),
    call_count: wholeNumber({ doc: "Number of calls.", example: 3 }, 0, 2 ** 31),
    last_contact_at: timestamp({
      doc: "When the latest call started; null for a contact without calls.",
      example: "2026-11-23T10:42:00.000Z",
    }).nullable(),
  },
  filters: {
    phone_number: equals(
      contacts.phone_number,
      queryPhoneNumber({
        doc: "Return only the contact with this phone number.",
        example: "+15550100123",
      }),
    ),
    email: equalsIgnoringCase(
      contacts.email,
      email({ doc: "Return only contacts with this email address.", example: "maria@example.com" }),
    ),
    source: equals(
      contacts.source,
      choice(SOURCES, { doc: "Return only contacts with this source.", example: "call" }),
    ),
    q: substring(
      contactEntity.search,
      contacts.seq,
      "Search in name, phone number and email address.",
    ),
  },
  order: { by: latest, of: (row) => row.last_contact_at ?? row.created_at },
  unique: { "contacts.phone_number": "phone_number" },
  rules: {
    create: (tx, row) => ({
      ...row,
      source: tx.actor.type === "user" ? "manual" : "api",
      agent_notes: null,
      call_count: 0,
      last_contact_at: null,
    }),
    update(_tx, previous, changes) {
      if (changes.phone_number !== undefined && changes.phone_number !== previous.phone_number) {
        throw invalid({ phone_number: "cannot be changed after creation; create another contact" });
      }
      return changes;
    },
  },
});
