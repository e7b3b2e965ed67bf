/** The rate limits of a mock without `--limits`. */
import type { RateLimiter } from "../http/rate-limit.ts";

/** A limiter that refuses nobody and reports a full bucket of `limit` tokens. */
export const createUnlimitedLimiter = (limit: number): RateLimiter => ({
  limit,
  spend: () => ({ allowed: true, left: limit, nextSeconds: 0 }),
  giveBack() {},
});
