/** The other end of the background reader: runs one job after another, each in a read transaction of its own. */
import type { Database } from "bun:sqlite";
import { setPriority } from "node:os";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { type Job, type JobReply, type JobRequest, READY } from "./background-reader.ts";
import { type Db, readOnly, type WritableDb } from "./database.ts";
import { StorageError, storageCode } from "./errors.ts";
import { type OpenedFile, openReader } from "./open.ts";

// biome-ignore lint/suspicious/noExplicitAny: a list of jobs has inputs and outputs of every type.
export type AnyJob = Job<any, any>;

/** Below the event loop, so that requests go first where the threads share a core. */
const NICENESS = 10;

/** Serves `jobs` to the background reader that started this thread. */
export function serveJobs(jobs: readonly AnyJob[]): void {
  const byName = new Map(jobs.map((job) => [job.name, job]));
  // On Linux the priority is that of the calling thread; elsewhere it would be that of the whole process.
  if (process.platform === "linux") setPriority(NICENESS);
  const connection = createConnection();
  const scope = globalThis as unknown as Worker;
  scope.onmessage = ({ data: { database, job, input } }: MessageEvent<JobRequest>) => {
    let reply: JobReply;
    try {
      reply = { output: connection.read(database, (db) => byName.get(job)!.run(db, input)) };
    } catch (thrown) {
      connection.close();
      const cause = thrown instanceof StorageError ? thrown.cause : thrown;
      const { message, stack } = cause as Error;
      reply = { error: { message, stack, code: storageCode(cause) } };
    }
    scope.postMessage(reply);
  };
  scope.postMessage(READY);
}

/** Keeps a connection, with its cache and statements, until a job fails. */
function createConnection() {
  let current: { sqlite: Database; db: Db } | null = null;

  function open(file: OpenedFile) {
    const sqlite = openReader(file);
    sqlite.exec("pragma busy_timeout = 1000");
    sqlite.exec("pragma cache_size = -16384");
    sqlite.exec("pragma temp_store = memory");
    return { sqlite, db: readOnly(drizzle(sqlite) as unknown as WritableDb) };
  }

  return {
    close(): void {
      current?.sqlite.close();
      current = null;
    },
    read<T>(file: OpenedFile, work: (db: Db) => T): T {
      current ??= open(file);
      const { sqlite, db } = current;
      sqlite.exec("begin");
      const result = work(db);
      sqlite.exec("rollback");
      return result;
    },
  };
}
