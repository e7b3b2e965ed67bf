/**
 * Places: the bounded number of deliveries in flight, and who gets the next ones. Healthy subscriptions come first, then
 * failing ones in their part of the places. Among equals, those come first that have waited longest since their last one.
 */
import { LIMITS } from "../config.ts";
import type { Subscription } from "./subscriptions.ts";

export interface Places {
  /** Divides the free places among `ready`; `roomOf` returns how many a subscription takes at most. */
  divide(
    ready: Subscription[],
    roomOf: (subscription: Subscription) => number,
  ): { subscription: Subscription; limit: number }[];
  /** Takes a place; the returned function leaves it. */
  take(subscription: Subscription): () => void;
  /** Whether a healthy subscription got no place at the last division. */
  isAwaited(): boolean;
}

/** Subscriptions whose last turn is remembered; a forgotten one comes first. */
const TURNS_IN_MEMORY = 10_000;

export const isFailing = ({ failing_since }: Subscription): boolean => failing_since !== null;

export function createPlaces(): Places {
  const taken = { healthy: 0, failing: 0 };
  /** The number of each subscription's last turn, in ascending order. */
  const turns = new Map<string, number>();
  let turn = 0;
  let isAwaited = false;

  function recordTurn(id: string): void {
    turns.delete(id);
    turns.set(id, ++turn);
    if (turns.size > TURNS_IN_MEMORY) turns.delete(turns.keys().next().value!);
  }

  return {
    divide(ready, roomOf) {
      const lastTurn = ({ id }: Subscription) => turns.get(id) ?? 0;
      const inTurn = ready.toSorted((a, b) => lastTurn(a) - lastTurn(b));
      const waiting = inTurn.filter((subscription) => !isFailing(subscription));
      const free = LIMITS.deliveriesInFlight - taken.healthy - taken.failing;
      const healthy = waiting.slice(0, free);
      isAwaited = healthy.length < waiting.length;
      const freeForFailing = Math.min(
        free - healthy.length,
        LIMITS.deliveriesInFlightFailing - taken.failing,
      );
      return [
        ...healthy.map((subscription) => ({ subscription, limit: LIMITS.deliveriesClaimed })),
        ...divideEvenly(freeForFailing, inTurn.filter(isFailing), roomOf),
      ];
    },
    take(subscription) {
      const health = isFailing(subscription) ? "failing" : "healthy";
      taken[health] += 1;
      recordTurn(subscription.id);
      return () => {
        taken[health] -= 1;
      };
    },
    isAwaited: () => isAwaited,
  };
}

/** Gives one place to each subscription in turn, until none is free or no subscription takes more. */
function divideEvenly(
  places: number,
  subscriptions: Subscription[],
  roomOf: (subscription: Subscription) => number,
) {
  const shares = subscriptions.map((subscription) => ({ subscription, limit: 0 }));
  let free = places;
  for (let isGiving = true; isGiving && free > 0; ) {
    isGiving = false;
    for (const share of shares) {
      if (free === 0 || share.limit === roomOf(share.subscription)) continue;
      share.limit += 1;
      free -= 1;
      isGiving = true;
    }
  }
  return shares.filter(({ limit }) => limit > 0);
}
