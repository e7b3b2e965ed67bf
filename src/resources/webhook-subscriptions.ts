/** Webhook subscriptions: which address is told of which events, with what secret, and what became of each delivery. */
import { and, eq, sql } from "drizzle-orm";
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { z } from "zod";
import type { Vault } from "../access/vault.ts";
import { LIMITS } from "../config.ts";
import { EVENT_TYPES, type EventType } from "../contract/event-types.ts";
import { EXAMPLE_IDS } from "../contract/example.ts";
import { choice, flag, isPlainUrl, label, timestamp, wholeNumber } from "../contract/fields.ts";
import { conflict, invalid } from "../http/errors.ts";
import { filterMark, pageLimit, pagingQuery, readCursor, toPage } from "../http/paging.ts";
import type { ReadRoute, Route, WriteRoute } from "../http/route.ts";
import { randomBase62 } from "../lib/base62.ts";
import { isUuid } from "../lib/ids.ts";
import type { Random } from "../lib/random.ts";
import type { Entity, Transaction } from "../store/change.ts";
import { rowColumns } from "../store/columns.ts";
import type { Db } from "../store/open.ts";
import { attempts, DELIVERY_STATUSES, deliveries, events } from "../store/outbox-tables.ts";
import type { Egress } from "../webhooks/egress.ts";
import { SECRET_PREFIX } from "../webhooks/sign.ts";
import { bindResource, define, optional, type Resource, resourceRoutes } from "./define.ts";
import { sampleOf } from "./events.ts";
import { isTrue } from "./filters.ts";

export const AUTO_DISABLED_REASONS = ["consecutive_failures", "no_success"] as const;

export const webhookSubscriptions = sqliteTable(
  "webhook_subscriptions",
  {
    ...rowColumns(),
    url: text().notNull(),
    description: text(),
    events: text({ mode: "json" }).$type<EventType[]>().notNull(),
    enabled: integer({ mode: "boolean" }).notNull(),
    /** Sealed by the vault; opened only to sign. */
    secret: text().notNull(),
    secret_preview: text().notNull(),
    auto_disabled_reason: text({ enum: AUTO_DISABLED_REASONS }),
    /** Events in a row that failed for good. */
    consecutive_failures: integer().notNull(),
    /** Of the first failed attempt since the last success. */
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

/** What a subscription's secret is sealed for. */
export const secretPurpose = (subscriptionId: string) => `webhook_secret:${subscriptionId}`;

const eventType = (doc: string) => choice(EVENT_TYPES, { doc, example: "call.ended" });

export const webhookSubscriptionDefinition = define<typeof webhookSubscriptions>({
  noun: "webhook subscription",
  plural: "webhook subscriptions",
  schema: "WebhookSubscription",
  path: "/v1/webhook-subscriptions",
  tag: "Webhook subscriptions",
  entity: webhookSubscriptionEntity,
  operations: ["list", "get", "update", "delete"],
  fields: {
    url: z
      .string()
      .trim()
      .max(LIMITS.urlLength, `must be at most ${LIMITS.urlLength} characters`)
      .refine(isPlainUrl, "must be a complete https address")
      .meta({
        description:
          "Where events are sent. Must be https and reachable from the public internet, unless the owner of the server has opened a network.",
        examples: ["https://example.com/hooks/allison"],
        maxLength: LIMITS.urlLength,
      }),
    description: optional(label({ doc: "What it is for.", example: "CRM" })),
    events: z
      .array(eventType("An event."))
      .min(1)
      .overwrite((list) => [...new Set(list)])
      .meta({ description: "Which events are sent, at least one.", examples: [["call.ended"]] }),
    enabled: flag({
      doc: "Whether events are sent. Switching off cancels what still waits; switching on again clears `auto_disabled_reason`.",
      example: true,
    }).default(true),
  },
  readOnly: {
    secret_preview: label({
      doc: "The beginning of the secret; the whole is shown once, when it is made.",
      example: "whsec_a1B2c3D4...",
    }),
    auto_disabled_reason: choice(AUTO_DISABLED_REASONS, {
      doc: "Why the server itself switched it off: `consecutive_failures`, 10 events in a row that failed for good, or `no_success`, 5 days without a success.",
      example: "no_success",
    })
      .nullable()
      .meta({ examples: [null] }),
  },
  filters: {
    enabled: isTrue(
      "enabled",
      webhookSubscriptions.enabled,
      "Only enabled ones, or only the others.",
    ),
  },
  rules: {
    update(tx, before, changes) {
      if (changes.enabled === false) tx.outbox.cancelPending(before.id);
      if (changes.enabled !== true) return changes;
      return {
        ...changes,
        auto_disabled_reason: null,
        consecutive_failures: 0,
        failing_since: null,
      };
    },
  },
});

const aTime = "2026-11-23T10:42:00.000Z";
const time = (doc: string) => timestamp({ doc, example: aTime });

const Attempt = z.object({
  attempt: wholeNumber({ doc: "Which attempt, from 1.", example: 1 }, 1, 1_000),
  at: time("When it was made."),
  status_code: wholeNumber(
    { doc: "HTTP status of the answer; null without one.", example: 200 },
    100,
    999,
  ).nullable(),
  error: z
    .string()
    .nullable()
    .meta({ description: "Why there was no answer.", examples: [null] }),
  duration_ms: wholeNumber({ doc: "How long it took, in milliseconds.", example: 214 }, 0, 60_000),
});

const Delivery = z
  .object({
    id: z
      .uuid()
      .meta({ description: "Identifies the delivery.", examples: [EXAMPLE_IDS.delivery] }),
    event_id: z.string().meta({
      description: "The event, the same for all subscriptions and attempts.",
      examples: ["evt_5c1f0c5f7f6a4b3c9d2e1f0a9b8c7d6e"],
    }),
    event_type: eventType("What happened."),
    status: choice(DELIVERY_STATUSES, { doc: "How far it is.", example: "succeeded" }),
    test: flag({ doc: "A sample sent by `/test`.", example: false }),
    created_at: time("When the event happened."),
    attempts: z.array(Attempt).meta({ description: "What was tried, in order." }),
    next_attempt_at: time("When it is tried next; null when nothing more is planned.")
      .nullable()
      .meta({ examples: [null] }),
  })
  .meta({ id: "WebhookDelivery" });

const WithSecret = z
  .object({
    data: webhookSubscriptionDefinition.object,
    secret: z.string().meta({
      description: "Signs the deliveries. Shown in this answer only.",
      examples: ["whsec_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6"],
    }),
    warning: z.string().meta({
      description: "The same in words.",
      examples: ["Store the secret now; it is not shown again."],
    }),
  })
  .meta({ id: "WebhookSubscriptionWithSecret" });

export interface SubscriptionServices {
  db: Db;
  vault: Vault;
  random: Random;
  egress: Egress;
}

/** A new secret for a subscription: as it is shown once, and as it is stored. */
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

/** Whether the vault's key is the one that the newest secret was sealed with; true where there is none. */
export function opensSecrets({ db, vault }: Pick<SubscriptionServices, "db" | "vault">): boolean {
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

/** Throws `validation_failed` on `url` when the address may not be sent to; the message names what would allow it. */
export async function requireReachable(egress: Egress, url: string): Promise<void> {
  const refusal = await egress.check(url);
  if (refusal) throw invalid({ url: refusal.message });
}

export const bindSubscriptions = (db: Db): Resource<typeof webhookSubscriptions> =>
  bindResource(webhookSubscriptionDefinition, db);

/** Which deliveries of a subscription to show: newest first, optionally of one status or event type. */
export function createDeliveryHistory(db: Db) {
  const { placeholder } = sql;
  const columns = {
    seq: deliveries.seq,
    id: deliveries.id,
    subscription_id: deliveries.subscription_id,
    event_id: events.id,
    event_type: events.type,
    status: deliveries.status,
    test: deliveries.test,
    created_at: deliveries.created_at,
    next_attempt_at: deliveries.next_attempt_at,
  };
  const joined = () =>
    db.select(columns).from(deliveries).innerJoin(events, eq(events.seq, deliveries.event_seq));
  const page = joined()
    .where(
      and(
        eq(deliveries.subscription_id, placeholder("subscription")),
        sql`(${placeholder("status")} is null or ${deliveries.status} = ${placeholder("status")})`,
        sql`(${placeholder("event")} is null or ${events.type} = ${placeholder("event")})`,
        sql`(${deliveries.created_at}, ${deliveries.id}) < (${placeholder("sort")}, ${placeholder("last")})`,
      ),
    )
    .orderBy(sql`${deliveries.created_at} desc`, sql`${deliveries.id} desc`)
    .limit(placeholder("limit"))
    .prepare();
  const byId = joined()
    .where(eq(deliveries.id, placeholder("id")))
    .prepare();
  const attemptsOf = db
    .select({
      attempt: attempts.attempt,
      at: attempts.at,
      status_code: attempts.status_code,
      error: attempts.error,
      duration_ms: attempts.duration_ms,
    })
    .from(attempts)
    .where(eq(attempts.delivery_seq, placeholder("seq")))
    .orderBy(attempts.attempt)
    .prepare();
  type Row = NonNullable<ReturnType<typeof byId.get>>;
  return {
    page: (given: {
      subscription: string;
      status: string | null;
      event: string | null;
      sort: string;
      last: string;
      limit: number;
    }): Row[] => page.all(given),
    /** Where the newest page starts: sorts after every time. */
    newest: "~",
    find: (id: string): Row | null => byId.get({ id }) ?? null,
    /** Throws `conflict` for a delivery that has not failed for good. */
    requireFailed(delivery: Row): Row {
      if (delivery.status === "failed") return delivery;
      throw conflict({ status: `is ${delivery.status}; only a failed delivery is sent again` });
    },
    view({ seq, subscription_id: _subscription, created_at, next_attempt_at, ...row }: Row) {
      return { ...row, created_at, attempts: attemptsOf.all({ seq }), next_attempt_at };
    },
  };
}

/** Throws `conflict` for a subscription to which nothing is sent at present. */
export function requireEnabled(subscription: Subscription): void {
  if (!subscription.enabled) throw conflict({ enabled: "is false; enable the subscription first" });
}

/** Stores a sample delivery of `type`; returns its id. */
export function sendTest(
  tx: Transaction,
  subscription: Subscription,
  type: EventType | undefined,
): string {
  requireEnabled(subscription);
  const sampled = type ?? subscription.events[0]!;
  return tx.outbox.recordSample(subscription.id, sampled, sampleOf(sampled));
}

export function webhookSubscriptionRoutes({
  db,
  vault,
  random,
  egress,
}: SubscriptionServices): Route[] {
  const resource = bindSubscriptions(db);
  const history = createDeliveryHistory(db);
  const { path, tag, createBody } = webhookSubscriptionDefinition;
  const common = { tag, access: "key" as const };
  const find = (_db: Db, params: { readonly id?: string }) => resource.find(params.id ?? "");
  const checkUrl = async ({ body }: { body: object }) => {
    const { url } = body as { url?: string };
    if (url !== undefined) await requireReachable(egress, url);
  };
  const checkStoredUrl = async ({ params }: { params: { readonly id?: string } }) => {
    const subscription = resource.find(params.id ?? "");
    if (subscription) await requireReachable(egress, subscription.url);
  };
  const deliveryOf = (subscriptionId: string, id: string) => {
    const row = isUuid(id) ? history.find(id.toLowerCase()) : null;
    return row?.subscription_id === subscriptionId ? row : null;
  };
  const [list, get, put, patch, remove] = resourceRoutes(resource) as [
    ReadRoute,
    ReadRoute,
    WriteRoute<Subscription, object>,
    WriteRoute<Subscription, object>,
    WriteRoute<Subscription>,
  ];

  const create: WriteRoute<unknown, object> = {
    ...common,
    method: "POST",
    operation: "createWebhookSubscription",
    path,
    summary: "Create a webhook subscription",
    description: "Answers with the secret that signs its deliveries, this once.",
    body: createBody as z.ZodType<object>,
    status: 201,
    answers: { kind: "secret", data: WithSecret },
    before: checkUrl,
    write(tx, { body }) {
      const id = tx.newId();
      const { secret, stored } = newSecret(id, vault, random);
      const row = resource.create(tx, {
        ...body,
        id,
        ...stored,
        auto_disabled_reason: null,
        consecutive_failures: 0,
        failing_since: null,
      });
      return { data: resource.view(row), secret, location: `${path}/${row.id}` };
    },
  };

  const rotate: WriteRoute<Subscription> = {
    ...common,
    method: "POST",
    operation: "rotateWebhookSecret",
    path: `${path}/:id/rotate-secret`,
    summary: "Rotate the secret",
    description:
      "Makes a new secret and answers with it, this once. The old one signs nothing more from now on.",
    status: 200,
    answers: { kind: "secret", data: WithSecret },
    find,
    view: resource.view,
    write(tx, { target }) {
      const { secret, stored } = newSecret(target.id, vault, random);
      return { data: resource.view(tx.update(webhookSubscriptionEntity, target, stored)), secret };
    },
  };

  const test: WriteRoute<Subscription, { event?: EventType }> = {
    ...common,
    method: "POST",
    operation: "testWebhookSubscription",
    path: `${path}/:id/test`,
    summary: "Send a sample",
    description:
      'Sends a sample of an event, by default the first the subscription is for, with `"test": true` in its envelope. It is tried once and counts for nothing. The answer is the delivery; read it again to see what came of it.',
    body: z
      .object({ event: eventType("Which event to send.").optional() })
      .meta({ id: "WebhookTest" }),
    bodyOptional: true,
    status: 202,
    answers: { kind: "one", data: Delivery },
    errors: ["conflict"],
    before: checkStoredUrl,
    find,
    view: resource.view,
    write: (tx, { target, body }) => ({
      data: history.view(history.find(sendTest(tx, target, body.event))!),
    }),
  };

  const query = z.object({
    status: choice(DELIVERY_STATUSES, {
      doc: "Only with this status.",
      example: "failed",
    }).optional(),
    event: eventType("Only of this event.").optional(),
    ...pagingQuery,
  });
  const listDeliveries: ReadRoute = {
    ...common,
    method: "GET",
    operation: "listWebhookDeliveries",
    path: `${path}/:id/deliveries`,
    summary: "List deliveries",
    description: `What was sent to the subscription, or is to be, newest first; kept for ${LIMITS.deliveryDays} days.`,
    query,
    answers: { kind: "page", data: Delivery },
    read({ params, query: given }) {
      const subscription = resource.find(params.id ?? "");
      if (!subscription) return null;
      const limit = pageLimit(given);
      const mark = filterMark(`deliveries ${subscription.id}`, given);
      const [sort, last] =
        given.cursor === undefined ? [history.newest, ""] : readCursor(given.cursor, mark);
      const rows = history.page({
        subscription: subscription.id,
        status: given.status ?? null,
        event: given.event ?? null,
        sort: String(sort),
        last,
        limit: limit + 1,
      });
      return toPage(rows, limit, mark, (row) => [row.created_at, row.id], history.view);
    },
  };

  type Found = { subscription: Subscription; delivery: NonNullable<ReturnType<typeof deliveryOf>> };
  const retry: WriteRoute<Found> = {
    ...common,
    method: "POST",
    operation: "retryWebhookDelivery",
    path: `${path}/:id/deliveries/:delivery_id/retry`,
    params: { delivery_id: "The delivery." },
    summary: "Send a failed delivery again",
    description:
      "Begins a new round of attempts for a delivery that failed for good. Any other is answered with 409.",
    status: 202,
    answers: { kind: "one", data: Delivery },
    errors: ["conflict"],
    before: checkStoredUrl,
    find(_db, params) {
      const subscription = resource.find(params.id ?? "");
      const delivery = subscription && deliveryOf(subscription.id, params.delivery_id ?? "");
      return delivery && { subscription, delivery };
    },
    view: ({ delivery }) => history.view(delivery),
    write(tx, { target: { subscription, delivery } }) {
      requireEnabled(subscription);
      tx.outbox.sendAgain(history.requireFailed(delivery).id);
      return { data: history.view(history.find(delivery.id)!) };
    },
  };

  return [
    list,
    get,
    create,
    { ...put, before: checkUrl },
    { ...patch, before: checkUrl },
    {
      ...remove,
      write(tx, input) {
        tx.outbox.cancelPending(input.target.id);
        return remove.write(tx, input);
      },
    } satisfies WriteRoute<Subscription>,
    rotate,
    test,
    listDeliveries,
    retry,
  ];
}
