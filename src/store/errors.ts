/** The storage itself failed: nothing of the write is stored. `cause` is SQLite's error. */
export class StorageError extends Error {
  constructor(cause: unknown) {
    super(String(cause), { cause });
    this.name = "StorageError";
  }
}

/** SQLite's result codes after which the storage cannot be trusted with another write in this transaction. */
const STORAGE_FAILURE = /^SQLITE_(FULL|IOERR|READONLY|CORRUPT|BUSY|CANTOPEN|NOTADB|NOMEM)/;

/** Whether SQLite reported that its file, disk or memory failed, rather than that a statement was wrong. */
export const isStorageFailure = (error: unknown): boolean =>
  error instanceof Error && STORAGE_FAILURE.test((error as { code?: string }).code ?? "");
