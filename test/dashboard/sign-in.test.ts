/** Signing in, sessions and the second factor: who gets in, what a refusal reveals, and how guessing is limited. */
import { describe, expect, spyOn, test } from "bun:test";
import { createSignInLimits } from "../../src/access/sign-in-limits.ts";
import { LIMITS } from "../../src/config.ts";
import { createTestClock } from "../support/clock.ts";
import {
  codeAt,
  confirmAction,
  EMAIL,
  enableTotp,
  makeAccount,
  openBrowser,
  PASSWORD,
  signIn,
} from "../support/dashboard.ts";
import { startTestServer } from "../support/harness.ts";
import { ACTOR } from "../support/store.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
const WRONG = { error: "unauthorized", details: { email: "or password is wrong" } };
const wrong = { email: EMAIL, password: "not the password" };

/** Starts a server that has an account and a test clock. */
async function start(config = {}) {
  const clock = createTestClock();
  const it = await startTestServer({ clock, config });
  const user = await makeAccount(it);
  return { ...it, clock, user };
}

describe("signing in", () => {
  test("sets a session cookie that scripts cannot read and other sites cannot send", async () => {
    await using it = await start();
    const browser = openBrowser(it.url);
    expect((await browser.get("/session")).status).toBe(401);
    const answer = await browser.post("/sign-in", {
      email: "Maria@Example.com",
      password: PASSWORD,
    });
    expect(answer.status).toBe(200);
    expect(answer.body.data).toMatchObject({
      user: {
        id: it.user.id,
        email: EMAIL,
        role: "owner",
        two_factor: false,
        recovery_codes_left: 0,
      },
      organization: { name: "My business" },
    });
    const [session, device] = answer.headers.getSetCookie();
    expect(session).toMatch(
      /^allison_session=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
    );
    expect(device).toMatch(
      /^allison_device=[\w-]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/,
    );
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const me = await browser.get("/session");
    expect([me.status, me.body]).toEqual([200, answer.body]);
  });

  test("sets Secure cookies where the public address is https", async () => {
    await using it = await start({ publicUrl: "https://allison.example" });
    const answer = await openBrowser(it.url).post("/sign-in", { email: EMAIL, password: PASSWORD });
    expect(answer.headers.getSetCookie().length).toBe(2);
    for (const cookie of answer.headers.getSetCookie()) expect(cookie).toContain("; Secure");
  });

  test("answers an unknown email like a wrong password", async () => {
    await using it = await start();
    for (const email of [EMAIL, "nobody@example.com"]) {
      const answer = await openBrowser(it.url).post("/sign-in", {
        email,
        password: "not the password",
      });
      expect([answer.status, answer.body]).toEqual([401, WRONG]);
      expect(answer.headers.getSetCookie()).toEqual([]);
    }
  });

  test("limits guesses at an account from all addresses together", async () => {
    await using it = await start({ trustProxy: ["127.0.0.1"] });
    for (let i = 0; i < LIMITS.signIn.account; i += 1) {
      // The limit ignores upper and lower case.
      const email = i % 2 === 0 ? EMAIL : EMAIL.toUpperCase();
      const browser = openBrowser(it.url, `198.51.100.${i}`);
      const answer = await browser.post("/sign-in", { ...wrong, email });
      expect([i, answer.status]).toEqual([i, 401]);
    }
    const elsewhere = openBrowser(it.url, "203.0.113.9");
    const refused = await elsewhere.post("/sign-in", { email: EMAIL, password: PASSWORD });
    expect([refused.status, refused.body]).toEqual([
      429,
      { error: "rate_limited", details: { limit: "10 attempts to sign in per 15 minutes" } },
    ]);
    expect(refused.headers.get("retry-after")).toBe("90");
    it.clock.advance(89_000);
    expect((await elsewhere.post("/sign-in", wrong)).status).toBe(429);
    it.clock.advance(1_000);
    expect((await elsewhere.post("/sign-in", { email: EMAIL, password: PASSWORD })).status).toBe(
      200,
    );
  });

  test("limits an unknown email in the same way, so that the limit reveals nothing", async () => {
    await using it = await start({ trustProxy: ["127.0.0.1"] });
    const email = "nobody@example.com";
    const statuses = [];
    for (let i = 0; i <= LIMITS.signIn.account; i += 1) {
      const browser = openBrowser(it.url, `198.51.100.${i}`);
      statuses.push((await browser.post("/sign-in", { email, password: PASSWORD })).status);
    }
    expect(statuses).toEqual([...Array(LIMITS.signIn.account).fill(401), 429]);
  });

  test("limits an address that guesses at many accounts, without using up an account's limit", async () => {
    await using it = await start({ trustProxy: ["127.0.0.1"] });
    const guesser = openBrowser(it.url, "198.51.100.1");
    for (let i = 0; i < LIMITS.signIn.address; i += 1) {
      const answer = await guesser.post("/sign-in", { ...wrong, email: `user${i}@example.com` });
      expect([i, answer.status]).toEqual([i, 401]);
    }
    for (let i = 0; i < 20; i += 1)
      expect((await guesser.post("/sign-in", wrong)).status).toBe(429);
    const owner = openBrowser(it.url, "203.0.113.9");
    expect((await owner.post("/sign-in", { email: EMAIL, password: PASSWORD })).status).toBe(200);
    it.clock.advance(30_000);
    expect((await guesser.post("/sign-in", wrong)).status).toBe(401);
  });

  test("gives a browser that has signed in before its own limit, so that nobody can lock the owner out", async () => {
    await using it = await start();
    const known = await signIn(it);
    const session = known.cookies.get("allison_session")!;
    await known.delete("/session");
    const guesser = openBrowser(it.url);
    for (let i = 0; i < LIMITS.signIn.address + 5; i += 1)
      expect((await guesser.post("/sign-in", wrong)).status).toBe(
        i < LIMITS.signIn.account ? 401 : 429,
      );
    await signIn(it, {}, known);
    expect(known.cookies.get("allison_session")).not.toBe(session);
    // Its own limit is not higher, and its cookie is not valid for another account or after an edit.
    for (let i = 0; i < LIMITS.signIn.device; i += 1)
      expect((await known.post("/sign-in", wrong)).status).toBe(401);
    expect((await known.post("/sign-in", wrong)).status).toBe(429);
    await makeAccount(it, "other@example.com");
    const other = { email: "other@example.com", password: PASSWORD };
    for (let i = 0; i < LIMITS.signIn.account; i += 1)
      await guesser.post("/sign-in", { ...wrong, email: other.email });
    expect((await known.post("/sign-in", other)).status).toBe(429);
    const device = known.cookies.get("allison_device")!;
    guesser.cookies.set("allison_device", `${device.slice(0, -4)}AAAA`);
    expect((await guesser.post("/sign-in", wrong)).status).toBe(429);
  });

  test("gives a browser no limit of its own at an account that it has not signed in to", async () => {
    await using it = await start({ trustProxy: ["127.0.0.1"] });
    await makeAccount(it, "other@example.com");
    const theirs = await signIn(it, { email: "other@example.com" });
    for (let i = 0; i < LIMITS.signIn.account; i += 1)
      await openBrowser(it.url, `198.51.100.${i}`).post("/sign-in", wrong);
    expect((await theirs.post("/sign-in", wrong)).status).toBe(429);
  });

  test("does not count sign-ins with the correct password", async () => {
    await using it = await start();
    for (let i = 0; i < LIMITS.signIn.account + 5; i += 1) await signIn(it);
  });

  test("keeps the lock-out of an account through 20,100 attempts with other emails", async () => {
    await using it = await start();
    const limits = createSignInLimits(it.server.vault, it.clock);
    let address = 0;
    /** Each from another network, as an attacker with many addresses. */
    const attempt = (email: string) => {
      address += 1;
      const ip = `10.${address >> 16}.${(address >> 8) & 255}.${address & 255}`;
      return limits.count({ email, user: null, ip, device: null });
    };
    for (let i = 0; i < LIMITS.signIn.account; i += 1) attempt(EMAIL);
    expect(() => attempt(EMAIL)).toThrow("too_many_tries");
    for (let i = 0; i < 20_100; i += 1) attempt(`user${i}@example.com`);
    expect(() => attempt(EMAIL)).toThrow("too_many_tries");
  });

  test("counts only attempts whose password is checked", async () => {
    await using it = await start({ trustProxy: ["127.0.0.1"] });
    const from = openBrowser(it.url, "198.51.100.7");
    for (let i = 0; i < LIMITS.signIn.account; i += 1) await from.post("/sign-in", wrong);
    // The account refuses these, so they use up nothing of the address's limit.
    for (let i = 0; i < LIMITS.signIn.address; i += 1)
      expect((await from.post("/sign-in", wrong)).body.details.limit).toStartWith("10 attempts");
    const other = { ...wrong, email: "other@example.com" };
    expect((await from.post("/sign-in", other)).status).toBe(401);
  });

  test("checks the password of a known browser while strangers fill the queue", async () => {
    await using it = await start({ trustProxy: ["127.0.0.1"] });
    const known = await signIn(it);
    const many = 2 * LIMITS.passwordsWaiting;
    const flood = Array.from({ length: many }, (_, i) =>
      openBrowser(it.url, `198.51.100.${i}`).post("/sign-in", {
        email: `user${i}@example.com`,
        password: "not the password",
      }),
    );
    await Promise.any(
      flood.map(async (each) => {
        if ((await each).status !== 503) throw new Error("answered");
      }),
    );
    await signIn(it, {}, known);
    const statuses = (await Promise.all(flood)).map(({ status }) => status);
    expect(statuses).toContain(503);
  });

  test("refuses attempts beyond the queue with Retry-After, and answers the others", async () => {
    await using it = await start({ trustProxy: ["127.0.0.1"] });
    const many = LIMITS.passwordsAtOnce + LIMITS.passwordsWaiting + 20;
    const answers = await Promise.all(
      Array.from({ length: many }, (_, i) =>
        openBrowser(it.url, `198.51.100.${i}`).post("/sign-in", {
          email: `user${i}@example.com`,
          password: "not the password",
        }),
      ),
    );
    const busy = answers.filter(({ status }) => status === 503);
    expect(busy.length).toBeGreaterThan(0);
    for (const { body, headers } of busy) {
      expect(body).toEqual({ error: "unavailable" });
      expect(headers.get("retry-after")).toBe("2");
    }
    expect(answers.filter(({ status }) => status === 401).length).toBe(many - busy.length);
    await signIn(it);
  });

  test.each([
    [{}, { email: "is required", password: "is required" }],
    [{ email: EMAIL, password: "" }, { password: "must not be blank" }],
    [{ email: EMAIL, password: 12 }, { password: "must be text" }],
  ])("refuses %j by field", async (body, details) => {
    await using it = await startTestServer();
    const answer = await openBrowser(it.url).post("/sign-in", body);
    expect([answer.status, answer.body]).toEqual([400, { error: "validation_failed", details }]);
  });
});

describe("the second factor", () => {
  test("is requested after the password, and each code works once: neither it nor an older one works again", async () => {
    await using it = await start();
    const { clock } = it;
    const browser = await signIn(it);
    const { secret, recoveryCodes } = await enableTotp(browser, clock.now());
    expect(recoveryCodes.length).toBe(LIMITS.recoveryCodes);
    const attempt = async (code?: string) => {
      const answer = await openBrowser(it.url).post("/sign-in", {
        email: EMAIL,
        password: PASSWORD,
        code,
      });
      return [answer.status, answer.body.details ?? null];
    };
    const required = [401, { code: "is required" }];
    const refused = [401, { code: "is wrong or was used before" }];
    const first = codeAt(secret, clock.now());
    expect(await attempt()).toEqual(required);
    // Used when the second factor was enabled.
    expect(await attempt(first)).toEqual(refused);
    clock.advance(30_000);
    const second = codeAt(secret, clock.now());
    expect(await attempt(second)).toEqual([200, null]);
    expect(await attempt(second)).toEqual(refused);
    // The next step is accepted; after that the current one is older and refused.
    clock.advance(60_000);
    expect(await attempt(codeAt(secret, clock.now() + 30_000))).toEqual([200, null]);
    expect(await attempt(codeAt(secret, clock.now()))).toEqual(refused);
    clock.advance(5 * MINUTE);
    expect(await attempt(codeAt(secret, clock.now() - 60_000))).toEqual(refused);
    expect(await attempt(codeAt(secret, clock.now() + 60_000))).toEqual(refused);
    expect(await attempt("000000")).toEqual(refused);
    expect(await attempt(codeAt(secret, clock.now() - 30_000))).toEqual([200, null]);
  });

  test("a request for the code is not counted, a wrong code is", async () => {
    await using it = await start();
    await enableTotp(await signIn(it), it.clock.now());
    const attempt = async (code?: string) =>
      (await openBrowser(it.url).post("/sign-in", { email: EMAIL, password: PASSWORD, code }))
        .status;
    for (let i = 0; i < LIMITS.signIn.account + 5; i += 1) expect(await attempt()).toBe(401);
    for (let i = 0; i < LIMITS.signIn.account; i += 1)
      expect(await attempt(i % 2 === 0 ? "000000" : "no-recovery-code")).toBe(401);
    expect(await attempt()).toBe(429);
  });

  test("the same code sent many times at once begins one session", async () => {
    await using it = await start();
    const { secret } = await enableTotp(await signIn(it), it.clock.now());
    it.clock.advance(30_000);
    const code = codeAt(secret, it.clock.now());
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        openBrowser(it.url).post("/sign-in", { email: EMAIL, password: PASSWORD, code }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200,
      ...Array(7).fill(401),
    ]);
  });

  test("a used code stays invalid after a change of the password", async () => {
    await using it = await start();
    const browser = await signIn(it);
    const { secret } = await enableTotp(browser, it.clock.now());
    it.clock.advance(30_000);
    const code = codeAt(secret, it.clock.now());
    await signIn(it, { code });
    const password = "another good password";
    await browser.put("/password", { current_password: PASSWORD, new_password: password });
    const again = await openBrowser(it.url).post("/sign-in", { email: EMAIL, password, code });
    expect([again.status, again.body.details]).toEqual([
      401,
      { code: "is wrong or was used before" },
    ]);
  });

  test("a recovery code works once, in any spelling, and only for its account", async () => {
    await using it = await start();
    const browser = await signIn(it);
    const { recoveryCodes } = await enableTotp(browser, it.clock.now());
    expect(new Set(recoveryCodes).size).toBe(LIMITS.recoveryCodes);
    for (const code of recoveryCodes) expect(code).toMatch(/^[0-9a-z]{5}-[0-9a-z]{5}-[0-9a-z]{5}$/);
    const other = await makeAccount(it, "other@example.com");
    const otherBrowser = await signIn(it, { email: "other@example.com" });
    await enableTotp(otherBrowser, it.clock.now());
    expect(it.server.users.find(other.id)!.totp_secret).not.toBeNull();
    const attempt = async (code: string, email = EMAIL) =>
      (await openBrowser(it.url).post("/sign-in", { email, password: PASSWORD, code })).status;
    const [first, second] = recoveryCodes as [string, string];
    expect(await attempt(first, "other@example.com")).toBe(401);
    expect(await attempt(` ${first.toUpperCase().replaceAll("-", " ")}`)).toBe(200);
    expect(await attempt(first)).toBe(401);
    const both = await Promise.all([attempt(second), attempt(second)]);
    expect(both.toSorted((a, b) => a - b)).toEqual([200, 401]);
    expect((await browser.get("/session")).body.data.user.recovery_codes_left).toBe(8);
  });

  test("disabling it requires a proof and deletes the recovery codes", async () => {
    await using it = await start();
    const browser = await signIn(it);
    await enableTotp(browser, it.clock.now());
    const refused = await browser.delete("/totp");
    expect([refused.status, refused.body.details]).toEqual([403, { action: "totp.disable" }]);
    const off = await browser.delete(
      "/totp",
      await confirmAction(browser, { kind: "totp.disable" }),
    );
    expect(off.status).toBe(204);
    await signIn(it);
    expect((await browser.get("/session")).body.data.user).toMatchObject({
      two_factor: false,
      recovery_codes_left: 0,
    });
  });

  test("is enabled only by its own first code, within 15 minutes, and once", async () => {
    await using it = await start();
    const browser = await signIn(it);
    const confirm = (code: string) => browser.post("/totp/confirm", { code });
    expect((await confirm("123456")).status).toBe(409);
    const begin = async () =>
      browser.post("/totp", undefined, await confirmAction(browser, { kind: "totp.enable" }));
    const begun = (await begin()).body.data;
    expect(begun.secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(begun.url).toBe(
      `otpauth://totp/Allison%20(My%20business):maria%40example.com?issuer=Allison%20(My%20business)&secret=${begun.secret}&algorithm=SHA1&digits=6&period=30`,
    );
    expect((await confirm("12345")).body.details).toEqual({ code: "is incorrect" });
    it.clock.advance(15 * MINUTE);
    expect((await confirm(codeAt(begun.secret, it.clock.now()))).status).toBe(409);
    const again = (await begin()).body.data;
    expect(again.secret).not.toBe(begun.secret);
    expect((await confirm(codeAt(again.secret, it.clock.now()))).status).toBe(200);
    expect((await confirm(codeAt(again.secret, it.clock.now()))).status).toBe(409);
    expect((await begin()).status).toBe(409);
  });
});

describe("a session", () => {
  test("expires after a week without a request, and not earlier", async () => {
    await using it = await start();
    const browser = await signIn(it);
    for (let i = 0; i < 3; i += 1) {
      it.clock.advance(LIMITS.sessionIdleDays * DAY - 1);
      expect((await browser.get("/session")).status).toBe(200);
      await it.server.sessions.flushUses();
    }
    it.clock.advance(LIMITS.sessionIdleDays * DAY);
    expect((await browser.get("/session")).status).toBe(401);
  });

  test("expires after 30 days even if it is used", async () => {
    await using it = await start();
    const browser = await signIn(it);
    for (let day = 0; day < LIMITS.sessionDays - 1; day += 1) {
      it.clock.advance(DAY);
      expect([day, (await browser.get("/session")).status]).toEqual([day, 200]);
    }
    it.clock.advance(DAY);
    expect((await browser.get("/session")).status).toBe(401);
  });

  test("is listed with its last address, and ends when the user revokes it or signs out", async () => {
    await using it = await start({ trustProxy: ["127.0.0.1"] });
    const desk = await signIn(it, {}, openBrowser(it.url, "192.0.2.1"));
    it.clock.advance(MINUTE);
    const phone = await signIn(it, {}, openBrowser(it.url, "192.0.2.2"));
    it.clock.advance(MINUTE);
    await desk.get("/session");
    const listed = (await phone.get("/sessions")).body.data;
    expect(listed).toEqual([
      expect.objectContaining({ ip: "192.0.2.2", user_agent: "Browser/1.0", current: true }),
      expect.objectContaining({ ip: "192.0.2.1", last_seen_ip: "192.0.2.1", current: false }),
    ]);
    expect(listed[1].last_seen_at).toBe("2026-11-23T10:02:00.000Z");
    expect(JSON.stringify(listed)).not.toContain("hash");
    expect((await phone.delete(`/sessions/${listed[1].id}`)).status).toBe(204);
    expect((await desk.get("/session")).status).toBe(401);
    expect((await phone.delete(`/sessions/${listed[1].id}`)).status).toBe(404);
    const token = phone.cookies.get("allison_session")!;
    const out = await phone.delete("/session");
    expect(out.status).toBe(204);
    expect(phone.cookies.has("allison_session")).toBe(false);
    phone.cookies.set("allison_session", token);
    expect((await phone.get("/session")).status).toBe(401);
  });

  test("ends when the account enables the second factor in another session", async () => {
    await using it = await start();
    const [own, other] = [await signIn(it), await signIn(it)];
    await enableTotp(own, it.clock.now());
    expect((await other.get("/session")).status).toBe(401);
    expect((await own.get("/sessions")).body.data).toHaveLength(1);
  });

  test("is the oldest of its account and ends when there would be more than 50", async () => {
    await using it = await start();
    const first = await signIn(it);
    const user = it.server.users.byEmail(EMAIL)!;
    const startSession = () =>
      it.server.store.change(ACTOR, (tx) => it.server.sessions.start(tx, user.id));
    it.clock.advance(1_000);
    for (let i = 1; i < LIMITS.sessionsPerAccount; i += 1) await startSession();
    expect((await first.get("/session")).status).toBe(200);
    const last = await signIn(it);
    expect((await first.get("/session")).status).toBe(401);
    expect((await last.get("/sessions")).body.data).toHaveLength(LIMITS.sessionsPerAccount);
  });

  test("of another user is neither listed nor revoked", async () => {
    await using it = await start();
    await makeAccount(it, "other@example.com");
    const mine = await signIn(it);
    const theirs = await signIn(it, { email: "other@example.com" });
    const [{ id }] = (await theirs.get("/sessions")).body.data;
    expect((await mine.get("/sessions")).body.data.length).toBe(1);
    expect((await mine.delete(`/sessions/${id}`)).status).toBe(404);
    expect((await theirs.get("/session")).status).toBe(200);
  });

  test("ends when the password changes; the browser that changed it gets a new one", async () => {
    await using it = await start();
    const [desk, phone] = [await signIn(it), await signIn(it)];
    const before = desk.cookies.get("allison_session")!;
    const new_password = "another good password";
    const changed = await desk.put("/password", { current_password: PASSWORD, new_password });
    expect(changed.status).toBe(204);
    expect((await phone.get("/session")).status).toBe(401);
    expect(desk.cookies.get("allison_session")).not.toBe(before);
    expect((await desk.get("/session")).status).toBe(200);
    phone.cookies.set("allison_session", before);
    expect((await phone.get("/session")).status).toBe(401);
    expect((await phone.post("/sign-in", { email: EMAIL, password: PASSWORD })).status).toBe(401);
    await signIn(it, { password: new_password });
  });

  test("does not begin when the password is changed after it was verified", async () => {
    await using it = await start();
    const { passwords, store, users, sessions } = it.server;
    const verify = spyOn(passwords, "verify").mockImplementationOnce(async () => {
      const passwordHash = await passwords.hash("another good password");
      await store.change(ACTOR, (tx) => users.setPassword(tx, it.user.id, passwordHash));
      return true;
    });
    const answer = await openBrowser(it.url).post("/sign-in", { email: EMAIL, password: PASSWORD });
    verify.mockRestore();
    expect([answer.status, answer.body]).toEqual([401, WRONG]);
    expect(sessions.list(it.user.id)).toEqual([]);
  });

  test("records its last use after the request, not during it", async () => {
    await using it = await start();
    const browser = await signIn(it);
    const { $client } = it.server.db;
    const changes = () => $client.query("select total_changes() as n").get();
    const stored = () => $client.query("select last_seen_at from sessions").get();
    const before = [changes(), stored()];
    it.clock.advance(4_000);
    for (let i = 0; i < 5; i += 1) await browser.get("/session");
    expect([changes(), stored()]).toEqual(before);
    await it.server.sessions.flushUses();
    expect(stored()).toEqual({ last_seen_at: "2026-11-23T10:00:04.000Z" });
  });

  test("is removed from the database once it has expired, and not earlier", async () => {
    await using it = await start();
    await signIn(it);
    it.clock.advance(LIMITS.sessionIdleDays * DAY);
    const browser = await signIn(it);
    const clean = () =>
      it.server.store.housekeep((db, at) => it.server.sessions.removeExpired(db, at));
    await clean();
    const rows = it.server.db.$client.query("select count(*) as n from sessions").get();
    expect(rows).toEqual({ n: 1 });
    // Used just before its expiry, which is not recorded yet.
    it.clock.advance(LIMITS.sessionIdleDays * DAY - 1);
    expect((await browser.get("/session")).status).toBe(200);
    it.clock.advance(1);
    await clean();
    expect((await browser.get("/session")).status).toBe(200);
  });
});

describe("changing the password", () => {
  test("requires the current one; wrong ones count with those of confirming an action", async () => {
    await using it = await start();
    const browser = await signIn(it);
    const change = (current_password: string, new_password = "another good password") =>
      browser.put("/password", { current_password, new_password });
    for (let left = LIMITS.confirm.tries - 1; left >= 0; left -= 1) {
      const answer = await change("not the password");
      expect([answer.status, answer.body.details]).toEqual([
        400,
        { current_password: "is wrong", tries_left: String(left) },
      ]);
    }
    expect((await change(PASSWORD)).status).toBe(429);
    const confirm = await browser.post("/confirm", {
      action: { kind: "totp.enable" },
      password: PASSWORD,
    });
    expect(confirm.status).toBe(429);
  });

  test("accepts one of two changes at once and refuses the other", async () => {
    await using it = await start();
    const browsers = [await signIn(it), await signIn(it)];
    const answers = await Promise.all(
      browsers.map((browser, i) =>
        browser.put("/password", {
          current_password: PASSWORD,
          new_password: `another password ${i}`,
        }),
      ),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 401]);
    const made = answers.findIndex(({ status }) => status === 204);
    await signIn(it, { password: `another password ${made}` });
  });

  test("accepts 10 to 200 characters, an emoji counting as one", async () => {
    await using it = await start();
    let browser = await signIn(it);
    let current = PASSWORD;
    for (const [password, issue] of [
      ["ninechars", "must have at least 10 characters"],
      ["🔑".repeat(9), "must have at least 10 characters"],
      ["a".repeat(201), "must have at most 200 characters"],
      ["🔑".repeat(201), "must have at most 200 characters"],
      ["tencharact", null],
      ["🔑".repeat(200), null],
      ["a".repeat(200), null],
    ] as const) {
      const answer = await browser.put("/password", {
        current_password: current,
        new_password: password,
      });
      expect([password, answer.status, answer.body?.details ?? null]).toEqual([
        password,
        issue ? 400 : 204,
        issue ? { new_password: issue } : null,
      ]);
      if (issue === null) current = password;
    }
    browser = await signIn(it, { password: current });
  });

  test("accepts an accented letter in either Unicode form", async () => {
    await using it = await start();
    await makeAccount(it, "zoe@example.com", "Zoë's café au lait".normalize("NFD"));
    const password = "Zoë's café au lait".normalize("NFC");
    await signIn(it, { email: "zoe@example.com", password });
  });
});
