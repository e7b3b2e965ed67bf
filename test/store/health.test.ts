/** A running server notices what happens to its files and its disk, accepts no write meanwhile, and loses nothing. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  copyFileSync,
  cpSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { createLog } from "../../src/lib/log.ts";
import type { Server } from "../../src/server.ts";
import { StorageError } from "../../src/store/errors.ts";
import { openSnapshot } from "../../src/store/open.ts";
import { makeAccount, signIn } from "../support/dashboard.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { freshNumber, sampleCall } from "../support/samples.ts";
import { pagesOf, spawnScript } from "../support/store.ts";

type Write = (it: TestServer) => Promise<unknown>;

const addContact = (it: TestServer) =>
  it.write.post("/v1/contacts", { phone_number: freshNumber() });

/** Waits until the health check fails, and returns its answer. */
async function untilUnhealthy(it: TestServer) {
  for (;;) {
    const answer = await it.anonymous.get("/health");
    if (answer.status !== 200) return answer;
    await Bun.sleep(20);
  }
}

const countContacts = (file: string): number => {
  using db = new Database(file, { readonly: true });
  return Number(db.query("select count(*) from contacts").values()[0]![0]);
};

/** Moves what was written so far into the main file. */
const checkpoint = (server: Server) => {
  using other = new Database(server.db.$client.filename);
  other.exec("pragma wal_checkpoint(passive)");
};

/** A server with contacts in its main file and in its log. `older`: a copy of the main file from before the last ones. */
async function startWithContacts(data: string) {
  const it = await startTestServer({ config: { data } });
  const file = join(data, "allison.db");
  const older = `${data}-older.db`;
  for (let i = 0; i < 5; i += 1) await addContact(it);
  checkpoint(it.server);
  copyFileSync(file, older);
  for (let i = 0; i < 5; i += 1) await addContact(it);
  checkpoint(it.server);
  // The server sees the file as it is from now on.
  await it.server.health.check();
  for (let i = 0; i < 5; i += 1) await addContact(it);
  return { it, file, older };
}

/** A database of another install. */
async function makeOther(path: string): Promise<string> {
  const other = await startTestServer({ config: { data: path } });
  for (let i = 0; i < 30; i += 1) await addContact(other);
  await other.server.stop();
  return join(path, "allison.db");
}

describe("a file of the database that is replaced while the server runs is detected", () => {
  test.each<[string, (file: string, older: string, other: string) => void]>([
    ["the database is removed", (file) => rmSync(file)],
    ["the database is renamed", (file) => renameSync(file, `${file}.old`)],
    ["an older copy is renamed over it", (file, older) => renameSync(older, file)],
    ["an older copy is copied over it", (file, older) => copyFileSync(older, file)],
    ["another install's is copied over it", (file, _, other) => copyFileSync(other, file)],
    ["it is emptied", (file) => truncateSync(file, 0)],
    ["it is cut off", (file) => truncateSync(file, 8192)],
    ["text is written over it", (file) => writeFileSync(file, "not a database. ".repeat(9_999))],
    ["the log is removed", (file) => rmSync(`${file}-wal`)],
    ["the log is emptied", (file) => truncateSync(`${file}-wal`, 0)],
    ["the log is overwritten", (file) => writeFileSync(`${file}-wal`, Buffer.alloc(999_999))],
    ["the index of the log is removed", (file) => rmSync(`${file}-shm`)],
    ["the directory is removed", (file) => rmSync(join(file, ".."), { recursive: true })],
  ])("%s", async (_, exchange) => {
    using directory = temporaryDirectory();
    const other = await makeOther(join(directory.path, "other"));
    const { it, file, older } = await startWithContacts(join(directory.path, "data"));
    await using _server = it;
    exchange(file, older, other);
    const health = await untilUnhealthy(it);
    expect(health.body).toMatchObject({
      error: "unavailable",
      details: { storage: expect.stringContaining("a file of the database was") },
    });
    const refused = await addContact(it);
    expect([refused.status, refused.body.error]).toEqual([503, "unavailable"]);
    expect(refused.body.details).toEqual(health.body.details);
  });

  test.each<[string, (file: string, older: string) => void]>([
    ["removed", (file) => rmSync(file)],
    ["removed with its directory", (file) => rmSync(join(file, ".."), { recursive: true })],
    ["renamed over", (file, older) => renameSync(older, file)],
  ])(
    "what the server had acknowledged is in the copy that it keeps of a file that was %s",
    async (_, exchange) => {
      using directory = temporaryDirectory();
      const data = join(directory.path, "data");
      const { it, file, older } = await startWithContacts(data);
      exchange(file, older);
      let acknowledged = 15;
      // Until it is noticed, writes are acknowledged.
      while ((await addContact(it)).status === 201) acknowledged += 1;
      expect((await it.read.get("/v1/contacts?limit=1")).status).toBe(200);
      await it.server.stop();
      const names = readdirSync(data);
      const copy = names.find((name) => name.startsWith("allison.db.kept-"))!;
      expect(countContacts(join(data, copy))).toBe(acknowledged);
      // Another file's log would be applied to the file that is there now.
      expect(existsSync(`${file}-wal`)).toBe(false);
      if (existsSync(file)) expect(countContacts(file)).toBe(5);
    },
  );

  test("a file that is renamed over the database is never read, not even before it is detected", async () => {
    using directory = temporaryDirectory();
    const { it, file, older } = await startWithContacts(join(directory.path, "data"));
    await using _server = it;
    openSnapshot(it.server.db)[Symbol.dispose]();
    renameSync(older, file);
    expect(() => openSnapshot(it.server.db)).toThrow(StorageError);
  });

  test("a file that is copied over the database is complete after the server stops", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    const { it, file, older } = await startWithContacts(data);
    copyFileSync(older, file);
    await untilUnhealthy(it);
    await it.server.stop();
    expect(await Bun.file(file).bytes()).toEqual(await Bun.file(older).bytes());
    expect(readdirSync(data).some((name) => name.startsWith("allison.db-wal.kept-"))).toBe(true);
    // The next server is another process; within this one, SQLite shares what it knows of an open file.
    const next = join(directory.path, "next");
    cpSync(data, next, { recursive: true });
    await using again = await startTestServer({ config: { data: next } });
    expect(again.server.db.all(sql`select 1 from contacts`).length).toBe(5);
    expect((await again.anonymous.get("/health")).status).toBe(200);
  });

  test("a removed log is written into the database when the server stops", async () => {
    using directory = temporaryDirectory();
    const { it, file } = await startWithContacts(join(directory.path, "data"));
    rmSync(`${file}-wal`);
    await untilUnhealthy(it);
    await it.server.stop();
    expect(countContacts(file)).toBe(15);
  });
});

describe("the server stays healthy when no file is replaced", () => {
  test("commands that write and checkpoint beside it, a vacuum, and a copy of the directory", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    const { it, file } = await startWithContacts(data);
    await using _server = it;
    for (let i = 0; i < 12; i += 1) {
      await addContact(it);
      using other = new Database(file);
      other.exec("pragma busy_timeout = 5000");
      if (i % 3 === 0)
        other.exec("create table filler (x); insert into filler values (randomblob(900000))");
      if (i % 3 === 1) other.exec("pragma wal_checkpoint(truncate)");
      if (i % 3 === 2) other.exec("drop table filler; vacuum; pragma wal_checkpoint(truncate)");
      cpSync(data, join(directory.path, `copy-${i}`), { recursive: true });
      await it.server.health.check();
      expect(it.server.health.problem()).toBeNull();
    }
    expect((await addContact(it)).status).toBe(201);
  });
});

describe("while the disk has less free space than the reserve", () => {
  async function startOnLowDisk() {
    let reserve = 0;
    const it = await startTestServer({ diskReserve: () => reserve });
    return {
      ...it,
      async setLow(isLow: boolean) {
        // More than any disk has.
        reserve = isLow ? 2 ** 60 : 0;
        await it.server.health.check();
      },
    };
  }

  test("writes of the API, ingest and the dashboard are refused until there is space, and reads are answered", async () => {
    await using it = await startOnLowDisk();
    await makeAccount(it);
    const browser = await signIn(it);
    const writes: Write[] = [
      addContact,
      () => it.platform.put("/platform/v1/calls/low", { direction: "inbound" }),
      () => browser.patch("/organization", { name: "Other" }),
    ];
    await it.setLow(true);
    for (const write of writes) {
      expect(await write(it)).toMatchObject({
        status: 503,
        body: { error: "unavailable", details: { storage: expect.stringContaining("disk") } },
      });
    }
    const refused = await addContact(it);
    expect(refused.headers.get("retry-after")).toBe("5");
    expect((await it.read.get("/v1/contacts")).body.data).toEqual([]);
    expect((await it.anonymous.get("/health")).status).toBe(503);
    const changes = await browser.get("/changes");
    expect(changes.body.data.storage).toMatchObject({ state: "disk_low" });
    await it.setLow(false);
    expect((await addContact(it)).status).toBe(201);
    expect((await it.anonymous.get("/health")).status).toBe(200);
    expect((await browser.get("/changes")).body.data.storage).toBeNull();
  });

  test("the owner signs in and out, and internal records are written", async () => {
    await using it = await startOnLowDisk();
    await makeAccount(it);
    await it.setLow(true);
    const browser = await signIn(it);
    expect((await browser.delete("/session")).status).toBe(204);
    await it.server.keys.flushUses();
  });
});

describe("a log that grows because a reader holds it", () => {
  /** A log that remembers its warnings. */
  function recordWarnings() {
    const warnings: Record<string, unknown>[] = [];
    const log = createLog("silent");
    log.warn = ((entry: Record<string, unknown>) => warnings.push(entry)) as typeof log.warn;
    return { log, warnings };
  }
  const LOG_WARN_BYTES = 40 * 2 ** 20;
  const writeBytes = async (it: TestServer, bytes: number) => {
    const turns = Array.from({ length: 100 }, () => ({
      role: "agent",
      text: "x".repeat(9_000),
      at: 0,
    }));
    for (let i = 0; i < bytes / 1e6; i += 1) {
      const record = { ...sampleCall(), transcript: turns };
      expect((await it.platform.put(`/platform/v1/calls/${freshNumber()}`, record)).status).toBe(
        201,
      );
    }
  };
  const logSize = (it: TestServer) => Bun.file(`${it.server.db.$client.filename}-wal`).size;

  test("is logged at its limit and at each doubling, and shrinks when the reader in another process ends", async () => {
    const { log, warnings } = recordWarnings();
    await using it = await startTestServer({ log, logWarnBytes: LOG_WARN_BYTES });
    await using reader = spawnScript(
      `
      import { Database } from "bun:sqlite";
      const db = new Database(process.argv.at(-1), { readonly: true });
      db.exec("begin");
      db.query("select count(*) from contacts").get();
      console.log("reading");
      setInterval(() => db.filename, 1000);
      `,
      [it.server.db.$client.filename],
    );
    await reader.stdout.getReader().read();
    await writeBytes(it, 90e6);
    for (let i = 0; i < 3; i += 1) await it.server.health.check();
    expect(logSize(it)).toBeGreaterThan(2 * LOG_WARN_BYTES);
    expect(warnings.map(({ file }) => file)).toContain(`${it.server.db.$client.filename}-wal`);
    expect(warnings.length).toBeLessThanOrEqual(2);
    expect(it.server.health.problem()).toBeNull();
    reader.kill();
    await reader.exited;
    await writeBytes(it, 2e6);
    expect(logSize(it)).toBeLessThanOrEqual(64 * 2 ** 20);
  }, 60_000);

  test("shrinks after the server ends its own read, which fails as unavailable", async () => {
    const { log, warnings } = recordWarnings();
    await using it = await startTestServer({ log, logWarnBytes: LOG_WARN_BYTES });
    using snapshot = openSnapshot(it.server.db);
    const count = () => snapshot.db.$client.query("select count(*) from calls").values();
    expect(count()).toEqual([[0]]);
    await writeBytes(it, 50e6);
    await it.server.health.check();
    expect(warnings.at(-1)).toMatchObject({ closed_readers: 1 });
    expect(() => count()).toThrow();
    await writeBytes(it, 40e6);
    expect(logSize(it)).toBeLessThan(2 * LOG_WARN_BYTES);
  }, 60_000);
});

describe("damage that is found while the server runs", () => {
  /** Fills every page of one table but the first with garbage, where the server has not read them yet. */
  async function startOnDamage(table: string) {
    const directory = temporaryDirectory();
    const data = join(directory.path, "data");
    const first = await startTestServer({ config: { data } });
    for (let i = 0; i < 400; i += 1) await addContact(first);
    await first.server.stop();
    const file = join(data, "allison.db");
    const pages = pagesOf(file, table);
    expect(pages.length).toBeGreaterThan(5);
    const bytes = Buffer.from(await Bun.file(file).bytes());
    for (const page of pages.slice(2)) bytes.fill(0xa5, (page - 1) * 4096, page * 4096);
    writeFileSync(file, bytes);
    const lines: Record<string, unknown>[] = [];
    const log = createLog("silent");
    log.error = ((entry: Record<string, unknown>) => lines.push(entry)) as typeof log.error;
    const it = await startTestServer({ config: { data }, log });
    return { ...it, lines, directory };
  }

  test.each([
    ["on the event loop", "/v1/contacts?limit=100"],
    ["in a background thread", "/v1/contacts?limit=100&source=api"],
  ])(
    "makes the server unhealthy, is logged once with its remedy, and stops writes: %s",
    async (_where, list) => {
      await using it = await startOnDamage("contacts");
      using _directory = it.directory;
      expect((await it.anonymous.get("/health")).status).toBe(200);
      expect((await it.read.get(list)).status).toBe(503);
      for (let i = 0; i < 3; i += 1) {
        expect((await addContact(it)).body).toMatchObject({
          error: "unavailable",
          details: { storage: expect.stringContaining("damaged") },
        });
      }
      const health = await it.anonymous.get("/health");
      expect(health.status).toBe(503);
      expect(Number(health.headers.get("retry-after"))).toBeGreaterThan(60);
      const logged = it.lines.filter((line) => line.state === "damaged");
      expect(logged.length).toBe(1);
      expect(logged[0]).toMatchObject({ remedy: expect.stringContaining("allison doctor") });
      // Whatever can still be read is answered.
      expect((await it.read.get("/v1/me")).status).toBe(200);
    },
  );
});
