/** Nothing outside `change()` and `housekeep()` can write: the handles for reading refuse it, in a transaction too. */
import { expect, test } from "bun:test";
import { sql } from "drizzle-orm";
import { contacts } from "../../src/resources/contacts.ts";
import type { Db } from "../../src/store/database.ts";
import { openSnapshot } from "../../src/store/open.ts";
import { ACTOR, openTestStore } from "../support/store.ts";

const WRITES = [
  "insert into intents (id) values ('x')",
  "  INSERT or replace into intents (id) values ('x')",
  "update contacts set first_name = 'x'",
  "delete from contacts",
  "replace into intents (id) values ('x')",
  "with x as (select 1) delete from contacts",
  "-- a comment\ndelete from contacts",
  "/* select */ delete from contacts",
  "drop table contacts",
  "pragma user_version = 9",
  "pragma journal_mode = delete",
  "attach 'other.db' as other",
  "begin",
  "",
];

function expectRefusals(db: Db): void {
  for (const write of WRITES) {
    expect(() => db.$client.prepare(write)).toThrow("only reads");
    expect(() => db.$client.query(write)).toThrow("only reads");
    expect(() => db.all(sql.raw(write))).toThrow("only reads");
  }
  // @ts-expect-error: the type has no way to write
  expect(() => db.insert(contacts)).toThrow();
  // @ts-expect-error: nor to run any text
  expect(() => db.$client.exec("delete from contacts")).toThrow();
  expect(db.select().from(contacts).all()).toEqual([]);
  expect(db.all(sql`select 1 as n`)).toEqual([{ n: 1 }]);
  expect(db.$client.query("pragma data_version").all()).toHaveLength(1);
}

test("a write through store.db is refused", async () => {
  await using world = openTestStore();
  expectRefusals(world.store.db);
});

test("a write through tx.db is refused", async () => {
  await using world = openTestStore();
  await world.store.change(ACTOR, (tx) => expectRefusals(tx.db));
  expect(world.value("select count(*) from audit")).toBe(0 as never);
});

test("a write through a snapshot is refused", async () => {
  await using world = openTestStore();
  using snapshot = openSnapshot(world.store.db);
  expectRefusals(snapshot.db);
});
