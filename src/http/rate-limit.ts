/**
 * Token buckets, one for a key's reads and one for its writes: a burst may use the whole limit at once, and what was
 * used comes back evenly. Held in memory; a restart starts with full buckets.
 */
import { LRUCache } from "lru-cache";
import { LIMITS } from "../config.ts";

/**
 * Whole numbers keep the arithmetic exact: a token is 60,000 drops, and a bucket of `limit` tokens a minute refills by
 * `limit` drops each millisecond.
 */
const DROPS_PER_TOKEN = 60_000;

interface Bucket {
  drops: number;
  at: number;
}

export interface Spending {
  allowed: boolean;
  /** Whole tokens left. */
  left: number;
  /** Whole seconds until the bucket is full again. */
  fullSeconds: number;
  /** When refused: whole seconds, at least 1, after which one token is there for certain. */
  retrySeconds: number;
}

export interface RateLimiter {
  readonly limit: number;
  /** Takes a token from the bucket of `id` if there is one. `now`: a monotonic clock in milliseconds. */
  spend(id: string, now: number): Spending;
}

export function createRateLimiter(limitPerMinute: number): RateLimiter {
  const buckets = new LRUCache<string, Bucket>({ max: LIMITS.keysInMemory });
  const capacity = limitPerMinute * DROPS_PER_TOKEN;
  return {
    limit: limitPerMinute,
    spend(id, now) {
      const at = Math.floor(now);
      let bucket = buckets.get(id);
      if (!bucket) {
        bucket = { drops: capacity, at };
        buckets.set(id, bucket);
      }
      bucket.drops = Math.min(capacity, bucket.drops + (at - bucket.at) * limitPerMinute);
      bucket.at = at;
      const allowed = bucket.drops >= DROPS_PER_TOKEN;
      if (allowed) bucket.drops -= DROPS_PER_TOKEN;
      const seconds = (drops: number) => Math.ceil(drops / limitPerMinute / 1000);
      return {
        allowed,
        left: Math.floor(bucket.drops / DROPS_PER_TOKEN),
        fullSeconds: seconds(capacity - bucket.drops),
        retrySeconds: allowed ? 0 : Math.max(1, seconds(DROPS_PER_TOKEN - bucket.drops)),
      };
    },
  };
}
