/** The storage itself failed: nothing of the write is stored. `cause` is SQLite's error. */
export class StorageError extends Error {
  constructor(cause: unknown) {
    super(String(cause), { cause });
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

/** Whether SQLite reported that its file, disk or memory failed, rather than that a statement was wrong. */
export const isStorageFailure = (error: unknown): boolean =>
  error instanceof Error && STORAGE_FAILURE.test((error as { code?: string }).code ?? "");

/** Whether SQLite found its file damaged, at a write or a read. */
export function isCorruption(error: unknown): boolean {
  const cause = error instanceof StorageError ? error.cause : error;
  return (
    cause instanceof Error &&
    /^SQLITE_(CORRUPT|NOTADB)/.test((cause as { code?: string }).code ?? "")
  );
}
