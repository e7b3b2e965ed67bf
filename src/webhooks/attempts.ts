/** One attempt of a delivery: signs and sends it, and records the outcome. */
import type { Vault } from "../access/vault.ts";
import { type Clock, isoTime } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { systemActor } from "../store/actor.ts";
import type { Store } from "../store/change.ts";
import type { Transaction } from "../store/transaction.ts";
import type { ClaimedDelivery, DispatchQueries } from "./dispatch-queries.ts";
import { type Egress, isSuccess, type Outcome } from "./egress.ts";
import { updateHealth } from "./health.ts";
import type { Retries } from "./retries.ts";
import { nextAttempt } from "./schedule.ts";
import { signedHeaders } from "./sign.ts";
import { type Subscription, secretPurpose } from "./subscriptions.ts";

export interface AttemptServices {
  store: Store;
  clock: Clock;
  vault: Vault;
  egress: Egress;
  log: Log;
  /** The clock of the timestamps in signatures, if it differs: receivers compare them with their own clock. */
  signingClock?: Clock;
}

/**
 * Sends a delivery once. Resolves when the outcome is known; `recorded` resolves when it is on disk, or when the storage
 * still refuses it at the stop of the dispatcher. `recorded` never rejects.
 */
export type Attempt = (
  subscription: Subscription,
  delivery: ClaimedDelivery,
) => Promise<{ succeeded: boolean; recorded: Promise<unknown> }>;

const ACTOR = systemActor("webhooks");

export function createAttempt(
  services: AttemptServices,
  queries: DispatchQueries,
  retries: Retries,
): Attempt {
  const { store, clock, log } = services;
  return async (subscription, delivery) => {
    const at = clock.now();
    // Address and secret may have changed since the delivery was claimed.
    const current = queries.findSubscription(subscription.id) ?? subscription;
    const outcome = await post(services, current, delivery);
    const recorded = retries.untilDone(() =>
      store.change(ACTOR, (tx) => recordOutcome(tx, queries, log, delivery, outcome, at)),
    );
    return { succeeded: isSuccess(outcome.statusCode), recorded };
  };
}

async function post(
  { vault, egress, log, clock, signingClock = clock }: AttemptServices,
  subscription: Subscription,
  { event_id, body }: ClaimedDelivery,
): Promise<Outcome> {
  let secret: string;
  try {
    secret = vault.open(subscription.secret, secretPurpose(subscription.id));
  } catch (error) {
    log.error(
      { err: error, subscription_id: subscription.id },
      "webhook secret cannot be decrypted",
    );
    return {
      statusCode: null,
      error: "the secret cannot be decrypted: the vault key has changed",
      answer: null,
      durationMs: 0,
    };
  }
  return egress.post(subscription.url, {
    headers: signedHeaders(secret, event_id, body, signingClock.now()),
    body,
  });
}

/** Records an attempt and what follows from it, for the delivery and for its subscription. */
function recordOutcome(
  tx: Transaction,
  queries: DispatchQueries,
  log: Log,
  delivery: ClaimedDelivery,
  outcome: Outcome,
  at: number,
): void {
  const succeeded = isSuccess(outcome.statusCode);
  const made = delivery.attempts_made + 1;
  const next = succeeded || delivery.test ? null : nextAttempt(made, at);
  const failedForGood = !succeeded && next === null;
  const status = succeeded ? "succeeded" : failedForGood ? "failed" : "pending";
  tx.outbox.recordAttempt(
    delivery.seq,
    { at: isoTime(at), ...outcome },
    { status, nextAttemptAt: next === null ? null : isoTime(next), attemptsMade: made },
  );
  if (delivery.test) return;
  const subscription = queries.findSubscription(delivery.subscription_id);
  if (subscription) updateHealth(tx, queries, log, subscription, { succeeded, failedForGood, at });
}
