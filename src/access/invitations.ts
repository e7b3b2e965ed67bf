/**
 * Invitations: one-time links by which people create their own accounts, so that nobody else knows their passwords. The
 * database holds only the hash of a link's token.
 */
import { eq } from "drizzle-orm";
import { sqliteTable, text } from "drizzle-orm/sqlite-core";
import { LIMITS } from "../config.ts";
import { type Clock, isoTime } from "../lib/clock.ts";
import { sha256Hex } from "../lib/json.ts";
import type { Random } from "../lib/random.ts";
import { rowColumns } from "../store/columns.ts";
import type { Db } from "../store/database.ts";
import type { Entity } from "../store/entity.ts";
import type { Transaction } from "../store/transaction.ts";
import { AccessError } from "./errors.ts";
import { createOneTimeToken } from "./one-time.ts";
import { ROLES, type Role, type User, type Users } from "./users.ts";

export const invitations = sqliteTable("invitations", {
  ...rowColumns(),
  /** In lower case. */
  email: text().notNull().unique(),
  role: text({ enum: ROLES }).notNull(),
  token_hash: text().notNull().unique(),
  expires_at: text().notNull(),
});
export type Invitation = typeof invitations.$inferSelect;

export const invitationEntity = {
  type: "invitation",
  table: invitations,
  ignored: ["token_hash"],
} satisfies Entity;

const DAY_MS = 86_400_000;

export interface Invitations {
  /**
   * Invites a person; an earlier invitation of the same email ends. The token is for the link only. Throws `email_taken`,
   * and `no_owner` for a member where there is no owner.
   */
  create(tx: Transaction, input: { email: string; role: Role }): Invitation & { token: string };
  /** The invitation of a token, if it is valid. */
  find(token: string): Invitation | null;
  byEmail(email: string): Invitation | null;
  /** Creates the account and uses up the invitation. Throws `invitation_ended`. */
  accept(tx: Transaction, token: string, account: Pick<User, "name" | "password_hash">): User;
  remove(tx: Transaction, invitation: Invitation): void;
}

export function createInvitations(
  db: Db,
  users: Pick<Users, "byEmail" | "hasOwner" | "create">,
  clock: Clock,
  random: Random,
): Invitations {
  const byEmail = (email: string) =>
    db.select().from(invitations).where(eq(invitations.email, email.toLowerCase())).get() ?? null;

  function find(token: string): Invitation | null {
    const hash = sha256Hex(token);
    const found = db.select().from(invitations).where(eq(invitations.token_hash, hash)).get();
    return found && Date.parse(found.expires_at) > clock.now() ? found : null;
  }

  return {
    find,
    byEmail,
    create(tx, { email, role }) {
      if (users.byEmail(email)) throw new AccessError({ kind: "email_taken" });
      if (role !== "owner" && !users.hasOwner()) throw new AccessError({ kind: "no_owner" });
      const previous = byEmail(email);
      if (previous) tx.remove(invitationEntity, previous);
      const { token } = createOneTimeToken(random);
      const row = {
        id: tx.newId(),
        created_at: tx.at,
        updated_at: tx.at,
        email: email.toLowerCase(),
        role,
        token_hash: sha256Hex(token),
        expires_at: isoTime(Date.parse(tx.at) + LIMITS.invitationDays * DAY_MS),
      };
      return { ...row, seq: tx.insert(invitationEntity, row), token };
    },
    accept(tx, token, { name, password_hash }) {
      const invitation = find(token);
      if (!invitation) throw new AccessError({ kind: "invitation_ended" });
      tx.remove(invitationEntity, invitation);
      const { email, role } = invitation;
      return users.create(tx, { email, name, passwordHash: password_hash, role });
    },
    remove: (tx, invitation) => tx.remove(invitationEntity, invitation),
  };
}
