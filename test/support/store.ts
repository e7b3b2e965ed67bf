/** A store on a real file in a directory that goes away, with a clock that a test turns. */
import { join } from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { createIds } from "../../src/lib/ids.ts";
import { systemRandom } from "../../src/lib/random.ts";
import { type Contact, contactEntity } from "../../src/resources/contacts.ts";
import { type Actor, systemActor } from "../../src/store/actor.ts";
import { createStore } from "../../src/store/change.ts";
import { closeDatabase, openDatabase } from "../../src/store/open.ts";
import type { Transaction } from "../../src/store/transaction.ts";
import { createTestClock, type TestClock } from "./clock.ts";
import { temporaryDirectory } from "./directory.ts";

export const ACTOR: Actor = systemActor("test");

/** The key of the audit log. */
export const AUDIT_KEY = new Uint8Array(32).fill(9);

export type TestStore = ReturnType<typeof openTestStore>;

/** `directory`: an existing one, which stays; else a new one, which goes away with the store. */
export function openTestStore(options: { clock?: TestClock; directory?: string } = {}) {
  const own = options.directory === undefined ? temporaryDirectory() : null;
  const directory = options.directory ?? join(own!.path, "data");
  const clock = options.clock ?? createTestClock();
  const random = systemRandom;
  const ids = createIds(clock, random);
  const db = openDatabase(directory, { create: true, auditKey: AUDIT_KEY });
  const store = createStore(db, clock, ids, AUDIT_KEY);
  return {
    directory,
    file: join(directory, "allison.db"),
    clock,
    random,
    ids,
    db,
    store,
    /** The first column of the first row. */
    value: (query: string, ...values: (string | number)[]) =>
      db.$client.query(query).values(...values)[0]?.[0] as never,
    rows: <Row = Record<string, unknown>>(query: string, ...values: (string | number)[]) =>
      db.$client.query(query).all(...values) as Row[],
    async [Symbol.asyncDispose]() {
      await store.idle();
      closeDatabase(db);
      own?.[Symbol.dispose]();
    },
  };
}

/** Stores a contact with this number. */
export function insertContact(
  tx: Transaction,
  phone_number: string,
  fields: Partial<Contact> = {},
): Contact {
  const row = {
    id: tx.newId(),
    created_at: tx.at,
    updated_at: tx.at,
    phone_number,
    first_name: null,
    last_name: null,
    email: null,
    source: "api" as const,
    agent_notes: null,
    call_count: 0,
    last_contact_at: null,
    custom: {},
    ...fields,
  };
  return { ...row, seq: tx.insert(contactEntity, row) };
}

/** Where the imports of a script in another process start. */
export const SUPPORT = import.meta.dir;

/** Runs a script in another process. */
export const spawnScript = (script: string, args: string[] = []) =>
  Bun.spawn([process.execPath, "-e", script, ...args], {
    cwd: SUPPORT,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });

/** The pages of a table in a file, the root first. */
export function pagesOf(file: string, table: string): number[] {
  // better-sqlite3 is compiled with the table that lists pages.
  const db = new BetterSqlite3(file, { readonly: true });
  const pages = db
    .prepare("select pageno from dbstat where name = ? order by path")
    .pluck()
    .all(table);
  db.close();
  return pages as number[];
}

/** Makes the schema that of before the audit log had a key: takes back what later migrations added. */
export const BEFORE_AUDIT_KEY = `
  alter table audit_head drop column signature;
  alter table users drop column role;
  alter table users drop column active;
  drop table invitations;
  alter table organization drop column country;
  pragma user_version = 3;
`;
