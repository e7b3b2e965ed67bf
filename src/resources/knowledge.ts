/**
 * Knowledge: what the receptionist may say. Facts and policies have a key; an entry of a location overrides the
 * organization-wide entry with the same key at that location.
 */
import { type SQL, sql } from "drizzle-orm";
import { index, type SQLiteColumn, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { z } from "zod";
import { EXAMPLE_IDS } from "../contract/example.ts";
import { label, prose, queryFlag, reference, search } from "../contract/fields.ts";
import { invalid } from "../http/errors.ts";
import {
  filterMark,
  type Position,
  pageLimit,
  pagingQuery,
  readCursor,
  toPage,
} from "../http/paging.ts";
import type { Page, PageRoute, Query } from "../http/route.ts";
import { rowColumns } from "../store/columns.ts";
import type { Db } from "../store/database.ts";
import type { Entity } from "../store/entity.ts";
import {
  type Bind,
  bindResource,
  type Defined,
  define,
  missingReference,
  type ResourceTable,
} from "./define.ts";
import { equals, substring } from "./filters.ts";
import { locationEntity, locationFilter, locationId, locations } from "./locations.ts";

const locationColumn = () => text().references(() => locations.id);

export const facts = sqliteTable(
  "facts",
  {
    ...rowColumns(),
    key: text().notNull(),
    value: text().notNull(),
    location_id: locationColumn(),
  },
  (table) => [index("facts_created").on(table.created_at, table.id)],
);
export const faqs = sqliteTable(
  "faqs",
  {
    ...rowColumns(),
    question: text().notNull(),
    answer: text().notNull(),
    location_id: locationColumn(),
  },
  (table) => [index("faqs_created").on(table.created_at, table.id)],
);
export const policies = sqliteTable(
  "policies",
  {
    ...rowColumns(),
    policy_key: text().notNull(),
    content: text().notNull(),
    location_id: locationColumn(),
  },
  (table) => [index("policies_created").on(table.created_at, table.id)],
);

const common = {
  tag: "Knowledge",
  operations: ["list", "get", "create", "update", "delete"] as const,
  references: { location_id: locationEntity },
};
const location_id = locationId(
  "Location that the entry applies to; null for the whole organization.",
);
const key = (doc: string, example: string) => label({ doc, example }, 100);

const factEntity = {
  type: "fact",
  table: facts,
  search: { index: "facts_search", fields: ["key", "value"] },
} satisfies Entity;

export const factDefinition = define<typeof facts>({
  ...common,
  plural: "facts",
  schema: "Fact",
  path: "/v1/knowledge/facts",
  entity: factEntity,
  help: {
    key: "What the fact is about. Must be unique within a location.",
    location_id: "Leave empty for the whole organization.",
  },
  fields: {
    key: key("Key of the fact. Unique for each location.", "parking"),
    value: prose({ doc: "The fact.", example: "Free parking behind the building." }),
    location_id,
  },
  // An index on key and location, in which an absent location is a value too. The migration creates it.
  unique: { facts_key: "key" },
  filters: {
    location_id: locationFilter(facts.location_id),
    key: equals(facts.key, key("Return only facts with this key.", "parking")),
    q: substring(factEntity.search, facts.seq, "Search in key and value."),
  },
});

const faqEntity = {
  type: "faq",
  table: faqs,
  search: { index: "faqs_search", fields: ["question", "answer"] },
} satisfies Entity;

export const faqDefinition = define<typeof faqs>({
  ...common,
  plural: "FAQs",
  schema: "Faq",
  path: "/v1/knowledge/faqs",
  entity: faqEntity,
  help: { location_id: "Leave empty for the whole organization." },
  fields: {
    question: prose({ doc: "The question.", example: "Do you take walk-ins?" }, 1_000),
    answer: prose({
      doc: "The answer of the receptionist.",
      example: "Yes, on weekdays before noon.",
    }),
    location_id,
  },
  filters: {
    location_id: locationFilter(faqs.location_id),
    q: substring(faqEntity.search, faqs.seq, "Search in question and answer."),
  },
});

const policyEntity = {
  type: "policy",
  table: policies,
  search: { index: "policies_search", fields: ["policy_key", "content"] },
} satisfies Entity;

export const policyDefinition = define<typeof policies>({
  ...common,
  plural: "policies",
  schema: "Policy",
  path: "/v1/knowledge/policies",
  entity: policyEntity,
  help: {
    policy_key: "What the policy is about. Must be unique within a location.",
    location_id: "Leave empty for the whole organization.",
  },
  fields: {
    policy_key: key("Key of the policy. Unique for each location.", "cancellation"),
    content: prose({ doc: "The policy.", example: "Cancel at least 24 hours ahead." }),
    location_id,
  },
  unique: { policies_key: "policy_key" },
  filters: {
    location_id: locationFilter(policies.location_id),
    policy_key: equals(
      policies.policy_key,
      key("Return only policies with this key.", "cancellation"),
    ),
    q: substring(policyEntity.search, policies.seq, "Search in key and content."),
  },
});

type KnowledgeTable = ResourceTable & { location_id: SQLiteColumn };
interface Kind {
  definition: Defined<KnowledgeTable>;
  /** The column by which an entry of a location overrides an organization-wide one; null for none. */
  key: SQLiteColumn | null;
}

const kind = <T extends KnowledgeTable>(
  definition: Defined<T>,
  key: SQLiteColumn | null,
): Kind => ({
  definition: definition as unknown as Defined<KnowledgeTable>,
  key,
});

const KINDS: readonly Kind[] = [
  kind(factDefinition, facts.key),
  kind(faqDefinition, null),
  kind(policyDefinition, policies.policy_key),
];

const KnowledgeEntry = z
  .union(
    KINDS.map(({ definition }) =>
      z.object({ type: z.literal(definition.entity.type), ...definition.object.shape }),
    ) as never,
  )
  .meta({ id: "KnowledgeEntry" });

const query = z.object({
  q: search("Search in all fields of an entry.").optional(),
  location_id: reference({
    doc: "Return only entries of this location; with `effective=true`, the entries that apply there.",
    example: EXAMPLE_IDS.location,
  }).optional(),
  effective: queryFlag({
    doc: "`true`: return the entries that apply at the location, which are its own and the organization-wide ones that it does not override. Without `location_id`: the organization-wide entries.",
    example: true,
  }).optional(),
  ...pagingQuery,
});

/** The conditions that the filters of a request set on the rows of one kind. */
function conditionsOf({ definition, key }: Kind, filters: Query): SQL[] {
  const { table } = definition.entity;
  const conditions: SQL[] = [];
  if (filters.effective === "true") {
    const location = filters.location_id ?? null;
    const own = sql`${table.location_id} is ${location}`;
    const overridden =
      key === null
        ? sql`false`
        : sql`exists (select 1 from ${table} as own where own.location_id = ${location} and own.${sql.identifier(key.name)} = ${key})`;
    conditions.push(sql`(${own} or (${table.location_id} is null and not ${overridden}))`);
  } else if (filters.location_id !== undefined) {
    conditions.push(sql`${table.location_id} = ${filters.location_id}`);
  }
  if (filters.q !== undefined) {
    const inPlace: Bind = (value) => sql`${value}`;
    conditions.push(definition.filters!.q!.condition(filters.q, inPlace));
  }
  return conditions;
}

/** The newest rows of one kind, with the columns that all kinds share. */
function selectNewest(kind: Kind, filters: Query, position: Position | null, count: number): SQL {
  const { type, table } = kind.definition.entity;
  const conditions = conditionsOf(kind, filters);
  if (position)
    conditions.push(sql`(${table.created_at}, ${table.id}) < (${position[0]}, ${position[1]})`);
  const where = conditions.length > 0 ? sql`where ${sql.join(conditions, sql` and `)}` : sql``;
  return sql`select * from (select ${type} as type, ${table.id} as id, ${table.created_at} as created_at from ${table} ${where} order by created_at desc, id desc limit ${count})`;
}

function listKnowledge(db: Db, filters: Query): Page {
  const limit = pageLimit(filters);
  const mark = filterMark("/v1/knowledge", filters);
  const position = filters.cursor === undefined ? null : readCursor(filters.cursor, mark);
  if (filters.effective === "true" && filters.location_id !== undefined)
    requireLocation(db, filters.location_id);
  const selects = KINDS.map((kind) => selectNewest(kind, filters, position, limit + 1));
  const rows = db.all<{ type: string; id: string; created_at: string }>(
    sql`${sql.join(selects, sql` union all `)} order by created_at desc, id desc limit ${limit + 1}`,
  );
  return toPage(
    rows,
    limit,
    mark,
    (row) => [row.created_at, row.id],
    ({ type, id }) => {
      const { definition } = KINDS.find(({ definition: { entity } }) => entity.type === type)!;
      return { type, ...definition.view(bindResource(definition, db).find(id)!) };
    },
  );
}

/** `GET /v1/knowledge`: all kinds in one list, newest first, each entry with its `type`. */
export const knowledgeRoute: PageRoute = {
  method: "GET",
  operation: "listKnowledge",
  path: "/v1/knowledge",
  tag: "Knowledge",
  access: "key",
  summary: "List knowledge of all kinds",
  description:
    "Returns facts, FAQs and policies in one list. With `effective=true` it returns the entries that apply at a location: an entry of the location overrides the organization-wide entry with the same key.",
  query,
  answers: { kind: "page", data: KnowledgeEntry },
  isUnbounded: ({ q, location_id, effective }) =>
    q !== undefined || location_id !== undefined || effective === "true",
  read: ({ db }, { query: filters }) => listKnowledge(db, filters),
};

function requireLocation(db: Db, id: string): void {
  const found = db.select({ id: locations.id }).from(locations).where(sql`id = ${id}`).get();
  if (!found) throw invalid({ location_id: missingReference(locationEntity.type) });
}
