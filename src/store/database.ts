/**
 * The two views of the one SQLite connection. Writing needs a `WritableDb`, which only store/ holds and `change()` and
 * `housekeep()` hand out; everything else gets a `Db`, which refuses a statement that writes when it is prepared.
 */
import type { Database } from "bun:sqlite";
import type { SQL } from "drizzle-orm";
import type { BunSQLiteDatabase } from "drizzle-orm/bun-sqlite";
import { SQLiteSyncDialect } from "drizzle-orm/sqlite-core";

export type WritableDb = BunSQLiteDatabase<Record<string, never>> & { $client: Database };

/** The database for reading. */
export interface Db {
  select: WritableDb["select"];
  /** The rows of a query in SQL. */
  all<Row>(query: SQL): Row[];
  $client: Pick<Database, "filename" | "prepare" | "query">;
}

/** Statements that cannot write: a `with` is left out, since it may begin an insert. */
const READING = /^\s*(?:select\b|explain\b|pragma data_version\s*;?\s*$)/i;

/** The same connection for reading alone. */
export function readOnly(db: WritableDb): Db {
  const { $client: client } = db;
  const dialect = new SQLiteSyncDialect();
  const requireReading = (sql: string): string => {
    if (READING.test(sql)) return sql;
    throw new Error("this handle only reads; write through change() or housekeep()");
  };
  return {
    select: db.select.bind(db) as WritableDb["select"],
    all<Row>(query: SQL) {
      requireReading(dialect.sqlToQuery(query).sql);
      return db.all<Row>(query);
    },
    $client: {
      filename: client.filename,
      prepare: ((sql, ...parameters) =>
        client.prepare(requireReading(sql), ...parameters)) as Database["prepare"],
      query: ((sql) => client.query(requireReading(sql))) as Database["query"],
    },
  };
}

/** Returns `make` with its result kept for each database, so that statements are prepared once, on first use. */
export function oncePerDatabase<T, D extends object = Db>(make: (db: D) => T): (db: D) => T {
  const made = new WeakMap<D, T>();
  return (db) => {
    let value = made.get(db);
    if (value === undefined) {
      value = make(db);
      made.set(db, value);
    }
    return value;
  };
}
