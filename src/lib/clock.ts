/** Time as an argument: everything that needs the time or a pause is handed a Clock, so a test can turn it. */

export interface Clock {
  /** Wall clock, milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds that only ever grow; for limits and durations, which a changed wall clock must not touch. */
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
