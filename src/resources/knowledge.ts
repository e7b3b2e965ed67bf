/**
 * Knowledge: what the receptionist may say. Facts and policies have a key; an entry of a location overrides the
 * organization-wide one with the same key there.
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
import type { Page, Query, ReadRoute } from "../http/route.ts";
import { rowColumns } from "../store/columns.ts";
import type { Db } from "../store/database.ts";
import type { Entity } from "../store/entity.ts";
import { type Bind, bindResource, type Defined, define, type ResourceTable } from "./define.ts";
import { equals, substring } from "./filters.ts";
import { locationFilter, locationId, locationReference, locations } from "./locations.ts";

const place = () => text().references(() => locations.id);

export const facts = sqliteTable(
  "facts",
  { ...rowColumns(), key: text().notNull(), value: text().notNull(), location_id: place() },
  (table) => [index("facts_created").on(table.created_at, table.id)],
);
export const faqs = sqliteTable(
  "faqs",
  { ...rowColumns(), question: text().notNull(), answer: text().notNull(), location_id: place() },
  (table) => [index("faqs_created").on(table.created_at, table.id)],
);
export const policies = sqliteTable(
  "policies",
  {
    ...rowColumns(),
    policy_key: text().notNull(),
    content: text().notNull(),
    location_id: place(),
  },
  (table) => [index("policies_created").on(table.created_at, table.id)],
);

const common = {
  tag: "Knowledge",
  operations: ["list", "get", "create", "update", "delete"] as const,
  references: { location_id: locationReference },
};
const location_id = locationId("The location it holds at; null for the whole organization.");
const key = (doc: string, example: string) => label({ doc, example }, 100);

const factEntity = {
  type: "fact",
  table: facts,
  search: { index: "facts_search", fields: ["key", "value"] },
} satisfies Entity;

export const factDefinition = define<typeof facts>({
  ...common,
  noun: "fact",
  plural: "facts",
  schema: "Fact",
  path: "/v1/knowledge/facts",
  entity: factEntity,
  help: {
    key: "What the fact is about. Must be unique within a location.",
    location_id: "Leave empty for the whole organization.",
  },
  fields: {
    key: key("What the fact is about; once for each location.", "parking"),
    value: prose({ doc: "The fact.", example: "Free parking behind the building." }),
    location_id,
  },
  // Key and location together, an absent location being one too: an index on expressions, in the migration.
  unique: { facts_key: "key" },
  filters: {
    location_id: locationFilter(facts.location_id),
    key: equals(facts.key, key("Only with this key.", "parking")),
    q: substring(factEntity.search, facts.seq, "Words to find in key or value."),
  },
});

const faqEntity = {
  type: "faq",
  table: faqs,
  search: { index: "faqs_search", fields: ["question", "answer"] },
} satisfies Entity;

export const faqDefinition = define<typeof faqs>({
  ...common,
  noun: "FAQ",
  plural: "FAQs",
  schema: "Faq",
  path: "/v1/knowledge/faqs",
  entity: faqEntity,
  help: { location_id: "Leave empty for the whole organization." },
  fields: {
    question: prose(
      { doc: "A question that callers ask.", example: "Do you take walk-ins?" },
      1_000,
    ),
    answer: prose({
      doc: "What the receptionist answers.",
      example: "Yes, on weekdays before noon.",
    }),
    location_id,
  },
  filters: {
    location_id: locationFilter(faqs.location_id),
    q: substring(faqEntity.search, faqs.seq, "Words to find in question or answer."),
  },
});

const policyEntity = {
  type: "policy",
  table: policies,
  search: { index: "policies_search", fields: ["policy_key", "content"] },
} satisfies Entity;

export const policyDefinition = define<typeof policies>({
  ...common,
  noun: "policy",
  plural: "policies",
  schema: "Policy",
  path: "/v1/knowledge/policies",
  entity: policyEntity,
  help: {
    policy_key: "What the policy is about. Must be unique within a location.",
    location_id: "Leave empty for the whole organization.",
  },
  fields: {
    policy_key: key("What the policy is about; once for each location.", "cancellation"),
    content: prose({ doc: "The policy.", example: "Cancel at least 24 hours ahead." }),
    location_id,
  },
  unique: { policies_key: "policy_key" },
  filters: {
    location_id: locationFilter(policies.location_id),
    policy_key: equals(policies.policy_key, key("Only with this key.", "cancellation")),
    q: substring(policyEntity.search, policies.seq, "Words to find in key or content."),
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
  q: search("Words to find in any part of an entry.").optional(),
  location_id: reference({
    doc: "Only entries of this location; with `effective=true`, what holds there.",
    example: EXAMPLE_IDS.location,
  }).optional(),
  effective: queryFlag({
    doc: "`true`: what holds at the location, organization-wide entries included where it has none of its own; without `location_id`, the organization-wide entries.",
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
export const knowledgeRoute: ReadRoute = {
  method: "GET",
  operation: "listKnowledge",
  path: "/v1/knowledge",
  tag: "Knowledge",
  access: "key",
  summary: "List knowledge of all kinds",
  description:
    "Facts, FAQs and policies in one list. With `effective=true` it answers with what the receptionist goes by at a location: an entry of the location overrides the organization-wide one with the same key.",
  query,
  answers: { kind: "page", data: KnowledgeEntry },
  read: ({ db }, { query: filters }) => listKnowledge(db, filters),
};

function requireLocation(db: Db, locationIdGiven: string): void {
  const found = db
    .select({ id: locations.id })
    .from(locations)
    .where(sql`id = ${locationIdGiven}`)
    .get();
  if (!found) throw invalid({ location_id: "names no location that exists" });
}
