/** The audit chain: any change to the log outside the product is detected, and at which row. */
import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { cpSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import {
  type EntryPage,
  entryView,
  formatHead,
  listNewestEntries,
  parseHead,
  readEntries,
  readEntryPage,
  verifyAuditLog,
} from "../../src/audit/log.ts";
import { LIMITS } from "../../src/config.ts";
import {
  type AuditRow,
  GENESIS,
  headSignature,
  rowHash,
  unkeyedRowHash,
} from "../../src/store/audit-chain.ts";
import { closeDatabase, openDatabase } from "../../src/store/open.ts";
import { findSchemaChanges } from "../../src/store/schema.ts";
import { temporaryDirectory } from "../support/directory.ts";
import {
  ACTOR,
  AUDIT_KEY,
  BEFORE_AUDIT_KEY,
  insertContact,
  openTestStore,
  spawnScript,
} from "../support/store.ts";

const ROWS = 300;

/** Creates a closed database whose log has `rows` rows of several actors. */
async function makeLog(directory: string, rows = ROWS): Promise<void> {
  await using world = openTestStore({ directory });
  await Promise.all(
    Array.from({ length: rows }, (_, i) =>
      world.store.change(
        { ...ACTOR, id: `actor ${i % 3}`, ip: i % 2 ? null : "192.0.2.1", request_id: `r${i}` },
        (tx) => insertContact(tx, `n${i}`),
      ),
    ),
  );
}

const shared = temporaryDirectory();
afterAll(() => shared[Symbol.dispose]());
const original = join(shared.path, "original");
await makeLog(original);
let copies = 0;

/** Returns the verdict on a copy of the log that was tampered with in the file. */
function verdictAfter(tamper: (sqlite: Database) => void, noted?: string, auditKey = AUDIT_KEY) {
  const copy = join(shared.path, `copy ${copies++}`);
  cpSync(original, copy, { recursive: true });
  const db = openDatabase(copy, { create: false, auditKey });
  for (const trigger of ["audit_no_update", "audit_no_delete", "audit_only_next"]) {
    db.$client.exec(`drop trigger ${trigger}`);
  }
  const triggers = findSchemaChanges(db).map(({ sql }) => sql!);
  // In one transaction, so that a change of many rows waits for the disk once.
  db.$client.transaction(() => tamper(db.$client))();
  for (const trigger of triggers) db.$client.exec(trigger);
  const head = noted === undefined ? undefined : parseHead(noted)!;
  const verdict = verifyAuditLog(db, { auditKey, head });
  closeDatabase(db);
  return verdict;
}

const rowsOf = (sqlite: Database) =>
  sqlite.query("select * from audit order by id").all() as AuditRow[];
const hashOf = (sqlite: Database, id: number) =>
  (sqlite.query("select hash from audit where id = ?").get(id) as { hash: string }).hash;

/** Recomputes the hash of every row from `first` on, as a careful forger does, who does not have the key. */
function rehash(
  sqlite: Database,
  first: number,
  hash: (previous: string, row: AuditRow) => string = unkeyedRowHash,
): string {
  let previous = first === 1 ? GENESIS : hashOf(sqlite, first - 1);
  for (const row of rowsOf(sqlite).filter(({ id }) => id >= first)) {
    previous = hash(previous, row);
    sqlite.query("update audit set hash = ? where id = ?").run(previous, row.id);
  }
  return previous;
}
const OTHER_KEY = new Uint8Array(32).fill(1);
const forgedRules: [string, (previous: string, row: AuditRow) => string][] = [
  ["plain SHA-256", unkeyedRowHash],
  ["another key", (previous, row) => rowHash(OTHER_KEY, previous, row)],
];
const setHead = (sqlite: Database, id: number, hash: string) =>
  sqlite.query("update audit_head set id = ?, hash = ?").run(id, hash);

const anyRow = fc.integer({ min: 1, max: ROWS });
const columns = (() => {
  const sqlite = new Database(join(original, "allison.db"), { readonly: true });
  const names = sqlite
    .query("select name from pragma_table_info('audit')")
    .values()
    .map(([name]) => String(name));
  sqlite.close();
  return names;
})();

describe("an unmodified log", () => {
  test("is intact, also while it is empty, and the verdict has its row count and head", async () => {
    await using world = openTestStore();
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY })).toEqual({
      intact: true,
      rows: 0,
      head: GENESIS,
      unkeyed_rows: 0,
    });
    await world.store.change(ACTOR, (tx) => insertContact(tx, "one"));
    const verdict = verifyAuditLog(world.db, { auditKey: AUDIT_KEY });
    const hash: string = world.value("select hash from audit");
    expect(verdict).toEqual({ intact: true, rows: 1, head: hash, unkeyed_rows: 0 });
    expect(verdictAfter(() => undefined)).toMatchObject({ intact: true, rows: ROWS });
  });

  test("can be verified by the documented rule: HMAC-SHA-256 of the previous hash and the columns, as JSON", () => {
    verdictAfter((sqlite) => {
      let previous = "0".repeat(64);
      for (const row of rowsOf(sqlite)) {
        const text = JSON.stringify([
          previous,
          row.id,
          row.at,
          row.actor_type,
          row.actor_id,
          row.actor_name,
          row.actor_prefix,
          row.action,
          row.entity_type,
          row.entity_id,
          row.changes,
          row.ip,
          row.user_agent,
          row.request_id,
        ]);
        previous = createHmac("sha256", AUDIT_KEY).update(text).digest("hex");
        expect(row.hash).toBe(previous);
      }
    });
  });

  test("includes every column in the hash", () => {
    const row = Object.fromEntries(columns.map((name) => [name, name])) as unknown as AuditRow;
    const hashes = columns
      .filter((name) => name !== "hash")
      .map((name) => rowHash(AUDIT_KEY, GENESIS, { ...row, [name]: "another" }));
    expect(new Set([...hashes, rowHash(AUDIT_KEY, GENESIS, row)]).size).toBe(columns.length);
  });

  test("matches a head that was recorded at any earlier row", () => {
    fc.assert(
      fc.property(anyRow, (id) => {
        let head = "";
        verdictAfter((sqlite) => (head = hashOf(sqlite, id)));
        expect(verdictAfter(() => undefined, head).intact).toBe(true);
        expect(verdictAfter(() => undefined, formatHead(id, head)).intact).toBe(true);
        expect(verdictAfter(() => undefined, formatHead(id + 1, head)).intact).toBe(false);
      }),
      { numRuns: 5 },
    );
    expect(verdictAfter(() => undefined, GENESIS).intact).toBe(true);
    expect(verdictAfter(() => undefined, "f".repeat(64))).toMatchObject({
      intact: false,
      row: ROWS,
    });
  });

  test("is intact when it is verified while another process writes", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    await makeLog(data, 1_500);
    await using child = spawnScript(
      `
      import { ACTOR, insertContact, openTestStore } from "./store.ts";
      const world = openTestStore({ directory: process.argv.at(-1) });
      for (let i = 0; ; i += 1) {
        await world.store.change(ACTOR, (tx) => insertContact(tx, "more " + i));
        if (i === 0) console.log("writing");
      }
      `,
      [data],
    );
    await child.stdout.getReader().read();
    const db = openDatabase(data, { create: false, auditKey: AUDIT_KEY });
    const seen: number[] = [];
    for (let i = 0; i < 20; i += 1) {
      const verdict = verifyAuditLog(db, { auditKey: AUDIT_KEY });
      expect(verdict.intact).toBe(true);
      seen.push((verdict as { rows: number }).rows);
      await Bun.sleep(2);
    }
    child.kill("SIGKILL");
    await child.exited;
    closeDatabase(db);
    expect(seen[0]).toBeGreaterThan(1_500);
    expect(seen.at(-1)).toBeGreaterThan(seen[0]!);
  }, 30_000);
});

describe("a log that was tampered with", () => {
  test("another value in any column is detected at the first such row", () => {
    const value = fc.oneof(fc.string(), fc.constant(null), fc.integer(), fc.constant("{}"));
    fc.assert(
      fc.property(anyRow, fc.constantFrom(...columns), value, (id, column, replacement) => {
        const nullable = [
          "actor_id",
          "actor_name",
          "actor_prefix",
          "ip",
          "user_agent",
          "request_id",
        ];
        if (replacement === null) fc.pre(nullable.includes(column));
        if (column === "id")
          fc.pre(typeof replacement === "number" && (replacement < 1 || replacement > ROWS));
        let differs = true;
        const verdict = verdictAfter((sqlite) => {
          const before = JSON.stringify(rowsOf(sqlite));
          sqlite
            .query(`update audit set "${column}" = ? where id = ?`)
            .run(replacement as never, id);
          differs = JSON.stringify(rowsOf(sqlite)) !== before;
        });
        if (!differs) return;
        // A row with a number below 1 is the first row.
        const first = column === "id" && (replacement as number) < 1 ? 1 : id;
        expect(verdict).toMatchObject({ intact: false, row: first });
      }),
      { numRuns: 120 },
    );
  }, 60_000);

  test("a deleted row is detected, the last one included", () => {
    fc.assert(
      fc.property(anyRow, (id) => {
        const verdict = verdictAfter((sqlite) =>
          sqlite.query("delete from audit where id = ?").run(id),
        );
        expect(verdict).toMatchObject({ intact: false, row: id });
      }),
      { numRuns: 20, examples: [[1], [ROWS]] },
    );
  });

  test("a truncated log is detected at its first missing row; if the head is set back too, by its signature", () => {
    fc.assert(
      fc.property(anyRow, (id) => {
        const cut = (sqlite: Database) => sqlite.query("delete from audit where id >= ?").run(id);
        expect(verdictAfter(cut)).toMatchObject({ intact: false, row: id });
        const cutWell = (sqlite: Database) => {
          cut(sqlite);
          setHead(sqlite, id - 1, id === 1 ? GENESIS : hashOf(sqlite, id - 1));
        };
        expect(verdictAfter(cutWell)).toMatchObject({ intact: false, row: id - 1 });
      }),
      { numRuns: 10, examples: [[1], [ROWS]] },
    );
  });

  test("a truncated log with a head that was signed then, as an old copy of the file has it, is detected by a head noted later", () => {
    let noted = "";
    const restoreOldState = (sqlite: Database) => {
      noted = formatHead(ROWS, hashOf(sqlite, ROWS));
      sqlite.exec("delete from audit where id > 200");
      const head = { id: 200, hash: hashOf(sqlite, 200) };
      setHead(sqlite, head.id, head.hash);
      sqlite.query("update audit_head set signature = ?").run(headSignature(AUDIT_KEY, head));
    };
    // The file and the key alone cannot reveal this.
    expect(verdictAfter(restoreOldState)).toMatchObject({ intact: true, rows: 200 });
    expect(verdictAfter(restoreOldState, noted)).toMatchObject({ intact: false, row: 200 });
  });

  test("two swapped rows are detected at the first of them", () => {
    fc.assert(
      fc.property(anyRow, anyRow, (a, b) => {
        fc.pre(a !== b);
        const verdict = verdictAfter((sqlite) =>
          sqlite.exec(`update audit set id = -1 where id = ${a}; update audit set id = ${a} where id = ${b};
            update audit set id = ${b} where id = -1`),
        );
        expect(verdict).toMatchObject({ intact: false, row: Math.min(a, b) });
      }),
      { numRuns: 15 },
    );
  });

  test.each(forgedRules)(
    "an altered row with hashes recomputed by %s is detected at that row, with or without a forged head",
    (_, rule) => {
      fc.assert(
        fc.property(fc.integer({ min: 2, max: ROWS }), (id) => {
          const forge = (sqlite: Database) => {
            sqlite.query("update audit set actor_name = 'somebody else' where id = ?").run(id);
            return rehash(sqlite, id, rule);
          };
          expect(verdictAfter(forge)).toMatchObject({ intact: false, row: id });
          const forgeWell = (sqlite: Database) => setHead(sqlite, ROWS, forge(sqlite));
          expect(verdictAfter(forgeWell)).toMatchObject({ intact: false, row: id });
        }),
        { numRuns: 8, examples: [[2], [ROWS]] },
      );
    },
  );

  test("a whole log rewritten with plain SHA-256, as logs were before the key, is detected by its unsigned head", () => {
    for (const signature of ["signature", "null", "''", "hash"]) {
      const verdict = verdictAfter((sqlite) => {
        sqlite.exec("update audit set actor_name = 'somebody else'");
        setHead(sqlite, ROWS, rehash(sqlite, 1));
        sqlite.exec(`update audit_head set signature = ${signature}`);
      });
      expect(verdict).toMatchObject({ intact: false, row: ROWS });
      expect((verdict as { problem: string }).problem).toContain("not signed with this secret key");
    }
  });

  test("a rewritten log with the signature removed stays detected when the server goes on writing and after a restart", async () => {
    const copy = join(shared.path, `copy ${copies++}`);
    cpSync(original, copy, { recursive: true });
    {
      await using world = openTestStore({ directory: copy });
      const { $client: sqlite } = world.db;
      sqlite.exec("drop trigger audit_no_update");
      sqlite.transaction(() => setHead(sqlite, ROWS, rehash(sqlite, 1)))();
      sqlite.exec("update audit_head set signature = null");
      await world.store.change(ACTOR, (tx) => insertContact(tx, "more"));
    }
    await using world = openTestStore({ directory: copy });
    await world.store.change(ACTOR, (tx) => insertContact(tx, "still more"));
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY })).toMatchObject({
      intact: false,
      row: ROWS + 2,
    });
  });

  test("a removed end stays detected when the server goes on writing after it", async () => {
    const copy = join(shared.path, `copy ${copies++}`);
    cpSync(original, copy, { recursive: true });
    await using world = openTestStore({ directory: copy });
    const { $client: sqlite } = world.db;
    sqlite.exec("drop trigger audit_no_delete; delete from audit where id > 100");
    setHead(sqlite, 100, hashOf(sqlite, 100));
    for (const number of ["one", "two"]) {
      await world.store.change(ACTOR, (tx) => insertContact(tx, number));
    }
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY })).toMatchObject({
      intact: false,
      row: 102,
    });
  });

  /** Rewrites a copy as a database of before the log had a key, and returns its directory. */
  function disguise(): string {
    const copy = join(shared.path, `copy ${copies++}`);
    cpSync(original, copy, { recursive: true });
    const sqlite = new Database(join(copy, "allison.db"));
    const [{ sql }] = sqlite
      .query("select sql from sqlite_schema where name = 'audit_no_update'")
      .all() as [{ sql: string }];
    sqlite.exec("drop trigger audit_no_update");
    sqlite.transaction(() => setHead(sqlite, ROWS, rehash(sqlite, 1)))();
    sqlite.exec(`${sql}; ${BEFORE_AUDIT_KEY}`);
    sqlite.close();
    return copy;
  }

  test("a database disguised as one of before the key is detected if the secret key is newer than the keyed log", async () => {
    const auditKey = AUDIT_KEY;
    const options = { create: false, auditKey, mayHaveUnkeyedRows: false };
    const directory = disguise();
    closeDatabase(openDatabase(directory, options));
    await using world = openTestStore({ directory });
    await world.store.change(ACTOR, (tx) => insertContact(tx, "more"));
    expect(verifyAuditLog(world.db, { auditKey })).toMatchObject({ intact: false, row: ROWS + 1 });
  });

  test("a database disguised as one of before the key is shown by its unkeyed rows, and detected by a noted head, if the secret key is older", async () => {
    let noted = "";
    verdictAfter((sqlite) => (noted = formatHead(ROWS, hashOf(sqlite, ROWS))));
    await using world = openTestStore({ directory: disguise() });
    const auditKey = AUDIT_KEY;
    expect(verifyAuditLog(world.db, { auditKey })).toMatchObject({
      intact: true,
      rows: ROWS + 1,
      unkeyed_rows: ROWS,
    });
    const head = parseHead(noted)!;
    expect(verifyAuditLog(world.db, { auditKey, head })).toMatchObject({ intact: false });
  });

  test("a removed, altered or added trigger is detected, whatever the rows are", async () => {
    await using world = openTestStore();
    const { $client: sqlite } = world.db;
    const [{ sql }] = world.rows<{ sql: string }>(
      "select sql from sqlite_schema where name = 'audit_no_delete'",
    ) as [{ sql: string }];
    const problemAfter = (statement: string) => {
      sqlite.exec(statement);
      const verdict = verifyAuditLog(world.db, { auditKey: AUDIT_KEY });
      return verdict.intact ? null : [verdict.row, verdict.problem];
    };
    expect(problemAfter("drop trigger audit_no_delete")).toEqual([
      null,
      "the trigger audit_no_delete is missing in the database",
    ]);
    expect(
      problemAfter("create trigger audit_no_delete before delete on audit begin select 1; end"),
    ).toEqual([null, "the trigger audit_no_delete was altered in the database"]);
    expect(problemAfter(`drop trigger audit_no_delete; ${sql}`)).toBeNull();
    expect(problemAfter("create trigger theirs after insert on audit begin select 1; end")).toEqual(
      [null, "the trigger theirs was added in the database"],
    );
    // Other programs may keep tables and indexes of their own.
    expect(
      problemAfter("drop trigger theirs; create table theirs (a); create index i on theirs (a)"),
    ).toBeNull();
  });

  test("another secret key is reported as such, at the first row", () => {
    const verdict = verdictAfter(() => undefined, undefined, OTHER_KEY);
    expect(verdict).toMatchObject({ intact: false, row: 1 });
    expect((verdict as { problem: string }).problem).toContain("not written with this secret key");
  });

  test("an inserted row is detected: at the end with a valid hash, or with a number below 1", () => {
    const copyOf = (id: number, as: number) =>
      `insert into audit select ${as}, ${columns.filter((name) => name !== "id").join(", ")} from audit where id = ${id}`;
    const appended = verdictAfter((sqlite) => {
      sqlite.exec(copyOf(ROWS, ROWS + 1));
      rehash(sqlite, ROWS + 1);
    });
    expect(appended).toMatchObject({ intact: false, row: ROWS + 1 });
    for (const id of [0, -1, -5_000_000]) {
      const verdict = verdictAfter((sqlite) => sqlite.exec(copyOf(1, id)));
      expect(verdict).toMatchObject({ intact: false, row: 1 });
    }
  });

  test("a missing head, or the head of another row, is detected", () => {
    for (const tamper of [
      "delete from audit_head",
      "update audit_head set id = id + 1",
      "update audit_head set id = id - 1",
      `update audit_head set hash = '${GENESIS}'`,
    ]) {
      expect(verdictAfter((sqlite) => sqlite.exec(tamper)).intact).toBe(false);
    }
  });
});

describe("the log as a table", () => {
  test("refuses every statement that updates or deletes rows", async () => {
    await using world = openTestStore();
    await world.store.change(ACTOR, (tx) => insertContact(tx, "one"));
    const before = world.rows("select * from audit");
    for (const statement of [
      "update audit set at = at",
      "update audit set actor_name = 'x' where id = 1",
      "update or replace audit set id = 2",
      "update or ignore audit set id = 2",
      "delete from audit",
      "delete from audit where id = 1",
      "insert into audit select * from audit where true on conflict (id) do update set action = 'x'",
    ]) {
      expect(() => world.db.$client.exec(statement)).toThrow("append-only");
      expect(world.rows("select * from audit")).toEqual(before);
    }
  });

  test("accepts only the next row: no replacement, no earlier number, no gap", async () => {
    await using world = openTestStore();
    await world.store.change(ACTOR, (tx) => insertContact(tx, "one"));
    const before = world.rows("select * from audit");
    const list = columns.filter((name) => name !== "id").join(", ");
    for (const id of [1, 0, -1, 3]) {
      expect(() =>
        world.db.$client.exec(
          `insert or replace into audit (id, ${list}) select ${id}, ${list} from audit`,
        ),
      ).toThrow("append-only");
      expect(world.rows("select * from audit")).toEqual(before);
    }
  });
});

describe("reading the log", () => {
  test("returns each row of several pages once, oldest first, and only the rows that match the filter", async () => {
    await using world = openTestStore();
    const total = 2_345;
    for (let i = 0; i < total; i += 1) {
      if (i % 500 === 0) {
        world.clock.advance(1_000);
        await world.store.idle();
      }
      void world.store.change({ ...ACTOR, id: `actor ${i % 3}` }, (tx) =>
        insertContact(tx, `n${i}`),
      );
    }
    await world.store.idle();
    const all = [...readEntries(world.db)];
    expect(all.map(({ id }) => id)).toEqual(Array.from({ length: total }, (_, i) => i + 1));
    const one = all[1_234]!;
    const from = all[600]!.at;
    const to = all[2_200]!.at;
    const checks: [Parameters<typeof readEntries>[1], (row: AuditRow) => boolean][] = [
      [{ actorId: "actor 1" }, (row) => row.actor_id === "actor 1"],
      [{ entityId: one.entity_id }, (row) => row.entity_id === one.entity_id],
      [{ entityType: "contact", from, to }, (row) => row.at >= from && row.at < to],
      [{ entityType: "call" }, () => false],
    ];
    for (const [filter, fits] of checks) {
      expect([...readEntries(world.db, filter)]).toEqual(all.filter(fits));
      expect(listNewestEntries(world.db, filter!, 10)).toEqual(
        all.filter(fits).toReversed().slice(0, 10),
      );
    }
    expect(all.filter(checks[2]![1]).length).toBeGreaterThan(500);
    expect(all.filter(checks[2]![1]).length).toBeLessThan(total - 500);
  });

  test("converts a row to the documented JSON fields", async () => {
    await using world = openTestStore();
    await world.store.change(ACTOR, (tx) => insertContact(tx, "one"));
    const [row] = [...readEntries(world.db)];
    const view = entryView(row!);
    expect(Object.keys(view)).toEqual([
      "id",
      "at",
      "actor",
      "action",
      "entity_type",
      "entity_id",
      "changes",
      "ip",
      "user_agent",
      "request_id",
      "hash",
    ]);
    expect(view.actor).toEqual({ type: "system", id: null, name: "test", prefix: null });
    expect(view.changes).toMatchObject({ phone_number: [null, "one"] });
  });
});

describe("a log of large rows", () => {
  const LARGE = LIMITS.auditPageBytes / 4;

  test("is read in pages of bounded size, and no row is skipped or repeated", async () => {
    await using world = openTestStore();
    await world.store.housekeep(({ $client }) => {
      $client.exec("drop trigger audit_only_next");
      const insert = $client.prepare(
        `insert into audit (id, at, actor_type, action, entity_type, entity_id, changes, hash)
         values (?, '2026-11-23T10:00:00.000Z', 'system', 'created', 'contact', 'x', ?, '')`,
      );
      for (let id = 1; id <= 30; id += 1) insert.run(id, "x".repeat(LARGE));
    });
    const sizes: number[] = [];
    const ids: number[] = [];
    let after: number | null = null;
    do {
      const { rows, next }: EntryPage = readEntryPage(world.db, {}, after);
      sizes.push(rows.reduce((sum, { changes }) => sum + changes.length, 0));
      ids.push(...rows.map(({ id }) => id));
      after = next;
    } while (after !== null);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(LIMITS.auditPageBytes + LARGE);
    expect(ids).toEqual(Array.from({ length: 30 }, (_, n) => n + 1));
    expect([...readEntries(world.db)].map(({ id }) => id)).toEqual(ids);
    expect(world.rows("pragma wal_checkpoint(truncate)")).toMatchObject([{ busy: 0 }]);
  });
});

test("a verification reads each row once, whatever the statistics of the database say", async () => {
  await using world = openTestStore();
  // As an install has them that was stopped while it was nearly empty.
  await world.store.housekeep(({ $client }) => {
    $client.exec("analyze");
    for (const index of ["audit_entity", "audit_actor", "audit_at"])
      $client.query("insert into sqlite_stat1 values ('audit', ?, '1 1 1')").run(index);
    $client.exec("analyze sqlite_schema");
  });
  const detailsOf = (query: string) =>
    world.rows<{ detail: string }>(`explain query plan ${query}`).map(({ detail }) => detail);
  // The statistics are as bad as they are meant to be: a range is read from the first row on.
  expect(detailsOf("select * from audit where id > 5 order by id")).toEqual(["SCAN audit"]);
  expect(detailsOf("select * from audit where id = ?")).toEqual([
    "SEARCH audit USING INTEGER PRIMARY KEY (rowid=?)",
  ]);
});
