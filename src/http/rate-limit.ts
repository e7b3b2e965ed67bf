/** Rate limits of requests, per minute: of a key's reads, of its writes, of failed authentications. */
import { LIMITS } from "../config.ts";
import { createTokenBuckets, type TokenBuckets } from "../lib/token-bucket.ts";

export type RateLimiter = TokenBuckets;

export const createRateLimiter = (limit: number): RateLimiter =>
  createTokenBuckets({ limit, minutes: 1, maxBuckets: LIMITS.keysInMemory });
