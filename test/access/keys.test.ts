/** API keys: what is stored, and when a key is accepted. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { type ApiKey, createKeys, type Keys, type NewKey } from "../../src/access/keys.ts";
import { createToken, tokenHash } from "../../src/access/token.ts";
import { isoTime } from "../../src/lib/clock.ts";
import { createStore } from "../../src/store/change.ts";
import { closeDatabase, openDatabase } from "../../src/store/open.ts";
import { ACTOR, AUDIT_KEY, openTestStore, spawnScript, type TestStore } from "../support/store.ts";

const LIVE = ["live"] as const;

function openKeys() {
  const world = openTestStore();
  const keys = createKeys(world.store, world.clock, world.random);
  const make = (fields: Partial<NewKey> = {}) =>
    world.store.change(ACTOR, (tx) =>
      keys.create(tx, { name: "CRM", kind: "live", scope: "write", expires_at: null, ...fields }),
    );
  return Object.assign(world, { keys, make });
}

const isAccepted = (keys: Keys, token: string) =>
  typeof keys.authenticate(token, LIVE) === "object";

/** A request that arrives after another process's commit is handled in a later turn of the event loop. */
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** All bytes on disk. */
const bytesAtRest = ({ file }: TestStore) =>
  ["", "-wal"]
    .map((end) => (existsSync(file + end) ? readFileSync(file + end).toString("latin1") : ""))
    .join();

describe("a key", () => {
  test("is found by its token, and authenticating writes nothing", async () => {
    await using world = openKeys();
    const { key, token } = await world.make();
    const found = world.keys.authenticate(token, LIVE);
    expect(found).toEqual(key);
    expect(key).toMatchObject({ prefix: `${token.slice(0, 14)}...`, active: true, scope: "write" });
    expect(key.id).toBe(world.value("select id from api_keys"));
    const changes: number = world.value("select total_changes()");
    for (let i = 0; i < 10; i += 1) world.keys.authenticate(token, LIVE);
    expect(world.value("select total_changes()")).toBe(changes as never);
  });

  test("is stored as a hash only: its plain text is not in the file, the WAL or the audit log", async () => {
    await using world = openKeys();
    const { key, token } = await world.make();
    const rotated = await world.store.change(ACTOR, (tx) => world.keys.rotate(tx, key, 1_000));
    for (const plain of [token, rotated.token]) {
      for (const part of [plain, plain.slice(14), plain.slice(8, 34), plain.slice(34)]) {
        expect(bytesAtRest(world)).not.toContain(part);
      }
      expect(bytesAtRest(world)).toContain(tokenHash(plain));
    }
    const audit = world.rows<{ changes: string }>("select changes from audit");
    for (const { changes } of audit) expect(changes).not.toMatch(/hash|[0-9a-f]{64}/);
    world.db.$client.exec("pragma wal_checkpoint(truncate)");
    expect(bytesAtRest(world)).not.toContain(token.slice(14));
  });

  test("is refused with the reason: malformed, unknown or of the wrong kind", async () => {
    await using world = openKeys();
    const { token } = await world.make();
    const last = token.at(-1) === "A" ? "B" : "A";
    expect(world.keys.authenticate("", LIVE)).toBe("malformed");
    expect(world.keys.authenticate(`${token} `, LIVE)).toBe("malformed");
    expect(world.keys.authenticate(token.slice(0, -1) + last, LIVE)).toBe("malformed");
    expect(world.keys.authenticate(createToken("live", world.random), LIVE)).toBe("unknown");
    expect(world.keys.authenticate(token, ["plat"])).toBe("wrong kind");
    expect(world.keys.authenticate(token, ["test", "plat"])).toBe("wrong kind");
    const platform = await world.make({ kind: "plat", scope: null });
    expect(world.keys.authenticate(platform.token, LIVE)).toBe("wrong kind");
    expect(world.keys.authenticate(platform.token, ["plat"])).toEqual(platform.key);
  });

  test("is refused from the moment it is disabled, accepted once enabled again, and never again once deleted", async () => {
    await using world = openKeys();
    const { key, token } = await world.make();
    const { keys, store } = world;
    expect(isAccepted(keys, token)).toBe(true);
    const off = await store.change(ACTOR, (tx) => keys.setActive(tx, key, false));
    expect(keys.authenticate(token, LIVE)).toBe("inactive");
    const on = await store.change(ACTOR, (tx) => keys.setActive(tx, off, true));
    expect(isAccepted(keys, token)).toBe(true);
    await store.change(ACTOR, (tx) => keys.remove(tx, on));
    expect(keys.authenticate(token, LIVE)).toBe("unknown");
    expect(world.rows("select action, entity_id from audit")).toEqual([
      { action: "created", entity_id: key.id },
      { action: "updated", entity_id: key.id },
      { action: "updated", entity_id: key.id },
      { action: "deleted", entity_id: key.id },
    ]);
  });

  test("that was refused as unknown is accepted as soon as it is stored", async () => {
    await using world = openKeys();
    const token = createToken("live", world.random);
    expect(world.keys.authenticate(token, LIVE)).toBe("unknown");
    const { key } = await world.make();
    world.db.$client.run("update api_keys set hash = ? where id = ?", [tokenHash(token), key.id]);
    expect(isAccepted(world.keys, token)).toBe(true);
  });

  test("of a failed write is not accepted", async () => {
    await using world = openKeys();
    let token = "";
    const refused = world.store.change(ACTOR, (tx) => {
      token = world.keys.create(tx, {
        name: "x",
        kind: "live",
        scope: "read",
        expires_at: null,
      }).token;
      throw new Error("no");
    });
    await refused.catch(() => undefined);
    expect(world.keys.authenticate(token, LIVE)).toBe("unknown");
  });

  test("is accepted until the millisecond before its expiry", async () => {
    await using world = openKeys();
    const { token } = await world.make({ expires_at: isoTime(world.clock.now() + 5_000) });
    world.clock.advance(4_999);
    expect(isAccepted(world.keys, token)).toBe(true);
    world.clock.advance(1);
    expect(world.keys.authenticate(token, LIVE)).toBe("expired");
    world.clock.advance(1);
    expect(world.keys.authenticate(token, LIVE)).toBe("expired");
  });
});

describe("a change by another process applies from the next request on", () => {
  test.each([
    ["disabled", "update api_keys set active = 0", "inactive"],
    ["expired", "update api_keys set expires_at = '2020-01-01T00:00:00.000Z'", "expired"],
    ["deleted", "delete from api_keys", "unknown"],
  ])("%s by another connection", async (_, statement, refusal) => {
    await using world = openKeys();
    const { token } = await world.make();
    const other = new Database(world.file);
    for (let i = 0; i < 3; i += 1) expect(isAccepted(world.keys, token)).toBe(true);
    other.exec(statement);
    await nextTurn();
    expect(world.keys.authenticate(token, LIVE)).toBe(refusal as never);
    other.close();
  });

  test("disabled and enabled repeatedly by the same code over another connection", async () => {
    await using world = openKeys();
    const { key, token } = await world.make();
    const db = openDatabase(world.directory, { create: false, auditKey: AUDIT_KEY });
    const store = createStore(db, world.clock, world.ids, AUDIT_KEY);
    const keys = createKeys(store, world.clock, world.random);
    for (let i = 0; i < 10; i += 1) {
      const active = i % 2 === 1;
      await store.change(ACTOR, (tx) => keys.setActive(tx, keys.find(key.id) as ApiKey, active));
      await nextTurn();
      expect(isAccepted(world.keys, token)).toBe(active);
      expect(isAccepted(keys, token)).toBe(active);
    }
    closeDatabase(db);
  });

  test("disabled by another process", async () => {
    await using world = openKeys();
    const { key, token } = await world.make();
    expect(isAccepted(world.keys, token)).toBe(true);
    await using child = spawnScript(
      `
      import { createKeys } from "../../src/access/keys.ts";
      import { ACTOR, openTestStore } from "./store.ts";
      const [directory, id] = process.argv.slice(-2);
      const world = openTestStore({ directory });
      const keys = createKeys(world.store, world.clock, world.random);
      await world.store.change(ACTOR, (tx) => keys.setActive(tx, keys.find(id), false));
      console.log("done");
      await new Promise(() => setInterval(() => {}, 1_000));
      `,
      [world.directory, key.id],
    );
    // The other process still runs: nothing depends on its end.
    const { value } = await child.stdout.getReader().read();
    expect(Buffer.from(value!).toString()).toBe("done\n");
    expect(world.keys.authenticate(token, LIVE)).toBe("inactive");
    child.kill("SIGKILL");
    await child.exited;
  });
});

describe("rotating", () => {
  const DAY = 86_400_000;

  test("never extends a key's life: the old key expires after the overlap or at its own expiry, the new key at that expiry too", async () => {
    const life = fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 400 * DAY }));
    await fc.assert(
      fc.asyncProperty(
        ...([life, fc.nat(30 * DAY), fc.nat(400 * DAY)] as const),
        async (lifeMs, overlap, waited) => {
          await using world = openKeys();
          const expires_at = lifeMs === null ? null : isoTime(world.clock.now() + lifeMs);
          const first = await world.make({ expires_at, scope: "read", name: "Reader" });
          world.clock.advance(waited);
          const rotated = world.store.change(ACTOR, (tx) =>
            world.keys.rotate(tx, world.keys.find(first.key.id) as ApiKey, overlap),
          );
          if (lifeMs !== null && waited >= lifeMs) {
            const error = await rotated.catch((thrown) => thrown);
            expect(error).toMatchObject({ failure: { kind: "key_expired" } });
            expect(world.value("select count(*) from api_keys")).toBe(1 as never);
            return;
          }
          const { key, token, old } = await rotated;
          expect(key).toMatchObject({ name: "Reader", scope: "read", kind: "live", expires_at });
          expect(key.active).toBe(true);
          const oldEnd = Math.min(
            overlap,
            lifeMs === null ? Number.POSITIVE_INFINITY : lifeMs - waited,
          );
          expect(Date.parse(old.expires_at!) - world.clock.now()).toBe(oldEnd);
          expect(isAccepted(world.keys, token)).toBe(true);
          expect(isAccepted(world.keys, first.token)).toBe(oldEnd > 0);
          world.clock.advance(oldEnd);
          expect(isAccepted(world.keys, first.token)).toBe(false);
          if (lifeMs === null) return;
          world.clock.advance(Math.max(0, lifeMs - waited - oldEnd));
          expect(isAccepted(world.keys, token)).toBe(false);
        },
      ),
      { numRuns: 40 },
    );
  }, 30_000);

  test("a second time during the first overlap does not extend it", async () => {
    await using world = openKeys();
    const { key } = await world.make();
    const rotate = (which: ApiKey, overlap: number) =>
      world.store.change(ACTOR, (tx) => world.keys.rotate(tx, which, overlap));
    const { old } = await rotate(key, 1_000);
    const again = await rotate(old, 100 * DAY);
    expect(again.old.expires_at).toBe(old.expires_at);
    expect(again.key.expires_at).toBe(old.expires_at);
  });

  test("a disabled key is refused, and no key is created", async () => {
    await using world = openKeys();
    const { key } = await world.make();
    const off = await world.store.change(ACTOR, (tx) => world.keys.setActive(tx, key, false));
    const error = await world.store
      .change(ACTOR, (tx) => world.keys.rotate(tx, off, DAY))
      .catch((thrown) => thrown);
    expect(error).toMatchObject({ failure: { kind: "key_inactive" } });
    expect(world.value("select count(*) from api_keys")).toBe(1 as never);
  });
});

describe("finding", () => {
  test("by id, or by the shown prefix with or without dots; not by less of it or by a token", async () => {
    await using world = openKeys();
    const { key, token } = await world.make();
    await world.make({ name: "Another" });
    const prefix = token.slice(0, 14);
    for (const name of [key.id, prefix, `${prefix}...`]) expect(world.keys.find(name)).toEqual(key);
    for (const name of ["", "...", "av_live_", token.slice(0, 13), token, key.id.slice(0, 8)]) {
      expect(world.keys.find(name)).toBeNull();
    }
  });

  test("by a prefix that two keys have is ambiguous, by id it is not", async () => {
    await using world = openKeys();
    const one = await world.make();
    const two = await world.make();
    world.db.$client.run("update api_keys set prefix = ?", [one.key.prefix]);
    expect(world.keys.find(one.key.prefix)).toBe("ambiguous");
    expect((world.keys.find(two.key.id) as ApiKey).id).toBe(two.key.id);
  });

  test("lists keys newest first", async () => {
    await using world = openKeys();
    const names = ["one", "two", "three"];
    for (const name of names) {
      await world.make({ name });
      world.clock.advance(name === "two" ? 0 : 1);
    }
    expect(world.keys.list().map(({ name }) => name)).toEqual(names.toReversed());
  });
});

describe("last uses", () => {
  test("are known without delay, written later together, without an audit row, and survive a restart", async () => {
    await using world = openKeys();
    const { key, token } = await world.make();
    const at = isoTime(world.clock.now());
    world.keys.recordUse(key, () => "192.0.2.1");
    expect(world.keys.lastUse(key)).toMatchObject({ at, ip: "192.0.2.1" });
    expect(world.value("select last_used_at from api_keys")).toBeNull();
    const audited = world.value("select count(*) from audit");
    await world.keys.flushUses();
    expect(world.rows("select last_used_at, last_used_ip from api_keys")).toEqual([
      { last_used_at: at, last_used_ip: "192.0.2.1" },
    ]);
    expect(world.value("select count(*) from audit")).toBe(audited);
    const restarted = createKeys(world.store, world.clock, world.random);
    const found = restarted.authenticate(token, LIVE) as ApiKey;
    expect(restarted.lastUse(found)).toEqual({ at, ip: "192.0.2.1" });
  });

  test("are recorded once a second, and written once", async () => {
    await using world = openKeys();
    const { key } = await world.make();
    world.clock.setWall(Date.parse("2026-11-23T10:00:00.000Z"));
    world.keys.recordUse(key, () => "192.0.2.1");
    world.clock.advance(999);
    world.keys.recordUse(key, () => "192.0.2.2");
    expect(world.keys.lastUse(key).ip).toBe("192.0.2.1");
    world.clock.advance(1);
    world.keys.recordUse(key, () => "192.0.2.3");
    expect(world.keys.lastUse(key).ip).toBe("192.0.2.3");
    await world.keys.flushUses();
    const changes = world.value("select total_changes()");
    await world.keys.flushUses();
    expect(world.value("select total_changes()")).toBe(changes);
  });

  test("of a deleted key do not restore it", async () => {
    await using world = openKeys();
    const { key } = await world.make();
    world.keys.recordUse(key, () => "192.0.2.1");
    await world.store.change(ACTOR, (tx) => world.keys.remove(tx, key));
    await world.keys.flushUses();
    expect(world.value("select count(*) from api_keys")).toBe(0 as never);
  });
});
