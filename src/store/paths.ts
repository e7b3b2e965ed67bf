/** Where the database of a data directory is. */
import { realpathSync } from "node:fs";
import { join } from "node:path";

export const DATABASE_FILE = "allison.db";
/** Beside the database: the key of the vault (`access/vault.ts`). */
export const KEY_FILE = "secret.key";

/**
 * The path of the database, with symbolic links resolved if the file exists: SQLite keeps the log beside the real file,
 * and two servers must not lock two names of the same file.
 */
export function databasePath(dataDir: string): string {
  const file = join(dataDir, DATABASE_FILE);
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
