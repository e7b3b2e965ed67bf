/** A clock that a test turns. What was planned happens in its order while the hands move over it. */
import type { Clock } from "../../src/lib/clock.ts";

export interface TestClock extends Clock {
  /** Moves both the wall clock and the monotonic one on, and runs what falls due. */
  advance(ms: number): void;
  /** Sets the wall clock alone, as an administrator or NTP does. */
  setWall(ms: number): void;
}

export function createTestClock(start = Date.parse("2026-11-23T10:00:00.000Z")): TestClock {
  let wall = start;
  let monotonic = 0;
  let planned: { at: number; callback: () => void }[] = [];
  return {
    now: () => wall,
    monotonic: () => monotonic,
    after(ms, callback) {
      const plan = { at: monotonic + ms, callback };
      planned.push(plan);
      return () => {
        planned = planned.filter((other) => other !== plan);
      };
    },
    advance(ms) {
      const end = monotonic + ms;
      for (;;) {
        const [next] = planned.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (!next) break;
        planned = planned.filter((other) => other !== next);
        wall += next.at - monotonic;
        monotonic = next.at;
        next.callback();
      }
      wall += end - monotonic;
      monotonic = end;
    },
    setWall(ms) {
      wall = ms;
    },
  };
}
