/**
 * Opens the SQLite file of a data directory. Rejects another program's file, a newer or a damaged one before
 * it changes anything in the directory; the error says what to do.
 */
import { Database } from "bun:sqlite";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname } from "node:path";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { LIMITS, UsageError } from "../config.ts";
import type { Log } from "../lib/log.ts";
import { type Db, readOnly, type WritableDb } from "./database.ts";
import { StorageError } from "./errors.ts";
import { isServerRunning, LOCK_FILE } from "./lock.ts";
import { cutDamagedLog, findLogDamage } from "./log-file.ts";
import { APPLICATION_ID, type MigrateOptions, migrate, SCHEMA_VERSION } from "./migrate.ts";
import { damaged, explainOpenFailure } from "./open-failure.ts";
import { DATABASE_FILE, databasePath, KEY_FILE } from "./paths.ts";
import { createPrivateFile } from "./private-files.ts";

export { DATABASE_FILE, KEY_FILE };

/** Files that an empty data directory may contain: those of an interrupted first start, and the file system's own. */
const MAY_BE_THERE = new Set<string>([
  KEY_FILE,
  `${KEY_FILE}.new`,
  LOCK_FILE,
  `${LOCK_FILE}-journal`,
  "lost+found",
]);
/** SQLite's constants for the `flags` of sqlite3_open_v2. */
const OPEN_READONLY = 0x1;
const OPEN_URI = 0x40;
const SMALLEST_PAGE = 512;
const RECHECK_MS = 50;
/** Before 3.51.3 a race when the write-ahead log is reset could corrupt the file (sqlite.org/changes.html). */
const OLDEST_SQLITE = [3, 51, 3];

interface DirectoryOptions {
  /** Whether a missing database is created. */
  create: boolean;
  /** Whether it is created even where the key file shows that there was one. */
  newDatabase?: boolean;
}

export interface OpenOptions extends DirectoryOptions, MigrateOptions {
  /** Whether a damaged write-ahead log is copied and cut off before its damage. */
  discardDamagedLog?: boolean;
  log?: Log | undefined;
  /** The data is deleted when the process ends, so a commit does not wait for the disk. */
  isTemporary?: boolean | undefined;
}

/** Opens or creates the database of `dataDir`. */
export function openDatabase(dataDir: string, options: OpenOptions): WritableDb {
  const file = databasePath(dataDir);
  inspectDirectory(dataDir, options);
  const fresh = !existsSync(file);
  if (!fresh) inspectFile(file, options);
  else if (!options.create) {
    throw new UsageError(
      `${dataDir} holds no ${DATABASE_FILE}. Start \`allison serve --data ${dataDir}\` once, or name the right directory with --data.`,
    );
  }
  let sqlite: Database | undefined;
  try {
    // SQLite would follow a link to a file that does not exist. The log and its index inherit the mode of the file.
    if (fresh) createPrivateFile(file);
    sqlite = new Database(file, { strict: true, create: false, readwrite: true });
    openedInodes.set(sqlite.filename, inodeOf(file));
    return prepare(sqlite, options);
  } catch (error) {
    sqlite?.close();
    throw explainOpenFailure(file, error);
  }
}

/** The inode of each opened file, by its name: a file that takes its place later is another database. */
const openedInodes = new Map<string, bigint | undefined>();

const inodeOf = (file: string): bigint | undefined =>
  statSync(file, { bigint: true, throwIfNoEntry: false })?.ino;

/** A file that this process has opened. It can be copied to another thread. */
export interface OpenedFile {
  file: string;
  inode: bigint | undefined;
}

export const openedFile = ({ $client: { filename } }: Db): OpenedFile => ({
  file: filename,
  inode: openedInodes.get(filename),
});

/** Opens another connection, for reading. Throws a StorageError if another file has taken the place of the opened one. */
export function openReader({ file, inode }: OpenedFile): Database {
  const sqlite = new Database(file, { readonly: true, strict: true });
  if (inodeOf(file) === inode) return sqlite;
  sqlite.close();
  // With SQLite's own code where it notices this.
  const code = "SQLITE_READONLY_DBMOVED";
  throw new StorageError(Object.assign(new Error(`${file} was replaced`), { code }));
}

function prepare(sqlite: Database, options: OpenOptions): WritableDb {
  const { version } = sqlite.query("select sqlite_version() as version").get() as {
    version: string;
  };
  const numbers = version.split(".").map(Number);
  const older = OLDEST_SQLITE.findIndex((part, i) => part !== numbers[i]);
  if (older >= 0 && numbers[older]! < OLDEST_SQLITE[older]!) {
    throw new UsageError(`SQLite ${version} is too old; ${OLDEST_SQLITE.join(".")} is needed.`);
  }
  // Set explicitly: the defaults of bun:sqlite disable foreign keys and do not wait for other processes.
  sqlite.exec(`pragma busy_timeout = ${LIMITS.writeLockMs}`);
  sqlite.exec("pragma journal_mode = wal");
  sqlite.exec(`pragma synchronous = ${options.isTemporary ? "off" : "full"}`);
  sqlite.exec("pragma foreign_keys = on");
  sqlite.exec("pragma cache_size = -65536");
  // In pages of 4 KiB: a checkpoint after 32 MiB of log, because each checkpoint costs two more syncs.
  sqlite.exec("pragma wal_autocheckpoint = 8192");
  sqlite.exec("pragma temp_store = memory");
  sqlite.exec("pragma journal_size_limit = 67108864");
  migrate(sqlite, options);
  dropStatistics(sqlite);
  // From here on a wait inside SQLite would block the event loop; group commit retries from a timer instead.
  sqlite.exec("pragma busy_timeout = 0");
  return drizzle(sqlite) as unknown as WritableDb;
}

/**
 * Removes the statistics of the query planner. Those of a nearly empty database would make it scan tables that have grown
 * since, so none are kept: without them the indexes alone determine each plan.
 */
function dropStatistics(sqlite: Database): void {
  const tables = sqlite
    .query("select name from sqlite_schema where name like 'sqlite_stat_'")
    .values();
  for (const [name] of tables) sqlite.exec(`drop table ${String(name)}`);
  // This connection has read them already; the pragma makes it read the schema again.
  if (tables.length > 0) sqlite.exec("pragma writable_schema = reset");
}

/** The open snapshots, by the file that they read. */
const snapshots = new Map<Database, string>();

/**
 * Opens a separate connection with a read transaction: it does not see later writes and does not block writers. Throws as
 * `openReader` does.
 */
export function openSnapshot(opened: Db): { db: Db } & Disposable {
  const sqlite = openReader(openedFile(opened));
  sqlite.exec("begin");
  snapshots.set(sqlite, opened.$client.filename);
  return {
    db: readOnly(drizzle(sqlite) as unknown as WritableDb),
    [Symbol.dispose]: () => closeSnapshot(sqlite),
  };
}

function closeSnapshot(sqlite: Database): void {
  if (!snapshots.delete(sqlite)) return;
  // Closing ends no transaction while a statement waits for the garbage collector, and would block the checkpoint.
  if (sqlite.inTransaction) sqlite.exec("rollback");
  sqlite.close();
}

/** Closes the snapshots of a file, whose next read then fails. Returns how many there were. */
export function closeSnapshots(filename: string): number {
  const open = [...snapshots].filter(([, file]) => file === filename);
  for (const [sqlite] of open) closeSnapshot(sqlite);
  return open.length;
}

/** Checkpoints the write-ahead log and closes the file, so that the directory can be copied. */
export function closeDatabase(db: WritableDb): void {
  try {
    db.$client.exec("pragma wal_checkpoint(truncate)");
  } catch {
    // If the disk is full or another server is busy, the log remains and the next start reads it.
  }
  db.$client.close();
}

/**
 * Leaves a database whose files are no longer its own. Nothing is checkpointed into a file that took its place, and its
 * log is renamed, since SQLite would apply it to that file. Returns the files that it kept. `hasData`: this process
 * still reads all of the data, and copies it. `ownsLog`: the log in the directory is still its own.
 */
export function abandonDatabase(
  { $client: sqlite }: WritableDb,
  { hasData, ownsLog }: { hasData: boolean; ownsLog: boolean },
): string[] {
  const file = sqlite.filename;
  const kept: string[] = [];
  abandoned.add(sqlite);
  if (ownsLog) {
    kept.push(`${file}-wal.kept-${fileStamp()}`);
    renameSync(`${file}-wal`, kept[0]!);
    rmSync(`${file}-shm`, { force: true });
  }
  if (hasData) {
    const copy = `${file}.kept-${fileStamp()}`;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    createPrivateFile(copy);
    sqlite.query("vacuum into ?").run(copy);
    kept.push(copy);
  }
  return kept;
}

/** Closing one of these, or collecting it as garbage, would checkpoint its log into the wrong file. */
const abandoned = new Set<Database>();

/** The time in a form for names of files. */
const fileStamp = () => new Date().toISOString().replace(/[:.]/g, "-");

/** Creates the data directory if `create` is true. Rejects a directory of other files or one that is not writable. */
export function inspectDirectory(dataDir: string, { create, newDatabase }: DirectoryOptions): void {
  if (!existsSync(dataDir)) {
    if (!create) throw new UsageError(`The data directory ${dataDir} does not exist; see --data.`);
    try {
      mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new UsageError(
        `The data directory ${dataDir} cannot be made (${reasonOf(error)}); choose another with --data.`,
      );
    }
    return;
  }
  if (!statSync(dataDir).isDirectory()) {
    throw new UsageError(`${dataDir} is a file, not a directory; choose another with --data.`);
  }
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    throw new UsageError(
      `The data directory ${dataDir} is not writable for this user; change its owner, or choose another with --data.`,
    );
  }
  const entries = readdirSync(dataDir);
  if (create && !entries.includes(DATABASE_FILE) && entries.includes(KEY_FILE)) {
    if (newDatabase) return;
    throw new UsageError(
      `${dataDir} holds ${KEY_FILE} but no ${DATABASE_FILE}: the database was removed or is not restored yet. Put it back, or start once with --new-database to begin with an empty one.`,
    );
  }
  const ours = entries.includes(DATABASE_FILE) || entries.every((name) => MAY_BE_THERE.has(name));
  if (!ours) {
    throw new UsageError(
      `${dataDir} holds other files and no ${DATABASE_FILE}, so it is not a data directory of Allison; name an empty one with --data.`,
    );
  }
}

/** Checks the file's header (sqlite.org/fileformat.html) without SQLite, so that a rejected file is never opened. */
function inspectFile(file: string, options: OpenOptions): void {
  const { size, header } = readHeader(file);
  // The header does not include what is still in the log; `probe` reads that through SQLite.
  const inLog = existsSync(`${file}-wal`) && statSync(`${file}-wal`).size > 0;
  const emptyFirstStart = size === 0 && !inLog;
  if (emptyFirstStart) return;
  // SQLite would treat the file as new and delete the log.
  if (size === 0) throw damaged(file, "it is empty, and its log is not");
  if (size < SMALLEST_PAGE || header.toString("latin1", 0, 16) !== "SQLite format 3\0") {
    throw new UsageError(
      `${file} is not an SQLite database; move it away, or restore a backup over it. It was not touched.`,
    );
  }
  const pageSize = readPageSize(header);
  if (inLog) inspectLog(file, pageSize, options);
  else {
    refuseOthers(file, {
      application: header.readUInt32BE(68),
      version: header.readUInt32BE(60),
      pages: size / pageSize,
    });
    if (size < pageSize * Math.max(1, header.readUInt32BE(28)))
      throw damaged(file, "its end is missing");
  }
  probe(file, inLog);
}

/** Rejects a log that SQLite would read only up to its damage, or cuts it off there if the options say so. */
function inspectLog(file: string, pageSize: number, options: OpenOptions): void {
  if (!options.create && isServerRunning(dirname(file))) return;
  const damage = findLogDamage(file, pageSize);
  if (damage === null) return;
  // Another process may just be writing; damage stays where it is.
  Bun.sleepSync(RECHECK_MS);
  if (findLogDamage(file, pageSize)?.frame !== damage.frame) return;
  const missing = `the changes of ${damage.commits} or more commits, the newest ones, may be missing`;
  if (!options.discardDamagedLog) {
    throw new UsageError(
      `${file}-wal is damaged at frame ${damage.frame}: ${missing}. Restore a backup, or start \`allison serve\` once with --discard-damaged-log, which keeps a copy of the log and goes on without them. It was not touched.`,
    );
  }
  const copy = `${file}-wal.damaged-${fileStamp()}`;
  cutDamagedLog(file, damage, copy);
  options.log?.warn({ file: `${file}-wal`, frame: damage.frame, copy }, `damaged log: ${missing}`);
}

/** From a database's header (sqlite.org/fileformat.html section 1.3.2). */
export const readPageSize = (header: Buffer): number =>
  header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);

/** The file's size and its first 100 bytes, padded with zeros. */
export function readHeader(file: string): { size: number; header: Buffer } {
  const header = Buffer.alloc(100);
  const stat = statSync(file);
  if (!stat.isFile()) return { size: SMALLEST_PAGE, header };
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new UsageError(
      `${file} cannot be read and written by this user (${reasonOf(error)}); change its owner, or choose another directory with --data.`,
    );
  }
  const handle = openSync(file, "r");
  readSync(handle, header, 0, header.length, 0);
  closeSync(handle);
  return { size: stat.size, header };
}

/** Rejects a database of another program or of a newer version. An interrupted first start leaves one empty page. */
function refuseOthers(
  file: string,
  marks: { application: number; version: number; pages: number },
): void {
  const { application, version, pages } = marks;
  const begun = application === 0 && version === 0 && pages <= 1;
  if (application !== APPLICATION_ID && !begun) {
    throw new UsageError(
      `${file} is a database of another program; name another directory with --data. It was not touched.`,
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new UsageError(
      `${file} was written by a newer Allison (schema ${version}; this one knows ${SCHEMA_VERSION}). Start that version again, or restore a backup made before the upgrade. It was not touched.`,
    );
  }
}

/** Reads the schema and the first row of every table, read-only; without a log, in a mode that creates no files. */
function probe(file: string, inLog: boolean): void {
  let sqlite: Database | undefined;
  try {
    sqlite = inLog ? new Database(file, { readonly: true, strict: true }) : openImmutable(file);
    // Another process may be recovering the log after a kill.
    sqlite.exec(`pragma busy_timeout = ${LIMITS.writeLockMs}`);
    if (inLog) {
      const pragma = (name: string) => Number(sqlite!.query(`pragma ${name}`).values()[0]![0]);
      refuseOthers(file, {
        application: pragma("application_id"),
        version: pragma("user_version"),
        pages: pragma("page_count"),
      });
    }
    const tables = sqlite
      .query("select name from sqlite_schema where type = 'table' and rootpage > 0")
      .values();
    for (const [name] of tables) {
      sqlite.query(`select * from "${String(name)}" limit 1`).values();
    }
  } catch (error) {
    throw explainOpenFailure(file, error);
  } finally {
    sqlite?.close();
  }
}

/** Opens the main file alone, without its log and without a lock, in a mode that creates no other files. */
const openImmutable = (file: string): Database =>
  new Database(`file:${asUriPath(file)}?immutable=1`, (OPEN_READONLY | OPEN_URI) as never);

const asUriPath = (path: string) => encodeURI(path).replace(/[?#]/g, encodeURIComponent);

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
