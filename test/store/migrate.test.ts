/** A database of an earlier version is brought to this one, with everything that is in it. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { verifyAuditLog } from "../../src/audit/log.ts";
import { HAS_OPEN_ITEMS } from "../../src/resources/calls.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "../../src/store/migrate.ts";
import { DATABASE_FILE } from "../../src/store/open.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { ACTOR, insertContact, openTestStore } from "../support/store.ts";

const migration = (file: string) =>
  readFileSync(join(import.meta.dir, "../../src/store/migrations", file), "utf8");

test("the first schema, with rows", async () => {
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
  expect(verifyAuditLog(world.db)).toMatchObject({ intact: true, rows: 1 });
});
