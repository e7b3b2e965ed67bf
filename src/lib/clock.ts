/** Time as an argument: code that needs the time or a timer receives a Clock, which a test can control. */

export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. */
  now(): number;
  /** Monotonic milliseconds, for limits and durations: a change of the wall clock must not affect them. */
  monotonic(): number;
  /** Calls back once after at least `ms`; the returned function cancels. Does not keep the process alive. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** ISO 8601, UTC, milliseconds and `Z`: the only form in which a time is stored or sent. */
export const isoTime = (ms: number): string => new Date(ms).toISOString();
