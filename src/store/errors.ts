import type { Database } from "bun:sqlite";

/** The storage itself failed: nothing of the write is stored. `cause` is SQLite's error; `detail` may add a reason. */
export class StorageError extends Error {
  constructor(cause: unknown, detail?: string) {
    super(detail ? `${String(cause)} (${detail})` : String(cause), { cause });
    this.name = "StorageError";
  }
}

/** Why the storage accepts no writes. `replaced` and `damaged` last until the server restarts. */
export interface StorageProblem {
  state: "disk_low" | "replaced" | "damaged";
  /** A sentence without paths, for clients. */
  message: string;
}

/** A write was refused before it began, because of a known problem of the storage. */
export class StorageUnavailable extends Error {
  constructor(readonly problem: StorageProblem) {
    super(problem.message);
    this.name = "StorageUnavailable";
  }
}

/** SQLite's result codes after which the storage cannot be trusted with another write in this transaction. */
const STORAGE_FAILURE = /^SQLITE_(FULL|IOERR|READONLY|CORRUPT|BUSY|CANTOPEN|NOTADB|NOMEM)/;

/** SQLite's result code of an error, such as `SQLITE_BUSY_RECOVERY`; an empty string for other errors. */
export const storageCode = (error: unknown): string =>
  error instanceof Error ? ((error as { code?: string }).code ?? "") : "";

/** Whether another connection holds the lock that this one needs. */
export const isBusy = (error: unknown): boolean => storageCode(error).startsWith("SQLITE_BUSY");

/** Whether SQLite reported that its file, disk or memory failed, rather than that a statement was wrong. */
export const isStorageFailure = (error: unknown): boolean =>
  STORAGE_FAILURE.test(storageCode(error));

/** Whether SQLite found its file damaged, at a write or a read. */
export const isCorruption = (error: unknown): boolean =>
  /^SQLITE_(CORRUPT|NOTADB)/.test(storageCode(error instanceof StorageError ? error.cause : error));

/**
 * Rolls the transaction back after `error`, unless SQLite already has, as it does for a full disk. Never throws, because
 * a second error would hide the first.
 */
export function rollBackAfter(error: unknown, sqlite: Database): void {
  if (!sqlite.inTransaction) return;
  try {
    sqlite.exec("rollback");
  } catch (cause) {
    if (error instanceof Error) error.message += ` (and the rollback failed: ${String(cause)})`;
  }
}
