/** A thread of the background reader with jobs that misbehave; tests hand in the same jobs by name. */
import type { Job } from "../../src/store/background-reader.ts";
import { serveJobs } from "../../src/store/background-thread.ts";
import type { Db } from "../../src/store/database.ts";

const count = (db: Db, table: string): number =>
  db.$client.query<{ n: number }, []>(`select count(*) as n from ${table}`).get()!.n;

/** Counts the rows of a table. */
export const countJob: Job<string, number> = { name: "count", run: count };

/** Takes about `ms`, in JavaScript. */
export const busyJob: Job<number, number> = {
  name: "busy",
  run(_db, ms) {
    const end = performance.now() + ms;
    while (performance.now() < end);
    return ms;
  },
};

/** One step of SQLite, which nothing interrupts: a million rows take some tenths of a second. */
export const stuckJob: Job<number, unknown> = {
  name: "stuck",
  run: (db, millions) =>
    db.$client
      .query<{ n: number }, [number]>(
        `select (with recursive numbers(x) as (select 1 union all select x + 1 from numbers where x < ?)
         select count(*) from numbers) as n`,
      )
      .get(millions * 1_000_000),
};

/** Ends the thread without an answer. */
export const exitJob: Job<null, never> = { name: "exit", run: () => process.exit(7) };

export const throwJob: Job<string, never> = {
  name: "throw",
  run(_db, message) {
    throw new Error(message);
  },
};

/** Prepares a statement that writes. */
export const writeJob: Job<string, unknown> = {
  name: "write",
  run: (db, statement) => db.$client.prepare(statement).all(),
};

/** Counts, waits, and counts again. */
export const twiceJob: Job<number, [number, number]> = {
  name: "twice",
  run(db, ms) {
    const before = count(db, "audit");
    busyJob.run(db, ms);
    return [before, count(db, "audit")];
  },
};

export const ENTRY = import.meta.url;

if (!Bun.isMainThread)
  serveJobs([countJob, busyJob, stuckJob, exitJob, throwJob, writeJob, twiceJob]);
