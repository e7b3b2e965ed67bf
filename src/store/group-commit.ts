/**
 * Group commit: the writes of one tick share a transaction, a savepoint each, so that one sync to the disk serves them
 * all and a refused write leaves the others alone. A group is bounded in size and time. While another process holds the
 * write lock, the group is retried from a timer: SQLite's own wait would block the event loop, and with it all reads.
 */
import type { Database } from "bun:sqlite";
import { LIMITS } from "../config.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { isBusy, isStorageFailure, rollBackAfter, StorageError } from "./errors.ts";
import { describeLockHolders } from "./lock-holders.ts";

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

/** How long a group's transaction may stay open, and the pause after it in which other processes can write. */
export interface Pace {
  groupMs: number;
  pauseMs: number;
}

export interface GroupCommit {
  /** Runs `work` in a savepoint; resolves after the commit. What `work` throws undoes it alone and rejects. */
  enqueue<T>(work: () => T): Promise<T>;
  /** Resolves when every write enqueued so far is decided. */
  idle(): Promise<void>;
}

interface Operation {
  run(): unknown;
  /** The monotonic time of the system at which it stops waiting for another process. */
  deadline: number;
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
  pace: () => Pace,
): GroupCommit {
  const group = prepareGroup(sqlite, clock, participants);
  const countChanges = sqlite.prepare<{ n: number }, []>("select total_changes() as n");
  const totalChanges = () => countChanges.get()!.n;
  let queue: Operation[] = [];
  let waiting: (() => void)[] = [];
  let isScheduled = false;

  function schedule(delayMs: number): void {
    if (isScheduled) return;
    isScheduled = true;
    if (delayMs > 0) setTimeout(flush, delayMs);
    else setImmediate(flush);
  }

  function flush(): void {
    isScheduled = false;
    // The pause after the last group has ended; the database may be closed.
    if (queue.length === 0) return;
    const previousChanges = totalChanges();
    const { groupMs, pauseMs } = pace();
    const { taken, answers, isBlocked } = group.commit(queue, groupMs);
    queue = queue.slice(taken);
    if (isBlocked) schedule(LIMITS.writeLockRetryMs);
    else if (queue.length > 0 || pauseMs > 0) schedule(pauseMs);
    if (totalChanges() !== previousChanges) onChange();
    for (const answer of answers) answer();
    if (queue.length > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  }

  return {
    enqueue: <T>(work: () => T) =>
      new Promise<T>((resolve, reject) => {
        // In the system's time, because a simulated clock does not move another process.
        const deadline = systemClock.monotonic() + LIMITS.writeLockMs;
        queue.push({ run: work, deadline, resolve: resolve as (value: unknown) => void, reject });
        schedule(0);
      }),
    idle: () =>
      queue.length === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
  };
}

/** How many operations of the queue a group took, and how to answer each of them. */
interface Committed {
  taken: number;
  answers: (() => void)[];
  /** Whether another process holds the write lock, so that the operations not taken wait. */
  isBlocked: boolean;
}

/** Rejects the operations that have waited until their deadline. They are the first ones, since all wait equally. */
function refuseOverdue(queue: readonly Operation[], error: unknown, file: string): Committed {
  const now = systemClock.monotonic();
  const waiting = queue.findIndex(({ deadline }) => deadline > now);
  const taken = waiting < 0 ? queue.length : waiting;
  if (taken === 0) return { taken, answers: [], isBlocked: true };
  const refusal = new StorageError(error, describeLockHolders(file));
  const answers = queue.slice(0, taken).map((operation) => () => operation.reject(refusal));
  return { taken, answers, isBlocked: taken < queue.length };
}

/** Rolls the group back; returns how to reject its operations. */
function rollBackGroup(
  sqlite: Database,
  participants: Participants,
  operations: readonly Operation[],
  error: unknown,
): (() => void)[] {
  for (const participant of participants) participant.discard?.(error);
  rollBackAfter(error, sqlite);
  const refusal = isStorageFailure(error) ? new StorageError(error) : error;
  return operations.map((operation) => () => operation.reject(refusal));
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

  const rollBack = (operations: readonly Operation[], error: unknown) =>
    rollBackGroup(sqlite, participants, operations, error);

  return {
    /** Commits the first operations of `queue`, or rejects all of them if the storage failed. */
    commit(queue: readonly Operation[], groupMs: number): Committed {
      const answers: (() => void)[] = [];
      let taken = 0;
      try {
        begin.run();
      } catch (error) {
        if (isBusy(error)) return refuseOverdue(queue, error, sqlite.filename);
        // The operations that would have been in the group.
        taken = Math.min(queue.length, LIMITS.groupOperations);
        return { taken, answers: rollBack(queue.slice(0, taken), error), isBlocked: false };
      }
      try {
        for (const participant of participants) participant.open?.();
        const deadline = clock.monotonic() + groupMs;
        while (taken < queue.length && taken < LIMITS.groupOperations) {
          taken += 1;
          answers.push(attempt(queue[taken - 1]!));
          if (clock.monotonic() > deadline) break;
        }
        for (const participant of participants) participant.close();
        commit.run();
        return { taken, answers, isBlocked: false };
      } catch (error) {
        // If reading the participants' state failed, nothing is taken yet.
        taken ||= Math.min(queue.length, LIMITS.groupOperations);
        return { taken, answers: rollBack(queue.slice(0, taken), error), isBlocked: false };
      }
    },
  };
}
