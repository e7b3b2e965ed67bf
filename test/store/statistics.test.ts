/** Plans of queries depend on the indexes alone, so they stay good while the database grows. */
import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { temporaryDirectory } from "../support/directory.ts";
import { ACTOR, insertContact, openTestStore } from "../support/store.ts";

const NEXT_PAGE = "select hash from audit where id > 1000 order by id limit 100";
const BY_ENTITY = "select hash from audit where entity_type = 'contact' and entity_id = 'x'";

test("statistics of a nearly empty database are removed when it is opened, and none are stored at close", async () => {
  using directory = temporaryDirectory();
  const data = `${directory.path}/data`;
  let file = "";
  {
    await using world = openTestStore({ directory: data });
    file = world.file;
    await world.store.change(ACTOR, (tx) => insertContact(tx, "+15550100001"));
  }
  const countStatistics = (db: Database) =>
    db.query("select count(*) from sqlite_schema where name like 'sqlite_stat%'").values()[0]![0];
  const planOf = (db: Database, statement: string) =>
    db
      .query<{ detail: string }, []>(`explain query plan ${statement}`)
      .all()
      .map(({ detail }) => detail)
      .join("; ");
  using other = new Database(file);
  expect(countStatistics(other)).toBe(0);
  other.exec("analyze");
  expect(countStatistics(other)).toBeGreaterThan(0);
  other.close();

  await using world = openTestStore({ directory: data });
  expect(countStatistics(world.db.$client)).toBe(0);
  expect(planOf(world.db.$client, NEXT_PAGE)).toContain("SEARCH audit USING INTEGER PRIMARY KEY");
  expect(planOf(world.db.$client, BY_ENTITY)).toContain("SEARCH audit USING INDEX audit_entity");
  await world.store.change(ACTOR, (tx) => insertContact(tx, "+15550100002"));
});
