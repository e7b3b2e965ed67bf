/**
 * The kernel: turns the definition of a resource (table, fields, filters and rules) into its list, get, create, update
 * and delete routes. Paging, conflicts, references and partial updates are implemented here once.
 */
import { and, eq, getTableColumns, type SQL, sql } from "drizzle-orm";
import { getTableConfig, type SQLiteColumn, type SQLiteTable } from "drizzle-orm/sqlite-core";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import { LIMITS } from "../config.ts";
import { type EntityType, nounOf } from "../contract/entities.ts";
import { EXAMPLE_IDS } from "../contract/example.ts";
import { lenient, lenientUpdate, metaOf, type Prepare } from "../contract/fields.ts";
import { conflict, invalid } from "../http/errors.ts";
import { filterMark, pageLimit, pagingQuery, readCursor, toPage } from "../http/paging.ts";
import type { OneRoute, Page, PageRoute, Query, Route, WriteRoute } from "../http/route.ts";
import { isUuid } from "../lib/ids.ts";
import type { Db } from "../store/database.ts";
import { oncePerDatabase } from "../store/database.ts";
import type { Entity } from "../store/entity.ts";
import { type PreparedQuery, prepareQuery } from "../store/query.ts";
import type { Transaction } from "../store/transaction.ts";

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

/** Binds a value of a condition and returns its placeholder. `variant` names the different SQL of one filter. */
export type Bind = (value: string | number, variant?: string) => SQL;

export interface Filter {
  schema: z.ZodType<string | undefined>;
  /** The condition for a value. Its SQL depends on the variants that it binds only, so that it can be prepared. */
  condition(value: string, bind: Bind): SQL;
  /** The column that the value is compared with. Absent if no index of the column can find the value. */
  column?: SQLiteColumn;
  /** It is compared by order, not for equality. */
  isRange?: true;
  /** The table has an index on the filter's own expression. */
  hasIndex?: true;
}

export interface Definition<T extends ResourceTable> {
  /** Plural of the noun of the entity, such as "team members". */
  plural: string;
  /** Name of the schema in the OpenAPI document. */
  schema: string;
  path: string;
  tag: string;
  entity: Entity<T>;
  /** The fields that a client may send. One with a default is optional at creation. */
  fields: Record<string, z.ZodType>;
  /** Prepares a field's value before it is checked. */
  prepare?: Record<string, Prepare>;
  /** The fields that only the server sets. */
  readOnly?: Record<string, z.ZodType>;
  operations: readonly ("list" | "get" | "create" | "update" | "delete")[];
  /** What the dashboard's form says below the input of a field. */
  help?: Partial<Record<keyof Row<T> & string, string>>;
  filters?: Record<string, Filter>;
  /** The SQL that a list is sorted by, and the same value of a row. The default is newest first by creation. */
  order?: { by: SQL; of(row: Row<T>): string | number; ascending?: boolean; after?: SQL };
  /** Fields that hold the id of another resource; the path of a nested field has dots. */
  references?: Record<string, Entity<ResourceTable>>;
  /** Unique indexes by the name in SQLite's message, each with the field to report as a conflict. */
  unique?: Record<string, string>;
  /** Additional columns, such as a name from another table. */
  extras?: Record<string, SQL>;
  rules?: {
    /** Completes a new row before it is stored, or throws. */
    create?(tx: Transaction, row: Row<T>): Row<T>;
    /** Completes the changes of an update before they are stored, or throws. */
    update?(tx: Transaction, previous: Row<T>, changes: Partial<Row<T>>): Partial<Row<T>>;
  };
}

/** A definition with the schemas derived from it. */
export interface Defined<T extends ResourceTable> extends Definition<T> {
  /** Singular for people, such as "team member"; the noun of the entity's type. */
  noun: string;
  /** The object in responses. */
  object: z.ZodObject;
  createBody: z.ZodObject;
  updateBody: z.ZodObject;
  listQuery: z.ZodObject;
  /** The row as a client sees it. */
  view(row: Row<T>): object;
}

/** A definition bound to a database: the routes, ingest, the command line and the dashboard call these functions. */
export interface Resource<T extends ResourceTable> {
  definition: Defined<T>;
  /** The row as a client sees it. */
  view(row: Row<T>): object;
  find(id: string): Row<T> | null;
  /** `view`: how a client sees a row, if that is more than its columns. */
  list(query: Query, view?: (row: Row<T>) => object): Page;
  create(tx: Transaction, body: Record<string, unknown>): Row<T>;
  update(tx: Transaction, previous: Row<T>, body: Record<string, unknown>): Row<T>;
  remove(tx: Transaction, row: Row<T>): void;
  /** Throws `validation_failed` for a field that refers to an object that does not exist. */
  checkReferences(body: unknown): void;
}

/** Makes a field optional, with null as its default. Its description is the schema's own unless another is passed. */
export const optional = <S extends z.ZodType>(schema: S, doc = metaOf(schema).description) =>
  schema
    .nullable()
    .default(null as never)
    .meta({ ...metaOf(schema), ...(doc === undefined ? {} : { description: doc }) });

const id = (noun: string) =>
  z.uuid().meta({
    description: `Id of the ${noun}.`,
    examples: [EXAMPLE_IDS.own],
  });
const time = (doc: string) =>
  z.iso.datetime().meta({ description: doc, examples: ["2026-11-23T10:42:00.000Z"] });

const withoutDefault = (schema: z.ZodType): z.ZodType =>
  schema instanceof z.ZodDefault ? (schema.unwrap() as z.ZodType).meta(metaOf(schema)) : schema;

/** Completes a definition with its schemas. */
export function define<T extends ResourceTable>(definition: Definition<T>): Defined<T> {
  const { fields, schema, prepare = {} } = definition;
  const noun = nounOf(definition.entity.type);
  const filters = Object.entries(definition.filters ?? {});
  const plain = mapValues(fields, withoutDefault);
  const object = z
    .object({
      id: id(noun),
      created_at: time(`When the ${noun} was created.`),
      updated_at: time(`When the ${noun} was last updated.`),
      ...plain,
      ...definition.readOnly,
    })
    .meta({ id: schema });
  return {
    ...definition,
    noun,
    object,
    createBody: z
      .object(mapValues(fields, (field, name) => lenient(field, prepare[name])))
      .meta({ id: `${schema}Create` }),
    updateBody: z
      .object(mapValues(fields, (field, name) => lenientUpdate(field, prepare[name])))
      .meta({ id: `${schema}Update` }),
    listQuery: z.object({
      ...Object.fromEntries(filters.map(([name, filter]) => [name, filter.schema])),
      ...pagingQuery,
    }),
    view: viewOf(object),
  };
}

const mapValues = <A, B>(
  object: Record<string, A>,
  change: (value: A, name: string) => B,
): Record<string, B> =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value, name)]));

/**
 * Returns a function that shows a row as a client sees it: the fields of the schema in its order, so that equal objects
 * have equal texts and ETags.
 */
export function viewOf<Row extends object>(schema: z.ZodObject): (row: Row) => object {
  const fields = Object.keys(schema.shape);
  return (row) => {
    const object: Record<string, unknown> = {};
    for (const field of fields) object[field] = (row as Record<string, unknown>)[field];
    return object;
  };
}

const resourcesOf = oncePerDatabase(() => new Map<object, unknown>());

/** Returns the resource of a definition in a database. There is one for each pair, so statements are prepared once. */
export function bindResource<T extends ResourceTable>(definition: Defined<T>, db: Db): Resource<T> {
  const resources = resourcesOf(db);
  let resource = resources.get(definition) as Resource<T> | undefined;
  if (!resource) {
    resource = createResource(definition, db);
    resources.set(definition, resource);
  }
  return resource;
}

function createResource<T extends ResourceTable>(definition: Defined<T>, db: Db): Resource<T> {
  const { entity, noun, rules, view } = definition;
  const table = entity.table as ResourceTable;
  const columns = { ...getTableColumns(table), ...definition.extras };
  const byId = prepareQuery<Row<T>>(
    db,
    db
      .select(columns as never)
      .from(table)
      .where(eq(table.id, sql.placeholder("id"))),
    columns,
  );
  const find = (rowId: string) => (isUuid(rowId) ? byId.get({ id: rowId.toLowerCase() }) : null);
  return {
    definition,
    view,
    find,
    list: createLister(definition, columns, db),
    checkReferences: (body) => requireReferences(definition.references ?? {}, body, db),
    create(tx, body) {
      const draft = { id: tx.newId(), created_at: tx.at, updated_at: tx.at, ...body } as Row<T>;
      const row = rules?.create?.(tx, draft) ?? draft;
      const seq = refuseDuplicates(definition.unique, noun, () => tx.insert(entity, row));
      return definition.extras ? find(row.id)! : { ...row, seq };
    },
    update(tx, previous, body) {
      const sent = Object.fromEntries(
        Object.entries(body).filter(([, value]) => value !== undefined),
      ) as Partial<Row<T>>;
      const changes = rules?.update?.(tx, previous, sent) ?? sent;
      return refuseDuplicates(definition.unique, noun, () =>
        tx.update(entity, previous, changes),
      ) as Row<T>;
    },
    remove: (tx, row) => tx.remove(entity, row),
  };
}

type Order<T extends ResourceTable> = NonNullable<Definition<T>["order"]>;

/**
 * The condition for rows strictly after the cursor's in the order of the list. It compares no row values, because SQLite
 * uses an index on an expression only for a plain comparison.
 */
function afterCursor<T extends ResourceTable>(table: ResourceTable, order: Order<T>): SQL {
  const from = order.after ?? sql`${sql.placeholder("cursor_sort")}`;
  const lastId = sql.placeholder("cursor_id");
  return order.ascending
    ? sql`(${order.by} >= ${from} and (${order.by} > ${from} or ${table.id} > ${lastId}))`
    : sql`(${order.by} <= ${from} and (${order.by} < ${from} or ${table.id} < ${lastId}))`;
}

/** Returns the list function. It prepares a statement for each combination of filters and keeps the recent ones. */
function createLister<T extends ResourceTable>(
  definition: Defined<T>,
  columns: Record<string, unknown>,
  db: Db,
): Resource<T>["list"] {
  const { entity, path, filters = {} } = definition;
  const table = entity.table as ResourceTable;
  const order = definition.order ?? { by: sql`${table.created_at}`, of: (row) => row.created_at };
  const isAfterCursor = afterCursor(table, order);
  const direction = order.ascending ? sql`asc` : sql`desc`;
  const prepared = new LRUCache<string, PreparedQuery<Row<T>>>({ max: LIMITS.preparedLists });

  function prepareList(conditions: SQL[]): PreparedQuery<Row<T>> {
    const select = db
      .select(columns as never)
      .from(table)
      .where(and(...conditions))
      .orderBy(sql`${order.by} ${direction}`, sql`${table.id} ${direction}`)
      .limit(sql.placeholder("limit"));
    return prepareQuery<Row<T>>(db, select, columns);
  }

  return (query, view = definition.view) => {
    const limit = pageLimit(query);
    const mark = filterMark(path, query);
    const conditions: SQL[] = [];
    const values: Record<string, unknown> = { limit: limit + 1 };
    let signature = "";
    for (const [name, filter] of Object.entries(filters)) {
      const sent = query[name];
      if (sent === undefined) continue;
      const bind: Bind = (value, variant = "") => {
        const key = `${name}.${variant}`;
        values[key] = value;
        signature += `${key} `;
        return sql`${sql.placeholder(key)}`;
      };
      conditions.push(filter.condition(sent, bind));
    }
    if (query.cursor !== undefined) {
      const [sort, last] = readCursor(query.cursor, mark);
      conditions.push(isAfterCursor);
      Object.assign(values, { cursor_sort: sort, cursor_id: last });
      signature += "cursor";
    }
    let list = prepared.get(signature);
    if (!list) {
      list = prepareList(conditions);
      prepared.set(signature, list);
    }
    return toPage(list.all(values), limit, mark, (row) => [order.of(row), row.id], view);
  };
}

/** Throws `validation_failed` for a field that refers to an object that does not exist. */
function requireReferences(
  references: NonNullable<Definition<ResourceTable>["references"]>,
  body: unknown,
  db: Db,
): void {
  for (const [field, { type, table }] of Object.entries(references)) {
    const value = field
      .split(".")
      .reduce<unknown>(
        (inner, key) => (inner as Record<string, unknown> | null | undefined)?.[key],
        body,
      );
    if (typeof value !== "string") continue;
    const found = db.select({ id: table.id }).from(table).where(eq(table.id, value)).get();
    if (!found) throw invalid({ [field]: missingReference(type) });
  }
}

/** The error text of a field whose id belongs to no object of a type. */
export const missingReference = (type: EntityType) =>
  `must be the id of an existing ${nounOf(type)}`;

/** Runs a write and reports a violated unique index as a conflict of its field. */
function refuseDuplicates<R>(
  unique: Record<string, string> | undefined,
  noun: string,
  write: () => R,
): R {
  try {
    return write();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code !== "SQLITE_CONSTRAINT_UNIQUE") throw error;
    const violated = Object.entries(unique ?? {}).find(([index]) => message.includes(index));
    if (!violated) throw error;
    throw conflict({ [violated[1]]: `is already used by another ${noun}` });
  }
}

/** The routes of a resource's operations, in the order of the reference. */
export function resourceRoutes<T extends ResourceTable>(definition: Defined<T>): Route[] {
  const routes: Record<(typeof definition.operations)[number], Route[]> = {
    list: [listRoute(definition)],
    get: [getRoute(definition)],
    create: [createRoute(definition)],
    update: [updateRoute(definition, "PUT"), updateRoute(definition, "PATCH")],
    delete: [deleteRoute(definition)],
  };
  return definition.operations.flatMap((operation) => routes[operation]);
}

/** The parameter `:id` of a path: the id of the resource. */
export const idParameter = ({ object }: { object: z.ZodObject }) => ({ id: object.shape.id! });

export function listRoute<T extends ResourceTable>(definition: Defined<T>): PageRoute {
  const { plural, path, tag, object, listQuery } = definition;
  return {
    method: "GET",
    operation: `list${capitalize(toCamelCase(plural))}`,
    path,
    tag,
    access: "key",
    summary: `List ${plural}`,
    query: listQuery,
    answers: { kind: "page", data: object },
    isUnbounded: createBoundCheck(definition),
    read: ({ db }, { query }) => bindResource(definition, db).list(query),
  };
}

/**
 * Returns whether a list may read many more rows than it returns. An index finds the rows of one filter for equality, or of
 * a range; of several filters, the rows of one are searched for the others.
 */
function createBoundCheck<T extends ResourceTable>({ entity, filters = {} }: Defined<T>) {
  const { columns, indexes } = getTableConfig(entity.table as SQLiteTable);
  const indexed = new Set<unknown>([
    ...columns.filter((column) => column.isUnique),
    ...indexes.filter(({ config }) => !config.where).map(({ config }) => config.columns[0]),
  ]);
  return (query: Query): boolean => {
    let equalities = 0;
    for (const [name, { column, isRange, hasIndex }] of Object.entries(filters)) {
      if (query[name] === undefined) continue;
      if (!hasIndex && (column === undefined || !indexed.has(column))) return true;
      if (!isRange) equalities += 1;
    }
    return equalities > 1;
  };
}

export function getRoute<T extends ResourceTable>(definition: Defined<T>): OneRoute {
  const { noun, schema, path, tag, object, view } = definition;
  return {
    method: "GET",
    operation: `get${schema}`,
    path: `${path}/:id`,
    params: idParameter(definition),
    tag,
    access: "key",
    summary: `Get ${withArticle(noun)}`,
    answers: { kind: "one", data: object },
    read({ db }, { params }) {
      const row = bindResource(definition, db).find(params.id ?? "");
      return row && view(row);
    },
  };
}

export function createRoute<T extends ResourceTable>(
  definition: Defined<T>,
): WriteRoute<unknown, object> {
  const { noun, schema, path, tag, object, createBody, view } = definition;
  return {
    method: "POST",
    operation: `create${schema}`,
    path,
    tag,
    access: "key",
    summary: `Create ${withArticle(noun)}`,
    body: createBody as z.ZodType<object>,
    status: 201,
    answers: { kind: "one", data: object },
    errors: definition.unique ? ["conflict"] : [],
    country: (services, { body }) => services.countryOf(body as object),
    check: ({ db }, body) => bindResource(definition, db).checkReferences(body),
    write({ db }, tx, { body }) {
      const row = bindResource(definition, db).create(tx, body as Record<string, unknown>);
      return { data: view(row), location: `${path}/${row.id}` };
    },
  };
}

export function updateRoute<T extends ResourceTable>(
  definition: Defined<T>,
  method: "PUT" | "PATCH",
): WriteRoute<Row<T>, object> {
  const { noun, schema, path, tag, object, updateBody, view } = definition;
  return {
    method,
    operation: `${method === "PUT" ? "put" : "update"}${schema}`,
    path: `${path}/:id`,
    params: idParameter(definition),
    tag,
    access: "key",
    summary: `Update ${withArticle(noun)}`,
    description:
      "Updates the fields that are sent and leaves the others unchanged. PUT and PATCH behave the same. A list or an object is replaced as a whole.",
    body: updateBody as z.ZodType<object>,
    status: 200,
    answers: { kind: "one", data: object },
    errors: definition.unique ? ["conflict"] : [],
    country: (services, { params, body }) =>
      services.countryOf({
        ...(bindResource(definition, services.db).find(params.id ?? "") as object | null),
        ...(body as object),
      }),
    check: ({ db }, body) => bindResource(definition, db).checkReferences(body),
    find: ({ db }, params) => bindResource(definition, db).find(params.id ?? ""),
    view: (_services, row) => view(row),
    write: ({ db }, tx, { body, target }) => ({
      data: view(bindResource(definition, db).update(tx, target, body as Record<string, unknown>)),
    }),
  };
}

export function deleteRoute<T extends ResourceTable>(definition: Defined<T>): WriteRoute<Row<T>> {
  const { noun, schema, path, tag, view } = definition;
  return {
    method: "DELETE",
    operation: `delete${schema}`,
    path: `${path}/:id`,
    params: idParameter(definition),
    tag,
    access: "key",
    summary: `Delete ${withArticle(noun)}`,
    status: 204,
    answers: { kind: "none" },
    find: ({ db }, params) => bindResource(definition, db).find(params.id ?? ""),
    view: (_services, row) => view(row),
    write({ db }, tx, { target }) {
      bindResource(definition, db).remove(tx, target);
      return {};
    },
  };
}

const withArticle = (noun: string) => `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
const capitalize = (text: string) => text[0]!.toUpperCase() + text.slice(1);
const toCamelCase = (text: string) =>
  text.replace(/[ -](\w)/g, (_, letter: string) => letter.toUpperCase());
