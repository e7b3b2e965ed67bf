/**
 * The background reader: reads that may take longer than the event loop can wait run in threads with connections of their
 * own. Callers take turns, and one caller cannot occupy every thread. A job that misses its deadline is given up: SQLite
 * cannot be interrupted within a step, so the thread is replaced and ends after that step.
 */
import { LIMITS } from "../config.ts";
import type { Db } from "./database.ts";
import { createFairQueue } from "./fair-queue.ts";
import type { StorageHealth } from "./health.ts";
import { type OpenedFile, openedFile } from "./open.ts";

/** A named function, so that another thread can run it. Input and output are copied (structured clone). */
export interface Job<Input, Output> {
  name: string;
  /** Runs in a read transaction that sees every write answered before the job was handed in. */
  run(db: Db, input: Input): Output;
}

/** Why a job was refused or given up. */
export type BackgroundFailure = "too_slow" | "too_many" | "stopped";

export class BackgroundError extends Error {
  readonly failure: BackgroundFailure;

  constructor(failure: BackgroundFailure, job: string) {
    super(`background job ${job}: ${failure}`);
    this.name = "BackgroundError";
    this.failure = failure;
  }
}

export interface BackgroundReader {
  /**
   * Runs a job for `caller`, such as the id of a key. Rejects with a BackgroundError after `deadlineMs`, while too many jobs
   * wait, and after `close`; with the job's own error if it throws.
   */
  run<Input, Output>(
    caller: string,
    job: Job<Input, Output>,
    input: Input,
    deadlineMs?: number,
  ): Promise<Output>;
  /** Gives up all jobs and ends the threads. */
  close(): Promise<void>;
}

/** From the reader to its thread. */
export interface JobRequest {
  database: OpenedFile;
  job: string;
  input: unknown;
}

/** What a job threw. `code` is SQLite's. */
interface JobFailure {
  message: string;
  stack: string | undefined;
  code: string;
}

/** From the thread to the reader. */
export type JobReply = { output: unknown } | { error: JobFailure };

/** From a thread that has started. */
export const READY = "ready";

interface Task {
  caller: string;
  request: JobRequest;
  deadlineMs: number;
  timer?: ReturnType<typeof setTimeout>;
  /** Called at the deadline. */
  giveUp(): void;
  resolve(output: unknown): void;
  reject(error: unknown): void;
}

interface Thread {
  worker: Worker;
  task: Task | null;
}

/** So that another caller finds a free thread. */
const THREADS_PER_CALLER = Math.max(1, LIMITS.backgroundThreads - 1);

/**
 * `entry`: the module of the threads, which calls `serveJobs`. Threads start with the first jobs. The health is told of every
 * error that a thread meets, whoever asked for the job.
 */
export function createBackgroundReader(
  db: Db,
  entry: string,
  { reportError }: Pick<StorageHealth, "reportError">,
): BackgroundReader {
  const database = openedFile(db);
  const waiting = createFairQueue<Task>(LIMITS.backgroundWaiting);
  const threads = createThreads(entry, dispatch);
  let isClosed = false;

  function dispatch(): void {
    for (;;) {
      if (isClosed || !threads.canTake()) return;
      const task = waiting.take((caller) => threads.countOf(caller) < THREADS_PER_CALLER);
      if (!task) return;
      threads.give(task);
    }
  }

  return {
    run: <Input, Output>(
      caller: string,
      { name }: Job<Input, Output>,
      input: Input,
      deadlineMs: number = LIMITS.backgroundMs.request,
    ) =>
      new Promise<Output>((resolve, reject) => {
        if (isClosed) return reject(new BackgroundError("stopped", name));
        const task: Task = {
          caller,
          request: { database, job: name, input },
          deadlineMs,
          resolve: resolve as Task["resolve"],
          giveUp() {
            if (!waiting.remove(task)) threads.abandon(task);
            reject(new BackgroundError("too_slow", name));
            dispatch();
          },
          reject(error) {
            reportError(error);
            reject(error);
          },
        };
        startDeadline(task);
        if (waiting.add(task)) return dispatch();
        clearTimeout(task.timer);
        reject(new BackgroundError("too_many", name));
      }),
    async close() {
      isClosed = true;
      for (const task of [...waiting.clear(), ...threads.tasks()]) {
        clearTimeout(task.timer);
        task.reject(new BackgroundError("stopped", task.request.job));
      }
      await threads.end();
    },
  };
}

/** Starts the deadline of a task, or starts it anew. */
function startDeadline(task: Task, moreMs = 0): void {
  clearTimeout(task.timer);
  task.timer = setTimeout(task.giveUp, task.deadlineMs + moreMs);
}

/** `onFree` is called when a thread can take a task again. */
function createThreads(entry: string, onFree: () => void) {
  const active = new Set<Thread>();
  /** Threads that end as soon as SQLite returns to them. */
  const ending = new Map<Thread, PromiseWithResolvers<void>>();
  const idle = () => active.values().find(({ task }) => task === null);
  // Each thread that was given up may be replaced once. If the replacements are given up too, jobs wait for one to end.
  const canStart = () =>
    active.size < LIMITS.backgroundThreads &&
    active.size + ending.size < 2 * LIMITS.backgroundThreads;

  function start(task: Task): Thread {
    // A busy machine may take seconds to start a thread, and the query is not to blame.
    startDeadline(task, LIMITS.backgroundStartMs);
    const thread: Thread = { worker: new Worker(entry), task: null };
    observe(thread, onFree, (reason) => lose(thread, reason));
    active.add(thread);
    return thread;
  }

  function terminate(thread: Thread): void {
    active.delete(thread);
    ending.set(thread, Promise.withResolvers());
    thread.worker.terminate();
  }

  function lose(thread: Thread, reason: string): void {
    active.delete(thread);
    ending.get(thread)?.resolve();
    ending.delete(thread);
    settle(thread, { error: { message: reason, stack: undefined, code: "" } });
    onFree();
  }

  return {
    canTake: () => idle() !== undefined || canStart(),
    countOf: (caller: string) =>
      active.values().reduce((sum, { task }) => sum + (task?.caller === caller ? 1 : 0), 0),
    give(task: Task): void {
      const thread = idle() ?? start(task);
      thread.task = task;
      thread.worker.postMessage(task.request);
    },
    abandon(task: Task): void {
      const thread = active.values().find((each) => each.task === task);
      if (!thread) return;
      thread.task = null;
      terminate(thread);
    },
    tasks: (): Task[] => [...active].flatMap(({ task }) => task ?? []),
    /** Waits for the threads to close their connections, but not long for one that SQLite keeps. */
    async end(): Promise<void> {
      for (const thread of active) {
        thread.task = null;
        terminate(thread);
      }
      const ended = [...ending.values()].map(({ promise }) => promise);
      await Promise.race([Promise.all(ended), Bun.sleep(LIMITS.backgroundEndMs)]);
    },
  };
}

function observe(thread: Thread, onReply: () => void, onEnd: (reason: string) => void): void {
  const { worker } = thread;
  worker.onmessage = ({ data }: MessageEvent<JobReply | typeof READY>) => {
    if (data === READY) {
      if (thread.task) startDeadline(thread.task);
      return;
    }
    settle(thread, data);
    onReply();
  };
  worker.onerror = (event) => onEnd(event.message);
  worker.addEventListener("close", () => onEnd("the thread ended"));
}

/** Answers the task of a thread, if it still has one. */
function settle(thread: Thread, reply: JobReply): void {
  const { task } = thread;
  if (!task) return;
  thread.task = null;
  clearTimeout(task.timer);
  if ("output" in reply) task.resolve(reply.output);
  else task.reject(toError(reply.error));
}

function toError({ message, stack, code }: JobFailure): Error {
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return code === "" ? error : Object.assign(error, { code });
}
