/**
 * Group commit: the writes of one tick share a transaction, a savepoint each, so that one sync to the disk serves them
 * all and a refused write leaves the others alone. A group is bounded in size and time.
 */
import type { Database } from "bun:sqlite";
import { LIMITS } from "../config.ts";
import type { Clock } from "../lib/clock.ts";
import { isStorageFailure, StorageError } from "./errors.ts";

/** State kept outside the database that must follow its transaction: the audit chain's head, pending index updates. */
export interface GroupParticipant<Mark> {
  /** After `begin`. */
  open?(): void;
  /** The state now; `restore` returns to it when a savepoint is rolled back. */
  mark(): Mark;
  restore(mark: Mark): void;
  /** Before `commit`. */
  close(): void;
  /** When the whole group is rolled back because of `error`. */
  discard?(error: unknown): void;
}

export interface GroupCommit {
  /** Runs `work` in a savepoint; resolves after the commit. What `work` throws undoes it alone and rejects. */
  enqueue<T>(work: () => T): Promise<T>;
  /** Resolves when every write enqueued so far is decided. */
  idle(): Promise<void>;
}

interface Operation {
  run(): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

// biome-ignore lint/suspicious/noExplicitAny: each participant has marks of its own type.
type Participants = readonly GroupParticipant<any>[];

export function createGroupCommit(
  sqlite: Database,
  clock: Clock,
  participants: Participants,
  onChange: () => void,
): GroupCommit {
  const group = prepareGroup(sqlite, clock, participants);
  const countChanges = sqlite.prepare<{ n: number }, []>("select total_changes() as n");
  const totalChanges = () => countChanges.get()!.n;
  let queue: Operation[] = [];
  let waiting: (() => void)[] = [];

  function flush(): void {
    const previousChanges = totalChanges();
    const { taken, answers } = group.commit(queue);
    queue = queue.slice(taken);
    if (queue.length > 0) setImmediate(flush);
    if (totalChanges() !== previousChanges) onChange();
    for (const answer of answers) answer();
    if (queue.length > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  }

  return {
    enqueue: <T>(work: () => T) =>
      new Promise<T>((resolve, reject) => {
        if (queue.length === 0) setImmediate(flush);
        queue.push({ run: work, resolve: resolve as (value: unknown) => void, reject });
      }),
    idle: () =>
      queue.length === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
  };
}

/** How many operations of the queue a group took, and how to answer each of them. */
interface Committed {
  taken: number;
  answers: (() => void)[];
}

function prepareGroup(sqlite: Database, clock: Clock, participants: Participants) {
  const begin = sqlite.prepare("begin immediate");
  const commit = sqlite.prepare("commit");
  const savepoint = sqlite.prepare("savepoint operation");
  const release = sqlite.prepare("release operation");
  const undo = sqlite.prepare("rollback to operation");

  /** Runs one operation in its savepoint; returns how to answer it once the group has committed. */
  function attempt(operation: Operation): () => void {
    const marks = participants.map((participant) => participant.mark());
    savepoint.run();
    try {
      const value = operation.run();
      release.run();
      return () => operation.resolve(value);
    } catch (error) {
      if (isStorageFailure(error) || !sqlite.inTransaction) throw error;
      undo.run();
      release.run();
      for (const [index, participant] of participants.entries()) participant.restore(marks[index]);
      return () => operation.reject(error);
    }
  }

  function rollBack(operations: readonly Operation[], error: unknown): (() => void)[] {
    for (const participant of participants) participant.discard?.(error);
    if (sqlite.inTransaction) sqlite.exec("rollback");
    const refusal = isStorageFailure(error) ? new StorageError(error) : error;
    return operations.map((operation) => () => operation.reject(refusal));
  }

  return {
    /** Commits the first operations of `queue`, or rejects all of them if the storage failed. */
    commit(queue: readonly Operation[]): Committed {
      const answers: (() => void)[] = [];
      let taken = 0;
      try {
        begin.run();
        for (const participant of participants) participant.open?.();
        const deadline = clock.monotonic() + LIMITS.groupMs;
        while (taken < queue.length && taken < LIMITS.groupOperations) {
          taken += 1;
          answers.push(attempt(queue[taken - 1]!));
          if (clock.monotonic() > deadline) break;
        }
        for (const participant of participants) participant.close();
        commit.run();
        return { taken, answers };
      } catch (error) {
        // If the group could not begin, it rejects the operations that would have been in it.
        taken ||= Math.min(queue.length, LIMITS.groupOperations);
        return { taken, answers: rollBack(queue.slice(0, taken), error) };
      }
    },
  };
}
