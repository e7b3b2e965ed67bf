/**
 * The clock of a mock: the machine's own, or one that starts at a chosen moment, stands still there or goes faster. While
 * data is laid out in the past it is held at the moment that is told of.
 */
import { type Clock, systemClock } from "../lib/clock.ts";

export interface MockClock extends Clock {
  /** Stops at `ms` until the next `hold` or `release`. */
  hold(ms: number): void;
  /** Begins to run, from its start. */
  release(): void;
}

export interface MockTime {
  /** Milliseconds since the epoch when it starts; null for now. */
  start: number | null;
  /** Seconds of its time in one of the machine's; 0 stands still. */
  speed: number;
}

/** It stands still at its start until it is released. */
export function createMockClock({ start, speed }: MockTime): MockClock {
  const begun = start ?? systemClock.now();
  const follows = start === null && speed === 1;
  // A wall clock that stands still must keep nobody out for ever, nor hold up what is done in the background.
  const pace = speed || 1;
  let released = 0;
  let held: number | null = begun;
  const running = () =>
    follows ? systemClock.now() : begun + (systemClock.monotonic() - released) * speed;
  return {
    now: () => held ?? Math.floor(running()),
    monotonic: () => systemClock.monotonic() * pace,
    after: (ms, callback) => systemClock.after(ms / pace, callback),
    hold(ms) {
      held = ms;
    },
    release() {
      released = systemClock.monotonic();
      held = null;
    },
  };
}
