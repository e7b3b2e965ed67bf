/**
 * The kernel: a resource's definition (its table, fields, filters and few rules of its own) becomes its list, get,
 * create, update and delete routes. Each promise about paging, conflicts, references and partial updates is kept here
 * once.
 */
import { and, eq, getTableColumns, type SQL, sql } from "drizzle-orm";
import type { SQLiteColumn, SQLiteTable } from "drizzle-orm/sqlite-core";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { LIMITS } from "../config.ts";
import { EXAMPLE_IDS } from "../contract/example.ts";
import { conflict, invalid } from "../http/errors.ts";
import { filterMark, pageLimit, pagingQuery, readCursor, toPage } from "../http/paging.ts";
import type { Page, Query, ReadRoute, Route, WriteRoute } from "../http/route.ts";
import { isUuid } from "../lib/ids.ts";
import type { Entity, Transaction } from "../store/change.ts";
import type { Db } from "../store/open.ts";
import { type PreparedQuery, prepareQuery } from "../store/query.ts";

/** A table with the columns of `rowColumns`. */
export type ResourceTable = SQLiteTable &
  Record<"seq" | "id" | "created_at" | "updated_at", SQLiteColumn>;
type Row<T extends ResourceTable> = T["$inferSelect"] & RowBase;
interface RowBase {
  seq: number;
  id: string;
  created_at: string;
  updated_at: string;
}

/** Takes a named value of a condition and gives the SQL that stands in its place. */
export type Bind = (name: string, value: string | number) => SQL;

export interface Filter {
  schema: z.ZodType<string | undefined>;
  /** The condition for a value. Which names it binds must tell its SQL, for it is prepared once for each set. */
  condition(value: string, bind: Bind): SQL;
}

export interface Definition<T extends ResourceTable> {
  /** As in "contact" and "contacts"; with a capital in `Contact`, the schema's name. */
  noun: string;
  plural: string;
  /** Name of the schema in the OpenAPI document. */
  schema: string;
  path: string;
  tag: string;
  entity: Entity<T>;
  /** What a client may send. A field with a default may be left out at creation. */
  fields: Record<string, z.ZodType>;
  /** What only the server sets. */
  readOnly?: Record<string, z.ZodType>;
  operations: readonly ("list" | "get" | "create" | "update" | "delete")[];
  filters?: Record<string, Filter>;
  /** Of a list: the SQL it is sorted by and the same value of a row. Newest first by creation where absent. */
  order?: { by: SQL; of(row: Row<T>): string | number; ascending?: boolean; after?: SQL };
  /** Fields that hold the id of another resource, nested ones with a dot. */
  references?: Record<string, { noun: string; entity: Entity<ResourceTable> }>;
  /** Which field is told for a violated unique index: what SQLite's message names, and the field. */
  unique?: Record<string, string>;
  /** Columns beside the table's own, such as a name looked up in another. */
  extras?: Record<string, SQL>;
  rules?: {
    /** The new row, before it is stored: refuses or completes it. */
    create?(tx: Transaction, row: Row<T>): Row<T>;
    /** The changes of an update, before they are stored: refuses or completes them. */
    update?(tx: Transaction, before: Row<T>, changes: Partial<Row<T>>): Partial<Row<T>>;
  };
}

/** A definition with the schemas that follow from it; made once, when the program starts. */
export interface Defined<T extends ResourceTable> extends Definition<T> {
  /** The object as it is answered. */
  object: z.ZodObject;
  createBody: z.ZodObject;
  updateBody: z.ZodObject;
  listQuery: z.ZodObject;
}

/** A definition bound to a database: what the routes, ingest, the command line and the dashboard all call. */
export interface Resource<T extends ResourceTable> {
  definition: Defined<T>;
  /** The row as a client sees it. */
  view(row: Row<T>): object;
  find(id: string): Row<T> | null;
  list(query: Query): Page;
  create(tx: Transaction, body: Record<string, unknown>): Row<T>;
  update(tx: Transaction, before: Row<T>, body: Record<string, unknown>): Row<T>;
  remove(tx: Transaction, row: Row<T>): void;
  /** Throws `validation_failed` for a field that refers to what does not exist. */
  checkReferences(body: unknown): void;
}

/** A field that may be left out and is null then. */
export const optional = <S extends z.ZodType>(schema: S) =>
  schema
    .nullable()
    .default(null as never)
    .meta(z.globalRegistry.get(schema) ?? {});

const id = (noun: string) =>
  z.uuid().meta({
    description: `Identifies the ${noun}.`,
    examples: [EXAMPLE_IDS.own],
  });
const time = (doc: string) =>
  z.iso.datetime().meta({ description: doc, examples: ["2026-11-23T10:42:00.000Z"] });

const withoutDefault = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodDefault
    ? (schema.unwrap() as z.ZodType).meta(z.globalRegistry.get(schema) ?? {})
    : schema;

/** Completes a definition with its schemas. */
export function define<T extends ResourceTable>(definition: Definition<T>): Defined<T> {
  const { fields, noun, schema } = definition;
  const filters = Object.entries(definition.filters ?? {});
  const plain = mapValues(fields, withoutDefault);
  return {
    ...definition,
    object: z
      .object({
        id: id(noun),
        created_at: time(`When the ${noun} was made here.`),
        updated_at: time(`When the ${noun} last changed.`),
        ...plain,
        ...definition.readOnly,
      })
      .meta({ id: schema }),
    createBody: z.object(fields).meta({ id: `${schema}Create` }),
    updateBody: z
      .object(mapValues(plain, (field) => field.optional()))
      .meta({ id: `${schema}Update` }),
    listQuery: z.object({
      ...Object.fromEntries(filters.map(([name, filter]) => [name, filter.schema])),
      ...pagingQuery,
    }),
  };
}

const mapValues = <A, B>(object: Record<string, A>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));

/**
 * A row as a client sees it: the fields of the object's schema in their order, so that equal objects are equal texts and
 * have equal ETags wherever they were read.
 */
export function viewOf<Row extends object>(object: z.ZodObject): (row: Row) => object {
  const fields = Object.keys(object.shape);
  return (row) => {
    const shown: Record<string, unknown> = {};
    for (const field of fields) shown[field] = (row as Record<string, unknown>)[field];
    return shown;
  };
}

/** `view`: where a client sees more than what the row's columns say. */
export function bindResource<T extends ResourceTable>(
  definition: Defined<T>,
  db: Db,
  view: (row: Row<T>) => object = viewOf(definition.object),
): Resource<T> {
  const { entity, noun, path } = definition;
  const table = entity.table as ResourceTable;
  const order = definition.order ?? { by: sql`${table.created_at}`, of: (row) => row.created_at };
  const columns = { ...getTableColumns(table), ...definition.extras };
  const select = () => db.select(columns as never).from(table);
  const byId = prepareQuery<Row<T>>(
    db,
    select().where(eq(table.id, sql.placeholder("id"))),
    columns,
  );
  const filters = definition.filters ?? {};
  const lists = new LRUCache<string, PreparedQuery<Row<T>>>({ max: LIMITS.preparedLists });

  // Rows strictly after the cursor's in the list's order. Not as a row value: SQLite finds the place in an index on an
  // expression by a plain comparison only.
  const from = order.after ?? sql`${sql.placeholder("cursor_sort")}`;
  const lastId = sql.placeholder("cursor_id");
  const beyond = order.ascending
    ? sql`(${order.by} >= ${from} and (${order.by} > ${from} or ${table.id} > ${lastId}))`
    : sql`(${order.by} <= ${from} and (${order.by} < ${from} or ${table.id} < ${lastId}))`;
  const direction = order.ascending ? sql`asc` : sql`desc`;

  function list(query: Query): Page {
    const limit = pageLimit(query);
    const mark = filterMark(path, query);
    const conditions: SQL[] = [];
    const values: Record<string, unknown> = { limit: limit + 1 };
    let signature = "";
    const bind: Bind = (name, value) => {
      values[name] = value;
      signature += `${name} `;
      return sql`${sql.placeholder(name)}`;
    };
    for (const [name, filter] of Object.entries(filters)) {
      const value = query[name];
      if (value === undefined) continue;
      conditions.push(filter.condition(value, bind));
    }
    if (query.cursor !== undefined) {
      const [sort, last] = readCursor(query.cursor, mark);
      conditions.push(beyond);
      Object.assign(values, { cursor_sort: sort, cursor_id: last });
      signature += "cursor";
    }
    let prepared = lists.get(signature);
    if (!prepared) {
      const ordered = select()
        .where(and(...conditions))
        .orderBy(sql`${order.by} ${direction}`, sql`${table.id} ${direction}`)
        .limit(sql.placeholder("limit"));
      prepared = prepareQuery<Row<T>>(db, ordered, columns);
      lists.set(signature, prepared);
    }
    const rows = prepared.all(values);
    return toPage(rows, limit, mark, (row) => [order.of(row), row.id], view);
  }

  function checkReferences(body: unknown): void {
    for (const [field, target] of Object.entries(definition.references ?? {})) {
      const value = field
        .split(".")
        .reduce<unknown>(
          (inner, key) => (inner as Record<string, unknown> | null | undefined)?.[key],
          body,
        );
      if (typeof value !== "string") continue;
      const { table: other } = target.entity;
      const found = db.select({ id: other.id }).from(other).where(eq(other.id, value)).get();
      if (!found) throw invalid({ [field]: `names no ${target.noun} that exists` });
    }
  }

  /** Runs a write and tells a violated unique index as a conflict of its field. */
  function refusingConflicts<R>(work: () => R): R {
    try {
      return work();
    } catch (error) {
      if ((error as { code?: string }).code !== "SQLITE_CONSTRAINT_UNIQUE") throw error;
      const message = (error as Error).message;
      const clash = Object.entries(definition.unique ?? {}).find(([index]) =>
        message.includes(index),
      );
      if (!clash) throw error;
      throw conflict({ [clash[1]]: `is already used by another ${noun}` });
    }
  }

  const find = (rowId: string) => (isUuid(rowId) ? byId.get({ id: rowId.toLowerCase() }) : null);

  return {
    definition,
    view,
    find,
    list,
    checkReferences,
    create(tx, body) {
      const draft = { id: tx.newId(), created_at: tx.at, updated_at: tx.at, ...body } as Row<T>;
      const row = definition.rules?.create?.(tx, draft) ?? draft;
      const seq = refusingConflicts(() => tx.insert(entity, row));
      return definition.extras ? find(row.id)! : { ...row, seq };
    },
    update(tx, before, body) {
      const given = Object.fromEntries(
        Object.entries(body).filter(([, value]) => value !== undefined),
      ) as Partial<Row<T>>;
      const changes = definition.rules?.update?.(tx, before, given) ?? given;
      return refusingConflicts(() => tx.update(entity, before, changes)) as Row<T>;
    },
    remove: (tx, row) => tx.remove(entity, row),
  };
}

const capital = (text: string) => text[0]!.toUpperCase() + text.slice(1);

/** The routes of a resource's operations, in the order of the reference. */
export function resourceRoutes<T extends ResourceTable>(resource: Resource<T>): Route[] {
  const { definition, view } = resource;
  const { noun, plural, schema, path, tag, object, createBody, updateBody, listQuery } = definition;
  const { article, listName } = {
    article: /^[aeiou]/.test(noun) ? "an" : "a",
    listName: capital(camel(plural)),
  };
  const common = { tag, access: "key" as const };
  const one = { kind: "one" as const, data: object };
  const find = (_db: Db, params: { readonly id?: string }) => resource.find(params.id ?? "");
  const check = (_db: Db, body: unknown) => resource.checkReferences(body);
  const clashes = definition.unique ? (["conflict"] as const) : [];
  const update = (method: "PUT" | "PATCH", operation: string): WriteRoute<Row<T>, object> => ({
    ...common,
    method,
    operation,
    path: `${path}/:id`,
    summary: `Update ${article} ${noun}`,
    description: `Changes the fields that are sent and leaves the others as they are. PUT and PATCH do the same. A list or an object among the fields is replaced whole.`,
    body: updateBody as z.ZodType<object>,
    status: 200,
    answers: one,
    errors: clashes,
    check,
    find,
    view,
    write: (tx, { body, target }) => ({
      data: view(resource.update(tx, target, body as Record<string, unknown>)),
    }),
  });
  const routes: Record<(typeof definition.operations)[number], Route[]> = {
    list: [
      {
        ...common,
        method: "GET",
        operation: `list${listName}`,
        path,
        summary: `List ${plural}`,
        query: listQuery,
        answers: { kind: "page", data: object },
        read: ({ query }) => resource.list(query),
      } satisfies ReadRoute,
    ],
    get: [
      {
        ...common,
        method: "GET",
        operation: `get${schema}`,
        path: `${path}/:id`,
        summary: `Get ${article} ${noun}`,
        answers: one,
        read({ params }) {
          const row = resource.find(params.id ?? "");
          return row && view(row);
        },
      } satisfies ReadRoute,
    ],
    create: [
      {
        ...common,
        method: "POST",
        operation: `create${schema}`,
        path,
        summary: `Create ${article} ${noun}`,
        body: createBody as z.ZodType<object>,
        status: 201,
        answers: one,
        errors: clashes,
        check,
        write(tx, { body }) {
          const row = resource.create(tx, body as Record<string, unknown>);
          return { data: view(row), location: `${path}/${row.id}` };
        },
      } satisfies WriteRoute<unknown, object>,
    ],
    update: [update("PUT", `put${schema}`), update("PATCH", `update${schema}`)],
    delete: [
      {
        ...common,
        method: "DELETE",
        operation: `delete${schema}`,
        path: `${path}/:id`,
        summary: `Delete ${article} ${noun}`,
        status: 204,
        answers: { kind: "none" },
        find,
        view,
        write(tx, { target }) {
          resource.remove(tx, target);
          return {};
        },
      } satisfies WriteRoute<Row<T>>,
    ],
  };
  return definition.operations.flatMap((operation) => routes[operation]);
}

const camel = (text: string) =>
  text.replace(/[ -](\w)/g, (_, letter: string) => letter.toUpperCase());
