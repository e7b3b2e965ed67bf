/** Checks the file of a database table by table, on a connection of its own that only reads. */
import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { LIMITS, UsageError } from "../config.ts";
import { isServerRunning } from "./lock.ts";
import { findLogDamage, type LogDamage } from "./log-file.ts";
import { inspectDirectory, readHeader, readPageSize } from "./open.ts";
import { DATABASE_FILE, databasePath } from "./paths.ts";

export interface TableCheck {
  table: string;
  /** In SQLite's words; empty for a table that is whole. */
  problems: string[];
}

export interface IntegrityCheck extends Disposable {
  /** Damage of the write-ahead log. No table is checked then, since reading would remove the evidence. */
  logDamage: LogDamage | null;
  /** The number of tables, for progress. */
  count: number;
  tables(): Generator<TableCheck>;
}

const SCHEMA_TABLE = "sqlite_schema";

/** Opens the database of a data directory for a check. A server may run on it meanwhile. */
export function openIntegrityCheck(dataDir: string): IntegrityCheck {
  inspectDirectory(dataDir, { create: false });
  const file = databasePath(dataDir);
  if (!existsSync(file)) throw new UsageError(`${dataDir} holds no ${DATABASE_FILE}; see --data.`);
  const pageSize = readPageSize(readHeader(file).header);
  const logDamage = isServerRunning(dataDir) ? null : findLogDamage(file, pageSize);
  if (logDamage !== null) {
    return { logDamage, count: 0, *tables() {}, [Symbol.dispose]() {} };
  }
  const sqlite = new Database(file, { readonly: true, strict: true });
  // A server that writes must not make the check fail.
  sqlite.exec(`pragma busy_timeout = ${LIMITS.writeLockMs}`);
  const { names, problems } = listTables(sqlite);
  return {
    logDamage,
    count: names.length,
    *tables() {
      yield { table: SCHEMA_TABLE, problems };
      for (const table of names) yield { table, problems: checkTable(sqlite, table) };
    },
    [Symbol.dispose]: () => sqlite.close(),
  };
}

function listTables(sqlite: Database): { names: string[]; problems: string[] } {
  try {
    const rows = sqlite
      .query(`select name from ${SCHEMA_TABLE} where type = 'table' order by name`)
      .values();
    return { names: rows.map(([name]) => String(name)), problems: [] };
  } catch (error) {
    return { names: [], problems: [(error as Error).message] };
  }
}

/** Checks a table with its indexes, and the rows that it refers to. */
function checkTable(sqlite: Database, table: string): string[] {
  try {
    const found = sqlite.query(`pragma integrity_check("${table}")`).values();
    const problems = found.map(([text]) => String(text)).filter((text) => text !== "ok");
    if (problems.length > 0) return problems;
    const orphans = sqlite.query(`pragma foreign_key_check("${table}")`).values().length;
    return orphans === 0 ? [] : [`${orphans} rows refer to rows that do not exist`];
  } catch (error) {
    return [(error as Error).message];
  }
}
