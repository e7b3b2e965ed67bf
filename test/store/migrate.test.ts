/** A database of an earlier version is brought to this one, with everything that is in it. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { entryView, listNewestEntries, verifyAuditLog } from "../../src/audit/log.ts";
import { HAS_OPEN_ITEMS } from "../../src/resources/calls.ts";
import { type AuditRow, GENESIS, unkeyedRowHash } from "../../src/store/audit-chain.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "../../src/store/migrate.ts";
import { DATABASE_FILE } from "../../src/store/open.ts";
import { findSchemaChanges } from "../../src/store/schema.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { ACTOR, AUDIT_KEY, insertContact, openTestStore } from "../support/store.ts";

const auditKey = AUDIT_KEY;

const migration = (file: string) =>
  readFileSync(join(import.meta.dir, "../../src/store/migrations", file), "utf8");

test("migrations keep the rows of the first schema", async () => {
  using directory = temporaryDirectory();
  const data = join(directory.path, "data");
  mkdirSync(data);
  const old = new Database(join(data, DATABASE_FILE), { create: true });
  old.exec("pragma journal_mode = wal");
  old.exec(migration("0000_init.sql"));
  old.exec(`pragma user_version = 1; pragma application_id = ${APPLICATION_ID};`);
  old.exec(`insert into intents (id, created_at, updated_at, name, active)
    values ('019a9f3e-0000-7000-8000-000000000000', '2026-01-01T00:00:00.000Z',
            '2026-01-01T00:00:00.000Z', 'Reschedule', 1)`);
  old.exec(`insert into calls (id, created_at, updated_at, external_id, status, started_at, direction, outcome_tags,
      unscorable, spam, messages, escalations, raised)
    values ('019a9f3e-0000-7000-8000-000000000001', '', '', 'CA1', 'ended', '2026-01-01T00:00:00.000Z', 'inbound', '[]',
      0, 0, '[{"message":"Call me.","handled_at":null}]', '[]', '{}')`);
  old.close();
  await using world = openTestStore({ directory: data });
  expect(world.value("pragma user_version")).toBe(SCHEMA_VERSION as never);
  expect(world.value("select name from intents")).toBe("Reschedule" as never);
  expect(
    world.value(`select count(*) from calls indexed by calls_open where ${HAS_OPEN_ITEMS}`),
  ).toBe(1 as never);
  expect(world.value("select count(*) from users")).toBe(0 as never);
  expect(world.value("pragma foreign_keys")).toBe(1 as never);
  await world.store.change(ACTOR, (tx) => insertContact(tx, "+15550100123"));
  expect(verifyAuditLog(world.db, { auditKey })).toMatchObject({
    intact: true,
    rows: 1,
  });
});

test("accounts of before there were roles become owners who may sign in", async () => {
  using directory = temporaryDirectory();
  const data = join(directory.path, "data");
  mkdirSync(data);
  const old = new Database(join(data, DATABASE_FILE), { create: true });
  for (const file of ["0000_init.sql", "0001_accounts.sql", "0002_dashboard.sql"])
    old.exec(migration(file));
  old.exec(`pragma user_version = 3; pragma application_id = ${APPLICATION_ID};`);
  old.exec(`insert into users (id, created_at, updated_at, email, password_hash, totp_last_step)
    values ('u1', '', '', 'maria@example.com', 'x', 0)`);
  old.close();
  await using world = openTestStore({ directory: data });
  expect(world.rows("select email, role, active from users")).toEqual([
    { email: "maria@example.com", role: "owner", active: 1 },
  ]);
});

describe("an audit log from before its chain had a key", () => {
  const ROWS = 5;

  const rowOf = (id: number, actorName = "Zapier"): Omit<AuditRow, "hash"> => ({
    id,
    at: "2026-01-01T00:00:00.000Z",
    actor_type: "key" as const,
    actor_id: "a",
    actor_name: actorName,
    actor_prefix: "av_live_a",
    action: "created" as const,
    entity_type: "contact",
    entity_id: `c${id}`,
    changes: '{"email":[null,"x"]}',
    ip: null,
    user_agent: null,
    request_id: null,
  });
  const hashOf = (id: number): string =>
    id === 0 ? GENESIS : unkeyedRowHash(hashOf(id - 1), rowOf(id));

  /** Creates a database of that time; `tamper` changes it before the update. */
  function makeOldLog(data: string, tamper = "select 1"): void {
    mkdirSync(data);
    const old = new Database(join(data, DATABASE_FILE), { create: true });
    for (const file of ["0000_init.sql", "0001_accounts.sql", "0002_dashboard.sql"]) {
      old.exec(migration(file));
    }
    old.exec(`pragma user_version = 3; pragma application_id = ${APPLICATION_ID};`);
    for (let id = 1; id <= ROWS; id += 1) {
      const row = { ...rowOf(id), hash: hashOf(id) };
      const names = Object.keys(row);
      old
        .query(`insert into audit (${names.join()}) values (${names.map(() => "?").join()})`)
        .run(...(Object.values(row) as string[]));
    }
    old.query("update audit_head set id = ?, hash = ?").run(ROWS, hashOf(ROWS));
    old.exec(tamper);
    old.close();
  }

  /** The verdict after a change of the migrated log, with valid triggers. */
  async function verdictAfter(statements: string, tamperBefore = "select 1") {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    makeOldLog(data, tamperBefore);
    await using world = openTestStore({ directory: data });
    await world.store.change(ACTOR, (tx) => insertContact(tx, "+15550100123"));
    world.db.$client.exec("drop trigger audit_no_update; drop trigger audit_no_delete");
    world.db.$client.exec(statements);
    for (const { sql } of findSchemaChanges(world.db)) world.db.$client.exec(sql!);
    return verifyAuditLog(world.db, { auditKey });
  }

  test("keeps its rows, and the keyed row that records the change covers the hash of the last of them", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    makeOldLog(data);
    // Opening it a second time changes nothing more.
    for (let opened = 0; opened < 2; opened += 1) {
      await using world = openTestStore({ directory: data });
      expect(verifyAuditLog(world.db, { auditKey })).toMatchObject({
        intact: true,
        rows: ROWS + 1,
        unkeyed_rows: ROWS,
      });
      const [newest] = listNewestEntries(world.db, {}, 1);
      expect(entryView(newest!)).toMatchObject({
        id: ROWS + 1,
        action: "updated",
        entity_type: "audit_log",
        actor: { type: "system", id: null, name: "update", prefix: null },
        changes: { hash_algorithm: ["sha256", "hmac-sha256"] },
      });
    }
    expect(await verdictAfter("select 1")).toMatchObject({
      intact: true,
      rows: ROWS + 2,
      unkeyed_rows: ROWS,
    });
  });

  test("is not intact after an unkeyed row was altered, with or without recomputed hashes", async () => {
    const alter = "update audit set actor_name = 'nobody' where id = 5";
    expect(await verdictAfter(alter)).toMatchObject({ intact: false, row: 5 });
    const forged = unkeyedRowHash(hashOf(4), rowOf(5, "nobody"));
    expect(
      await verdictAfter(`${alter}; update audit set hash = '${forged}' where id = 5`),
    ).toMatchObject({ intact: false, row: 6 });
  });

  test("is not intact without the row that records the change", async () => {
    expect(await verdictAfter("delete from audit where id >= 6")).toMatchObject({ intact: false });
    expect(
      await verdictAfter(
        "delete from audit where id >= 6; update audit_head set id = 5, hash = (select hash from audit where id = 5)",
      ),
    ).toMatchObject({ intact: false, row: 5 });
  });

  test("is opened but stays unsigned if it was tampered with before the update", async () => {
    const cut = "drop trigger audit_no_delete; delete from audit where id = 5";
    expect(await verdictAfter("select 1", "update audit_head set hash = 'x'")).toMatchObject({
      intact: false,
    });
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    makeOldLog(data, cut);
    await using world = openTestStore({ directory: data });
    expect(verifyAuditLog(world.db, { auditKey })).toMatchObject({ intact: false, row: 5 });
  });
});
