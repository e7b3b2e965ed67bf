/**
 * A select of the query builder, prepared once and run directly on SQLite. The builder's own prepared statements rebuild
 * each row column by column; here SQLite returns the row as an object, and only the columns with another stored type
 * (JSON, booleans) are decoded.
 */
import { Column, is, Placeholder } from "drizzle-orm";
import type { Db } from "./database.ts";

type Values = Record<string, unknown>;

export interface PreparedQuery<Row> {
  /** The first row, or null. `values` are those of the placeholders, by name. */
  get(values: Values): Row | null;
  all(values: Values): Row[];
}

interface Query {
  toSQL(): { sql: string; params: unknown[] };
}

/** Prepares `query`. `columns`: the selected columns by their names in the row. */
export function prepareQuery<Row>(
  { $client }: Db,
  query: Query,
  columns: Values,
): PreparedQuery<Row> {
  const { sql, params } = query.toSQL();
  const statement = $client.prepare<Values, never[]>(sql);
  const decoded = Object.entries(columns).flatMap(([name, column]) =>
    is(column, Column) && column.dataType !== "string" && column.dataType !== "number"
      ? [{ name, column }]
      : [],
  );
  const bind = (values: Values) =>
    params.map((param) => (is(param, Placeholder) ? values[param.name] : param)) as never[];
  const decode = (row: Values): Row => {
    for (const { name, column } of decoded) {
      if (row[name] !== null) row[name] = column.mapFromDriverValue(row[name]);
    }
    return row as Row;
  };
  return {
    get(values) {
      const row = statement.get(...bind(values));
      return row && decode(row);
    },
    all: (values) => statement.all(...bind(values)).map(decode),
  };
}
