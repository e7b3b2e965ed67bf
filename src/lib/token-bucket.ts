/**
 * Token buckets, one for each id: a burst may use the whole limit at once, and tokens come back evenly. Held in memory;
 * a restart starts with full buckets. Evicting a bucket fills it too, so the fullest ones are evicted first.
 */
/**
 * Integers keep the arithmetic exact: a token is divided into as many drops as its period has milliseconds (60,000 per
 * minute), and a bucket of `limit` tokens refills by `limit` drops per millisecond.
 */
const DROPS_PER_MINUTE = 60_000;

interface Bucket {
  drops: number;
  at: number;
}

export interface Spending {
  allowed: boolean;
  /** Whole tokens left. */
  left: number;
  /** Whole seconds until there is one token more; 0 for a full bucket, at least 1 when refused. */
  nextSeconds: number;
}

export interface TokenBuckets {
  readonly limit: number;
  /** Takes a token from the bucket of `id` if there is one. `now`: a monotonic clock in milliseconds. */
  spend(id: string, now: number): Spending;
  /** Puts back a token that should not have counted. */
  giveBack(id: string): void;
}

export interface TokenBucketOptions {
  /** Tokens in a full bucket. */
  limit: number;
  /** The time in which an empty bucket becomes full. */
  minutes: number;
  /** Buckets held in memory; beyond that the fullest ones are evicted, so that nobody can push out an empty one. */
  maxBuckets: number;
}

export function createTokenBuckets({
  limit,
  minutes,
  maxBuckets,
}: TokenBucketOptions): TokenBuckets {
  const buckets = new Map<string, Bucket>();
  const dropsPerToken = DROPS_PER_MINUTE * minutes;
  const capacity = limit * dropsPerToken;
  return {
    limit,
    spend(id, now) {
      const at = Math.floor(now);
      let bucket = buckets.get(id);
      if (!bucket) {
        if (buckets.size >= maxBuckets) evictFullest(buckets, limit);
        bucket = { drops: capacity, at };
        buckets.set(id, bucket);
      }
      bucket.drops = Math.min(capacity, bucket.drops + (at - bucket.at) * limit);
      bucket.at = at;
      const allowed = bucket.drops >= dropsPerToken;
      if (allowed) bucket.drops -= dropsPerToken;
      const left = Math.floor(bucket.drops / dropsPerToken);
      const missing = left === limit ? 0 : (left + 1) * dropsPerToken - bucket.drops;
      return { allowed, left, nextSeconds: Math.ceil(missing / limit / 1000) };
    },
    giveBack(id) {
      const bucket = buckets.get(id);
      if (bucket) bucket.drops = Math.min(capacity, bucket.drops + dropsPerToken);
    },
  };
}

/** Evicting several at once keeps the time that each new id costs small: sorting takes a few milliseconds. */
const EVICTED_SHARE = 1 / 8;

/** Evicts the buckets that are full the earliest. All refill at the same pace, so their order does not depend on the time. */
function evictFullest(buckets: Map<string, Bucket>, limit: number): void {
  const fullAt = ({ drops, at }: Bucket) => at - drops / limit;
  const times = Float64Array.from(buckets.values(), fullAt).sort();
  let left = Math.ceil(buckets.size * EVICTED_SHARE);
  const latest = times[left - 1]!;
  for (const [id, bucket] of buckets) {
    if (left === 0) return;
    if (fullAt(bucket) > latest) continue;
    buckets.delete(id);
    left -= 1;
  }
}
