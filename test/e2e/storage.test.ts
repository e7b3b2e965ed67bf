/** What happens to the storage, with the real executable: replaced files, lost files and damage are named, never hidden. */
import { afterAll, expect, test } from "bun:test";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "../support/client.ts";
import { installExecutable, type Serving } from "../support/executable.ts";
import { freshNumber } from "../support/samples.ts";
import { pagesOf } from "../support/store.ts";

const allison = installExecutable();
afterAll(() => allison[Symbol.dispose]());

async function writeContacts(server: Serving, data: string, count: number) {
  const args = ["keys", "create", "--name", "Writer", "--scope", "write", "--data", data];
  const token = (await allison.run(args)).stdout.trim();
  const client = createClient(server.url, token);
  for (let i = 0; i < count; i += 1) {
    const { status } = await client.post("/v1/contacts", { phone_number: freshNumber() });
    expect(status).toBe(201);
  }
  return { client, token };
}

const stop = async (server: Serving) => {
  server.kill("SIGTERM");
  return server.ended;
};

test("a removed database is named by the log and by health, and is not replaced by an empty one", async () => {
  const data = "removed";
  const file = join(allison.path, data, "allison.db");
  const serve = () => allison.serve(["--data", data], { ALLISON_WRITES_PER_MINUTE: "1000" });
  await using server = await serve();
  const { client, token } = await writeContacts(server, data, 20);
  rmSync(file);
  const line = JSON.parse((await server.until(/^.*"state":"replaced".*$/m))[0]!);
  expect(line).toMatchObject({
    level: "error",
    remedy: expect.stringContaining("stop the server"),
  });
  expect((await client.post("/v1/contacts", { phone_number: freshNumber() })).status).toBe(503);
  const health = await allison.run(["health", "--data", data]);
  expect([health.exitCode, health.stderr]).toEqual([
    1,
    expect.stringContaining("a file of the database was removed or replaced"),
  ]);
  expect(await stop(server)).toBe(0);
  expect(server.log().split('"state":"replaced"').length).toBe(2);

  const refused = await allison.run(["serve", "--port", "0", "--data", data]);
  expect([refused.exitCode, refused.stderr]).toEqual([
    2,
    expect.stringContaining("--new-database"),
  ]);
  const copy = readdirSync(join(allison.path, data)).find((name) => name.includes(".db.kept-"))!;
  renameSync(join(allison.path, data, copy), file);
  await using again = await serve();
  const { body } = await createClient(again.url, token).get("/v1/contacts?limit=100");
  expect(body.data.length).toBe(20);
}, 60_000);

test("commands beside a server that has checked its files several times share its log", async () => {
  const data = "beside";
  await using server = await allison.serve(["--data", data]);
  for (let i = 0; i < 3; i += 1) {
    await Bun.sleep(1_100);
    const { client } = await writeContacts(server, data, 2);
    expect((await client.get("/v1/contacts")).body.data.length).toBe(2 * (i + 1));
    expect((await allison.run(["doctor", "--data", data])).exitCode).toBe(0);
  }
  expect((await allison.run(["health", "--data", data])).exitCode).toBe(0);
}, 60_000);

test("a new database in the place of a lost one is made only if the option or its variable says so", async () => {
  const data = "lost";
  const args = ["serve", "--port", "0", "--data", data];
  await stop(await allison.serve(["--data", data]));
  rmSync(join(allison.path, data, "allison.db"));
  for (const value of ["", "false", "0"]) {
    const refused = await allison.run(args, { env: { ALLISON_NEW_DATABASE: value } });
    expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining("secret.key")]);
  }
  const wrong = await allison.run(args, { env: { ALLISON_NEW_DATABASE: "maybe" } });
  expect([wrong.exitCode, wrong.stderr]).toEqual([
    2,
    'ALLISON_NEW_DATABASE must be true or false, not "maybe".\n',
  ]);
  await stop(await allison.serve(["--data", data], { ALLISON_NEW_DATABASE: "true" }));
  await stop(await allison.serve(["--data", data]));
}, 60_000);

test("doctor names the damaged tables and no other, beside a running server too", async () => {
  const data = "damaged";
  const file = join(allison.path, data, "allison.db");
  const server = await allison.serve(["--data", data], { ALLISON_WRITES_PER_MINUTE: "1000" });
  await writeContacts(server, data, 300);
  const whole = await allison.run(["doctor", "--data", data]);
  expect([whole.exitCode, whole.stdout]).toEqual([
    0,
    expect.stringMatching(/^intact: \d+ tables\n$/),
  ]);
  await stop(server);
  const bytes = readFileSync(file);
  for (const page of pagesOf(file, "contacts").slice(2)) {
    bytes.fill(0xa5, (page - 1) * 4096, page * 4096);
  }
  writeFileSync(file, bytes);
  await using again = await allison.serve(["--data", data]);
  const found = await allison.run(["doctor", "--data", data]);
  expect([found.exitCode, found.stdout]).toEqual([1, expect.stringMatching(/^contacts /m)]);
  expect(found.stderr).toContain("Restore a backup");
  const { ok, tables } = JSON.parse(
    (await allison.run(["doctor", "--json", "--data", data])).stdout,
  ) as { ok: boolean; tables: { table: string; problems: string[] }[] };
  expect(ok).toBe(false);
  expect(tables.filter(({ problems }) => problems.length > 0).map(({ table }) => table)).toEqual([
    "contacts",
  ]);
  expect(again.url).toStartWith("http");
}, 60_000);

test("a flipped bit in the log of a killed server stops the next start until the option is given", async () => {
  const data = "flipped";
  const log = join(allison.path, data, "allison.db-wal");
  const server = await allison.serve(["--data", data], { ALLISON_WRITES_PER_MINUTE: "1000" });
  await writeContacts(server, data, 30);
  server.kill("SIGKILL");
  await server.ended;
  const bytes = readFileSync(log);
  // In the middle of what was written.
  bytes[32 + 100 * 4120 + 77]! ^= 4;
  writeFileSync(log, bytes);
  for (const command of [
    ["serve", "--port", "0"],
    ["keys", "list"],
  ]) {
    const refused = await allison.run([...command, "--data", data]);
    expect([refused.exitCode, refused.stderr]).toEqual([
      2,
      expect.stringContaining("--discard-damaged-log"),
    ]);
  }
  const doctor = await allison.run(["doctor", "--data", data]);
  expect([doctor.exitCode, doctor.stderr]).toEqual([1, expect.stringContaining("log is damaged")]);
  expect(readFileSync(log).equals(bytes)).toBe(true);
  await using again = await allison.serve(["--data", data, "--discard-damaged-log"]);
  expect(again.log()).toContain("may be missing");
  const copy = readdirSync(join(allison.path, data)).find((name) => name.includes("-wal.damaged-"));
  expect(readFileSync(join(allison.path, data, copy!)).equals(bytes)).toBe(true);
}, 60_000);
