/**
 * The clock of a mock: the machine's own, or one that starts at a chosen time and stands still or runs faster. While the
 * initial data is created, the clock is held at the time of each record.
 */
import { type Clock, systemClock } from "../lib/clock.ts";

export interface MockClock extends Clock {
  /** Stops the clock at `ms` until the next `hold` or `release`. */
  hold(ms: number): void;
  /** Starts the clock at its start time. */
  release(): void;
}

export interface MockTime {
  /** The start time in milliseconds since the epoch; null for the current time. */
  start: number | null;
  /** Seconds on this clock per second on the machine's clock; 0 stands still. */
  speed: number;
}

/** Creates a clock that stands still at its start time until `release`. */
export function createMockClock({ start, speed }: MockTime): MockClock {
  const startMs = start ?? systemClock.now();
  const isMachineTime = start === null && speed === 1;
  // Rate limits and background jobs must go on while the wall clock stands still.
  const timerSpeed = speed || 1;
  let releasedAt = 0;
  let heldMs: number | null = startMs;
  const runningTime = () =>
    isMachineTime ? systemClock.now() : startMs + (systemClock.monotonic() - releasedAt) * speed;
  return {
    now: () => heldMs ?? Math.floor(runningTime()),
    monotonic: () => systemClock.monotonic() * timerSpeed,
    after: (ms, callback) => systemClock.after(ms / timerSpeed, callback),
    hold(ms) {
      heldMs = ms;
    },
    release() {
      releasedAt = systemClock.monotonic();
      heldMs = null;
    },
  };
}
