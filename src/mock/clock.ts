/**
 * The clock of a mock: the machine's own, or one that starts at a chosen moment, stands still there or goes faster. While
 * data is laid out in the past it is held at the moment that is told of.
 */
import { type Clock, systemClock } from "../lib/clock.ts";

export interface MockClock extends Clock {
  /** Stops at `ms` until the next `hold` or `release`. */
  hold(ms: number): void;
  /** Goes on, from where it would be if it had never been held. */
  release(): void;
}

export interface MockTime {
  /** Milliseconds since the epoch when it starts; null for now. */
  start: number | null;
  /** Seconds of its time in one of the machine's; 0 stands still. */
  speed: number;
}

export function createMockClock({ start, speed }: MockTime): MockClock {
  const origin = systemClock.monotonic();
  const begun = start ?? systemClock.now();
  const follows = start === null && speed === 1;
  // A wall clock that stands still must keep nobody out for ever, nor hold up what is done in the background.
  const pace = speed || 1;
  const elapsed = () => systemClock.monotonic() - origin;
  let held: number | null = null;
  return {
    now: () => held ?? (follows ? systemClock.now() : Math.floor(begun + elapsed() * speed)),
    monotonic: () => elapsed() * pace,
    after: (ms, callback) => systemClock.after(ms / pace, callback),
    hold(ms) {
      held = ms;
    },
    release() {
      held = null;
    },
  };
}
