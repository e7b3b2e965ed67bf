/** Token buckets, compared with a reference that computes in exact fractions. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createTokenBuckets } from "../../src/lib/token-bucket.ts";
import { createTestClock } from "../support/clock.ts";

const MAX_BUCKETS = 1_000;
const createBuckets = (limit: number, minutes = 1) =>
  createTokenBuckets({ limit, minutes, maxBuckets: MAX_BUCKETS });

/** A bucket whose content is an exact count of 60,000ths of a token. */
function createReference(limit: number) {
  const token = 60_000n;
  const capacity = BigInt(limit) * token;
  let content = capacity;
  let last: bigint | null = null;
  const ceiling = (a: bigint, b: bigint) => (a + b - 1n) / b;
  return (now: number) => {
    const at = BigInt(Math.floor(now));
    const filled = content + (at - (last ?? at)) * BigInt(limit);
    content = filled > capacity ? capacity : filled;
    last = at;
    const allowed = content >= token;
    if (allowed) content -= token;
    const missing = content === capacity ? 0n : token - (content % token);
    return {
      allowed,
      left: Number(content / token),
      nextSeconds: Number(ceiling(missing, BigInt(limit) * 1_000n)),
    };
  };
}

const limits = fc.oneof(
  fc.integer({ min: 1, max: 200 }),
  fc.constantFrom(1, 7, 30, 59, 60, 61, 100, 999_983, 10_000_000),
);
/** Pauses between requests: bursts, fractions of a millisecond, minutes, days. */
const pauses = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    fc.double({ min: 0, max: 3, noNaN: true }),
    fc.integer({ min: 0, max: 2_500 }),
    fc.integer({ min: 0, max: 120_000 }),
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 90 * 86_400_000 }) },
  ),
  { minLength: 1, maxLength: 300 },
);

describe("a bucket", () => {
  test("refills evenly over its minutes", () => {
    const buckets = createBuckets(10, 15);
    const start = 1_000_000;
    for (let left = 9; left >= 0; left -= 1)
      expect(buckets.spend("key", start)).toMatchObject({ allowed: true, left });
    expect(buckets.spend("key", start)).toMatchObject({ allowed: false, nextSeconds: 90 });
    expect(buckets.spend("key", start + 89_999).allowed).toBe(false);
    expect(buckets.spend("key", start + 90_000)).toMatchObject({ allowed: true, left: 0 });
    expect(buckets.spend("key", start + 90_000 + 15 * 60_000)).toMatchObject({
      allowed: true,
      left: 9,
      nextSeconds: 90,
    });
  });

  test("accepts a token back, and never holds more than its limit", () => {
    const buckets = createBuckets(2);
    buckets.giveBack("key");
    expect(buckets.spend("key", 0)).toMatchObject({ allowed: true, left: 1 });
    buckets.giveBack("key");
    buckets.giveBack("key");
    expect(buckets.spend("key", 0)).toMatchObject({ allowed: true, left: 1 });
    expect(buckets.spend("key", 0)).toMatchObject({ allowed: true, left: 0 });
    expect(buckets.spend("key", 0).allowed).toBe(false);
    buckets.giveBack("key");
    expect(buckets.spend("key", 0).allowed).toBe(true);
  });

  test("allows, counts and computes the wait exactly as a reference model", () => {
    fc.assert(
      fc.property(limits, fc.nat(1_000_000), pauses, (limit, start, steps) => {
        const buckets = createBuckets(limit);
        const reference = createReference(limit);
        let now = start;
        for (const step of steps) {
          now += step;
          expect(buckets.spend("key", now)).toEqual(reference(now));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("nextSeconds is exact: a client that waits that long is allowed, one that waits a second less is not", () => {
    fc.assert(
      fc.property(
        limits,
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        pauses,
        (limit, start, steps) => {
          // The same history twice, because each check is itself a request.
          const history = (wait: number | null) => {
            const buckets = createBuckets(limit);
            let now = Math.floor(start);
            let spending = buckets.spend("key", now);
            for (const step of steps) {
              for (let i = 0; i < limit && i < 300 && spending.allowed; i += 1) {
                spending = buckets.spend("key", now);
              }
              if (!spending.allowed) break;
              now += Math.floor(step);
              spending = buckets.spend("key", now);
            }
            if (spending.allowed || wait === null) return spending;
            return buckets.spend("key", now + wait);
          };
          const refused = history(null);
          if (refused.allowed) return;
          const ms = refused.nextSeconds * 1_000;
          expect(refused.nextSeconds).toBeGreaterThanOrEqual(1);
          expect(Number.isInteger(refused.nextSeconds)).toBe(true);
          expect(history(ms).allowed).toBe(true);
          if (refused.nextSeconds > 1) expect(history(ms - 1_000).allowed).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("nextSeconds is exact with a clock that counts fractions of a millisecond", () => {
    fc.assert(
      fc.property(limits, fc.double({ min: 0, max: 1e9, noNaN: true }), (limit, now) => {
        fc.pre(limit <= 1_000);
        const buckets = createBuckets(limit);
        let spending = buckets.spend("key", now);
        while (spending.allowed) spending = buckets.spend("key", now);
        expect(buckets.spend("key", now + spending.nextSeconds * 1_000).allowed).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("allows at most its limit in a burst, and at most twice its limit within any minute", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), pauses, (limit, steps) => {
        const buckets = createBuckets(limit);
        for (let i = 0; i < limit; i += 1) {
          expect(buckets.spend("key", 0)).toMatchObject({ allowed: true, left: limit - i - 1 });
        }
        expect(buckets.spend("key", 0).allowed).toBe(false);
        let now = 0;
        const times: number[] = [];
        for (const step of steps) {
          now += step;
          if (buckets.spend("key", now).allowed) times.push(now);
        }
        for (const [i, from] of times.entries()) {
          const within = times.slice(i).filter((time) => time < from + 60_000).length;
          expect(within).toBeLessThanOrEqual(2 * limit);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("has one token more after nextSeconds", () => {
    const buckets = createBuckets(100);
    let spending = buckets.spend("key", 0);
    for (let i = 0; i < 56; i += 1) spending = buckets.spend("key", 0);
    expect(spending).toEqual({ allowed: true, left: 43, nextSeconds: 1 });
    expect(buckets.spend("key", 1_000).left).toBe(43);
  });

  test("is independent of changes of the wall clock", () => {
    const clock = createTestClock();
    const buckets = createBuckets(2);
    const spend = () => buckets.spend("key", clock.monotonic()).allowed;
    expect([spend(), spend(), spend()]).toEqual([true, true, false]);
    for (const jump of [10 * 365 * 86_400_000, -86_400_000, 0]) {
      clock.setWall(Math.max(0, clock.now() + jump));
      expect(spend()).toBe(false);
    }
    clock.advance(30_000);
    expect([spend(), spend()]).toEqual([true, false]);
  });
});

describe("the buckets of several ids", () => {
  test("are independent of each other in every order of requests", () => {
    const requests = fc.array(
      fc.record({ id: fc.constantFrom("a", "b", "c", "__proto__", ""), pause: fc.nat(5_000) }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), requests, (limit, all) => {
        const together = createBuckets(limit);
        const alone = new Map<string, ReturnType<typeof createReference>>();
        let now = 0;
        for (const { id, pause } of all) {
          now += pause;
          const own = alone.get(id) ?? createReference(limit);
          alone.set(id, own);
          expect(together.spend(id, now)).toEqual(own(now));
        }
      }),
      { numRuns: 200 },
    );
  });

  test(`are at most ${MAX_BUCKETS}, and an empty one is not evicted while there are fuller ones`, () => {
    const buckets = createBuckets(3);
    const empty = (id: string, now: number) => {
      while (buckets.spend(id, now).allowed);
    };
    for (let i = 0; i < 10; i += 1) empty(`attacked ${i}`, 0);
    for (let i = 0; i < 20 * MAX_BUCKETS; i += 1) buckets.spend(`other ${i}`, 5);
    for (let i = 0; i < 10; i += 1) expect(buckets.spend(`attacked ${i}`, 10).allowed).toBe(false);
    expect(buckets.spend("other 0", 10)).toMatchObject({ allowed: true, left: 2 });
    // Once it has refilled, it is evicted like the others.
    for (let i = 0; i < 2 * MAX_BUCKETS; i += 1) buckets.spend(`late ${i}`, 120_000);
    expect(buckets.spend("attacked 0", 120_000)).toMatchObject({ allowed: true, left: 2 });
  });
});
