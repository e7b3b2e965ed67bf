/** A database that cannot be opened is called damaged only if it is; any other cause is named with what to do. */
import { describe, expect, test } from "bun:test";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../../src/config.ts";
import { closeDatabase, DATABASE_FILE, openDatabase } from "../../src/store/open.ts";
import { explainOpenFailure } from "../../src/store/open-failure.ts";
import { temporaryDirectory } from "../support/directory.ts";
import {
  ACTOR,
  AUDIT_KEY,
  insertContact,
  openTestStore,
  SUPPORT,
  spawnScript,
} from "../support/store.ts";

/** A data directory as a killed process leaves it: `rows` contacts, all of them in the log. */
async function leaveKilled(directory: string, rows: number): Promise<string> {
  const data = join(directory, "killed");
  await using world = openTestStore({ directory: join(directory, "live") });
  for (let i = 0; i < rows; i += 1) {
    await world.store.change(ACTOR, (tx) => insertContact(tx, `n${i}`));
  }
  cpSync(world.directory, data, {
    recursive: true,
    filter: (path) => !path.endsWith("-shm"),
  });
  return data;
}

const LOCK = `
  import { Database } from "bun:sqlite";
  const [mode, ms, file] = process.argv.slice(-3);
  const db = new Database(file);
  db.exec("pragma locking_mode = " + mode);
  db.exec("begin exclusive");
  console.log("held");
  await Bun.sleep(Number(ms));
  db.exec("rollback");
  db.close();
`;

describe("a database with a log after a kill", () => {
  test("is opened once another process releases its exclusive lock", async () => {
    using directory = temporaryDirectory();
    const data = await leaveKilled(directory.path, 5);
    const file = join(data, DATABASE_FILE);
    await using child = spawnScript(LOCK, ["exclusive", "700", file]);
    await child.stdout.getReader().read();
    const db = openDatabase(data, { create: false, auditKey: AUDIT_KEY });
    expect(db.$client.query("select count(*) as n from contacts").get()).toEqual({ n: 5 });
    closeDatabase(db);
  });

  test("is refused in bounded time if another process keeps its lock; the error names that process and no damage", async () => {
    using directory = temporaryDirectory();
    const data = await leaveKilled(directory.path, 5);
    const file = join(data, DATABASE_FILE);
    await using child = spawnScript(LOCK, ["exclusive", "60000", file]);
    await child.stdout.getReader().read();
    const refused = refusalOf(() => openDatabase(data, { create: false, auditKey: AUDIT_KEY }));
    expect(refused).not.toContain("damaged");
    expect(refused).toContain("was not released within 5 seconds");
    if (process.platform === "linux") expect(refused).toContain(`process ${child.pid}`);
  }, 30_000);

  test("is refused with the cause if the disk has no space for the index of the log, and opens once it has", async () => {
    using directory = temporaryDirectory();
    const data = await leaveKilled(directory.path, 5);
    const script = `
      import { openDatabase } from "../../src/store/open.ts";
      import { AUDIT_KEY } from "./store.ts";
      try {
        openDatabase(process.argv.at(-1), { create: false, auditKey: AUDIT_KEY });
      } catch (error) {
        console.log(error.name + " " + error.message);
      }
    `;
    // The operating system refuses to let any file grow: the index of the log has no room.
    const child = Bun.spawn(
      [
        "sh",
        "-c",
        `trap '' XFSZ; ulimit -S -f 0; exec "$@"`,
        "sh",
        process.execPath,
        "-e",
        script,
        data,
      ],
      { cwd: SUPPORT, stdout: "pipe", stderr: "inherit" },
    );
    const text = await child.stdout.text();
    expect(text).toContain(join(data, DATABASE_FILE));
    expect(text).toMatch(/SQLITE_(FULL|IOERR|CANTOPEN)/);
    expect(text).toContain("space");
    expect(text).not.toContain("is damaged");
    const db = openDatabase(data, { create: false, auditKey: AUDIT_KEY });
    expect(db.$client.query("select count(*) as n from contacts").get()).toEqual({ n: 5 });
    closeDatabase(db);
  });
});

test("a migration that fills the disk reports the full disk, not the rollback that SQLite has already done", () => {
  using directory = temporaryDirectory();
  const script = `
    import { openDatabase } from "../../src/store/open.ts";
    import { AUDIT_KEY } from "./store.ts";
    try {
      openDatabase(process.argv.at(-1), { create: true, auditKey: AUDIT_KEY });
    } catch (error) {
      console.log(error.message);
    }
  `;
  const child = Bun.spawnSync(
    [
      "sh",
      "-c",
      `trap '' XFSZ; ulimit -S -f 80; exec "$@"`,
      "sh",
      process.execPath,
      "-e",
      script,
      directory.path,
    ],
    { cwd: SUPPORT },
  );
  const text = child.stdout.toString();
  expect(text).toMatch(/SQLITE_(FULL|IOERR)/);
  expect(text).not.toContain("no transaction is active");
});

test("only corruption and a foreign format count as damage; each other storage failure names its remedy", () => {
  const explain = (code: string) =>
    explainOpenFailure("/data/allison.db", Object.assign(new Error("reason"), { code }));
  for (const code of ["SQLITE_CORRUPT", "SQLITE_CORRUPT_INDEX", "SQLITE_NOTADB"]) {
    expect(String(explain(code))).toContain("is damaged (reason). Restore a backup");
  }
  const cures = {
    SQLITE_FULL: "free space",
    SQLITE_IOERR_WRITE: "free space",
    SQLITE_READONLY_DIRECTORY: "read-only",
    SQLITE_CANTOPEN: "owner and mode",
    SQLITE_BUSY_RECOVERY: "in use by another process",
    SQLITE_NOMEM: "cannot be opened",
  };
  for (const [code, cure] of Object.entries(cures)) {
    expect(explain(code)).toBeInstanceOf(UsageError);
    expect(String(explain(code))).toContain(cure);
    expect(String(explain(code))).not.toContain("is damaged");
  }
  const mistake = new RangeError("ours");
  expect(explainOpenFailure("/data/allison.db", mistake)).toBe(mistake);
});

function refusalOf(open: () => unknown): string {
  try {
    open();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error("it was opened");
}
