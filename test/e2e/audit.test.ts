/** The audit log on the command line and at the start of the server: noted heads, the secret key, the schema. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type AuditRow, GENESIS, unkeyedRowHash } from "../../src/store/audit-chain.ts";
import { type Executable, installExecutable, type Serving } from "../support/executable.ts";
import { BEFORE_AUDIT_KEY } from "../support/store.ts";

const HEAD = /^\d+:[0-9a-f]{64}$/;
const HEAD_LINE = /"head":"(\d+:[0-9a-f]{64})","msg":"audit log head"/g;

let allison: Executable;
let log = "";
beforeAll(async () => {
  allison = installExecutable();
  await using server: Serving = await allison.serve();
  await allison.run(["keys", "create", "--name", "One", "--scope", "read"]);
  await allison.run(["keys", "create", "--name", "Two", "--scope", "read"]);
  server.kill("SIGTERM");
  await server.ended;
  log = server.log();
});
afterAll(() => allison[Symbol.dispose]());

const audit = (...args: string[]) => allison.run(["audit", ...args]);
const secretKey = () => readFileSync(join(allison.path, "allison-data/secret.key"), "utf8").trim();

/** Copies the data directory, changes the copy, and returns its name. */
function copyData(name: string, change?: (sqlite: Database) => void): string {
  cpSync(join(allison.path, "allison-data"), join(allison.path, name), { recursive: true });
  if (change) {
    const sqlite = new Database(join(allison.path, name, "allison.db"));
    change(sqlite);
    sqlite.close();
  }
  return name;
}

describe("the head of the audit log", () => {
  test("is logged when the server starts and when it stops, and each of them verifies", async () => {
    const [atStart, atStop, ...more] = [...log.matchAll(HEAD_LINE)].map(([, head]) => head!);
    expect(more).toEqual([]);
    expect(atStart).not.toBe(atStop);
    expect((await audit("head")).stdout.trim()).toBe(atStop!);
    for (const head of [atStart!, atStop!]) {
      expect((await audit("verify", "--head", head)).exitCode).toBe(0);
    }
  });

  test("is printed by `audit head`, also as JSON, and by `audit verify`", async () => {
    const { stdout } = await audit("head");
    expect(stdout.trim()).toMatch(HEAD);
    const [row, hash] = stdout.trim().split(":");
    expect(JSON.parse((await audit("head", "--json")).stdout)).toEqual({ row: Number(row), hash });
    expect((await audit("verify")).stdout).toBe(`intact: ${row} rows, head ${stdout.trim()}\n`);
  });

  test("is not found with another number or hash, or in a log that was set back to an earlier state", async () => {
    const [row, hash] = (await audit("head")).stdout.trim().split(":") as [string, string];
    for (const head of [`1:${hash}`, `${row}:${"f".repeat(64)}`]) {
      const wrong = await audit("verify", "--head", head);
      expect([wrong.exitCode, wrong.stdout]).toEqual([1, ""]);
      expect(wrong.stderr).toContain("--head");
    }
    const earlier = copyData("earlier");
    await allison.run(["keys", "create", "--name", "Three", "--scope", "read", "--data", earlier]);
    const later = await audit("head", "--data", earlier);
    expect((await audit("verify", "--head", later.stdout.trim())).exitCode).toBe(1);
  });
});

describe("the secret key of the audit log", () => {
  test("may come from ALLISON_SECRET_KEY instead of the file", async () => {
    const data = copyData("key-in-environment");
    const env = { ALLISON_SECRET_KEY: secretKey() };
    rmSync(join(allison.path, data, "secret.key"));
    const verified = await allison.run(["audit", "verify", "--data", data], { env });
    expect([verified.exitCode, verified.stderr]).toEqual([0, ""]);
    const missing = await audit("verify", "--data", data);
    expect(missing.exitCode).not.toBe(0);
    expect(missing.stderr).toMatch(/key file .*secret\.key is missing.*ALLISON_SECRET_KEY/);
  });

  test("of a new install says that the log had a key from its first row, so that a database disguised as older is detected", async () => {
    expect(secretKey()).toMatch(/^v2:[0-9a-f]{64}$/);
    const data = copyData("disguised", (sqlite) => {
      sqlite.exec(BEFORE_AUDIT_KEY);
      sqlite.exec("drop trigger audit_no_update");
      let previous = GENESIS;
      for (const row of sqlite.query("select * from audit order by id").all() as AuditRow[]) {
        previous = unkeyedRowHash(previous, row);
        sqlite.query("update audit set hash = ? where id = ?").run(previous, row.id);
      }
      sqlite.query("update audit_head set hash = ?").run(previous);
    });
    const verified = await audit("verify", "--data", data);
    expect(verified.exitCode).toBe(1);
    expect(verified.stderr).toContain("not signed with this secret key");
  });

  test("if it is another one, verification, head and start of the server report it", async () => {
    const env = { ALLISON_SECRET_KEY: "ab".repeat(32) };
    const verified = await allison.run(["audit", "verify"], { env });
    expect(verified.exitCode).toBe(1);
    expect(verified.stderr).toContain("was not written with this secret key");
    const head = await allison.run(["audit", "head"], { env });
    expect([head.exitCode, head.stdout]).toEqual([1, ""]);
    expect(head.stderr).toContain("not signed with this secret key");
    const data = copyData("another-key");
    await using server = await allison.serve(["--data", data], env);
    expect(server.log()).toContain("was written with another secret key");
  });
});

describe("a schema that another program changed", () => {
  test("prevents the start, names the trigger, and is restored by the statements that verification prints", async () => {
    const data = copyData("no-trigger", (sqlite) => sqlite.exec("drop trigger audit_no_delete"));
    const started = await allison.run(["serve", "--port", "0", "--data", data]);
    expect(started.exitCode).not.toBe(0);
    expect(started.stderr).toContain("trigger audit_no_delete is missing");
    const verified = await audit("verify", "--data", data);
    expect(verified.exitCode).toBe(1);
    expect(verified.stderr).toContain("the trigger audit_no_delete is missing in the database");
    const statements = /These statements restore the schema:\n([\s\S]*)/.exec(verified.stderr)![1]!;
    const sqlite = new Database(join(allison.path, data, "allison.db"));
    sqlite.exec(statements);
    sqlite.close();
    expect((await audit("verify", "--data", data)).exitCode).toBe(0);
    await using server = await allison.serve(["--data", data]);
    expect(server.log()).toContain("audit log head");
  });

  test("does not prevent the start if it has tables and indexes of other programs", async () => {
    const data = copyData("other-tables", (sqlite) =>
      sqlite.exec("create table _litestream_seq (id integer primary key, seq integer)"),
    );
    await using server = await allison.serve(["--data", data]);
    expect(server.log()).toContain("audit log head");
  });
});
