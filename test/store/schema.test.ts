/** The tables as the modules declare them and the tables as the migrations make them are the same. */
import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import Better from "better-sqlite3";
import { getTableName, is, SQL } from "drizzle-orm";
import {
  getTableConfig,
  type SQLiteColumn,
  SQLiteSyncDialect,
  SQLiteTable,
} from "drizzle-orm/sqlite-core";
import { apiKeys } from "../../src/access/keys.ts";
import { verifyAuditLog } from "../../src/audit/log.ts";
import { DATABASE_FILE } from "../../src/store/open.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { ACTOR, AUDIT_KEY, insertContact, openTestStore } from "../support/store.ts";

const SOURCE = new URL("../../src/", import.meta.url).pathname;

/** Every table that a module of the product exports. */
const declared = new Map<string, SQLiteTable>();
for (const path of new Bun.Glob("{store,access,resources,webhooks}/*.ts").scanSync(SOURCE)) {
  if (!(await Bun.file(SOURCE + path).text()).includes("sqliteTable(")) continue;
  for (const value of Object.values(await import(SOURCE + path))) {
    if (is(value, SQLiteTable)) declared.set(getTableName(value), value);
  }
}

type Index = { name: string; unique: boolean; columns: string[]; where: string | null };
interface Info {
  name: string;
  type: string;
  notnull: number;
  dflt_value: string | null;
  pk: number;
  hidden: number;
}

const dialect = new SQLiteSyncDialect();
const plain = (text: string) =>
  text.replace(/\s+/g, " ").replaceAll('"', "").replaceAll("`", "").trim().toLowerCase();
const textOf = (sql: SQL) => plain(dialect.sqlToQuery(sql).sql);
const byName = <T extends { name: string }>(list: T[]) =>
  list.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** A default as SQLite lists it: as it stands in the statement. */
const formatDefault = (value: unknown): string | null => {
  if (value === undefined) return null;
  return typeof value === "string" ? `'${value}'` : JSON.stringify(value);
};

/** Columns, keys and indexes as the declaration says. */
function asDeclared(table: SQLiteTable) {
  const { columns, primaryKeys, indexes, foreignKeys, uniqueConstraints } = getTableConfig(table);
  const composite = primaryKeys[0]?.columns.map((column) => column.name) ?? [];
  const unique: Index[] = [
    ...columns
      .filter((column) => column.isUnique)
      .map(({ name, uniqueName }) => ({
        name: uniqueName!,
        unique: true,
        columns: [name],
        where: null,
      })),
    ...uniqueConstraints.map(({ name, columns: of }) => ({
      name: name!,
      unique: true,
      columns: of.map((column) => column.name),
      where: null,
    })),
  ];
  return {
    columns: columns.map((column) => ({
      name: column.name,
      type: column.getSQLType(),
      notNull: column.notNull,
      primary: column.primary ? 1 : composite.indexOf(column.name) + 1,
      default: formatDefault(column.default),
    })),
    autoIncrement: columns.some((column) => (column as { autoIncrement?: boolean }).autoIncrement),
    indexes: byName([
      ...unique,
      ...indexes.map(({ config }) => ({
        name: config.name,
        unique: config.unique,
        columns: config.columns.map((column) =>
          is(column, SQL) ? textOf(column) : (column as SQLiteColumn).name,
        ),
        where: config.where ? textOf(config.where) : null,
      })),
    ]),
    foreignKeys: foreignKeys
      .map((key) => {
        const { columns: from, foreignColumns, foreignTable } = key.reference();
        const to = foreignColumns.map((column) => column.name).join();
        const rule = `${key.onDelete ?? "no action"}, ${key.onUpdate ?? "no action"}`;
        return `${from.map((column) => column.name).join()} -> ${getTableName(foreignTable)}(${to}) ${rule}`;
      })
      .sort(),
  };
}

describe("the declared tables and the migrated database agree", () => {
  const world = openTestStore();
  afterAll(() => world[Symbol.asyncDispose]());

  /** The same of the database. */
  function asMigrated(name: string) {
    const info = world.rows<Info>(`select * from pragma_table_xinfo('${name}')`);
    const made: string = world.value("select sql from sqlite_schema where name = ?", name);
    return {
      columns: info.map((column) => ({
        name: column.name,
        type: column.type.toLowerCase(),
        notNull: column.notnull === 1,
        primary: column.pk,
        default: column.dflt_value,
      })),
      autoIncrement: /\bautoincrement\b/i.test(made),
      indexes: byName(
        world
          .rows<{ name: string; unique: number; origin: string }>(
            `select * from pragma_index_list('${name}')`,
          )
          .filter(({ origin }) => origin !== "pk")
          .map((index) => {
            const sql = plain(
              String(world.value("select sql from sqlite_schema where name = ?", index.name)),
            );
            return {
              name: index.name,
              unique: index.unique === 1,
              columns: partsOf(sql),
              where: /\) where (.*)$/.exec(sql)?.[1] ?? null,
            };
          }),
      ),
      foreignKeys: world
        .rows<Record<"from" | "to" | "table" | "on_delete" | "on_update", string>>(
          `select * from pragma_foreign_key_list('${name}')`,
        )
        .map(
          (key) =>
            `${key.from} -> ${key.table}(${key.to}) ${key.on_delete.toLowerCase()}, ${key.on_update.toLowerCase()}`,
        )
        .sort(),
    };
  }

  /** What stands between the brackets of `create index … on table (…)`, at the commas of the first level. */
  function partsOf(sql: string): string[] {
    const inner = sql.slice(sql.indexOf("(") + 1);
    const parts = [""];
    let depth = 0;
    for (const character of inner) {
      if (character === ")" && depth === 0) break;
      if (character === "(") depth += 1;
      if (character === ")") depth -= 1;
      if (character === "," && depth === 0) parts.push("");
      else parts[parts.length - 1] += character;
    }
    return parts.map((part) => part.trim());
  }

  test("every declared table exists, and every existing table is declared", () => {
    const made = world
      .rows<{ name: string }>(
        `select name from pragma_table_list where schema = 'main' and type = 'table'
         and name not like 'sqlite_%'`,
      )
      .map(({ name }) => name);
    expect(made.sort()).toEqual([...declared.keys()].sort());
    expect(made.length).toBeGreaterThan(15);
    expect(declared.has(getTableName(apiKeys))).toBe(true);
  });

  test.each([...declared.keys()])("%s: columns, types, not null, defaults, primary key", (name) => {
    const { columns, autoIncrement } = asDeclared(declared.get(name)!);
    const migrated = asMigrated(name);
    expect(migrated.columns).toEqual(columns);
    expect(migrated.autoIncrement).toBe(autoIncrement);
  });

  test.each([...declared.keys()])("%s: foreign keys", (name) => {
    expect(asMigrated(name).foreignKeys).toEqual(asDeclared(declared.get(name)!).foreignKeys);
  });

  // What a declaration cannot say, for they are on expressions: in which order contacts are listed, and that an entry of
  // the whole organization is one of a kind too.
  const BESIDE = new Map([
    ["contacts_latest", ["coalesce(last_contact_at, created_at)", "id"]],
    ["facts_key", ["key", "coalesce(location_id, '')"]],
    ["policies_key", ["policy_key", "coalesce(location_id, '')"]],
  ]);

  test.each([...declared.keys()])("%s: every index, with its columns and condition", (name) => {
    const { indexes } = asMigrated(name);
    expect(indexes.filter((index) => !BESIDE.has(index.name))).toEqual(
      asDeclared(declared.get(name)!).indexes,
    );
    for (const index of indexes) {
      const columns = BESIDE.get(index.name);
      if (columns) expect(index.columns).toEqual(columns);
    }
  });

  test("an id is unique in its table, and the number of a deleted row is never used again", () => {
    for (const [name, table] of declared) {
      const { columns } = getTableConfig(table);
      const id = columns.find((column) => column.name === "id");
      if (id?.getSQLType() !== "text") continue;
      expect([name, id.isUnique]).toEqual([name, true]);
      expect([name, asDeclared(table).autoIncrement]).toEqual([name, true]);
    }
  });
});

test("another build of SQLite reads the complete file: integrity, foreign keys, full-text indexes, rows", async () => {
  using directory = temporaryDirectory();
  const data = join(directory.path, "data");
  let head = "";
  {
    await using world = openTestStore({ directory: data });
    for (let i = 0; i < 300; i += 1) {
      await world.store.change(ACTOR, (tx) =>
        insertContact(tx, `+1555${String(i).padStart(7, "0")}`, { first_name: `Zoë ${i}` }),
      );
    }
    head = (verifyAuditLog(world.db, { auditKey: AUDIT_KEY }) as { head: string }).head;
  }
  const other = new Better(join(data, DATABASE_FILE), { readonly: true });
  expect(other.pragma("integrity_check", { simple: true })).toBe("ok");
  expect(other.pragma("foreign_key_check")).toEqual([]);
  expect(other.prepare("select count(*) as n from contacts").get()).toEqual({ n: 300 });
  expect(other.prepare("select id, hash from audit_head").get()).toEqual({ id: 300, hash: head });
  const found = other
    .prepare(
      `select phone_number from contacts join contacts_search on contacts_search.rowid = contacts.seq
       where contacts_search match ?`,
    )
    .all('"oe 299"');
  expect(found).toEqual([{ phone_number: "+15550000299" }]);
  other.close();
});
