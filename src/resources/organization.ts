/** The organization (each install serves one), and `/v1/me`, which returns the organization and the key of a request. */
import { sqliteTable, text } from "drizzle-orm/sqlite-core";
import { z } from "zod";
import { SCOPES } from "../access/keys.ts";
import { choice, label, timestamp } from "../contract/fields.ts";
import type { OneRoute } from "../http/route.ts";
import { rowColumns } from "../store/columns.ts";
import type { Db } from "../store/database.ts";
import { oncePerDatabase } from "../store/database.ts";
import type { Entity } from "../store/entity.ts";
import type { Transaction } from "../store/transaction.ts";

export const organization = sqliteTable("organization", {
  ...rowColumns(),
  name: text().notNull(),
  /** ISO 3166-1 alpha-2. */
  country: text(),
});
type Organization = typeof organization.$inferSelect;

export const organizationEntity = { type: "organization", table: organization } satisfies Entity;

/** The organization of this install; null before the first start. */
export const readOrganization = (db: Db) => db.select().from(organization).get() ?? null;

export function createOrganization(tx: Transaction, name: string, country: string | null): void {
  const row = { id: tx.newId(), created_at: tx.at, updated_at: tx.at };
  tx.insert(organizationEntity, { ...row, name, country });
}

export function updateOrganization(
  tx: Transaction,
  changes: Partial<Pick<Organization, "name" | "country">>,
): void {
  const current = readOrganization(tx.db);
  if (current) tx.update(organizationEntity, current, changes);
}

const id = (doc: string, example: string) =>
  z.uuid().meta({ description: doc, examples: [example] });
const time = (doc: string) => timestamp({ doc, example: "2026-11-23T10:42:00.000Z" });

const Me = z
  .object({
    organization: z
      .object({
        id: id("Id of the organization.", "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e01"),
        name: label({ doc: "Name of the business.", example: "Bright Dental" }),
      })
      .meta({ description: "The business that this server belongs to." }),
    key: z
      .object({
        id: id("Id of the key.", "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e02"),
        name: label({ doc: "Name of the key.", example: "CRM" }),
        prefix: z.string().meta({
          description: "The visible beginning of the key.",
          examples: ["av_live_a1B2c3..."],
        }),
        scope: choice(SCOPES, {
          doc: "Access of the key. `write` includes `read`.",
          example: "write",
        }),
        created_at: time("When the key was created."),
        last_used_at: time("When the key was last used, this request included.").nullable(),
        expires_at: time("When the key expires; null if it never expires.").nullable(),
      })
      .meta({ description: "The key of this request." }),
  })
  .meta({ id: "Me" });

const prepareOrganization = oncePerDatabase((db) =>
  db.select({ id: organization.id, name: organization.name }).from(organization).prepare(),
);

/** `GET /v1/me`: the connection test that integration platforms require. */
export const meRoute: OneRoute = {
  method: "GET",
  operation: "getMe",
  path: "/v1/me",
  tag: "Connection",
  access: "key",
  summary: "Test the connection",
  description: "Returns the business and the key of the request. Any API key has access.",
  answers: { kind: "one", data: Me },
  read({ db, keys }, { key }) {
    // The dashboard reads the signed-in user from a route of its own.
    if (key === null) return null;
    const { id: keyId, name, prefix, scope, created_at, expires_at } = key;
    const last_used_at = keys.lastUse(key).at;
    return {
      organization: prepareOrganization(db).get() ?? null,
      key: { id: keyId, name, prefix, scope, created_at, last_used_at, expires_at },
    };
  },
};
