/** Writes rows of any table: insert, update of every column and delete, prepared once for each table. */
import { getTableColumns, getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { WritableDb } from "./database.ts";
import type { Entity, SideTable } from "./entity.ts";

type StoredValue = string | number | null;
type StoredRow = Record<string, StoredValue>;
type Values = Record<string, unknown>;

export interface Rows {
  /** Returns the row's `seq`. */
  insert(table: SQLiteTable, values: object): number;
  update(table: SQLiteTable, values: object): void;
  remove(table: SQLiteTable, id: string): void;
  /** Stores the entity's side values that are among `fields`. */
  storeSideValues(entity: Entity, seq: number, values: Values, fields: object): void;
}

export function createRows(db: WritableDb): Rows {
  const statements = new Map<SQLiteTable, ReturnType<typeof prepareStatements>>();
  const sideStatements = new Map<SQLiteTable, ReturnType<typeof prepareSideStatement>>();

  function statementsOf(table: SQLiteTable) {
    let prepared = statements.get(table);
    if (!prepared) {
      prepared = prepareStatements(db, table);
      statements.set(table, prepared);
    }
    return prepared;
  }

  return {
    insert: (table, values) => statementsOf(table).insert(values),
    update: (table, values) => statementsOf(table).update(values),
    remove: (table, id) => statementsOf(table).remove(id),
    storeSideValues(entity, seq, values, fields) {
      for (const [field, side] of Object.entries(entity.sideTables ?? {})) {
        if (!(field in fields)) continue;
        let store = sideStatements.get(side.table);
        if (!store) {
          store = prepareSideStatement(db, side);
          sideStatements.set(side.table, store);
        }
        store(seq, values[field]);
      }
    },
  };
}

/** Not by the query builder, whose prepared statements store an absent JSON value as the text `null`. */
function prepareStatements({ $client: sqlite }: WritableDb, table: SQLiteTable) {
  const columns = Object.entries(getTableColumns(table)).filter(([name]) => name !== "seq");
  const name = getTableName(table);
  const list = (part: (column: string) => string, except = "") =>
    columns.flatMap(([column]) => (column === except ? [] : [part(column)])).join(", ");
  const insert = sqlite.prepare<never, [StoredRow]>(
    `insert into ${name} (${list((column) => `"${column}"`)}) values (${list((column) => `$${column}`)})`,
  );
  const update = sqlite.prepare(
    `update ${name} set ${list((column) => `"${column}" = $${column}`, "id")} where id = $id`,
  );
  const remove = sqlite.prepare(`delete from ${name} where id = ?`);
  const toStored = (values: object): StoredRow => {
    const row: StoredRow = {};
    for (const [column, definition] of columns) {
      const value = (values as Values)[column];
      row[column] = value === null ? null : (definition.mapToDriverValue(value) as StoredValue);
    }
    return row;
  };
  return {
    insert: (values: object) => Number(insert.run(toStored(values)).lastInsertRowid),
    update: (values: object) => requireRow(update.run(toStored(values))),
    remove: (id: string) => requireRow(remove.run(id)),
  };
}

/** A missing row is a mistake of the caller: its audit row would report a change that was not made. */
function requireRow({ changes }: { changes: number }): void {
  if (changes === 0) throw new Error("the row to change does not exist");
}

/** Stores a value in a side table, replacing the previous one. */
function prepareSideStatement({ $client: sqlite }: WritableDb, { table, seq, value }: SideTable) {
  const column = getTableColumns(table)[value]!;
  const store = sqlite.prepare<never, [number, StoredValue]>(
    `insert into ${getTableName(table)} ("${seq}", "${value}") values (?, ?)
     on conflict ("${seq}") do update set "${value}" = excluded."${value}"`,
  );
  return (rowSeq: number, input: unknown) => {
    store.run(rowSeq, column.mapToDriverValue(input) as StoredValue);
  };
}
