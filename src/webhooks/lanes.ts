/**
 * Lanes: the deliveries under way, by subscription, so that a slow receiver delays no other. The lane of a healthy
 * subscription sends one delivery after the other, in the order of the events. While a subscription fails, retries lose
 * that order anyway, so its lane sends several at once.
 */
import { LIMITS } from "../config.ts";
import type { Log } from "../lib/log.ts";
import type { Store } from "../store/change.ts";
import type { Attempt } from "./attempts.ts";
import { type ClaimedDelivery, type DispatchQueries, prepareLeases } from "./dispatch-queries.ts";
import type { Retries } from "./retries.ts";
import type { Subscription } from "./subscriptions.ts";

export interface LaneServices {
  store: Store;
  log: Log;
  queries: DispatchQueries;
  attempt: Attempt;
  retries: Retries;
  /** Whether the dispatcher may still send. */
  isRunning(): boolean;
  /** Called when a lane has room again. */
  onRoom(): void;
}

export interface Lanes {
  /** How many more deliveries the lane of a subscription takes at present. */
  room(subscription: Subscription): number;
  startSending(subscription: Subscription, deliveries: ClaimedDelivery[]): void;
  isBusy(): boolean;
  /** Resolves when everything that is under way at present has ended. */
  finished(): Promise<void>;
}

export function createLanes(services: LaneServices): Lanes {
  const lanes = new Map<string, Set<Promise<void>>>();

  /** Keeps `work` in the lane of a subscription until it ends. */
  function track(subscription_id: string, work: Promise<void>): void {
    const lane = lanes.get(subscription_id) ?? new Set();
    lanes.set(subscription_id, lane);
    const done = work
      .catch((error) => services.log.error({ err: error, subscription_id }, "webhook delivery"))
      .finally(() => {
        lane.delete(done);
        if (lane.size === 0) lanes.delete(subscription_id);
        services.onRoom();
      });
    lane.add(done);
  }

  return {
    room({ id, failing_since }) {
      const underWay = lanes.get(id)?.size ?? 0;
      if (failing_since !== null) return LIMITS.deliveriesAtOnce - underWay;
      return underWay === 0 ? LIMITS.deliveriesClaimed : 0;
    },
    startSending(subscription, deliveries) {
      if (deliveries.length === 0) return;
      if (subscription.failing_since === null) {
        track(subscription.id, sendInOrder(services, subscription, deliveries));
        return;
      }
      for (const delivery of deliveries) {
        track(subscription.id, sendInOrder(services, subscription, [delivery]));
      }
    },
    isBusy: () => lanes.size > 0,
    async finished() {
      await Promise.all([...lanes.values()].flatMap((lane) => [...lane]));
    },
  };
}

/**
 * Sends one delivery after the other, and releases those that it did not send: after a failure, to be sent as a failing
 * lane's, at a stop, and when reading fails.
 */
async function sendInOrder(
  { store, queries, attempt, retries, isRunning }: LaneServices,
  subscription: Subscription,
  deliveries: ClaimedDelivery[],
): Promise<void> {
  const unsent = new Set(deliveries);
  const records: Promise<unknown>[] = [];
  try {
    for (const delivery of deliveries) {
      if (!isRunning()) break;
      if (queries.isPending(delivery.seq)) {
        const { recorded, succeeded } = await attempt(subscription, delivery);
        records.push(recorded);
        unsent.delete(delivery);
        if (!succeeded && !delivery.test) break;
      }
      unsent.delete(delivery);
    }
  } finally {
    await Promise.all(records);
    const seqs = [...unsent].map(({ seq }) => seq);
    if (seqs.length > 0) {
      await retries.untilDone(() => store.housekeep((db) => prepareLeases(db).release(seqs)));
    }
  }
}
