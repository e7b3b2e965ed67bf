/** Deliveries of a webhook subscription: listing them, sending a sample, and retrying a failed one. */
import { z } from "zod";
import { LIMITS } from "../config.ts";
import type { EventType } from "../contract/event-types.ts";
import { EXAMPLE_IDS } from "../contract/example.ts";
import { choice, flag, timestamp, wholeNumber } from "../contract/fields.ts";
import { conflict } from "../http/errors.ts";
import { filterMark, pageLimit, pagingQuery, readCursor, toPage } from "../http/paging.ts";
import type { PageRoute, Params, Route, RouteServices, WriteRoute } from "../http/route.ts";
import { isUuid } from "../lib/ids.ts";
import { DELIVERY_STATUSES } from "../store/outbox-tables.ts";
import type { Transaction } from "../store/transaction.ts";
import { createDeliveryHistory, type DeliveryRow } from "../webhooks/deliveries.ts";
import type { Subscription } from "../webhooks/subscriptions.ts";
import { idParameter } from "./define.ts";
import { sampleOf } from "./events.ts";
import {
  eventType,
  findSubscription,
  requireReachable,
  webhookSubscriptionDefinition,
} from "./webhook-subscriptions.ts";

const time = (doc: string) => timestamp({ doc, example: "2026-11-23T10:42:00.000Z" });

const Attempt = z.object({
  attempt: wholeNumber({ doc: "The number of the attempt, from 1.", example: 1 }, 1, 1_000),
  at: time("When the attempt was made."),
  status_code: wholeNumber(
    { doc: "The HTTP status of the response; null without a response.", example: 200 },
    100,
    999,
  ).nullable(),
  error: z
    .string()
    .nullable()
    .meta({ description: "Why there was no valid response.", examples: [null] }),
  duration_ms: wholeNumber({ doc: "The duration in milliseconds.", example: 214 }, 0, 60_000),
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
    event_type: eventType("The event type."),
    status: choice(DELIVERY_STATUSES, { doc: "The state of the delivery.", example: "succeeded" }),
    test: flag({ doc: "Whether it is a sample, sent with `/test`.", example: false }),
    created_at: time("When the event occurred."),
    attempts: z.array(Attempt).meta({ description: "The attempts so far, oldest first." }),
    next_attempt_at: time("When the next attempt is due; null if none is planned.")
      .nullable()
      .meta({ examples: [null] }),
  })
  .meta({ id: "WebhookDelivery" });

/** Throws `conflict` for a disabled subscription. */
export function requireEnabled(subscription: Subscription): void {
  if (!subscription.enabled) throw conflict({ enabled: "is false; enable the subscription first" });
}

/** Throws `conflict` unless the delivery has failed for good. */
export function requireFailed({ status }: DeliveryRow): void {
  if (status === "failed") return;
  throw conflict({ status: `is ${status}; only a failed delivery can be retried` });
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

const { path, tag, view } = webhookSubscriptionDefinition;
const common = {
  tag,
  access: "key" as const,
  params: idParameter(webhookSubscriptionDefinition),
};

/** Throws `validation_failed` if the stored URL is no longer allowed. */
async function checkStoredUrl(
  services: RouteServices,
  { params }: { params: Params },
): Promise<void> {
  const subscription = findSubscription(services, params);
  if (subscription) await requireReachable(services.egress, subscription.url);
}

const testRoute: WriteRoute<Subscription, { event?: EventType }> = {
  ...common,
  method: "POST",
  operation: "testWebhookSubscription",
  path: `${path}/:id/test`,
  summary: "Send a sample",
  description:
    'Sends a sample event, by default of the first type in `events`, with `"test": true` in its envelope. There is one attempt, and it does not affect `auto_disabled_reason`. Returns the delivery; fetch it again to see the result.',
  body: z
    .object({ event: eventType("The event type to send.").optional() })
    .meta({ id: "WebhookTest" }),
  bodyOptional: true,
  status: 202,
  answers: { kind: "one", data: Delivery },
  errors: ["conflict"],
  before: checkStoredUrl,
  find: findSubscription,
  view: (_services, subscription) => view(subscription),
  write({ db }, tx, { target, body }) {
    const history = createDeliveryHistory(db);
    return { data: history.view(history.find(sendTest(tx, target, body.event))!) };
  },
};

const listQuery = z.object({
  status: choice(DELIVERY_STATUSES, {
    doc: "Only deliveries with this status.",
    example: "failed",
  }).optional(),
  event: eventType("Only deliveries of this event type.").optional(),
  ...pagingQuery,
});

const listRoute: PageRoute = {
  ...common,
  method: "GET",
  operation: "listWebhookDeliveries",
  path: `${path}/:id/deliveries`,
  summary: "List deliveries",
  description: `The deliveries of the subscription, newest first. They are kept for ${LIMITS.deliveryDays} days.`,
  query: listQuery,
  answers: { kind: "page", data: Delivery },
  isUnbounded: ({ status, event }) => status !== undefined || event !== undefined,
  read(services, { params, query }) {
    const subscription = findSubscription(services, params);
    if (!subscription) return null;
    const history = createDeliveryHistory(services.db);
    const limit = pageLimit(query);
    const mark = filterMark(`deliveries ${subscription.id}`, query);
    const [sort, last] =
      query.cursor === undefined ? [history.newest, ""] : readCursor(query.cursor, mark);
    const rows = history.page({
      subscription: subscription.id,
      status: query.status ?? null,
      event: query.event ?? null,
      sort: String(sort),
      last,
      limit: limit + 1,
    });
    return toPage(rows, limit, mark, (row) => [row.created_at, row.id], history.view);
  },
};

interface Found {
  subscription: Subscription;
  delivery: DeliveryRow;
}

const retryRoute: WriteRoute<Found> = {
  ...common,
  method: "POST",
  operation: "retryWebhookDelivery",
  path: `${path}/:id/deliveries/:delivery_id/retry`,
  params: { ...common.params, delivery_id: Delivery.shape.id },
  summary: "Retry a failed delivery",
  description:
    "Starts a new series of attempts for a delivery that has failed for good. Any other delivery is refused with 409.",
  status: 202,
  answers: { kind: "one", data: Delivery },
  errors: ["conflict"],
  before: checkStoredUrl,
  find(services, params) {
    const subscription = findSubscription(services, params);
    const id = params.delivery_id ?? "";
    const delivery = isUuid(id) ? createDeliveryHistory(services.db).find(id.toLowerCase()) : null;
    if (!subscription || delivery?.subscription_id !== subscription.id) return null;
    return { subscription, delivery };
  },
  view: ({ db }, { delivery }) => createDeliveryHistory(db).view(delivery),
  write({ db }, tx, { target: { subscription, delivery } }) {
    requireEnabled(subscription);
    requireFailed(delivery);
    tx.outbox.sendAgain(delivery.id);
    const history = createDeliveryHistory(db);
    return { data: history.view(history.find(delivery.id)!) };
  },
};

export const webhookDeliveryRoutes: readonly Route[] = [testRoute, listRoute, retryRoute];
