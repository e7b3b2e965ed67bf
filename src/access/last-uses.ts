/** Last uses of keys and sessions: recorded in memory and written every few seconds, so that no request waits for it. */
import { type Clock, isoTime } from "../lib/clock.ts";
import type { Store } from "../store/change.ts";
import type { WritableDb } from "../store/database.ts";

export interface Use {
  at: string;
  ip: string;
}

export interface LastUses {
  /** Records a use, at most once a second for each id. `ip` is called only for a use that is recorded. */
  record(id: string, ip: () => string): void;
  /** The last use, if it is not written yet. */
  find(id: string): Use | undefined;
  forget(id: string): void;
  /** Writes the uses that are not written yet. */
  flush(): Promise<void>;
}

const RECORD_INTERVAL_MS = 1_000;

export function createLastUses(
  store: Store,
  clock: Clock,
  write: (writer: WritableDb, id: string, use: Use) => void,
): LastUses {
  const unwritten = new Map<string, Use & { ms: number }>();
  return {
    record(id, ip) {
      const now = clock.now();
      const last = unwritten.get(id);
      if (last && Math.abs(now - last.ms) < RECORD_INTERVAL_MS) return;
      unwritten.set(id, { ms: now, at: isoTime(now), ip: ip() });
    },
    find: (id) => unwritten.get(id),
    forget: (id) => void unwritten.delete(id),
    async flush() {
      const uses = [...unwritten];
      if (uses.length === 0) return;
      await store.housekeep((writer) => {
        for (const [id, use] of uses) write(writer, id, use);
      });
      // A later use, recorded during the write, stays.
      for (const [id, use] of uses) if (unwritten.get(id) === use) unwritten.delete(id);
    },
  };
}
