/** Webhook subscriptions as they are stored: the table, and the secret that signs the deliveries. */
import { sql } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Vault } from "../access/vault.ts";
import type { EventType } from "../contract/event-types.ts";
import { randomBase62 } from "../lib/base62.ts";
import type { Random } from "../lib/random.ts";
import { rowColumns } from "../store/columns.ts";
import type { Db } from "../store/database.ts";
import type { Entity } from "../store/entity.ts";
import { SECRET_PREFIX } from "./sign.ts";

export const AUTO_DISABLED_REASONS = ["consecutive_failures", "no_success"] as const;
export type AutoDisabledReason = (typeof AUTO_DISABLED_REASONS)[number];

export const webhookSubscriptions = sqliteTable(
  "webhook_subscriptions",
  {
    ...rowColumns(),
    url: text().notNull(),
    description: text(),
    events: text({ mode: "json" }).$type<EventType[]>().notNull(),
    enabled: integer({ mode: "boolean" }).notNull(),
    /** Sealed by the vault; decrypted only to sign. */
    secret: text().notNull(),
    secret_preview: text().notNull(),
    auto_disabled_reason: text({ enum: AUTO_DISABLED_REASONS }),
    /** Events in a row that failed for good. */
    consecutive_failures: integer().notNull(),
    /** The time of the first failed attempt since the last success. */
    failing_since: text(),
  },
  (table) => [index("webhook_subscriptions_created").on(table.created_at, table.id)],
);
export type Subscription = typeof webhookSubscriptions.$inferSelect;

export const webhookSubscriptionEntity = {
  type: "webhook_subscription",
  table: webhookSubscriptions,
  masked: ["secret"],
  ignored: ["consecutive_failures", "failing_since"],
} satisfies Entity;

const SECRET_LENGTH = 32;

/** The purpose with which the vault seals a subscription's secret. */
export const secretPurpose = (subscriptionId: string) => `webhook_secret:${subscriptionId}`;

/** Creates a secret for a subscription: in plain text, and the columns to store. */
export function newSecret(subscriptionId: string, vault: Vault, random: Random) {
  const secret = SECRET_PREFIX + randomBase62(random, SECRET_LENGTH);
  return {
    secret,
    stored: {
      secret: vault.seal(secret, secretPurpose(subscriptionId)),
      secret_preview: `${secret.slice(0, SECRET_PREFIX.length + 8)}...`,
    },
  };
}

export const countSubscriptions = ({ $client }: Db): number =>
  $client.query<{ n: number }, []>("select count(*) as n from webhook_subscriptions").get()!.n;

/** Whether the vault can decrypt the newest secret; true if there is none. */
export function canDecryptSecrets({ db, vault }: { db: Db; vault: Vault }): boolean {
  const { id, secret } = webhookSubscriptions;
  const newest = db.select({ id, secret }).from(webhookSubscriptions).orderBy(sql`seq desc`).get();
  if (!newest) return true;
  try {
    vault.open(newest.secret, secretPurpose(newest.id));
    return true;
  } catch {
    return false;
  }
}
