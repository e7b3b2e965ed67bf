/** The write path: what a change stores is stored whole and for good, or not at all. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { createVault } from "../../src/access/vault.ts";
import { verifyAuditLog } from "../../src/audit/log.ts";
import { LIMITS } from "../../src/config.ts";
import { toApiError } from "../../src/http/errors.ts";
import { isoTime } from "../../src/lib/clock.ts";
import { type Contact, contactEntity, contacts } from "../../src/resources/contacts.ts";
import { sampleOf } from "../../src/resources/events.ts";
import { teamMemberEntity } from "../../src/resources/team-members.ts";
import { bindSubscriptions } from "../../src/resources/webhook-subscriptions.ts";
import type { Entity } from "../../src/store/entity.ts";
import { isStorageFailure, StorageError } from "../../src/store/errors.ts";
import type { Transaction } from "../../src/store/transaction.ts";
import { newSecret, webhookSubscriptionEntity } from "../../src/webhooks/subscriptions.ts";
import { temporaryDirectory } from "../support/directory.ts";
import {
  ACTOR,
  AUDIT_KEY,
  insertContact,
  openTestStore,
  SUPPORT,
  type TestStore,
} from "../support/store.ts";

const count = ({ value }: TestStore, table: string): number =>
  value(`select count(*) from ${table}`);
const TABLES = ["contacts", "audit", "events", "webhook_deliveries"] as const;
const counts = (world: TestStore) => TABLES.map((table) => count(world, table));

/** What an observer of its own sees of the file. */
function seenFromOutside({ file }: TestStore, query: string): unknown[] {
  const other = new Database(file, { readonly: true });
  try {
    return other
      .query(query)
      .values()
      .map(([first]) => first);
  } finally {
    other.close();
  }
}

async function refusal(promise: Promise<unknown>): Promise<Error> {
  const [result] = await Promise.allSettled([promise]);
  if (result.status === "fulfilled") throw new Error("was stored");
  return result.reason as Error;
}

/** A subscription to everything that contacts raise. */
const subscribe = (world: TestStore) =>
  world.store.change(ACTOR, (tx) => {
    const id = tx.newId();
    const vault = createVault(new Uint8Array(32), world.random);
    const { secret, stored } = newSecret(id, vault, world.random);
    const row = bindSubscriptions(world.db).create(tx, {
      id,
      url: "https://192.0.2.1/hook",
      description: null,
      events: ["contact.created"],
      enabled: true,
      auto_disabled_reason: null,
      consecutive_failures: 0,
      failing_since: null,
      ...stored,
    });
    return { secret, row };
  });

describe("one change", () => {
  test("stores its row, audit row, event and delivery together before its promise resolves, visible to other processes", async () => {
    await using world = openTestStore();
    await subscribe(world);
    const before = counts(world);
    const contact = await world.store.change(ACTOR, (tx) => {
      const made = insertContact(tx, "+15550100001");
      tx.emit("contact.created", sampleOf("contact.created"));
      return made;
    });
    expect(counts(world)).toEqual(before.map((n) => n + 1));
    expect(seenFromOutside(world, "select id from contacts")).toEqual([contact.id]);
    expect(seenFromOutside(world, "select max(entity_id) from audit where id = 2")).toEqual([
      contact.id,
    ]);
    const [entry] = world.rows("select * from audit order by id desc limit 1");
    expect(entry).toMatchObject({
      action: "created",
      entity_type: "contact",
      entity_id: contact.id,
      at: contact.created_at,
      actor_type: "system",
      actor_name: "test",
      actor_id: null,
    });
    expect(JSON.parse(String(entry!.changes))).toEqual({
      phone_number: [null, "+15550100001"],
      source: [null, "api"],
      call_count: [null, 0],
      custom: [null, {}],
    });
  });

  test("leaves no trace if it throws after it has written rows, audit rows, events and deliveries", async () => {
    await using world = openTestStore();
    await subscribe(world);
    const kept = await world.store.change(ACTOR, (tx) => insertContact(tx, "+15550100000"));
    const before = counts(world);
    const head = world.rows("select * from audit_head");
    const error = await refusal(
      world.store.change(ACTOR, (tx) => {
        insertContact(tx, "+15550100001");
        tx.update(contactEntity, kept, { first_name: "Maria" });
        tx.emit("contact.created", sampleOf("contact.created"));
        throw new RangeError("no");
      }),
    );
    expect(error).toBeInstanceOf(RangeError);
    expect(counts(world)).toEqual(before);
    expect(world.rows("select * from audit_head")).toEqual(head);
    expect(world.value("select first_name from contacts")).toBeNull();
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY }).intact).toBe(true);
  });

  test("an update without a difference returns the same object and writes nothing", async () => {
    await using world = openTestStore();
    const before = await world.store.change(ACTOR, (tx) =>
      insertContact(tx, "+15550100001", { first_name: "Maria", custom: { a: "1", b: "2" } }),
    );
    world.clock.advance(1_000);
    const after = await world.store.change(ACTOR, (tx) =>
      tx.update(contactEntity, before, { first_name: "Maria", custom: { b: "2", a: "1" } }),
    );
    expect(after).toBe(before);
    expect(count(world, "audit")).toBe(1);
    expect(world.value("select updated_at from contacts")).toBe(before.updated_at as never);
  });

  test("an update stores the fields that differ, and the audit row has only their previous and new values", async () => {
    await using world = openTestStore();
    const before = await world.store.change(ACTOR, (tx) =>
      insertContact(tx, "+15550100001", { first_name: "Maria" }),
    );
    world.clock.advance(1_000);
    const after = await world.store.change(ACTOR, (tx) =>
      tx.update(contactEntity, before, { first_name: "Mary", call_count: 0 }),
    );
    expect(after).toEqual({
      ...before,
      first_name: "Mary",
      updated_at: isoTime(world.clock.now()),
    });
    expect(world.db.select().from(contacts).get()).toEqual(after);
    const [entry] = world.rows("select action, changes, at from audit where id = 2");
    expect(entry).toEqual({
      action: "updated",
      changes: '{"first_name":["Maria","Mary"]}',
      at: after.updated_at,
    });
  });

  test("an update or removal of a deleted row fails and writes no audit row", async () => {
    await using world = openTestStore();
    const member = await world.store.change(ACTOR, (tx) => insertTeamMember(tx));
    await world.store.change(ACTOR, (tx) => tx.remove(teamMemberEntity, member));
    for (const work of [
      (tx: Transaction) => void tx.update(teamMemberEntity, member, { name: "Another" }),
      (tx: Transaction) => tx.remove(teamMemberEntity, member),
    ]) {
      await refusal(world.store.change(ACTOR, work));
      expect(count(world, "audit")).toBe(2);
    }
  });

  test("a removal records the values of the row in the audit log", async () => {
    await using world = openTestStore();
    const member = await world.store.change(ACTOR, (tx) => insertTeamMember(tx));
    await world.store.change(ACTOR, (tx) => tx.remove(teamMemberEntity, member));
    expect(count(world, "team_members")).toBe(0);
    const [entry] = world.rows("select action, changes from audit where id = 2");
    expect(entry!.action).toBe("deleted");
    expect(JSON.parse(String(entry!.changes))).toMatchObject({
      name: [member.name, null],
      tags: [["spanish"], null],
    });
  });

  test("an absent JSON value is stored as SQL NULL, never as the text null, by creation and update", async () => {
    await using world = openTestStore();
    const member = await world.store.change(ACTOR, (tx) => insertTeamMember(tx));
    const kind = () => world.value("select typeof(transfer_hours) from team_members") as string;
    expect(kind()).toBe("null");
    const open = await world.store.change(ACTOR, (tx) =>
      tx.update(teamMemberEntity, member, { transfer_hours: {} as never }),
    );
    expect(kind()).toBe("text");
    await world.store.change(ACTOR, (tx) =>
      tx.update(teamMemberEntity, open, { transfer_hours: null }),
    );
    expect(kind()).toBe("null");
  });

  test("any text is read as it was stored, and the chain over it is intact", async () => {
    await using world = openTestStore();
    const any = fc.string({ unit: "binary", maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(any, fc.dictionary(any, any, { maxKeys: 5 }), async (text, custom) => {
        const made = await world.store.change({ ...ACTOR, name: text, user_agent: text }, (tx) =>
          insertContact(tx, tx.newId(), { first_name: text, custom }),
        );
        const read = world.rows<Record<"first_name" | "custom", string>>(
          "select * from contacts where id = ?",
          made.id,
        )[0]!;
        expect(read.first_name).toBe(text);
        expect(JSON.parse(read.custom)).toEqual(custom);
      }),
      { numRuns: 200 },
    );
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY }).intact).toBe(true);
  });
});

function insertTeamMember(tx: Transaction) {
  const row = {
    id: tx.newId(),
    created_at: tx.at,
    updated_at: tx.at,
    name: "Dana Whitfield",
    title: null,
    department: null,
    tags: ["spanish"],
    phone_number: null,
    email: null,
    location_id: null,
    transfer_hours: null,
    after_hours_transfer: false,
    active: true,
  };
  return { ...row, seq: tx.insert(teamMemberEntity, row) };
}

describe("changes of one tick", () => {
  type Plan = "stored" | "refused" | "refused after writing" | "unchanged" | "clash" | "two rows";
  const plans: fc.Arbitrary<Plan[]> = fc.array(
    fc.constantFrom<Plan>(
      "stored",
      "refused",
      "refused after writing",
      "unchanged",
      "clash",
      "two rows",
    ),
    { minLength: 1, maxLength: 40 },
  );

  test("are stored in order if they succeed, whatever others fail, with an intact chain without a gap", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(plans, { minLength: 1, maxLength: 3 }), async (ticks) => {
        await using world = openTestStore();
        const first = await world.store.change(ACTOR, (tx) => insertContact(tx, "first"));
        const expected = ["first"];
        let number = 0;
        for (const tick of ticks) {
          const results = await Promise.allSettled(
            tick.map((plan) => {
              number += 1;
              const name = `n${number}`;
              if (plan === "stored") expected.push(name);
              if (plan === "two rows") expected.push(`${name}a`, `${name}b`);
              return world.store.change(ACTOR, (tx) => perform(plan, tx, name, first));
            }),
          );
          expect(results.map(({ status }) => status === "fulfilled")).toEqual(
            tick.map((plan) => ["stored", "unchanged", "two rows"].includes(plan)),
          );
        }
        const stored = world.rows("select id, phone_number from contacts order by seq");
        expect(stored.map((row) => row.phone_number)).toEqual(expected);
        const audited = world.rows("select id, entity_id from audit order by id");
        expect(audited.map((row) => row.id)).toEqual(expected.map((_, i) => i + 1));
        expect(audited.map((row) => row.entity_id)).toEqual(stored.map((row) => row.id));
        expect(count(world, "events")).toBe(expected.length - 1);
        expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY })).toMatchObject({
          intact: true,
          rows: expected.length,
        });
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  function perform(plan: Plan, tx: Transaction, name: string, first: Contact): void {
    const insert = (phone: string) => {
      insertContact(tx, phone);
      tx.emit("contact.created", { phone });
    };
    if (plan === "refused") throw new Error(name);
    if (plan === "unchanged") return void tx.update(contactEntity, first, { first_name: null });
    if (plan === "two rows") insert(`${name}a`);
    insert(plan === "two rows" ? `${name}b` : name);
    if (plan === "clash") insert("first");
    if (plan === "refused after writing") throw new Error(name);
  }

  test("share one commit and thus one sync to the disk", async () => {
    await using world = openTestStore();
    let commits = 0;
    world.store.onCommit(() => (commits += 1));
    await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        world.store.change(ACTOR, (tx) => insertContact(tx, `n${i}`)),
      ),
    );
    expect(commits).toBe(1);
  });

  test(`if more than ${LIMITS.groupOperations}, use several commits and are all stored and answered in order`, async () => {
    await using world = openTestStore();
    let commits = 0;
    world.store.onCommit(() => (commits += 1));
    const total = 2 * LIMITS.groupOperations + 1;
    const answered: number[] = [];
    await Promise.all(
      Array.from({ length: total }, (_, i) =>
        world.store.change(ACTOR, (tx) => insertContact(tx, `n${i}`)).then(() => answered.push(i)),
      ),
    );
    expect(commits).toBe(3);
    expect(answered).toEqual(Array.from({ length: total }, (_, i) => i));
    expect(counts(world).slice(0, 2)).toEqual([total, total]);
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY })).toMatchObject({
      intact: true,
      rows: total,
    });
  });

  test(`if longer than ${LIMITS.groupMs} ms, use several commits and are all stored`, async () => {
    await using world = openTestStore();
    let commits = 0;
    world.store.onCommit(() => (commits += 1));
    await Promise.all(
      Array.from({ length: 4 }, (_, i) =>
        world.store.change(ACTOR, (tx) => {
          world.clock.advance(LIMITS.groupMs / 2 + 1);
          insertContact(tx, `n${i}`);
        }),
      ),
    );
    expect(commits).toBe(2);
    expect(count(world, "contacts")).toBe(4);
  });

  test("see the writes of earlier changes, but not those of a refused change", async () => {
    await using world = openTestStore();
    const numbers = (tx: Transaction) =>
      tx.db
        .select()
        .from(contacts)
        .all()
        .map((row) => row.phone_number);
    const [, , seen] = await Promise.allSettled([
      world.store.change(ACTOR, (tx) => insertContact(tx, "one")),
      world.store.change(ACTOR, (tx) => {
        insertContact(tx, "two");
        throw new Error("no");
      }),
      world.store.change(ACTOR, (tx) => numbers(tx)),
    ]);
    expect(seen).toEqual({ status: "fulfilled", value: ["one"] });
  });

  test("are stored if they are requested after another change or while one runs", async () => {
    await using world = openTestStore();
    let inner: Promise<unknown> | undefined;
    await world.store.change(ACTOR, (tx) => {
      insertContact(tx, "one");
      inner = world.store.change(ACTOR, (later) => insertContact(later, "two"));
    });
    await inner;
    await world.store.change(ACTOR, (tx) => insertContact(tx, "three"));
    expect(counts(world).slice(0, 2)).toEqual([3, 3]);
  });

  test("idle waits until every requested write is stored or refused", async () => {
    await using world = openTestStore();
    const decided: string[] = [];
    for (let i = 0; i < 2 * LIMITS.groupOperations; i += 1) {
      const name = `n${i}`;
      world.store
        .change(ACTOR, (tx) => {
          insertContact(tx, name);
          if (i % 7 === 0) throw new Error("no");
        })
        .then(
          () => decided.push(name),
          () => decided.push(name),
        );
    }
    await world.store.idle();
    await Promise.resolve();
    expect(decided.length).toBe(2 * LIMITS.groupOperations);
    await world.store.idle();
  });
});

/** Writes until it is refused, makes space by emptying the log, and writes once more. */
const UNTIL_FULL = `
  import { ACTOR, insertContact, openTestStore } from "./store.ts";
  const world = openTestStore({ directory: process.argv.at(-1) });
  world.db.$client.exec("pragma wal_autocheckpoint = 0");
  let full = false;
  const write = (name) =>
    world.store
      .change(ACTOR, (tx) => insertContact(tx, name, { agent_notes: "x".repeat(2_000) }))
      .then(() => console.log("stored", name), (error) => {
        console.log("refused", error.name);
        full = true;
      });
  for (let i = 0; !full && i < 10_000; i += 3) {
    await Promise.all([write("n" + i), write("n" + (i + 1)), write("n" + (i + 2))]);
  }
  world.db.$client.exec("pragma wal_checkpoint(truncate)");
  await write("after");
  await world[Symbol.asyncDispose]();
`;

describe("storage that fails", () => {
  async function expectAllUnavailable(promises: Promise<unknown>[]) {
    for (const result of await Promise.allSettled(promises)) {
      expect(result.status).toBe("rejected");
      const { reason } = result as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(StorageError);
      const error = toApiError(reason);
      expect(error.code).toBe("unavailable");
      expect(error.headers["Retry-After"]).toBe("5");
    }
  }
  const write = (world: TestStore, name: string, size = 10) =>
    world.store.change(ACTOR, (tx) => {
      insertContact(tx, name, { agent_notes: "x".repeat(size) });
      tx.emit("contact.created", { name });
    });

  test("a full disk refuses every writer of the group as unavailable and stores none; writes work again once there is space", async () => {
    await using world = openTestStore();
    await write(world, "before");
    const before = counts(world);
    const pages: number = world.value("pragma page_count");
    world.db.$client.exec(`pragma max_page_count = ${pages + 4}`);
    const group = [
      write(world, "small"),
      world.store.change(ACTOR, () => {
        throw new RangeError("refused by itself");
      }),
      write(world, "huge", 100_000),
    ];
    const next = write(world, "next");
    await expectAllUnavailable(group);
    await next;
    expect(counts(world).slice(0, 3)).toEqual(before.slice(0, 3).map((n) => n + 1));
    world.db.$client.exec("pragma max_page_count = 1000000");
    await write(world, "after", 100_000);
    expect(world.rows("select phone_number from contacts order by seq")).toEqual([
      { phone_number: "before" },
      { phone_number: "next" },
      { phone_number: "after" },
    ]);
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY })).toMatchObject({
      intact: true,
      rows: 3,
    });
  });

  test("a file that cannot be written refuses all waiting changes and housekeeping; later changes work and continue the chain", async () => {
    await using world = openTestStore();
    await write(world, "before");
    world.db.$client.exec("pragma query_only = on");
    await expectAllUnavailable([
      ...Array.from({ length: LIMITS.groupOperations + 5 }, (_, i) => write(world, `n${i}`)),
      world.store.housekeep((db) => db.delete(contacts).run()),
    ]);
    await world.store.idle();
    world.db.$client.exec("pragma query_only = off");
    await write(world, "after");
    expect(counts(world).slice(0, 3)).toEqual([2, 2, 2]);
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY })).toMatchObject({
      intact: true,
      rows: 2,
    });
  });

  test("a failed commit refuses the changes in it and no others", async () => {
    await using world = openTestStore();
    // A deferred foreign key is checked by the commit alone.
    world.db.$client.exec(
      "create table pointing (to_seq integer references contacts (seq) deferrable initially deferred)",
    );
    const group = Array.from({ length: LIMITS.groupOperations }, (_, i) => write(world, `n${i}`));
    const bad = world.store.housekeep((db) =>
      db.$client.exec("insert into pointing values (4711)"),
    );
    const next = write(world, "next");
    await Promise.all(group);
    expect((await refusal(bad)).message).toContain("FOREIGN KEY");
    await refusal(next);
    await write(world, "after");
    expect(count(world, "contacts")).toBe(LIMITS.groupOperations + 1);
    expect(count(world, "pointing")).toBe(0);
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY }).intact).toBe(true);
  });

  test("a disk that is full at the commit keeps exactly the acknowledged changes", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    // The operating system refuses to let any file grow over 1 MiB.
    const child = Bun.spawn(
      [
        "sh",
        "-c",
        `trap '' XFSZ; ulimit -S -f 2048; exec "$@"`,
        "sh",
        process.execPath,
        "-e",
        UNTIL_FULL,
        data,
      ],
      { cwd: SUPPORT, stdout: "pipe", stderr: "inherit" },
    );
    const printed = (await child.stdout.text()).trim().split("\n");
    expect(await child.exited).toBe(0);
    const acknowledged = printed.filter((line) => line.startsWith("stored "));
    expect(printed).toContain("refused StorageError");
    expect(printed.at(-1)).toBe("stored after");
    expect(acknowledged.length).toBeGreaterThan(5);
    await using world = openTestStore({ directory: data });
    const stored = world.rows("select phone_number from contacts order by seq");
    expect(stored.map(({ phone_number }) => `stored ${phone_number}`)).toEqual(acknowledged);
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY })).toMatchObject({
      intact: true,
      rows: stored.length,
    });
    expect(world.value("pragma integrity_check")).toBe("ok" as never);
  });

  test("only error codes of SQLite count as failures of the storage", () => {
    const coded = (code: string) => Object.assign(new Error("x"), { code });
    for (const code of ["SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_READONLY", "SQLITE_BUSY"]) {
      expect(isStorageFailure(coded(code))).toBe(true);
    }
    for (const error of [coded("SQLITE_CONSTRAINT_UNIQUE"), new Error("SQLITE_FULL"), "x", null]) {
      expect(isStorageFailure(error)).toBe(false);
    }
  });
});

describe("the content of the audit log", () => {
  const bytesOf = (world: TestStore) => {
    world.db.$client.exec("pragma wal_checkpoint(truncate)");
    return readFileSync(world.file).toString("latin1");
  };

  test("shows that a masked field changed, never its values", async () => {
    await using world = openTestStore();
    const { secret, row } = await subscribe(world);
    await world.store.change(ACTOR, (tx) =>
      tx.update(webhookSubscriptionEntity, row, { secret: "sealed-anew" }),
    );
    const changes = world.rows<{ changes: string }>("select changes from audit order by id");
    expect(JSON.parse(changes[0]!.changes).secret).toEqual([null, "***"]);
    expect(JSON.parse(changes[1]!.changes)).toEqual({ secret: ["***", "***"] });
    for (const { changes: text } of changes) {
      expect(text).not.toContain(row.secret);
      expect(text).not.toContain("sealed-anew");
      expect(text).not.toContain(secret.slice(6));
    }
    expect(bytesOf(world)).not.toContain(secret);
  });

  test("shows the length and hash of a digested field, and never an ignored field, also if only that one changed", async () => {
    await using world = openTestStore();
    const entity = {
      type: "contact",
      table: contacts,
      digested: ["agent_notes"],
      ignored: ["call_count"],
      masked: ["email"],
    } satisfies Entity;
    const made = await world.store.change(ACTOR, (tx) => insertContact(tx, "one"));
    const next = await world.store.change(ACTOR, (tx) =>
      tx.update(entity, made, {
        agent_notes: "plain-notes",
        call_count: 4711,
        email: "plain-email",
      }),
    );
    expect(next.agent_notes).toBe("plain-notes");
    const text: string = world.value("select changes from audit where id = 2");
    const hash = new Bun.CryptoHasher("sha256").update('"plain-notes"').digest("hex");
    expect(JSON.parse(text)).toEqual({
      agent_notes: [null, { sha256: hash, length: 13 }],
      email: [null, "***"],
    });
    expect(text).not.toMatch(/plain|4711/);
    const same = await world.store.change(ACTOR, (tx) =>
      tx.update(entity, next, { call_count: 1 }),
    );
    expect(same).toBe(next);
    expect(count(world, "audit")).toBe(2);
  });

  test("shows the length and hash of the canonical JSON of a previous or new value that is longer than the limit", async () => {
    await using world = openTestStore();
    const limit = LIMITS.auditValueLength;
    const text = "ü".repeat(limit);
    const custom = { b: "ß".repeat(limit / 2), a: "x".repeat(limit / 2) };
    const made = await world.store.change(ACTOR, (tx) =>
      insertContact(tx, "one", { first_name: text, last_name: `${text}!`, custom }),
    );
    await world.store.change(ACTOR, (tx) => tx.update(contactEntity, made, { custom: {} }));
    const digest = (canonical: string) => ({
      sha256: new Bun.CryptoHasher("sha256").update(canonical).digest("hex"),
      length: Buffer.byteLength(canonical),
    });
    const customDigest = digest(`{"a":"${custom.a}","b":"${custom.b}"}`);
    const [first, second] = world
      .rows<{ changes: string }>("select changes from audit order by id")
      .map(({ changes }) => JSON.parse(changes));
    expect(first).toMatchObject({
      first_name: [null, text],
      last_name: [null, digest(`"${text}!"`)],
      custom: [null, customDigest],
    });
    expect(second).toEqual({ custom: [customDigest, {}] });
  });

  test("has no row for a value that follows from another change, and updated_at stays as it is", async () => {
    await using world = openTestStore();
    const made = await world.store.change(ACTOR, (tx) => insertContact(tx, "one"));
    world.clock.advance(1_000);
    await world.store.change(ACTOR, (tx) => tx.follow(contactEntity, made, { call_count: 5 }));
    expect(world.db.select().from(contacts).get()).toEqual({ ...made, call_count: 5 });
    expect(count(world, "audit")).toBe(1);
  });
});

describe("commit listeners", () => {
  test("are called for every commit that changed something, before its writers continue, and for no other", async () => {
    await using world = openTestStore();
    const heard: string[] = [];
    world.store.onCommit(() => heard.push("commit"));
    await world.store.change(ACTOR, () => undefined).then(() => heard.push("nothing"));
    await world.store.change(ACTOR, (tx) => insertContact(tx, "one")).then(() => heard.push("one"));
    expect(heard).toEqual(["nothing", "commit", "one"]);
  });
});
