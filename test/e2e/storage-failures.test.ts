/** Failures that no request waits for, in real processes: the server logs them and goes on, or says why it ends. */
import { Database } from "bun:sqlite";
import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { createClient } from "../support/client.ts";
import { type Executable, installExecutable } from "../support/executable.ts";
import { startReceiver } from "../support/receiver.ts";
import { sampleCall } from "../support/samples.ts";

const allison: Executable = installExecutable();
afterAll(() => allison[Symbol.dispose]());

test("the server outlives a program that holds the write lock while outcomes of deliveries come in", async () => {
  const data = ["--data", "held"];
  let holder: Database | undefined;
  await using receiver = await startReceiver({
    script(_, index) {
      if (index === 0) {
        holder = new Database(join(allison.path, "held", "allison.db"));
        holder.run("begin immediate");
      }
      return {};
    },
  });
  await using server = await allison.serve(data, { ALLISON_WEBHOOK_ALLOW: "127.0.0.0/8" });
  const createKey = async (...args: string[]) =>
    (await allison.run(["keys", "create", "--name", "x", ...args, ...data])).stdout.trim();
  const client = createClient(server.url, await createKey("--scope", "write"));
  const platform = createClient(server.url, await createKey("--platform"));
  for (let i = 0; i < 20; i += 1) {
    const { status } = await client.post("/v1/webhook-subscriptions", {
      url: `${receiver.url}/${i}`,
      events: ["call.ended"],
    });
    expect(status).toBe(201);
  }
  expect((await platform.put("/platform/v1/calls/held", sampleCall())).status).toBe(201);
  // Longer than the server waits for the lock.
  await server.until(/"level":"error"/);
  holder!.run("rollback");
  holder!.close();
  const countPending = () => {
    using db = new Database(join(allison.path, "held", "allison.db"), { readonly: true });
    return db.query("select 1 from webhook_deliveries where status <> 'succeeded'").all().length;
  };
  while (countPending() > 0) await Bun.sleep(50);
  expect(new Set(receiver.requests.map(({ path }) => path)).size).toBe(20);
  // Each lane repeats its write a few times; none of them spins.
  expect(server.log().split("\n").length).toBeLessThan(200);
  expect((await client.get("/v1/me")).status).toBe(200);
}, 60_000);

test.each([
  ["a rejected promise is logged, and the server goes on", "void Promise.reject(error)", 0],
  ["an uncaught exception is logged, and the server exits with 1", "throw error", 1],
] as const)("%s", async (_, fail, exitCode) => {
  const program = `
      const { logUncaughtErrors } = await import(${JSON.stringify(join(import.meta.dir, "../../src/cli/serve.ts"))});
      const { createLog } = await import(${JSON.stringify(join(import.meta.dir, "../../src/lib/log.ts"))});
      logUncaughtErrors(createLog("info"));
      const error = new Error("nobody waits for this");
      setTimeout(() => { ${fail}; }, 1);
      setTimeout(() => console.log("still running"), 50);`;
  const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect(await child.exited).toBe(exitCode);
  expect(stdout).toBe(exitCode === 0 ? "still running\n" : "");
  expect(JSON.parse(stderr)).toMatchObject({
    level: "error",
    msg: "internal_error",
    err: { message: "nobody waits for this" },
  });
});
