/**
 * Dashboard accounts. What is secret of them is stored so that the database alone gives none of it away: passwords as
 * argon2id hashes, the second factor's secret sealed by the vault, recovery codes as hashes.
 */
import { and, asc, eq, getTableColumns, isNull, lt, sql } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { LIMITS } from "../config.ts";
import { ApiError, conflict } from "../http/errors.ts";
import type { Random } from "../lib/random.ts";
import type { Store } from "../store/change.ts";
import { rowColumns } from "../store/columns.ts";
import type { Entity } from "../store/entity.ts";
import { prepareQuery } from "../store/query.ts";
import type { Transaction } from "../store/transaction.ts";
import type { Sessions } from "./sessions.ts";
import { newRecoveryCode, recoveryHash, totpStep } from "./totp.ts";
import type { Vault } from "./vault.ts";

export const users = sqliteTable("users", {
  ...rowColumns(),
  /** In lower case. */
  email: text().notNull().unique(),
  name: text(),
  password_hash: text().notNull(),
  /** Sealed by the vault; null without a second factor. */
  totp_secret: text(),
  /** The step of the last code that was taken; none is taken twice. */
  totp_last_step: integer().notNull(),
});
export type User = typeof users.$inferSelect;

export const recoveryCodes = sqliteTable(
  "recovery_codes",
  {
    ...rowColumns(),
    user_id: text()
      .notNull()
      .references(() => users.id),
    hash: text().notNull().unique(),
    used_at: text(),
  },
  (table) => [index("recovery_codes_user").on(table.user_id)],
);

const userEntity = {
  type: "user",
  table: users,
  masked: ["password_hash", "totp_secret"],
  ignored: ["totp_last_step"],
} satisfies Entity;

const recoveryCodeEntity = {
  type: "recovery_code",
  table: recoveryCodes,
  ignored: ["hash"],
} satisfies Entity;

const totpPurpose = (userId: string) => `totp:${userId}`;

export interface NewUser {
  email: string;
  name: string | null;
  passwordHash: string;
}

export interface Users {
  find(id: string): User | null;
  byEmail(email: string): User | null;
  list(): User[];
  /** Whether there is any account at all. */
  any(): boolean;
  /** Throws `conflict` for an email that has an account. */
  create(tx: Transaction, user: NewUser): User;
  /** Sets the password and ends every session of the account. */
  setPassword(tx: Transaction, userId: string, passwordHash: string): User;
  /**
   * Switches the second factor on; returns new recovery codes, in plain for this once. `step`: of the code that was given
   * for it, which is thereby taken.
   */
  enableTotp(tx: Transaction, userId: string, secret: string, step: number): string[];
  disableTotp(tx: Transaction, userId: string): void;
  /** New recovery codes, in plain for this once; the old ones are gone. Throws `conflict` without a second factor. */
  renewRecoveryCodes(tx: Transaction, userId: string): string[];
  rename(tx: Transaction, userId: string, name: string | null): User;
  /** Takes a code of the second factor: true once for a right one, never again for it or one before it. */
  takeCode(user: User, code: string, now: number): Promise<boolean>;
  /** Uses up a recovery code; false for a wrong or used one. */
  takeRecoveryCode(tx: Transaction, userId: string, code: string): boolean;
  recoveryCodesLeft(userId: string): number;
}

export function createUsers(
  store: Store,
  sessions: Pick<Sessions, "endAll">,
  vault: Vault,
  random: Random,
): Users {
  const { db } = store;
  const columns = getTableColumns(users);
  const byId = prepareQuery<User>(
    db,
    db
      .select()
      .from(users)
      .where(eq(users.id, sql.placeholder("id"))),
    columns,
  );
  const emailed = prepareQuery<User>(
    db,
    db
      .select()
      .from(users)
      .where(eq(users.email, sql.placeholder("email"))),
    columns,
  );
  const codesOf = (userId: string) =>
    db.select().from(recoveryCodes).where(eq(recoveryCodes.user_id, userId)).all();

  /** As it is stored at this moment: an update writes every column, the step of the last code among them. */
  function current(userId: string): User {
    const user = byId.get({ id: userId });
    if (!user) throw new ApiError("not_found");
    return user;
  }

  function removeCodes(tx: Transaction, userId: string): void {
    for (const code of codesOf(userId)) tx.remove(recoveryCodeEntity, code);
  }

  function replaceCodes(tx: Transaction, userId: string): string[] {
    removeCodes(tx, userId);
    return Array.from({ length: LIMITS.recoveryCodes }, () => {
      const code = newRecoveryCode(random);
      tx.insert(recoveryCodeEntity, {
        id: tx.newId(),
        created_at: tx.at,
        updated_at: tx.at,
        user_id: userId,
        hash: recoveryHash(code),
        used_at: null,
      });
      return code;
    });
  }

  async function takeStep(userId: string, step: number): Promise<boolean> {
    const taken = await store.housekeep((writer) =>
      writer
        .update(users)
        .set({ totp_last_step: step })
        .where(and(eq(users.id, userId), lt(users.totp_last_step, step)))
        .returning({ id: users.id })
        .all(),
    );
    return taken.length === 1;
  }

  return {
    find: (id) => byId.get({ id }),
    byEmail: (email) => emailed.get({ email: email.toLowerCase() }),
    list: () => db.select().from(users).orderBy(asc(users.email)).all(),
    any: () => db.select({ id: users.id }).from(users).limit(1).get() !== undefined,
    create(tx, { email, name, passwordHash }) {
      if (emailed.get({ email: email.toLowerCase() }))
        throw conflict({ email: "is already used by another account" });
      const row = {
        id: tx.newId(),
        created_at: tx.at,
        updated_at: tx.at,
        email: email.toLowerCase(),
        name,
        password_hash: passwordHash,
        totp_secret: null,
        totp_last_step: 0,
      };
      return { ...row, seq: tx.insert(userEntity, row) };
    },
    setPassword(tx, userId, passwordHash) {
      sessions.endAll(tx, userId);
      return tx.update(userEntity, current(userId), { password_hash: passwordHash });
    },
    enableTotp(tx, userId, secret, step) {
      const user = current(userId);
      tx.update(userEntity, user, {
        totp_secret: vault.seal(secret, totpPurpose(userId)),
        totp_last_step: Math.max(step, user.totp_last_step),
      });
      return replaceCodes(tx, userId);
    },
    disableTotp(tx, userId) {
      tx.update(userEntity, current(userId), { totp_secret: null });
      removeCodes(tx, userId);
    },
    renewRecoveryCodes(tx, userId) {
      if (current(userId).totp_secret === null)
        throw conflict({ two_factor: "is switched off; switch it on first" });
      return replaceCodes(tx, userId);
    },
    rename: (tx, userId, name) => tx.update(userEntity, current(userId), { name }),
    async takeCode(user, code, now) {
      if (user.totp_secret === null) return false;
      const step = totpStep(code, vault.open(user.totp_secret, totpPurpose(user.id)), now);
      return step !== null && (await takeStep(user.id, step));
    },
    takeRecoveryCode(tx, userId, code) {
      const row = db
        .select()
        .from(recoveryCodes)
        .where(
          and(
            eq(recoveryCodes.user_id, userId),
            eq(recoveryCodes.hash, recoveryHash(code)),
            isNull(recoveryCodes.used_at),
          ),
        )
        .get();
      if (!row) return false;
      tx.update(recoveryCodeEntity, row, { used_at: tx.at });
      return true;
    },
    recoveryCodesLeft: (userId) => codesOf(userId).filter(({ used_at }) => used_at === null).length,
  };
}
