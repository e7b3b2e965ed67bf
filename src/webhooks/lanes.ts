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
import type { Subscription } from "./subscriptions.ts";

export interface LaneServices {
  store: Store;
  log: Log;
  queries: DispatchQueries;
  attempt: Attempt;
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
        track(subscription.id, sendOne(services, subscription, delivery));
      }
    },
    isBusy: () => lanes.size > 0,
    async finished() {
      await Promise.all([...lanes.values()].flatMap((lane) => [...lane]));
    },
  };
}

/** Sends one delivery after the other. A failure ends it, and releases the rest to be sent as a failing lane's. */
async function sendInOrder(
  { store, queries, attempt, isRunning }: LaneServices,
  subscription: Subscription,
  deliveries: ClaimedDelivery[],
): Promise<void> {
  const release = (claimed: ClaimedDelivery[]) =>
    store.housekeep((db) => prepareLeases(db).release(claimed.map(({ seq }) => seq)));
  const records: Promise<void>[] = [];
  for (const [index, delivery] of deliveries.entries()) {
    if (!isRunning() || !queries.isPending(delivery.seq)) continue;
    const { recorded, succeeded } = await attempt(subscription, delivery);
    records.push(recorded);
    if (succeeded || delivery.test) continue;
    await Promise.all(records);
    await release(deliveries.slice(index + 1));
    return;
  }
  await Promise.all(records);
  if (!isRunning()) await release(deliveries);
}

async function sendOne(
  { attempt }: LaneServices,
  subscription: Subscription,
  delivery: ClaimedDelivery,
): Promise<void> {
  const { recorded } = await attempt(subscription, delivery);
  await recorded;
}
