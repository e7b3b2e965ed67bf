/** Explains why a database cannot be opened. Only what SQLite calls corrupt counts as damage. */
import { LIMITS, UsageError } from "../config.ts";
import { isBusy, isCorruption, isStorageFailure, storageCode } from "./errors.ts";
import { describeLockHolders } from "./lock-holders.ts";

/** What to do, by the beginning of SQLite's result code (sqlite.org/rescode.html). */
const CURES: readonly [RegExp, string][] = [
  [/^SQLITE_FULL/, "the disk is full; free space on it"],
  [
    /^SQLITE_IOERR/,
    "the disk cannot be read or written; check its free space, its quota and its health",
  ],
  [
    /^SQLITE_READONLY/,
    "the file or its directory is read-only; change its owner, its mode or its mount",
  ],
  [
    /^SQLITE_CANTOPEN/,
    "the file or its log cannot be opened; check the owner and mode of the files beside it, and the free space",
  ],
];

/** Returns the UsageError for a failure to open `file`; other errors than SQLite's are returned unchanged. */
export function explainOpenFailure(file: string, error: unknown): unknown {
  if (error instanceof UsageError) return error;
  const code = storageCode(error);
  const reason = error instanceof Error ? error.message : String(error);
  if (isCorruption(error)) return damaged(file, reason);
  if (isBusy(error)) {
    const holders = describeLockHolders(file) || "in use by another process";
    const seconds = LIMITS.writeLockMs / 1_000;
    return new UsageError(
      `${file} is ${holders}, and was not released within ${seconds} seconds. Stop that process, or try again when it has ended.`,
    );
  }
  const [, cure] = CURES.find(([codes]) => codes.test(code)) ?? [];
  if (cure) {
    return new UsageError(
      `${file} cannot be opened (${code}: ${reason}): ${cure}. The data is not damaged.`,
    );
  }
  return isStorageFailure(error)
    ? new UsageError(`${file} cannot be opened (${code}: ${reason}).`)
    : error;
}

export const damaged = (file: string, reason: string): UsageError =>
  new UsageError(
    `${file} is damaged (${reason}). Restore a backup, or copy the directory and try \`sqlite3 allison.db .recover\` on the copy. It was not touched.`,
  );
