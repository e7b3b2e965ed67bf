/** `allison admin` with the executable, beside a running server. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { codeAt, confirmAction, enableTotp, openBrowser, signIn } from "../support/dashboard.ts";
import { type Executable, installExecutable, type Serving } from "../support/executable.ts";

let allison: Executable;
let server: Serving;
const plaintexts: string[] = [];
beforeAll(async () => {
  allison = installExecutable();
  server = await allison.serve(["--log-level", "debug"]);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  allison[Symbol.dispose]();
});

const FIRST = { email: "maria@example.com", password: "correct horse battery" };
const target = () => ({ url: server.url }) as Parameters<typeof signIn>[0];

describe("beside a running server", () => {
  test("an account created with a password from stdin can sign in", async () => {
    plaintexts.push(FIRST.password);
    const args = ["admin", "create", "--email", FIRST.email, "--password-stdin"];
    expect((await allison.run(args, { stdin: FIRST.password })).exitCode).toBe(0);
    const browser = await signIn(target(), FIRST);
    plaintexts.push(browser.cookies.get("allison_session")!);
  });

  test("a generated password is the only text on stdout, and signs in", async () => {
    const made = await allison.run([
      "admin",
      "create",
      "--email",
      "Sam@Example.com",
      "--name",
      "Sam",
    ]);
    expect(made.exitCode).toBe(0);
    expect(made.stdout).toMatch(/^[A-Za-z0-9]{20}\n$/);
    expect(made.stderr).toContain("Account sam@example.com was created.");
    const password = made.stdout.trim();
    plaintexts.push(password);
    await signIn(target(), { email: "sam@example.com", password });
    const twice = await allison.run(["admin", "create", "--email", "sam@example.com"]);
    expect([twice.exitCode, twice.stdout]).toEqual([1, ""]);
    expect(twice.stderr).toContain("email is already used by another account");
  });

  test("a password from stdin is used without its line break, and not printed", async () => {
    const password = "from a pipe, with spaces";
    plaintexts.push(password);
    const args = ["admin", "create", "--email", "piped@example.com", "--password-stdin"];
    const made = await allison.run(args, { stdin: `${password}\n` });
    expect([made.exitCode, made.stdout]).toEqual([0, ""]);
    expect(made.stderr).not.toContain(password);
    await signIn(target(), { email: "piped@example.com", password });
    const short = await allison.run(args.with(3, "short@example.com"), { stdin: "short\n" });
    expect([short.exitCode, short.stderr]).toEqual([
      2,
      "The password must have at least 10 characters.\n",
    ]);
  });

  test("a new password ends all sessions of the account, and none of another", async () => {
    const [first, second] = [await signIn(target(), FIRST), await signIn(target(), FIRST)];
    const other = await signIn(target(), {
      email: "piped@example.com",
      password: "from a pipe, with spaces",
    });
    const reset = await allison.run(["admin", "reset-password", FIRST.email, "--json"]);
    const { password, email } = JSON.parse(reset.stdout);
    plaintexts.push(password);
    expect([reset.exitCode, email]).toEqual([0, FIRST.email]);
    for (const browser of [first, second]) expect((await browser.get("/session")).status).toBe(401);
    expect((await other.get("/session")).status).toBe(200);
    expect((await first.post("/sign-in", FIRST)).status).toBe(401);
    FIRST.password = password;
    await signIn(target(), FIRST);
  });

  test("disable-2fa removes the second factor and ends all sessions of the account", async () => {
    const browser = await signIn(target(), FIRST);
    const credentials = { password: FIRST.password };
    const { secret, recoveryCodes } = await enableTotp(browser, Date.now(), credentials);
    plaintexts.push(secret, codeAt(secret, Date.now()), ...recoveryCodes);
    const refused = await openBrowser(server.url).post("/sign-in", FIRST);
    expect(refused.body.details).toEqual({ code: "is required" });
    const disabled = await allison.run(["admin", "disable-2fa", FIRST.email]);
    expect([disabled.exitCode, disabled.stdout]).toEqual([0, ""]);
    expect((await browser.get("/session")).status).toBe(401);
    await signIn(target(), FIRST);
  });

  test("accounts are listed as a table and as JSON", async () => {
    const plain = await allison.run(["admin", "list"]);
    expect(plain.stdout).toContain("sam@example.com");
    const all = JSON.parse((await allison.run(["admin", "list", "--json"])).stdout);
    expect(all.map(({ email }: { email: string }) => email)).toEqual([
      "maria@example.com",
      "piped@example.com",
      "sam@example.com",
    ]);
    expect(all[0]).toEqual({
      id: expect.any(String),
      email: "maria@example.com",
      name: null,
      role: "owner",
      active: true,
      two_factor: false,
      sessions: 1,
      created_at: expect.any(String),
    });
  });

  test("a member is created, disabled, enabled and deleted; the last owner cannot be", async () => {
    const email = "mia@example.com";
    const password = "a member's own password";
    plaintexts.push(password);
    const create = ["admin", "create", "--email", email, "--role", "member", "--password-stdin"];
    expect((await allison.run(create, { stdin: password })).exitCode).toBe(0);
    const browser = await signIn(target(), { email, password });
    expect((await allison.run(["admin", "disable", email])).stderr).toContain("is disabled");
    expect((await browser.get("/session")).status).toBe(401);
    expect((await allison.run(["admin", "list"])).stdout).toMatch(
      /mia@example\.com .*member .*disabled/,
    );
    expect((await allison.run(["admin", "enable", email])).exitCode).toBe(0);
    await signIn(target(), { email, password });
    expect((await allison.run(["admin", "delete", email])).stderr).toContain("is deleted");
    expect((await openBrowser(server.url).post("/sign-in", { email, password })).status).toBe(401);
    for (const other of ["sam@example.com", "piped@example.com"])
      expect((await allison.run(["admin", "disable", other])).exitCode).toBe(0);
    const last = await allison.run(["admin", "delete", FIRST.email]);
    expect([last.exitCode, last.stderr]).toEqual([
      1,
      "Refused: account is the last owner; create another owner first.\n",
    ]);
    for (const other of ["sam@example.com", "piped@example.com"])
      expect((await allison.run(["admin", "enable", other])).exitCode).toBe(0);
  });

  test("an invitation's link is the only text on stdout, names the server, and ends when it is deleted", async () => {
    const email = "invited@example.com";
    const invite = () => allison.run(["admin", "invite", "--email", email]);
    const { exitCode, stdout } = await invite();
    expect([exitCode, stdout.split("#")[0]]).toEqual([0, `${server.url}/invitation`]);
    const browser = openBrowser(server.url);
    const check = async (link: string) =>
      (await browser.post("/invitation/check", { token: link.trim().split("#")[1] })).status;
    expect(await check(stdout)).toBe(200);
    const args = ["admin", "invite", "--email", email, "--role", "owner", "--json"];
    const made = await allison.run([...args, "--public-url", "https://allison.example/"]);
    const json = JSON.parse(made.stdout);
    expect(json).toMatchObject({ email, role: "owner" });
    expect(json.link).toStartWith("https://allison.example/invitation#");
    plaintexts.push(stdout.trim().split("#")[1]!, json.link.split("#")[1]);
    expect([await check(stdout), await check(json.link)]).toEqual([404, 200]);
    expect((await allison.run(["admin", "delete", email])).exitCode).toBe(0);
    expect(await check(json.link)).toBe(404);
  });

  test("the audit log records the changes with the actor type cli", async () => {
    const { stdout } = await allison.run(["audit", "list", "--entity", "user", "--json"]);
    const rows = JSON.parse(stdout) as { actor: { type: string }; changes: object }[];
    expect(rows.filter(({ actor }) => actor.type === "cli").length).toBeGreaterThanOrEqual(4);
    expect(stdout).toContain('"***"');
    expect((await allison.run(["audit", "verify"])).exitCode).toBe(0);
  });

  test("no plaintext password, token, secret, proof or code is in the database, its log, the audit log or the server's log", async () => {
    const browser = await signIn(target(), FIRST);
    const credentials = { password: FIRST.password };
    const key = { name: "Hunted", access: "write" };
    const proof = await confirmAction(browser, { kind: "keys.create", key }, credentials);
    const made = await browser.post("/keys", key, proof);
    expect(made.status).toBe(201);
    const wrong = { ...FIRST, password: "a wrong password, kept nowhere" };
    await openBrowser(server.url).post("/sign-in", wrong);
    plaintexts.push(wrong.password, proof["x-confirmation"], made.body.key);
    plaintexts.push(...browser.cookies.values());
    const files = readdirSync(allison.path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== "allison")
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"));
    const everything = [
      ...files,
      server.log(),
      (await allison.run(["audit", "export"])).stdout,
    ].join("\n");
    expect(plaintexts.length).toBeGreaterThan(20);
    for (const plain of plaintexts) {
      // Six digits can occur by chance.
      if (plain.length === 6) continue;
      for (const spelling of [plain, plain.replaceAll("-", "")])
        expect([spelling, everything.includes(spelling)]).toEqual([spelling, false]);
    }
    expect(everything).toContain(FIRST.email);
    expect(everything).toContain(made.body.data.prefix);
  });
});
