/**
 * Migrates a database to the schema of this program. The migrations are numbered SQL files in the executable; the file's
 * `user_version` is the number of applied migrations. Each migration is one transaction.
 */
import type { Database } from "bun:sqlite";
import { isoTime, systemClock } from "../lib/clock.ts";
import { keyAuditLog } from "./audit-chain.ts";
import { rollBackAfter } from "./errors.ts";
import init from "./migrations/0000_init.sql" with { type: "text" };
import accounts from "./migrations/0001_accounts.sql" with { type: "text" };
import dashboard from "./migrations/0002_dashboard.sql" with { type: "text" };
import auditSignature from "./migrations/0003_audit_signature.sql" with { type: "text" };
import roles from "./migrations/0004_roles.sql" with { type: "text" };
import invitations from "./migrations/0005_invitations.sql" with { type: "text" };
import generousInput from "./migrations/0006_generous_input.sql" with { type: "text" };

export const MIGRATIONS: readonly string[] = [
  init,
  accounts,
  dashboard,
  auditSignature,
  roles,
  invitations,
  generousInput,
];

export const SCHEMA_VERSION = MIGRATIONS.length;
/** "AVOX" in ASCII: marks the file as ours (sqlite.org/pragma.html#pragma_application_id). */
export const APPLICATION_ID = 0x41564f58;

/** What a migration needs to sign the audit log. */
export interface MigrateOptions {
  auditKey: Uint8Array;
  /** False if the log had a key from its first row, so that an unkeyed one is forged. Default true. */
  mayHaveUnkeyedRows?: boolean;
}

export function migrate(sqlite: Database, options: MigrateOptions): void {
  const done = (sqlite.query("pragma user_version").get() as { user_version: number }).user_version;
  if (done === SCHEMA_VERSION) return;
  // Rebuilding a table while foreign keys are enforced would delete the rows that refer to it. SQLite ignores this pragma
  // inside a transaction, so it is set outside.
  sqlite.exec("pragma foreign_keys = off");
  for (let version = done; version < SCHEMA_VERSION; version += 1) {
    sqlite.exec("begin immediate");
    try {
      const migration = MIGRATIONS[version]!;
      sqlite.exec(migration);
      if (migration === auditSignature)
        keyAuditLog(sqlite, { ...options, at: isoTime(systemClock.now()) });
      const orphans = sqlite.query("pragma foreign_key_check").all();
      if (orphans.length > 0)
        throw new Error(`migration ${version} leaves ${orphans.length} orphans`);
      sqlite.exec(`pragma user_version = ${version + 1}`);
      sqlite.exec(`pragma application_id = ${APPLICATION_ID}`);
      sqlite.exec("commit");
    } catch (error) {
      rollBackAfter(error, sqlite);
      throw error;
    }
  }
  sqlite.exec("pragma foreign_keys = on");
}
