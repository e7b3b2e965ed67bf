/** Opening a data directory: what is refused is left as it was, and what a crash left behind is whole again. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { keepVaultKey, loadVaultKey } from "../../src/access/vault.ts";
import { openAppliance } from "../../src/appliance.ts";
import { verifyAuditLog } from "../../src/audit/log.ts";
import { defaultConfig, UsageError } from "../../src/config.ts";
import { systemRandom } from "../../src/lib/random.ts";
import { LOCK_FILE, lockDirectory, readRunning, SERVER_FILE } from "../../src/store/lock.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "../../src/store/migrate.ts";
import {
  closeDatabase,
  DATABASE_FILE,
  inspectDirectory,
  KEY_FILE,
  openDatabase,
} from "../../src/store/open.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { ACTOR, AUDIT_KEY, insertContact, openTestStore, spawnScript } from "../support/store.ts";

/** Every file under a directory: its name, mode and the hash of its bytes. */
function fingerprint(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const bytes = entry.isFile() ? readFileSync(path) : "";
      return `${path} ${lstatSync(path).mode} ${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
    })
    .sort();
}

/** Expects a refusal in words that say all of `words`, and that nothing under `around` changed. */
function expectRefused(
  around: string,
  words: readonly string[],
  open: () => unknown,
  changing: readonly string[] = [],
): void {
  const stays = (line: string) => !changing.some((name) => line.startsWith(join(around, name)));
  const before = fingerprint(around).filter(stays);
  let thrown: unknown;
  try {
    open();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(UsageError);
  for (const word of words) expect((thrown as Error).message).toContain(word);
  expect(fingerprint(around).filter(stays)).toEqual(before);
}

/** A closed data directory that has a few rows. */
async function makeDatabase(data: string, rows = 20): Promise<void> {
  await using world = openTestStore({ directory: data });
  for (let i = 0; i < rows; i += 1) {
    await world.store.change(ACTOR, (tx) => {
      insertContact(tx, `n${i}`);
      tx.emit("contact.created", { i });
    });
  }
}

/** Copies a directory while its database is open, so that the copy is what a killed process leaves. */
function copyAsIfKilled(from: string, to: string): void {
  cpSync(from, to, { recursive: true });
  expect(statSync(join(to, `${DATABASE_FILE}-wal`)).size).toBeGreaterThan(0);
}

describe("a directory that is refused", () => {
  test("does not exist and must not be created", () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "missing");
    expectRefused(directory.path, [data, "does not exist", "--data"], () =>
      openDatabase(data, { create: false, auditKey: AUDIT_KEY }),
    );
  });

  test("cannot be created: below a file, in a place that allows no directory, behind a broken link", () => {
    using directory = temporaryDirectory();
    writeFileSync(join(directory.path, "file"), "mine");
    symlinkSync(join(directory.path, "nowhere"), join(directory.path, "link"));
    for (const data of [
      join(directory.path, "file", "data"),
      "/proc/self/data",
      join(directory.path, "link"),
    ]) {
      expectRefused(directory.path, [data, "cannot be made", "--data"], () =>
        openDatabase(data, { create: true, auditKey: AUDIT_KEY }),
      );
    }
  });

  test("is a file", () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "file");
    writeFileSync(data, "mine");
    for (const create of [true, false]) {
      expectRefused(directory.path, [data, "is a file, not a directory", "--data"], () =>
        openDatabase(data, { create, auditKey: AUDIT_KEY }),
      );
    }
  });

  test.each([
    ["somebody's files", ["letter.txt"]],
    ["a log whose database is gone", [`${DATABASE_FILE}-wal`]],
    ["a note of a server without a database", [SERVER_FILE]],
    ["a directory", ["photos/"]],
  ])("holds %s and no database of ours", (_, names) => {
    using directory = temporaryDirectory();
    for (const name of names) {
      if (name.endsWith("/")) mkdirSync(join(directory.path, name));
      else writeFileSync(join(directory.path, name), "mine");
    }
    for (const create of [true, false]) {
      expectRefused(directory.path, [directory.path, "other files", "--data"], () =>
        openDatabase(directory.path, { create, auditKey: AUDIT_KEY }),
      );
    }
  });

  test("is empty and no database may be created", () => {
    using directory = temporaryDirectory();
    expectRefused(directory.path, [directory.path, "allison serve --data", "--data"], () =>
      openDatabase(directory.path, { create: false, auditKey: AUDIT_KEY }),
    );
  });

  test("is not one that an interrupted first start left", () => {
    using directory = temporaryDirectory();
    for (const name of [KEY_FILE, LOCK_FILE, DATABASE_FILE]) {
      writeFileSync(join(directory.path, name), "");
    }
    mkdirSync(join(directory.path, "lost+found"));
    closeDatabase(openDatabase(directory.path, { create: true, auditKey: AUDIT_KEY }));
    inspectDirectory(directory.path, { create: false });
  });

  test("has a key without a database, unless a new database is requested", async () => {
    using directory = temporaryDirectory();
    const open = async (newDatabase: boolean) => {
      const config = defaultConfig({ data: directory.path, newDatabase });
      const appliance = openAppliance(config, {}, true);
      await appliance.close();
    };
    await open(false);
    const key = readFileSync(join(directory.path, KEY_FILE));
    await open(false);
    rmSync(join(directory.path, DATABASE_FILE));
    const words = [KEY_FILE, `no ${DATABASE_FILE}`, "--new-database"];
    expectRefused(directory.path, words, () =>
      openAppliance(defaultConfig({ data: directory.path }), {}, true),
    );
    await open(true);
    await open(false);
    expect(readFileSync(join(directory.path, KEY_FILE))).toEqual(key);
  });

  test.each([
    ["before its database", [`${KEY_FILE}.new`]],
    ["in the middle of its key", []],
    ["before its key got its name", [`${KEY_FILE}.new`, DATABASE_FILE]],
  ])("is not one whose first start was interrupted %s", async (_, left) => {
    using directory = temporaryDirectory();
    const whole = join(directory.path, "whole");
    const data = join(directory.path, "data");
    mkdirSync(data);
    const open = (path: string) => openAppliance(defaultConfig({ data: path }), {}, true);
    const first = open(whole);
    const sealed = first.vault.seal("secret", "test");
    await first.close();
    const name = (file: string) => join(whole, file.replace(/\.new$/, ""));
    for (const file of left) cpSync(name(file), join(data, file));
    if (left.length === 0) writeFileSync(join(data, `${KEY_FILE}.new`), "0f");
    const next = open(data);
    if (left.includes(DATABASE_FILE)) expect(next.vault.open(sealed, "test")).toBe("secret");
    await next.close();
    expect(readdirSync(data).filter((file) => file.startsWith(KEY_FILE))).toEqual([KEY_FILE]);
  });

  test("is not writable for this user, or its database file is not", async () => {
    using directory = temporaryDirectory();
    // Bun releases a closed connection's files when it collects its statements, so the test works on copies.
    using original = temporaryDirectory();
    await makeDatabase(join(original.path, "data"));
    chmodSync(directory.path, 0o755);
    const empty = join(directory.path, "empty");
    mkdirSync(empty);
    const [full, unreadable, readOnly] = ["full", "unreadable", "read-only"].map((name) => {
      const data = join(directory.path, name);
      cpSync(join(original.path, "data"), data, { recursive: true });
      return data;
    }) as [string, string, string];
    for (const data of [empty, full]) chmodSync(data, 0o555);
    for (const data of [unreadable, readOnly]) chmodSync(data, 0o777);
    chmodSync(join(unreadable, DATABASE_FILE), 0o000);
    chmodSync(join(readOnly, DATABASE_FILE), 0o444);
    const before = fingerprint(directory.path);
    // Root may write anything, so the child becomes nobody.
    await using child = spawnScript(
      `
      import { openDatabase } from "../../src/store/open.ts";
      import { AUDIT_KEY } from "./store.ts";
      if (process.getuid() === 0) process.setuid(65534);
      for (const data of process.argv.slice(-4)) {
        try {
          openDatabase(data, { create: true, auditKey: AUDIT_KEY });
          console.log(data, "opened");
        } catch (error) {
          console.log(error.constructor.name, error.message);
        }
      }
      `,
      [empty, full, unreadable, readOnly],
    );
    const lines = (await child.stdout.text()).trim().split("\n");
    expect(lines.length).toBe(4);
    for (const [i, where] of [empty, full, unreadable, readOnly].entries()) {
      expect(lines[i]).toStartWith("UsageError");
      expect(lines[i]).toContain(where);
      expect(lines[i]).toContain("--data");
    }
    expect(fingerprint(directory.path)).toEqual(before);
  });
});

describe("a database file that is refused", () => {
  const file = (data: string) => join(data, DATABASE_FILE);
  const openEither = (data: string) => {
    for (const create of [true, false]) openDatabase(data, { create, auditKey: AUDIT_KEY });
  };

  test.each([
    ["text", "this is a letter, not a database. ".repeat(20)],
    ["one byte", "x"],
    ["zeroes", "\0".repeat(8192)],
    ["the beginning of SQLite's mark alone", "SQLite form"],
  ])("is no SQLite database: %s", (_, content) => {
    using directory = temporaryDirectory();
    writeFileSync(file(directory.path), content);
    expectRefused(
      directory.path,
      [file(directory.path), "is not an SQLite database", "restore a backup"],
      () => openEither(directory.path),
    );
  });

  test("is a directory", () => {
    using directory = temporaryDirectory();
    mkdirSync(file(directory.path));
    expectRefused(directory.path, [file(directory.path), "is not an SQLite database"], () =>
      openEither(directory.path),
    );
  });

  test("belongs to another program", () => {
    using directory = temporaryDirectory();
    for (const mode of ["delete", "wal"]) {
      const data = join(directory.path, mode);
      mkdirSync(data);
      const other = new Database(file(data), { create: true });
      other.exec(
        `pragma journal_mode = ${mode}; create table theirs (x); insert into theirs values (1)`,
      );
      other.close();
      expectRefused(data, [file(data), "another program", "--data"], () => openEither(data));
    }
  });

  // SQLite makes the index of a log (-shm) to read it; it is no part of what is kept.
  const INDEX_OF_LOG = [`${DATABASE_FILE}-shm`];

  test("belongs to another program, with all its content in the log", () => {
    using directory = temporaryDirectory();
    const theirs = join(directory.path, "theirs");
    mkdirSync(theirs);
    const other = new Database(file(theirs), { create: true });
    other.exec("pragma journal_mode = wal; create table theirs (x); insert into theirs values (1)");
    const data = join(directory.path, "data");
    copyAsIfKilled(theirs, data);
    other.close();
    expectRefused(
      data,
      [file(data), "another program", "--data"],
      () => openEither(data),
      INDEX_OF_LOG,
    );
  });

  test("has a newer schema", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    await makeDatabase(data);
    const newer = new Database(file(data));
    newer.exec(`pragma user_version = ${SCHEMA_VERSION + 1}; pragma wal_checkpoint(truncate)`);
    newer.close();
    expectRefused(
      data,
      [
        file(data),
        "newer Allison",
        `schema ${SCHEMA_VERSION + 1}`,
        `knows ${SCHEMA_VERSION}`,
        "restore a backup",
      ],
      () => openEither(data),
    );
  });

  test("has a newer schema that is still in the log", async () => {
    using directory = temporaryDirectory();
    const live = join(directory.path, "live");
    await makeDatabase(live);
    const newer = new Database(file(live));
    newer.exec(`pragma user_version = ${SCHEMA_VERSION + 1}`);
    const data = join(directory.path, "data");
    copyAsIfKilled(live, data);
    newer.close();
    expectRefused(data, [file(data), "newer Allison"], () => openEither(data), INDEX_OF_LOG);
  });

  test("is truncated at any position", async () => {
    using directory = temporaryDirectory();
    const whole = join(directory.path, "whole");
    await makeDatabase(whole);
    const { size } = statSync(file(whole));
    const data = join(directory.path, "data");
    mkdirSync(data);
    const lengths = fc.oneof(
      fc.integer({ min: 1, max: size - 1 }),
      fc.integer({ min: 1, max: 600 }),
      fc.integer({ min: 1, max: size / 4096 - 1 }).map((pages) => pages * 4096),
    );
    fc.assert(
      fc.property(lengths, (length) => {
        cpSync(file(whole), file(data));
        truncateSync(file(data), length);
        expectRefused(data, [file(data), "estore a backup", "It was not touched"], () =>
          openEither(data),
        );
      }),
      { numRuns: 60 },
    );
  });

  test("is truncated to zero bytes while its log has content: the log is kept", async () => {
    using directory = temporaryDirectory();
    const live = join(directory.path, "live");
    const data = join(directory.path, "data");
    {
      await using world = openTestStore({ directory: live });
      await world.store.change(ACTOR, (tx) => insertContact(tx, "one"));
      copyAsIfKilled(live, data);
    }
    truncateSync(file(data), 0);
    expectRefused(data, [file(data), "is damaged", "estore a backup"], () => openEither(data));
  });

  test("has a broken page: the schema's or the first of any table", async () => {
    using directory = temporaryDirectory();
    const whole = join(directory.path, "whole");
    await makeDatabase(whole);
    const reader = new Database(file(whole), { readonly: true });
    const roots = reader
      .query("select rootpage from sqlite_schema where type = 'table' and rootpage > 0")
      .values()
      .map(([page]) => Number(page));
    reader.close();
    const data = join(directory.path, "data");
    mkdirSync(data);
    expect(roots.length).toBeGreaterThan(15);
    const bytes = readFileSync(file(whole));
    for (const page of [1, ...roots]) {
      const broken = Buffer.from(bytes);
      // Of the first page only what comes after the file's header.
      broken.fill(0xa5, (page - 1) * 4096 + (page === 1 ? 100 : 0), page * 4096);
      writeFileSync(file(data), broken);
      expectRefused(data, [file(data), "is damaged", "estore a backup", ".recover"], () =>
        openEither(data),
      );
    }
  });
});

describe("a database that is opened", () => {
  test("syncs every commit, enforces foreign keys, keeps a write-ahead log and never waits inside SQLite", () => {
    using directory = temporaryDirectory();
    for (const fresh of [true, false]) {
      const db = openDatabase(directory.path, { create: fresh, auditKey: AUDIT_KEY });
      const pragma = (name: string) => db.$client.query(`pragma ${name}`).values()[0]![0];
      expect(pragma("synchronous")).toBe(2);
      expect(pragma("foreign_keys")).toBe(1);
      expect(pragma("journal_mode")).toBe("wal");
      expect(pragma("busy_timeout")).toBe(0);
      expect(pragma("application_id")).toBe(APPLICATION_ID);
      expect(pragma("user_version")).toBe(SCHEMA_VERSION);
      expect(() => db.$client.exec("insert into transcripts values (4711, '[]')")).toThrow(
        "FOREIGN KEY",
      );
      closeDatabase(db);
    }
  });

  test("has all data in its one file once it is closed, so that a copy of the file is complete", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    await makeDatabase(data, 30);
    const log = join(data, `${DATABASE_FILE}-wal`);
    expect(existsSync(log) ? statSync(log).size : 0).toBe(0);
    const copy = join(directory.path, "copy");
    mkdirSync(copy);
    cpSync(join(data, DATABASE_FILE), join(copy, DATABASE_FILE));
    await using world = openTestStore({ directory: copy });
    expect(world.value("select count(*) from contacts")).toBe(30 as never);
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY })).toMatchObject({
      intact: true,
      rows: 30,
    });
  });

  test.each(["with a space", "100%", "a%41b", "question?mark", "hash#tag", "Zürich 東京", "a&b=c"])(
    "may lie in a directory of any name: %s",
    async (name) => {
      using directory = temporaryDirectory();
      const data = join(directory.path, name);
      await makeDatabase(data, 1);
      await using world = openTestStore({ directory: data });
      expect(world.value("select count(*) from contacts")).toBe(1 as never);
      expect(readdirSync(directory.path)).toEqual([name]);
    },
  );

  test("creates its directory and its key file with access for the owner only", () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "above", "data");
    closeDatabase(openDatabase(data, { create: true, auditKey: AUDIT_KEY }));
    expect(statSync(data).mode & 0o777).toBe(0o700);
    const key = loadVaultKey(data, undefined, systemRandom, true);
    keepVaultKey(data);
    expect(statSync(join(data, KEY_FILE)).mode & 0o777).toBe(0o600);
    expect(statSync(join(data, DATABASE_FILE)).mode & 0o777).toBe(0o600);
    expect(loadVaultKey(data, undefined, systemRandom, false)).toEqual({
      bytes: Buffer.from(key.bytes),
      isLogKeyed: true,
    });
    // The file's content may stand in the environment.
    const text = readFileSync(join(data, KEY_FILE), "utf8").trim();
    expect(loadVaultKey(data, text, systemRandom, false).bytes).toEqual(Buffer.from(key.bytes));
  });

  test("reports a lost key file instead of replacing it, and accepts the key from the environment", () => {
    using directory = temporaryDirectory();
    expectRefused(directory.path, [join(directory.path, KEY_FILE), "backup"], () =>
      loadVaultKey(directory.path, undefined, systemRandom, false),
    );
    const hex = "0f".repeat(32);
    expect(loadVaultKey(directory.path, hex, systemRandom, false)).toEqual({
      bytes: Buffer.from(hex, "hex"),
      isLogKeyed: false,
    });
    expect(readdirSync(directory.path)).toEqual([]);
    for (const bad of ["0f", `${hex}00`, "zz".repeat(32), `v3:${hex}`, "v2:"]) {
      expectRefused(directory.path, ["64 hexadecimal digits"], () =>
        loadVaultKey(directory.path, bad, systemRandom, true),
      );
      writeFileSync(join(directory.path, KEY_FILE), bad);
      expectRefused(directory.path, [KEY_FILE, "64 hexadecimal digits"], () =>
        loadVaultKey(directory.path, undefined, systemRandom, true),
      );
    }
  });
});

describe("after a crash", () => {
  test("every acknowledged row exists after several kills in the middle of writing", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    const acknowledged: string[] = [];
    for (let round = 0; round < 4; round += 1) {
      await using child = spawnScript(
        `
        import { ACTOR, insertContact, openTestStore } from "./store.ts";
        const [directory, round] = process.argv.slice(-2);
        const world = openTestStore({ directory });
        // Checkpoints too are cut off in the middle.
        world.db.$client.exec("pragma wal_autocheckpoint = 20");
        for (let i = 0; ; i += 3) {
          await Promise.all([0, 1, 2].map((n) => {
            const name = round + "-" + (i + n);
            return world.store
              .change(ACTOR, (tx) => { insertContact(tx, name); tx.emit("contact.created", { name }); })
              .then(() => console.log(name));
          }));
        }
        `,
        [data, String(round)],
      );
      let output = "";
      for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
        output += part;
        if (output.split("\n").length > 150 + 37 * round) child.kill("SIGKILL");
      }
      await child.exited;
      expect(child.signalCode).toBe("SIGKILL");
      // A last line without its end was cut off in the pipe.
      acknowledged.push(...output.split("\n").slice(0, -1));
    }
    await using world = openTestStore({ directory: data });
    const stored = new Set(
      world
        .rows<{ phone_number: string }>("select phone_number from contacts")
        .map((row) => row.phone_number),
    );
    expect(acknowledged.filter((name) => !stored.has(name))).toEqual([]);
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY })).toMatchObject({
      intact: true,
      rows: stored.size,
    });
    expect(world.value("select count(*) from events")).toBe(stored.size as never);
    expect(world.value("pragma integrity_check")).toBe("ok" as never);
  }, 60_000);

  test("a first start that was killed at any step is completed by the next start", async () => {
    const killedAt = async (data: string, step: number) => {
      await using child = spawnScript(
        `
        import { Database } from "bun:sqlite";
        import { openDatabase } from "../../src/store/open.ts";
        import { AUDIT_KEY } from "./store.ts";
        const [data, step] = process.argv.slice(-2);
        const exec = Database.prototype.exec;
        let steps = 0;
        Database.prototype.exec = function (...args) {
          steps += 1;
          if (steps === Number(step)) process.kill(process.pid, "SIGKILL");
          return exec.apply(this, args);
        };
        openDatabase(data, { create: true, auditKey: AUDIT_KEY });
        `,
        [data, String(step)],
      );
      await child.exited;
      return child.signalCode === "SIGKILL";
    };
    let steps = 0;
    for (let killed = true; killed; ) {
      using directory = temporaryDirectory();
      const data = join(directory.path, "data");
      killed = await killedAt(data, steps + 1);
      if (killed) steps += 1;
      await using world = openTestStore({ directory: data });
      await world.store.change(ACTOR, (tx) => insertContact(tx, "one"));
      expect(world.value("pragma user_version")).toBe(SCHEMA_VERSION as never);
      expect(world.value("pragma integrity_check")).toBe("ok" as never);
    }
    // The pragmas, the migration's transaction and its parts.
    expect(steps).toBeGreaterThan(10);
  }, 60_000);

  test("a migration that fails halfway leaves the schema unchanged", () => {
    using directory = temporaryDirectory();
    const file = join(directory.path, DATABASE_FILE);
    const old = new Database(file, { create: true });
    // `events` is among the last tables to be made, and is there already.
    old.exec(`pragma application_id = ${APPLICATION_ID}; create table events (theirs)`);
    const schema = (of: Database) => of.query("select type, name, sql from sqlite_schema").values();
    const before = schema(old);
    old.close();
    expect(() => openDatabase(directory.path, { create: true, auditKey: AUDIT_KEY })).toThrow(
      "events",
    );
    const after = new Database(file, { readonly: true });
    expect(schema(after)).toEqual(before);
    expect(after.query("pragma user_version").values()).toEqual([[0]]);
    after.close();
  });
});

describe("the lock of a data directory", () => {
  const HOLD = `
    import { lockDirectory } from "../../src/store/lock.ts";
    const lock = lockDirectory(process.argv.at(-1));
    lock.announce({ pid: process.pid, url: "http://127.0.0.1:4711" });
    // Nothing refers to the lock any more.
    setTimeout(() => {
      Bun.gc(true);
      console.log("locked");
    }, 20);
    setInterval(() => {}, 1_000);
  `;
  /** A process that holds the lock until it is killed. */
  async function startHolder(data: string) {
    const child = spawnScript(HOLD, [data]);
    const { value } = await child.stdout.getReader().read();
    expect(Buffer.from(value!).toString()).toBe("locked\n");
    return child;
  }

  test("refuses a second server with the process and address of the first, and is free as soon as the first is killed", async () => {
    using directory = temporaryDirectory();
    await using child = await startHolder(directory.path);
    expect(readRunning(directory.path)).toEqual({ pid: child.pid, url: "http://127.0.0.1:4711" });
    expectRefused(
      directory.path,
      [directory.path, `process ${child.pid}`, "http://127.0.0.1:4711", "--data"],
      () => lockDirectory(directory.path),
    );
    child.kill("SIGKILL");
    await child.exited;
    const lock = lockDirectory(directory.path);
    lock.announce({ pid: process.pid, url: "http://127.0.0.1:1" });
    expect(readRunning(directory.path)?.pid).toBe(process.pid);
    expect(statSync(join(directory.path, SERVER_FILE)).mode & 0o777).toBe(0o600);
    expectRefused(directory.path, [`process ${process.pid}`], () => lockDirectory(directory.path));
    lock.release();
    expect(existsSync(join(directory.path, SERVER_FILE))).toBe(false);
    lockDirectory(directory.path).release();
  });

  test("is shared, like the log, by two directories that lead to one database by a symbolic link", async () => {
    using directory = temporaryDirectory();
    const [real, linked] = [join(directory.path, "real"), join(directory.path, "linked")];
    await makeDatabase(real, 1);
    mkdirSync(linked);
    symlinkSync(join(real, DATABASE_FILE), join(linked, DATABASE_FILE));
    const child = await startHolder(real);
    expectRefused(directory.path, [`process ${child.pid}`], () => lockDirectory(linked));
    child.kill("SIGKILL");
    await child.exited;
    const lock = lockDirectory(linked);
    expectRefused(directory.path, ["Another server"], () => lockDirectory(real));
    lock.release();
    await using world = openTestStore({ directory: real });
    await world.store.change(ACTOR, (tx) => insertContact(tx, "in the log"));
    const db = openDatabase(linked, { create: false, auditKey: AUDIT_KEY });
    expect(db.$client.query("select count(*) as n from contacts").get()).toEqual({ n: 2 });
    closeDatabase(db);
  });

  test("has files that only their owner can read from their creation", () => {
    using directory = temporaryDirectory();
    const previous = process.umask(0o022);
    try {
      const lock = lockDirectory(directory.path);
      for (const name of readdirSync(directory.path)) {
        expect([name, statSync(join(directory.path, name)).mode & 0o777]).toEqual([name, 0o600]);
      }
      expect(readdirSync(directory.path)).toEqual([LOCK_FILE]);
      lock.release();
    } finally {
      process.umask(previous);
    }
  });

  test("is reported as invalid, not as another server, if its file is something else", () => {
    using directory = temporaryDirectory();
    writeFileSync(join(directory.path, LOCK_FILE), "not a database ".repeat(100));
    expectRefused(directory.path, [join(directory.path, LOCK_FILE), "cannot be locked"], () =>
      lockDirectory(directory.path),
    );
  });

  test("works if the note beside it is missing or unreadable", () => {
    using directory = temporaryDirectory();
    expect(readRunning(directory.path)).toBeNull();
    for (const text of ["", "{", '{"pid":"x"}', "null"]) {
      writeFileSync(join(directory.path, SERVER_FILE), text);
      expect(readRunning(directory.path)).toBeNull();
    }
    const lock = lockDirectory(directory.path);
    expect(() => lockDirectory(directory.path)).toThrow(
      `Another server is running on ${directory.path}.`,
    );
    lock.release();
  });

  test("lets the command line read and write the database", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    await makeDatabase(data, 1);
    await using child = await startHolder(data);
    {
      await using world = openTestStore({ directory: data });
      await world.store.change(ACTOR, (tx) => insertContact(tx, "two"));
      expect(world.value("select count(*) from contacts")).toBe(2 as never);
    }
    child.kill("SIGKILL");
    await child.exited;
  });
});
