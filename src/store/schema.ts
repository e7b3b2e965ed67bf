/**
 * Compares the schema of a database with the one that the migrations create: a program that removes a trigger of the audit
 * log, or adds one that alters rows, is noticed. Tables, indexes and views of other programs are allowed.
 */
import { Database } from "bun:sqlite";
import type { Db } from "./database.ts";
import { MIGRATIONS } from "./migrate.ts";

interface SchemaObject {
  type: string;
  name: string;
  sql: string;
}

/** An object of the schema that is not as the migrations create it. */
export interface SchemaChange {
  /** Such as `trigger audit_no_update`. */
  object: string;
  problem: "is missing" | "was altered" | "was added";
  /** The statement that creates the object; null for an added one. */
  sql: string | null;
}

const READ_SCHEMA =
  "select type, name, sql from sqlite_schema where sql is not null and name not like 'sqlite\\_%' escape '\\' order by type, name";

let expected: ReadonlyMap<string, SchemaObject> | undefined;

/** Returns what is missing, altered or, of triggers, added. */
export function findSchemaChanges({ $client: sqlite }: Db): SchemaChange[] {
  expected ??= createExpectedSchema();
  const found = asMap(sqlite.query<SchemaObject, []>(READ_SCHEMA).all());
  const changes: SchemaChange[] = [];
  for (const [object, { sql }] of expected) {
    const actual = found.get(object);
    if (!actual) changes.push({ object, problem: "is missing", sql });
    else if (normalize(actual.sql) !== normalize(sql))
      changes.push({ object, problem: "was altered", sql });
  }
  for (const [object, { type }] of found) {
    if (type === "trigger" && !expected.has(object))
      changes.push({ object, problem: "was added", sql: null });
  }
  return changes;
}

function createExpectedSchema(): Map<string, SchemaObject> {
  using sqlite = new Database(":memory:");
  for (const migration of MIGRATIONS) sqlite.exec(migration);
  return asMap(sqlite.query<SchemaObject, []>(READ_SCHEMA).all());
}

const asMap = (objects: SchemaObject[]) =>
  new Map(objects.map((object) => [`${object.type} ${object.name}`, object]));

/** SQLite keeps the text of a statement, and versions of it may differ in spaces after a table was altered. */
const normalize = (sql: string) => sql.replace(/\s+/g, " ");
