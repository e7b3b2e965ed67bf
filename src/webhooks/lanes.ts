/**
 * Lanes: the deliveries under way, by subscription, so that a slow receiver delays no other. The lane of a healthy
 * subscription sends one delivery after the other, in the order of the events. While a subscription fails, retries lose
 * that order anyway, so its lane sends several at once. All lanes share a number of places, one for each delivery in
 * flight. Failing subscriptions never take all of them.
 */
import { LIMITS } from "../config.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Store } from "../store/change.ts";
import type { Attempt } from "./attempts.ts";
import { type ClaimedDelivery, type DispatchQueries, prepareLeases } from "./dispatch-queries.ts";
import { createPlaces, isFailing, type Places } from "./places.ts";
import type { Retries } from "./retries.ts";
import type { Subscription } from "./subscriptions.ts";

export interface LaneServices {
  store: Store;
  clock: Clock;
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
  /** Whether the lane of a subscription takes more deliveries at present. */
  hasRoom(subscription: Subscription): boolean;
  /** How many deliveries to claim for each of `ready`, which have due deliveries and room. */
  assign(ready: Subscription[]): Assignment[];
  startSending(subscription: Subscription, deliveries: ClaimedDelivery[]): void;
  isBusy(): boolean;
  /** Resolves when everything that is under way at present has ended. */
  finished(): Promise<void>;
}

export interface Assignment {
  subscription: Subscription;
  limit: number;
}

export function createLanes(services: LaneServices): Lanes {
  const lanes = new Map<string, Set<Promise<void>>>();
  const places = createPlaces();

  /** Sends `deliveries` in one place of the lane of a subscription. */
  function sendInPlace(subscription: Subscription, deliveries: ClaimedDelivery[]): void {
    const { id } = subscription;
    const lane = lanes.get(id) ?? new Set();
    lanes.set(id, lane);
    const leavePlace = places.take(subscription);
    const done = sendInOrder(services, places, subscription, deliveries)
      .catch((error) => services.log.error({ err: error, subscription_id: id }, "webhook delivery"))
      .finally(() => {
        leavePlace();
        lane.delete(done);
        if (lane.size === 0) lanes.delete(id);
        services.onRoom();
      });
    lane.add(done);
  }

  function roomOf(subscription: Subscription): number {
    const underWay = lanes.get(subscription.id)?.size ?? 0;
    if (isFailing(subscription)) return Math.max(LIMITS.deliveriesAtOnce - underWay, 0);
    return underWay === 0 ? 1 : 0;
  }

  return {
    hasRoom: (subscription) => roomOf(subscription) > 0,
    assign: (ready) => places.divide(ready, roomOf),
    startSending(subscription, deliveries) {
      if (deliveries.length === 0) return;
      if (!isFailing(subscription)) {
        sendInPlace(subscription, deliveries);
        return;
      }
      for (const delivery of deliveries) sendInPlace(subscription, [delivery]);
    },
    isBusy: () => lanes.size > 0,
    async finished() {
      await Promise.all([...lanes.values()].flatMap((lane) => [...lane]));
    },
  };
}

/**
 * Sends one delivery after the other, and releases those that it did not send: after a failure, to be sent as a failing
 * lane's, at the end of its turn, at a stop, and when reading fails.
 */
async function sendInOrder(
  { store, clock, queries, attempt, retries, isRunning }: LaneServices,
  places: Places,
  subscription: Subscription,
  deliveries: ClaimedDelivery[],
): Promise<void> {
  const turnEnds = clock.monotonic() + LIMITS.deliveryTurnMs;
  const unsent = new Set(deliveries);
  const records: Promise<unknown>[] = [];
  try {
    for (const delivery of deliveries) {
      if (!isRunning() || (places.isAwaited() && clock.monotonic() > turnEnds)) break;
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
