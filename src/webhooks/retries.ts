/** Repeats writes that the storage refuses, such as on a full disk or while another program holds the write lock. */
import { LIMITS } from "../config.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";

export interface Retries {
  /**
   * Runs `work` until it succeeds, with pauses that double, and logs each failure. Never rejects. Returns false if it
   * was still failing after `stop()`.
   */
  untilDone(work: () => Promise<unknown>): Promise<boolean>;
  start(): void;
  /** Ends the pauses: work that waits is tried once more. */
  stop(): void;
}

export function createRetries(clock: Clock, log: Log): Retries {
  const pauses = new Set<() => void>();
  let isRunning = false;

  function pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(ms, resolve);
    pauses.add(resolve);
    return promise.finally(() => {
      cancel();
      pauses.delete(resolve);
    });
  }

  return {
    async untilDone(work) {
      const { firstMs, longestMs } = LIMITS.storageRetry;
      for (let ms: number = firstMs; ; ms = Math.min(ms * 2, longestMs)) {
        const canRepeat = isRunning;
        try {
          await work();
          return true;
        } catch (error) {
          log.error({ err: error, retry_in_ms: canRepeat ? ms : null }, "webhook dispatcher");
        }
        if (!canRepeat) return false;
        if (isRunning) await pause(ms);
      }
    },
    start() {
      isRunning = true;
    },
    stop() {
      isRunning = false;
      for (const end of pauses) end();
    },
  };
}
