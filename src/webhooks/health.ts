/** The health of a subscription: how long it has been failing, and when the server disables it. */
import { isoTime } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Transaction } from "../store/transaction.ts";
import type { DispatchQueries } from "./dispatch-queries.ts";
import { FAILING_TO_DISABLE_MS, FAILURES_TO_DISABLE } from "./schedule.ts";
import {
  type AutoDisabledReason,
  type Subscription,
  webhookSubscriptionEntity,
} from "./subscriptions.ts";

/** The result of one attempt at `at` (milliseconds since the epoch). */
export interface AttemptResult {
  succeeded: boolean;
  /** Whether no further attempt is planned. */
  failedForGood: boolean;
  at: number;
}

/** Updates a subscription's health after an attempt, and disables a subscription that keeps failing. */
export function updateHealth(
  tx: Transaction,
  queries: DispatchQueries,
  log: Log,
  subscription: Subscription,
  { succeeded, failedForGood, at }: AttemptResult,
): void {
  const { id, consecutive_failures, failing_since } = subscription;
  const failures = succeeded ? 0 : consecutive_failures + (failedForGood ? 1 : 0);
  const since = succeeded ? null : (failing_since ?? isoTime(at));
  if (failures !== consecutive_failures || since !== failing_since) {
    tx.follow(webhookSubscriptionEntity, subscription, {
      consecutive_failures: failures,
      failing_since: since,
    });
  }
  if (!subscription.enabled || since === null) return;
  const reason = reasonToDisable(failures, at - Date.parse(since));
  if (reason === null) return;
  const current = queries.findSubscription(id)!;
  tx.update(webhookSubscriptionEntity, current, { enabled: false, auto_disabled_reason: reason });
  tx.outbox.cancelPending(id);
  log.warn({ subscription_id: id, reason }, "webhook subscription disabled");
}

function reasonToDisable(failures: number, failingMs: number): AutoDisabledReason | null {
  if (failures >= FAILURES_TO_DISABLE) return "consecutive_failures";
  return failingMs >= FAILING_TO_DISABLE_MS ? "no_success" : null;
}
