/** A bounded queue in which callers take turns: whoever hands in much waits behind their own entries only. */

interface Entry {
  caller: string;
}

export interface FairQueue<T extends Entry> {
  /** Returns false if the queue, or the caller's part of it, is full. */
  add(entry: T): boolean;
  /** Takes the oldest entry of the caller whose turn it is, among those for whom `isAllowed`. */
  take(isAllowed: (caller: string) => boolean): T | undefined;
  /** Returns whether the entry was in the queue. */
  remove(entry: T): boolean;
  /** Empties the queue and returns what was in it. */
  clear(): T[];
}

export function createFairQueue<T extends Entry>(limits: {
  ofCaller: number;
  total: number;
}): FairQueue<T> {
  /** The caller whose turn is next comes first. */
  const queues = new Map<string, T[]>();
  let size = 0;

  function removeAt(caller: string, index: number): T {
    const queue = queues.get(caller)!;
    const [entry] = queue.splice(index, 1);
    if (queue.length === 0) queues.delete(caller);
    size -= 1;
    return entry!;
  }

  return {
    add(entry) {
      const queue = queues.get(entry.caller) ?? [];
      if (size >= limits.total || queue.length >= limits.ofCaller) return false;
      queues.set(entry.caller, queue);
      queue.push(entry);
      size += 1;
      return true;
    },
    take(isAllowed) {
      const caller = queues.keys().find(isAllowed);
      if (caller === undefined) return undefined;
      const entry = removeAt(caller, 0);
      const rest = queues.get(caller);
      if (rest) {
        queues.delete(caller);
        queues.set(caller, rest);
      }
      return entry;
    },
    remove(entry) {
      const index = queues.get(entry.caller)?.indexOf(entry) ?? -1;
      if (index >= 0) removeAt(entry.caller, index);
      return index >= 0;
    },
    clear() {
      const all = [...queues.values()].flat();
      queues.clear();
      size = 0;
      return all;
    },
  };
}
