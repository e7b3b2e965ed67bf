/**
 * Webhook deliveries in the dashboard: the last one of each subscription, those that a call caused, one with its request,
 * and retrying those that failed.
 */
import { z } from "zod";
import type { Appliance } from "../appliance.ts";
import { LIMITS } from "../config.ts";
import { timestamp } from "../contract/fields.ts";
import { ApiError } from "../http/errors.ts";
import { isUuid } from "../lib/ids.ts";
import { requireEnabled } from "../resources/webhook-deliveries.ts";
import { bindSubscriptions, requireReachable } from "../resources/webhook-subscriptions.ts";
import type { Db } from "../store/database.ts";
import { CALL_OF_EVENT } from "../store/outbox-tables.ts";
import { createDeliveryHistory } from "../webhooks/deliveries.ts";
import type { Subscription } from "../webhooks/subscriptions.ts";
import type { DeliveryDetail, DeliverySummary, LastDelivery, SentAgain } from "./answers.ts";
import { type DashboardRoute, dataResponse, sessionRoute } from "./dashboard-route.ts";
import { createRequestRebuilder } from "./sent-request.ts";

const RetryBody = z.object({
  since: timestamp({
    doc: "Deliveries whose last attempt was at this time or later.",
    example: "2026-11-23T10:42:00.000Z",
  }),
});

export const deliveryRoutes = (appliance: Appliance): DashboardRoute[] => [
  ...listRoutes(appliance.db),
  detailRoute(appliance),
  retryRoute(appliance),
];

function listRoutes({ $client: sqlite }: Db): DashboardRoute[] {
  const call = sqlite.prepare<{ id: string }, [string]>("select id from calls where id = ?");
  // A contact.created event does not name its call: it was the contact's first one, if that is not newer than the contact.
  const ofCall = sqlite.prepare<DeliverySummary, [string]>(
    `select d.id, d.subscription_id, s.url, e.type as event_type, d.status, d.created_at,
       a.at as attempted_at, a.status_code, a.error, d.next_attempt_at
     from events as e
     join webhook_deliveries as d on d.event_seq = e.seq
     left join webhook_subscriptions as s on s.id = d.subscription_id
     left join webhook_attempts as a on a.delivery_seq = d.seq
       and a.attempt = (select max(attempt) from webhook_attempts where delivery_seq = d.seq)
     where d.test = 0 and e.seq in (
       select seq from events where ${CALL_OF_EVENT} = ?1
       union all
       select created.seq from calls as c
       join contacts as k on k.id = c.contact_id and k.created_at >= c.created_at
       join events as created on created.created_at = k.created_at and created.type = 'contact.created'
         and created.body ->> '$.data.id' = k.id
       where c.id = ?1 and c.seq = (select min(seq) from calls where contact_id = k.id))
     order by d.seq desc limit ${LIMITS.pageMax}`,
  );
  const lastOfEach = sqlite.prepare<LastDelivery, []>(
    `select d.id, d.subscription_id, d.status, d.created_at,
       (select count(*) from webhook_attempts where delivery_seq = d.seq) as attempts
     from webhook_subscriptions as s
     join webhook_deliveries as d on d.seq = (
       select seq from webhook_deliveries where subscription_id = s.id and test = 0
       order by created_at desc, id desc limit 1)`,
  );
  return [
    sessionRoute({
      method: "GET",
      path: "/last-deliveries",
      handle: () => dataResponse<LastDelivery[]>(lastOfEach.all()),
    }),
    sessionRoute({
      method: "GET",
      path: "/calls/:id/deliveries",
      handle({ params }) {
        const id = params.id!.toLowerCase();
        if (!call.get(id)) throw new ApiError("not_found");
        return dataResponse<DeliverySummary[]>(ofCall.all(id));
      },
    }),
  ];
}

function detailRoute({ db, vault }: Appliance): DashboardRoute {
  const subscriptions = bindSubscriptions(db);
  const history = createDeliveryHistory(db);
  const rebuildRequest = createRequestRebuilder(db, vault);
  const attemptsOf = db.$client.prepare<DeliveryDetail["attempts"][number], [number]>(
    `select attempt, at, status_code, error, duration_ms, answer
     from webhook_attempts where delivery_seq = ? order by attempt`,
  );
  return sessionRoute({
    method: "GET",
    path: "/deliveries/:id",
    handle({ params }) {
      const delivery = isUuid(params.id!) ? history.find(params.id!.toLowerCase()) : null;
      if (!delivery) throw new ApiError("not_found");
      const subscription = subscriptions.find(delivery.subscription_id);
      const attempts = attemptsOf.all(delivery.seq);
      return dataResponse<DeliveryDetail>({
        ...history.view(delivery),
        subscription_id: delivery.subscription_id,
        url: subscription?.url ?? null,
        attempts,
        request: rebuildRequest(delivery.event_id, subscription, attempts.at(-1)?.at ?? null),
      });
    },
  });
}

function retryRoute({ db, store, egress }: Appliance): DashboardRoute {
  const subscriptions = bindSubscriptions(db);
  const failedSince = db.$client.prepare<{ id: string }, [string, string]>(
    `select id from webhook_deliveries as d where subscription_id = ? and status = 'failed' and test = 0
     and (select at from webhook_attempts where delivery_seq = d.seq order by attempt desc limit 1) >= ?
     order by seq limit ${LIMITS.sentAgainAtOnce + 1}`,
  );

  /** Throws `not_found`. */
  function requireSubscription(id: string): Subscription {
    const subscription = subscriptions.find(id);
    if (!subscription) throw new ApiError("not_found");
    return subscription;
  }

  return sessionRoute({
    method: "POST",
    path: "/webhook-subscriptions/:id/retry-failed",
    ownersOnly: true,
    body: RetryBody,
    async handle({ params, actor, body: { since } }) {
      await requireReachable(egress, requireSubscription(params.id!).url);
      const result = await store.change(actor, (tx): SentAgain => {
        const subscription = requireSubscription(params.id!);
        requireEnabled(subscription);
        const failed = failedSince.all(subscription.id, since);
        const retried = failed.slice(0, LIMITS.sentAgainAtOnce);
        for (const { id } of retried) tx.outbox.sendAgain(id);
        return { sent_again: retried.length, more: failed.length > retried.length };
      });
      return dataResponse<SentAgain>(result);
    },
  });
}
