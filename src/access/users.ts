/**
 * Dashboard accounts. The database alone reveals none of their secrets: it holds passwords as argon2id hashes, the second
 * factor's secret sealed by the vault, and recovery codes as hashes.
 */
import { and, asc, eq, getTableColumns, isNull, lt, ne, sql } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { LIMITS } from "../config.ts";
import type { Random } from "../lib/random.ts";
import type { Store } from "../store/change.ts";
import { rowColumns } from "../store/columns.ts";
import type { Db } from "../store/database.ts";
import type { Entity } from "../store/entity.ts";
import { prepareQuery } from "../store/query.ts";
import type { Transaction } from "../store/transaction.ts";
import { AccessError } from "./errors.ts";
import { newRecoveryCode, recoveryHash, totpStep } from "./totp.ts";
import type { Vault } from "./vault.ts";

/** An owner may do everything; a member manages no keys, accounts, webhooks and voice platforms. */
export const ROLES = ["owner", "member"] as const;
export type Role = (typeof ROLES)[number];

export const users = sqliteTable("users", {
  ...rowColumns(),
  /** In lower case. */
  email: text().notNull().unique(),
  name: text(),
  password_hash: text().notNull(),
  /** Sealed by the vault; null without a second factor. */
  totp_secret: text(),
  /** The step of the last accepted code; no code is accepted twice. */
  totp_last_step: integer().notNull(),
  role: text({ enum: ROLES }).default("owner").notNull(),
  /** Whether the account may sign in. */
  active: integer({ mode: "boolean" }).default(true).notNull(),
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

export const userEntity = {
  type: "user",
  table: users,
  masked: ["password_hash", "totp_secret"],
  ignored: ["totp_last_step"],
} satisfies Entity;

export const recoveryCodeEntity = {
  type: "recovery_code",
  table: recoveryCodes,
  ignored: ["hash"],
} satisfies Entity;

const totpPurpose = (userId: string) => `totp:${userId}`;

export interface NewUser {
  email: string;
  name: string | null;
  passwordHash: string;
  /** The default is owner. */
  role?: Role;
}

interface Accounts {
  find(id: string): User | null;
  byEmail(email: string): User | null;
  list(): User[];
  /** Whether there is any account. */
  hasAny(): boolean;
  /** Whether an owner other than `exceptId` can sign in. */
  hasOwner(exceptId?: string): boolean;
  /** Throws `email_taken` for an email that has an account, and `no_owner` for a member where there is no owner. */
  create(tx: Transaction, user: NewUser): User;
  /** Sets the password and ends every session of the account. */
  setPassword(tx: Transaction, userId: string, passwordHash: string): User;
  rename(tx: Transaction, userId: string, name: string | null): User;
  /** Disabling an account ends every session of it. Throws `last_owner`. */
  setActive(tx: Transaction, userId: string, active: boolean): User;
  /** Deletes an account with its sessions and recovery codes; the audit log keeps its changes. Throws `last_owner`. */
  remove(tx: Transaction, userId: string): void;
}

interface SecondFactors {
  /**
   * Enables the second factor and returns new recovery codes in plain text. `step`: the time step of the code that
   * confirmed it; no code of that step is accepted again.
   */
  enableTotp(tx: Transaction, userId: string, secret: string, step: number): string[];
  disableTotp(tx: Transaction, userId: string): void;
  /** Checks a code. A correct one is accepted once; neither it nor an earlier one is accepted again. */
  takeCode(user: User, code: string, now: number): Promise<boolean>;
}

interface RecoveryCodes {
  /** Replaces the recovery codes; returns the new ones in plain text. Throws `second_factor_disabled`. */
  renewRecoveryCodes(tx: Transaction, userId: string): string[];
  /** Uses up a recovery code; false for a wrong or used one. */
  takeRecoveryCode(tx: Transaction, userId: string, code: string): boolean;
  recoveryCodesLeft(userId: string): number;
}

export interface Users extends Accounts, SecondFactors, RecoveryCodes {}

/** Ends every session of an account. */
type EndSessions = (tx: Transaction, userId: string) => void;

export function createUsers(
  store: Store,
  endSessions: EndSessions,
  vault: Vault,
  random: Random,
): Users {
  const queries = prepareUserQueries(store.db);
  return {
    ...createAccounts(queries, endSessions),
    ...createAccountStates(queries, endSessions),
    ...createSecondFactors(store, queries, vault, random),
    ...createRecoveryCodes(queries, random),
  };
}

type UserQueries = ReturnType<typeof prepareUserQueries>;

function prepareUserQueries(db: Db) {
  const columns = getTableColumns(users);
  const select = () => db.select().from(users);
  const byId = prepareQuery<User>(db, select().where(eq(users.id, sql.placeholder("id"))), columns);
  const byEmail = prepareQuery<User>(
    db,
    select().where(eq(users.email, sql.placeholder("email"))),
    columns,
  );
  const find = (id: string) => byId.get({ id });
  return {
    find,
    byEmail: (email: string) => byEmail.get({ email: email.toLowerCase() }),
    list: (): User[] => select().orderBy(asc(users.email)).all(),
    hasAny: () => db.select({ id: users.id }).from(users).limit(1).get() !== undefined,
    /** Whether an owner other than `exceptId` can sign in. */
    hasOwner: (exceptId = ""): boolean =>
      db
        .select({ id: users.id })
        .from(users)
        .where(and(eq(users.role, "owner"), eq(users.active, true), ne(users.id, exceptId)))
        .limit(1)
        .get() !== undefined,
    /** The account as it is stored now: an update writes every column, including the step of the last code. */
    current(id: string): User {
      const user = find(id);
      if (!user) throw new AccessError({ kind: "account_not_found" });
      return user;
    },
    codesOf: (userId: string) =>
      db.select().from(recoveryCodes).where(eq(recoveryCodes.user_id, userId)).all(),
    unusedCode: (userId: string, hash: string) =>
      db
        .select()
        .from(recoveryCodes)
        .where(
          and(
            eq(recoveryCodes.user_id, userId),
            eq(recoveryCodes.hash, hash),
            isNull(recoveryCodes.used_at),
          ),
        )
        .get(),
  };
}

function createAccounts(
  { find, byEmail, list, hasAny, current, hasOwner }: UserQueries,
  endSessions: EndSessions,
): Omit<Accounts, "setActive" | "remove"> {
  return {
    find,
    byEmail,
    list,
    hasAny,
    hasOwner,
    create(tx, { email, name, passwordHash, role = "owner" }) {
      if (byEmail(email)) throw new AccessError({ kind: "email_taken" });
      if (role !== "owner" && !hasOwner()) throw new AccessError({ kind: "no_owner" });
      const row = {
        id: tx.newId(),
        created_at: tx.at,
        updated_at: tx.at,
        email: email.toLowerCase(),
        name,
        password_hash: passwordHash,
        totp_secret: null,
        totp_last_step: 0,
        role,
        active: true,
      };
      return { ...row, seq: tx.insert(userEntity, row) };
    },
    setPassword(tx, userId, passwordHash) {
      endSessions(tx, userId);
      return tx.update(userEntity, current(userId), { password_hash: passwordHash });
    },
    rename: (tx, userId, name) => tx.update(userEntity, current(userId), { name }),
  };
}

function createAccountStates(
  queries: UserQueries,
  endSessions: EndSessions,
): Pick<Accounts, "setActive" | "remove"> {
  /** Without an owner, nobody could manage keys, webhooks and accounts in the dashboard. */
  function requireOtherOwner({ id }: User): void {
    if (!queries.hasOwner(id)) throw new AccessError({ kind: "last_owner" });
  }
  return {
    setActive(tx, userId, active) {
      const user = queries.current(userId);
      if (!active) {
        requireOtherOwner(user);
        endSessions(tx, userId);
      }
      return tx.update(userEntity, user, { active });
    },
    remove(tx, userId) {
      const user = queries.current(userId);
      requireOtherOwner(user);
      endSessions(tx, userId);
      removeCodes(tx, queries, userId);
      tx.remove(userEntity, user);
    },
  };
}

function createSecondFactors(
  store: Store,
  queries: UserQueries,
  vault: Vault,
  random: Random,
): SecondFactors {
  /** Marks a step as used; false if it or a later one was used before. */
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
    enableTotp(tx, userId, secret, step) {
      const user = queries.current(userId);
      tx.update(userEntity, user, {
        totp_secret: vault.seal(secret, totpPurpose(userId)),
        totp_last_step: Math.max(step, user.totp_last_step),
      });
      return replaceCodes(tx, queries, random, userId);
    },
    disableTotp(tx, userId) {
      tx.update(userEntity, queries.current(userId), { totp_secret: null });
      removeCodes(tx, queries, userId);
    },
    async takeCode(user, code, now) {
      if (user.totp_secret === null) return false;
      const step = totpStep(code, vault.open(user.totp_secret, totpPurpose(user.id)), now);
      return step !== null && (await takeStep(user.id, step));
    },
  };
}

function createRecoveryCodes(queries: UserQueries, random: Random): RecoveryCodes {
  return {
    renewRecoveryCodes(tx, userId) {
      if (queries.current(userId).totp_secret === null)
        throw new AccessError({ kind: "second_factor_disabled" });
      return replaceCodes(tx, queries, random, userId);
    },
    takeRecoveryCode(tx, userId, code) {
      const row = queries.unusedCode(userId, recoveryHash(code));
      if (!row) return false;
      tx.update(recoveryCodeEntity, row, { used_at: tx.at });
      return true;
    },
    recoveryCodesLeft: (userId) =>
      queries.codesOf(userId).filter(({ used_at }) => used_at === null).length,
  };
}

function removeCodes(tx: Transaction, { codesOf }: UserQueries, userId: string): void {
  for (const code of codesOf(userId)) tx.remove(recoveryCodeEntity, code);
}

function replaceCodes(
  tx: Transaction,
  queries: UserQueries,
  random: Random,
  userId: string,
): string[] {
  removeCodes(tx, queries, userId);
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
