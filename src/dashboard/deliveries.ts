/** Deliveries as the dashboard tells them: the last of each subscription, those that a call caused, one with the request as it went out, and sending again. */
import { z } from "zod";
import type { Appliance } from "../appliance.ts";
import { LIMITS } from "../config.ts";
import { timestamp } from "../contract/fields.ts";
import { ApiError } from "../http/errors.ts";
import { isUuid } from "../lib/ids.ts";
import { requireEnabled } from "../resources/webhook-deliveries.ts";
import { bindSubscriptions, requireReachable } from "../resources/webhook-subscriptions.ts";
import { CALL_OF_EVENT } from "../store/outbox-tables.ts";
import { createDeliveryHistory } from "../webhooks/deliveries.ts";
import {
  SECRET_PREFIX,
  SIGNATURE_HEADERS,
  signedHeaders,
  TIMESTAMP_HEADERS,
} from "../webhooks/sign.ts";
import { type Subscription, secretPurpose } from "../webhooks/subscriptions.ts";
import type {
  DeliveryDetail,
  DeliverySummary,
  LastDelivery,
  SentAgain,
  SentRequest,
} from "./answers.ts";
import { type DashboardRoute, dataResponse, sessionRoute } from "./dashboard-route.ts";

const Since = z.object({
  since: timestamp({ doc: "From when on they failed.", example: "2026-11-23T10:42:00.000Z" }),
});

export function deliveryRoutes({ db, store, vault, egress }: Appliance): DashboardRoute[] {
  const sqlite = db.$client;
  const subscriptions = bindSubscriptions(db);
  const history = createDeliveryHistory(db);
  const call = sqlite.prepare<{ id: string }, [string]>("select id from calls where id = ?");
  // That a contact was made names no call: it was the first of the contact, and no later than that.
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
       select made.seq from calls as c
       join contacts as k on k.id = c.contact_id and k.created_at >= c.created_at
       join events as made on made.created_at = k.created_at and made.type = 'contact.created'
         and made.body ->> '$.data.id' = k.id
       where c.id = ?1 and c.seq = (select min(seq) from calls where contact_id = k.id))
     order by d.seq desc limit ${LIMITS.pageMax}`,
  );
  const last = sqlite.prepare<LastDelivery, []>(
    `select d.id, d.subscription_id, d.status, d.created_at,
       (select count(*) from webhook_attempts where delivery_seq = d.seq) as attempts
     from webhook_subscriptions as s
     join webhook_deliveries as d on d.seq = (
       select seq from webhook_deliveries where subscription_id = s.id and test = 0
       order by created_at desc, id desc limit 1)`,
  );
  const attemptsOf = sqlite.prepare<DeliveryDetail["attempts"][number], [number]>(
    `select attempt, at, status_code, error, duration_ms, answer
     from webhook_attempts where delivery_seq = ? order by attempt`,
  );
  const bodyOf = sqlite.prepare<{ body: string }, [string]>("select body from events where id = ?");
  const rotation = sqlite.prepare<object, [string, string]>(
    `select 1 from audit where entity_type = 'webhook_subscription' and entity_id = ? and action = 'updated'
     and at >= ? and changes ->> '$.secret' is not null limit 1`,
  );
  const failedSince = sqlite.prepare<{ id: string }, [string, string]>(
    `select id from webhook_deliveries as d where subscription_id = ? and status = 'failed' and test = 0
     and (select at from webhook_attempts where delivery_seq = d.seq order by attempt desc limit 1) >= ?
     order by seq limit ${LIMITS.sentAgainAtOnce + 1}`,
  );

  function subscriptionOf(id: string): Subscription {
    const subscription = subscriptions.find(id);
    if (!subscription) throw new ApiError("not_found");
    return subscription;
  }

  /** The secret that signed an attempt at `at`; where there is none to be had, why. */
  function secretAt(
    subscription: Subscription | null,
    at: string | null,
  ): { secret: string } | { secret: null; why: Exclude<SentRequest["signature"], "shown"> } {
    if (at === null) return { secret: null, why: "not_sent" };
    if (!subscription) return { secret: null, why: "unreadable" };
    // Of the same moment: it may have been before or after.
    if (rotation.get(subscription.id, at)) return { secret: null, why: "rotated" };
    try {
      return { secret: vault.open(subscription.secret, secretPurpose(subscription.id)) };
    } catch {
      return { secret: null, why: "unreadable" };
    }
  }

  function requestOf(
    eventId: string,
    subscription: Subscription | null,
    at: string | null,
  ): SentRequest {
    const { body } = bodyOf.get(eventId)!;
    const found = secretAt(subscription, at);
    const time = at === null ? 0 : Date.parse(at);
    const headers: SentRequest["headers"] = signedHeaders(
      found.secret ?? SECRET_PREFIX,
      eventId,
      body,
      time,
    );
    if (at === null) for (const name of TIMESTAMP_HEADERS) headers[name] = null;
    if (found.secret !== null) return { headers, body, signature: "shown" };
    for (const name of SIGNATURE_HEADERS) headers[name] = null;
    return { headers, body, signature: found.why };
  }

  return [
    sessionRoute({
      method: "GET",
      path: "/last-deliveries",
      handle: () => dataResponse<LastDelivery[]>(last.all()),
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
    sessionRoute({
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
          request: requestOf(delivery.event_id, subscription, attempts.at(-1)?.at ?? null),
        });
      },
    }),
    sessionRoute({
      method: "POST",
      path: "/webhook-subscriptions/:id/retry-failed",
      body: Since,
      async handle({ params, actor, body: { since } }) {
        await requireReachable(egress, subscriptionOf(params.id!).url);
        const sent = await store.change(actor, (tx): SentAgain => {
          const subscription = subscriptionOf(params.id!);
          requireEnabled(subscription);
          const failed = failedSince.all(subscription.id, since);
          const again = failed.slice(0, LIMITS.sentAgainAtOnce);
          for (const { id } of again) tx.outbox.sendAgain(id);
          return { sent_again: again.length, more: failed.length > again.length };
        });
        return dataResponse<SentAgain>(sent);
      },
    }),
  ];
}
