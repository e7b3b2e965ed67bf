/** Identifiers: UUIDs of version 7 that sort as they were made, whatever the clock does. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { systemClock } from "../../src/lib/clock.ts";
import { createIds, isUuid } from "../../src/lib/ids.ts";
import { systemRandom } from "../../src/lib/random.ts";
import { createTestClock } from "../support/clock.ts";
import { seededRandom } from "../support/random.ts";

const V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const timeOf = (id: string) => Number.parseInt(id.replace("-", "").slice(0, 12), 16);

describe("an id", () => {
  test("is a UUID of version 7 and the RFC's variant that starts with the milliseconds of the wall clock", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), fc.integer({ min: 1, max: 2 ** 48 - 1 }), (seed, now) => {
        const id = createIds(createTestClock(now), seededRandom(seed)).uuid();
        expect(id).toMatch(V7);
        expect(timeOf(id)).toBe(now);
        expect(isUuid(id)).toBe(true);
      }),
    );
  });

  test("sorts after every id created before it in the process, also if the clock stands still or goes back", () => {
    const steps = fc.array(fc.constantFrom(0, 0, 0, 1, 5, -1, -1_000, -86_400_000, 3_600_000), {
      maxLength: 300,
    });
    fc.assert(
      fc.property(steps, fc.nat(2 ** 31), (moves, seed) => {
        const clock = createTestClock();
        const ids = createIds(clock, seededRandom(seed));
        let last = ids.uuid();
        for (const move of moves) {
          clock.setWall(clock.now() + move);
          const next = ids.uuid();
          expect(next > last).toBe(true);
          expect(next).toMatch(V7);
          last = next;
        }
      }),
    );
  });

  test("sorts within one millisecond for more ids than fit into it, also if the random start is the highest", () => {
    const highest = { bytes: (length: number) => new Uint8Array(length).fill(0xff) };
    const ids = createIds(createTestClock(), highest);
    const made = Array.from({ length: 100_000 }, () => ids.uuid());
    expect(made).toEqual(made.toSorted());
    expect(new Set(made).size).toBe(made.length);
  });

  test("returns to the time of the clock when the clock has caught up", () => {
    const clock = createTestClock(1_000_000);
    const ids = createIds(clock, systemRandom);
    ids.uuid();
    clock.setWall(500_000);
    expect(timeOf(ids.uuid())).toBe(1_000_000);
    clock.setWall(1_000_001);
    expect(timeOf(ids.uuid())).toBe(1_000_001);
  });

  test("is unique among 100,000, from one source and from two at the same time", () => {
    const one = createIds(systemClock, systemRandom);
    const frozen = createTestClock();
    const two = [createIds(frozen, systemRandom), createIds(frozen, systemRandom)] as const;
    const made = new Set<string>();
    for (let i = 0; i < 100_000; i += 1) made.add(one.uuid());
    for (let i = 0; i < 50_000; i += 1) made.add(two[0].uuid()).add(two[1].uuid());
    expect(made.size).toBe(200_000);
  });

  test("does not predict the next id: its last 62 bits are random", () => {
    const ids = createIds(createTestClock(), systemRandom);
    const tails = new Set(Array.from({ length: 10_000 }, () => ids.uuid().slice(-12)));
    expect(tails.size).toBe(10_000);
  });
});

describe("an event's id", () => {
  test("is evt_ and 32 lower-case hex digits, and is unique", () => {
    const ids = createIds(systemClock, systemRandom);
    const made = new Set(Array.from({ length: 20_000 }, () => ids.event()));
    expect(made.size).toBe(20_000);
    for (const id of made) expect(id).toMatch(/^evt_[0-9a-f]{32}$/);
  });
});

test("a malformed id is recognized without a look-up, and an id in upper case is the same id", () => {
  const id = createIds(systemClock, systemRandom).uuid();
  expect(isUuid(id.toUpperCase())).toBe(true);
  for (const text of [
    "",
    "1",
    id.slice(1),
    `${id}0`,
    `${id}\n`,
    id.replaceAll("-", ""),
    `{${id}}`,
  ]) {
    expect(isUuid(text)).toBe(false);
  }
});
