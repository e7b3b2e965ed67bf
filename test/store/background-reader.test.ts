/** The background reader: slow reads leave the event loop free, callers take turns, and nothing waits for ever. */
import { afterEach, describe, expect, test } from "bun:test";
import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../../src/config.ts";
import {
  type BackgroundReader,
  createBackgroundReader,
} from "../../src/store/background-reader.ts";
import { isStorageFailure } from "../../src/store/errors.ts";
import { UNWATCHED } from "../../src/store/health.ts";
import {
  busyJob,
  countJob,
  ENTRY,
  exitJob,
  stuckJob,
  throwJob,
  twiceJob,
  writeJob,
} from "../support/background-jobs.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { ACTOR, insertContact, openTestStore, type TestStore } from "../support/store.ts";

/** Far more than any job here needs. */
const LONG = 20_000;

const opened: BackgroundReader[] = [];
afterEach(() => Promise.all(opened.splice(0).map((reader) => reader.close())));

function openReader({ store }: TestStore, health = UNWATCHED): BackgroundReader {
  const reader = createBackgroundReader(store.db, ENTRY, health);
  opened.push(reader);
  return reader;
}

const addContact = ({ store }: TestStore, number: string) =>
  store.change(ACTOR, (tx) => insertContact(tx, number));
const failureOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error) => error.failure ?? error.message,
  );

describe("a job", () => {
  test("sees every write that was answered before it was handed in", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    for (let n = 1; n <= 50; n += 1) {
      await addContact(world, `n${n}`);
      expect(await reader.run("a", countJob, "contacts")).toBe(n);
    }
  });

  test("reads one state of the database from its begin to its end, and pins no log afterwards", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    await addContact(world, "one");
    const counting = reader.run("a", twiceJob, 300, LONG);
    const writing = (async () => {
      for (let n = 0; n < 50; n += 1) await addContact(world, `n${n}`);
    })();
    const [before, after] = await counting;
    expect(after).toBe(before);
    await writing;
    expect(world.rows("pragma wal_checkpoint(truncate)")).toMatchObject([{ busy: 0 }]);
  });

  test("cannot write", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    expect(await failureOf(reader.run("a", writeJob, "delete from contacts"))).toContain(
      "only reads",
    );
  });

  test("reports its own error, and the thread goes on", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    expect(await failureOf(reader.run("a", throwJob, "no such thing"))).toBe("no such thing");
    expect(await reader.run("a", countJob, "contacts")).toBe(0);
  });

  test("reads the database that the server opened, and never a file that took its place", async () => {
    await using world = openTestStore();
    using directory = temporaryDirectory();
    const other = openTestStore({ directory: join(directory.path, "other") });
    await other[Symbol.asyncDispose]();
    await addContact(world, "one");
    const reader = openReader(world);
    expect(await reader.run("a", countJob, "contacts")).toBe(1);
    for (const suffix of ["", "-wal", "-shm"]) rmSync(world.file + suffix);
    renameSync(other.file, world.file);
    // The open connection has the server's file; a new one would have the other.
    expect(await reader.run("a", countJob, "contacts")).toBe(1);
    await reader.run("a", exitJob, null).catch(() => {});
    // Nor does a reader that is created after the replacement.
    for (const each of [reader, openReader(world)]) {
      const failure = await each.run("a", countJob, "contacts").catch((error) => error);
      expect([failure.message, isStorageFailure(failure)]).toEqual([
        `${world.file} was replaced`,
        true,
      ]);
    }
  });
});

describe("the event loop", () => {
  test("serves other work while a step of SQLite takes long", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    let turns = 0;
    let isDone = false;
    const slow = reader.run("a", stuckJob, 5, LONG).then(() => {
      isDone = true;
    });
    while (!isDone) {
      await new Promise((resolve) => setImmediate(resolve));
      turns += 1;
    }
    await slow;
    expect(turns).toBeGreaterThan(100);
  });
});

/** Starts every thread, since a busy machine may take seconds for it. */
const startThreads = (reader: BackgroundReader) =>
  Promise.all(
    Array.from({ length: LIMITS.backgroundThreads }, (_, n) =>
      reader.run(`starter ${n}`, busyJob, 100, LONG),
    ),
  );

describe("a deadline", () => {
  test("ends a job that SQLite does not, and others are served although its thread is still busy", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    expect(await failureOf(reader.run("a", stuckJob, 30, 50))).toBe("too_slow");
    const next = Array.from({ length: 20 }, () => reader.run("a", countJob, "contacts", LONG));
    expect(await Promise.all(next)).toEqual(next.map(() => 0));
  });

  test("leaves no read transaction behind, so that the log can be copied as soon as SQLite returns", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    const given = Array.from({ length: 2 * LIMITS.backgroundThreads }, (_, n) =>
      failureOf(reader.run(`caller ${n}`, stuckJob, 3, 50)),
    );
    await Promise.all(given);
    await addContact(world, "one");
    const isPinned = () =>
      world.rows<{ busy: number }>("pragma wal_checkpoint(truncate)")[0]!.busy === 1;
    while (isPinned()) await Bun.sleep(50);
    expect(await reader.run("another", countJob, "contacts", LONG)).toBe(1);
  });

  test("counts the time in the queue, and a job that waited too long does not run", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    const busy = reader.run("a", busyJob, 400, LONG);
    const behind = reader.run("a", exitJob, null, 50);
    expect(await failureOf(behind)).toBe("too_slow");
    expect(await busy).toBe(400);
    expect(await reader.run("a", countJob, "contacts")).toBe(0);
  });

  test("bounds the threads that SQLite keeps: each is replaced once, and jobs go on when one ends", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    const given = Array.from({ length: 2 * LIMITS.backgroundThreads }, (_, n) =>
      failureOf(reader.run(`caller ${n}`, stuckJob, 3, 50)),
    );
    // The first fill all threads, the others their replacements or the queue: none is answered with a result.
    expect(new Set(await Promise.all(given))).toEqual(new Set(["too_slow"]));
    expect(await reader.run("another", countJob, "contacts", LONG)).toBe(0);
  });
});

describe("callers", () => {
  test("take turns: one caller's full queue does not delay another by more than a job", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    await startThreads(reader);
    const order: string[] = [];
    const run = (caller: string) =>
      reader.run(caller, busyJob, 20, LONG).then(() => order.push(caller));
    const greedy = Array.from({ length: LIMITS.backgroundWaiting.ofCaller }, () => run("greedy"));
    const modest = [run("modest"), run("modest")];
    await Promise.all(modest);
    const before = order.filter((caller) => caller === "greedy").length;
    expect(before).toBeLessThanOrEqual(3);
    await Promise.all(greedy);
  });

  test("cannot occupy every thread", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    await startThreads(reader);
    const answered: string[] = [];
    const greedy = [5, 5].map((millions) =>
      reader.run("greedy", stuckJob, millions, LONG).then(() => answered.push("greedy")),
    );
    await reader.run("modest", countJob, "contacts", LONG).then(() => answered.push("modest"));
    await Promise.all(greedy);
    expect(answered).toEqual(["modest", "greedy", "greedy"]);
  });

  test("are refused at once when they have too many jobs waiting, and others are not", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    await startThreads(reader);
    const { ofCaller } = LIMITS.backgroundWaiting;
    const running = reader.run("greedy", busyJob, 300, LONG);
    const waiting = Array.from({ length: ofCaller }, () => reader.run("greedy", busyJob, 0, LONG));
    expect(await failureOf(reader.run("greedy", countJob, "contacts"))).toBe("too_many");
    expect(await reader.run("modest", countJob, "contacts", LONG)).toBe(0);
    await Promise.all([running, ...waiting]);
  });

  test("all together have a bounded number of jobs waiting", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    const { ofCaller, total } = LIMITS.backgroundWaiting;
    const running = Array.from({ length: LIMITS.backgroundThreads }, (_, n) =>
      reader.run(`busy ${n}`, busyJob, 300, LONG),
    );
    const waiting = Array.from({ length: total }, (_, n) =>
      reader.run(`caller ${Math.floor(n / ofCaller)}`, busyJob, 0, LONG),
    );
    expect(await failureOf(reader.run("last", countJob, "contacts"))).toBe("too_many");
    await Promise.all([...running, ...waiting]);
    expect(await reader.run("last", countJob, "contacts")).toBe(0);
  });
});

describe("a thread that ends unexpectedly", () => {
  test("fails its job only, and is replaced", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    const lost = reader.run("a", exitJob, null);
    const waiting = reader.run("a", countJob, "contacts", LONG);
    expect(await failureOf(lost)).toBe("the thread ended");
    expect(await waiting).toBe(0);
  });

  test("fails every job, without an endless loop, if no thread can start", async () => {
    await using world = openTestStore();
    const reader = createBackgroundReader(world.store.db, `${ENTRY}.missing`, UNWATCHED);
    opened.push(reader);
    for (let n = 0; n < 3; n += 1)
      expect(await failureOf(reader.run("a", countJob, "contacts"))).not.toBe("none");
  });
});

describe("the end of the reader", () => {
  test("refuses running, waiting and later jobs, also while SQLite keeps a thread", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    const jobs = [
      reader.run("a", stuckJob, 30, LONG),
      reader.run("a", countJob, "contacts", LONG),
      reader.run("a", countJob, "contacts", LONG),
    ].map(failureOf);
    // The first job is under way when another caller's is answered.
    await reader.run("b", countJob, "contacts", LONG);
    await reader.close();
    expect(await Promise.all(jobs)).toEqual(["stopped", "stopped", "stopped"]);
    expect(await failureOf(reader.run("a", countJob, "contacts"))).toBe("stopped");
  });

  test("leaves no log beside the database", async () => {
    await using world = openTestStore();
    const reader = openReader(world);
    await addContact(world, "one");
    expect(await reader.run("a", countJob, "contacts")).toBe(1);
    await reader.close();
    expect(world.rows("pragma wal_checkpoint(truncate)")).toMatchObject([{ busy: 0 }]);
  });
});
