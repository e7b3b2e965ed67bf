/** Another process holds the write lock: reads go on, writes wait for a bounded time, and nothing is lost or doubled. */
import { describe, expect, test } from "bun:test";
import { verifyAuditLog } from "../../src/audit/log.ts";
import { LIMITS } from "../../src/config.ts";
import { startTestServer } from "../support/harness.ts";
import { ACTOR, AUDIT_KEY, insertContact, openTestStore, spawnScript } from "../support/store.ts";

/** Holds the write lock of the database in its last argument for the number of milliseconds before it. */
const HOLD = `
  import { Database } from "bun:sqlite";
  const [ms, file] = process.argv.slice(-2);
  const db = new Database(file);
  db.exec("begin immediate");
  console.log("held");
  await Bun.sleep(Number(ms));
  db.exec("rollback");
`;

async function holdLock(file: string, ms: number) {
  const child = spawnScript(HOLD, [String(ms), file]);
  const reader = child.stdout.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe("held\n");
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
    },
  };
}

const numberOf = (i: number) => `+1555010${String(i).padStart(4, "0")}`;

describe("while another process holds the write lock", () => {
  test("reads are answered, and writes are stored once the lock is free", async () => {
    await using world = await startTestServer();
    let settled = 0;
    {
      await using _ = await holdLock(`${world.data}/allison.db`, 60_000);
      const writes = Array.from({ length: 5 }, (_, i) =>
        world.write
          .post("/v1/contacts", { phone_number: numberOf(i) })
          .finally(() => (settled += 1)),
      );
      // The writes are handed in before the reads.
      await Bun.sleep(100);
      for (let i = 0; i < 20; i += 1) {
        expect((await world.read.get("/v1/me")).status).toBe(200);
      }
      expect(settled).toBe(0);
      await _[Symbol.asyncDispose]();
      const statuses = (await Promise.all(writes)).map(({ status }) => status);
      expect(statuses).toEqual([201, 201, 201, 201, 201]);
    }
    expect((await world.read.get("/v1/contacts")).body.data).toHaveLength(5);
  });

  test("a write that waited until its deadline is refused with Retry-After, and its retry is stored once", async () => {
    await using world = await startTestServer();
    const headers = { "idempotency-key": "once" };
    const body = { phone_number: numberOf(1) };
    {
      await using _ = await holdLock(`${world.data}/allison.db`, 60_000);
      const refused = await world.write.post("/v1/contacts", body, headers);
      expect([refused.status, refused.body.error]).toEqual([503, "unavailable"]);
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect((await world.read.get("/v1/contacts")).body.data).toEqual([]);
    }
    const stored = await world.write.post("/v1/contacts", body, headers);
    const replayed = await world.write.post("/v1/contacts", body, headers);
    expect([stored.status, replayed.status]).toEqual([201, 201]);
    expect(replayed.body.data.id).toBe(stored.body.data.id);
    expect((await world.read.get("/v1/contacts")).body.data).toHaveLength(1);
  }, 30_000);

  test("the refusal names the process, all waiting writes are refused at once, and later writes keep their order", async () => {
    await using world = openTestStore();
    const write = (name: string) => world.store.change(ACTOR, (tx) => insertContact(tx, name));
    {
      await using holder = await holdLock(world.file, 60_000);
      const all = [
        ...Array.from({ length: 2 * LIMITS.groupOperations }, (_, i) => write(`n${i}`)),
        world.store.housekeep((db) => db.$client.exec("delete from contacts")),
      ];
      for (const { status, reason } of (await Promise.allSettled(all)) as PromiseRejectedResult[]) {
        expect([status, reason.name]).toEqual(["rejected", "StorageError"]);
        if (process.platform === "linux") expect(reason.message).toContain(String(holder.pid));
      }
    }
    const names = Array.from({ length: 20 }, (_, i) => `later${i}`);
    {
      await using _ = await holdLock(world.file, 200);
      await Promise.all(names.map(write));
    }
    const rows = world.rows("select phone_number from contacts order by seq");
    expect(rows.map(({ phone_number }) => phone_number as string)).toEqual(names);
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY })).toMatchObject({
      intact: true,
      rows: names.length,
    });
  }, 30_000);
});
