/** When a delivery is tried, and when a subscription is given up. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How long after the attempt before, in milliseconds: six attempts, then it has failed for good. */
export const ATTEMPT_DELAYS_MS = [0, MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR] as const;

/** When the next attempt is due after one at `at` failed, the `made`th of its round; null when that was the last. */
export function nextAttempt(made: number, at: number): number | null {
  const delay = ATTEMPT_DELAYS_MS[made];
  return delay === undefined ? null : at + delay;
}

/** A subscription is switched off after so many events in a row that failed for good … */
export const FAILURES_TO_DISABLE = 10;
/** … or after failing for so long without one success. */
export const FAILING_TO_DISABLE_MS = 5 * 24 * HOUR;
