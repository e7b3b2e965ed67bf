/** The schedule of attempts, and when a failing subscription is disabled. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The delay of each attempt after the previous one, in milliseconds. After six attempts a delivery has failed for good. */
export const ATTEMPT_DELAYS_MS = [0, MINUTE, 15 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR] as const;

/** When the next attempt is due after attempt number `attempt` failed at `at`; null after the last one. */
export function nextAttempt(attempt: number, at: number): number | null {
  const delay = ATTEMPT_DELAYS_MS[attempt];
  return delay === undefined ? null : at + delay;
}

/** Events in a row that fail for good until a subscription is disabled … */
export const FAILURES_TO_DISABLE = 10;
/** … or the time without a success. */
export const FAILING_TO_DISABLE_MS = 5 * 24 * HOUR;
