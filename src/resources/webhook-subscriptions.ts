/** Webhook subscriptions: the URL that receives events, which events, and the secret that signs them. */
import { z } from "zod";
import { LIMITS } from "../config.ts";
import { EVENT_TYPES } from "../contract/event-types.ts";
import { choice, flag, isPlainUrl, label } from "../contract/fields.ts";
import { conflict, invalid } from "../http/errors.ts";
import type { Params, Route, RouteServices, WriteRoute } from "../http/route.ts";
import type { Db } from "../store/database.ts";
import type { Egress } from "../webhooks/egress.ts";
import {
  AUTO_DISABLED_REASONS,
  countSubscriptions,
  newSecret,
  type Subscription,
  webhookSubscriptionEntity,
  webhookSubscriptions,
} from "../webhooks/subscriptions.ts";
import {
  bindResource,
  define,
  deleteRoute,
  getRoute,
  idParameter,
  listRoute,
  optional,
  type Resource,
  updateRoute,
} from "./define.ts";
import { isTrue } from "./filters.ts";

export const eventType = (doc: string) => choice(EVENT_TYPES, { doc, example: "call.ended" });

export const webhookSubscriptionDefinition = define<typeof webhookSubscriptions>({
  plural: "webhook subscriptions",
  schema: "WebhookSubscription",
  path: "/v1/webhook-subscriptions",
  tag: "Webhook subscriptions",
  entity: webhookSubscriptionEntity,
  operations: ["list", "get", "update", "delete"],
  help: {
    url: "Must use HTTPS and be reachable from the internet, unless the server's owner allowed a private network.",
    description: "What the webhook is for.",
  },
  fields: {
    url: z
      .string()
      .trim()
      .max(LIMITS.urlLength, `must be at most ${LIMITS.urlLength} characters`)
      .refine(isPlainUrl, "must be a complete https address")
      .meta({
        description:
          "The URL that receives events. It must be an https address on the public internet; `--webhook-allow` on the server permits others.",
        examples: ["https://example.com/hooks/allison"],
        maxLength: LIMITS.urlLength,
      }),
    description: optional(label({ doc: "What the subscription is for.", example: "CRM" })),
    events: z
      .array(eventType("An event type."))
      .min(1)
      .overwrite((list) => [...new Set(list)])
      .meta({ description: "The events to send, at least one.", examples: [["call.ended"]] }),
    enabled: flag({
      doc: "Whether events are sent. Disabling cancels pending deliveries; enabling clears `auto_disabled_reason`.",
      example: true,
    }).default(true),
  },
  readOnly: {
    secret_preview: label({
      doc: "The beginning of the secret. The whole secret is shown only when it is created.",
      example: "whsec_a1B2c3D4...",
    }),
    auto_disabled_reason: choice(AUTO_DISABLED_REASONS, {
      doc: "Why the server disabled the subscription: `consecutive_failures` (10 events in a row failed for good) or `no_success` (no success for 5 days).",
      example: "no_success",
    })
      .nullable()
      .meta({ examples: [null] }),
  },
  filters: {
    enabled: isTrue(
      webhookSubscriptions.enabled,
      "`true` for enabled subscriptions, `false` for disabled ones.",
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

const WithSecret = z
  .object({
    data: webhookSubscriptionDefinition.object,
    secret: z.string().meta({
      description: "Signs the deliveries. Shown only in this response.",
      examples: ["whsec_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6"],
    }),
    warning: z.string().meta({
      description: "A reminder to store the secret.",
      examples: ["Store the secret now; it is not shown again."],
    }),
  })
  .meta({ id: "WebhookSubscriptionWithSecret" });

export const bindSubscriptions = (db: Db): Resource<typeof webhookSubscriptions> =>
  bindResource(webhookSubscriptionDefinition, db);

/** The subscription that a path names, or null. */
export const findSubscription = (
  { db }: Pick<RouteServices, "db">,
  { id = "" }: Params,
): Subscription | null => bindSubscriptions(db).find(id);

/** Throws `validation_failed` on `url` if the address is not allowed; the text names the setting that would allow it. */
export async function requireReachable(egress: Egress, url: string): Promise<void> {
  const refusal = await egress.check(url);
  if (refusal) throw invalid({ url: refusal.message });
}

const { path, tag, createBody, view } = webhookSubscriptionDefinition;
const common = { tag, access: "key" as const };

async function checkUrl({ egress }: RouteServices, { body }: { body: object }): Promise<void> {
  const { url } = body as { url?: string };
  if (url !== undefined) await requireReachable(egress, url);
}

/** Throws `conflict` at the limit. An install that already has more subscriptions keeps them. */
function requireRoomForSubscription(db: Db): void {
  if (countSubscriptions(db) < LIMITS.webhookSubscriptions) return;
  throw conflict({
    limit: `at most ${LIMITS.webhookSubscriptions} webhook subscriptions; delete one first`,
  });
}

const createSubscriptionRoute: WriteRoute<unknown, object> = {
  ...common,
  method: "POST",
  operation: "createWebhookSubscription",
  path,
  summary: "Create a webhook subscription",
  description: `Returns the secret that signs the deliveries. It is not shown again. There may be ${LIMITS.webhookSubscriptions} subscriptions.`,
  body: createBody as z.ZodType<object>,
  status: 201,
  answers: { kind: "secret", data: WithSecret },
  errors: ["conflict"],
  before: checkUrl,
  write({ db, vault, random }, tx, { body }) {
    requireRoomForSubscription(db);
    const id = tx.newId();
    const { secret, stored } = newSecret(id, vault, random);
    const row = bindSubscriptions(db).create(tx, {
      ...body,
      id,
      ...stored,
      auto_disabled_reason: null,
      consecutive_failures: 0,
      failing_since: null,
    });
    return { data: view(row), secret, location: `${path}/${row.id}` };
  },
};

const removeRoute = deleteRoute(webhookSubscriptionDefinition);
const deleteSubscriptionRoute: typeof removeRoute = {
  ...removeRoute,
  write(services, tx, input) {
    tx.outbox.cancelPending(input.target.id);
    return removeRoute.write(services, tx, input);
  },
};

const rotateSecretRoute: WriteRoute<Subscription> = {
  ...common,
  method: "POST",
  operation: "rotateWebhookSecret",
  path: `${path}/:id/rotate-secret`,
  params: idParameter(webhookSubscriptionDefinition),
  summary: "Rotate the secret",
  description:
    "Creates a new secret and returns it; it is not shown again. The next attempt is signed with the new secret.",
  status: 200,
  answers: { kind: "secret", data: WithSecret },
  find: findSubscription,
  view: (_services, subscription) => view(subscription),
  write({ vault, random }, tx, { target }) {
    const { secret, stored } = newSecret(target.id, vault, random);
    return { data: view(tx.update(webhookSubscriptionEntity, target, stored)), secret };
  },
};

export const webhookSubscriptionRoutes: readonly Route[] = [
  listRoute(webhookSubscriptionDefinition),
  getRoute(webhookSubscriptionDefinition),
  createSubscriptionRoute,
  { ...updateRoute(webhookSubscriptionDefinition, "PUT"), before: checkUrl },
  { ...updateRoute(webhookSubscriptionDefinition, "PATCH"), before: checkUrl },
  deleteSubscriptionRoute,
  rotateSecretRoute,
];
