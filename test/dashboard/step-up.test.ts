/** "Confirm it is you": which actions require a proof, and for what a proof is valid. */
import { describe, expect, test } from "bun:test";
import { LIMITS } from "../../src/config.ts";
import { createTestClock } from "../support/clock.ts";
import {
  type Browser,
  codeAt,
  confirmAction,
  enableTotp,
  makeAccount,
  openBrowser,
  PASSWORD,
  signIn,
} from "../support/dashboard.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";

const MINUTE = 60_000;
const KEY = { name: "Zapier", access: "write", expires_at: null };
const CREATE = { kind: "keys.create", key: KEY };

async function start() {
  const clock = createTestClock();
  const it = await startTestServer({ clock });
  const user = await makeAccount(it);
  return { ...it, clock, user, browser: await signIn(it) };
}

const count = ({ server }: TestServer) => server.keys.list().length;
const header = (proof: string) => ({ "x-confirmation": proof });

/** Expects that no key is created with these headers. */
async function expectRefused(it: TestServer, browser: Browser, headers = {}, body: object = KEY) {
  const before = count(it);
  const answer = await browser.post("/keys", body, headers);
  expect([answer.status, answer.body]).toEqual([
    403,
    { error: "confirmation_required", details: { action: "keys.create" } },
  ]);
  expect(count(it)).toBe(before);
}

describe("a key is created", () => {
  test("with a proof for this action, and works", async () => {
    await using it = await start();
    const answer = await it.browser.post("/keys", KEY, await confirmAction(it.browser, CREATE));
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      data: expect.objectContaining({ name: "Zapier", access: "write", active: true }),
      key: expect.stringMatching(/^av_live_[A-Za-z0-9]{32}$/),
      warning: "Store the key now; it is not shown again.",
    });
    const me = await it.anonymous.get("/v1/me", { authorization: `Bearer ${answer.body.key}` });
    expect([me.status, me.body.data.key.id]).toEqual([200, answer.body.data.id]);
  });

  test("with the same proof in any order of the fields", async () => {
    await using it = await start();
    const proof = await confirmAction(it.browser, {
      key: { access: "write", name: " Zapier " },
      kind: "keys.create",
    });
    expect((await it.browser.post("/keys", KEY, proof)).status).toBe(201);
  });

  test("not with only a stolen session cookie", async () => {
    await using it = await start();
    const thief = openBrowser(it.url);
    thief.cookies.set("allison_session", it.browser.cookies.get("allison_session")!);
    expect((await thief.get("/keys")).status).toBe(200);
    await expectRefused(it, thief);
    // The thief can set neither a second factor nor a password of their own.
    const begun = await thief.post("/totp");
    expect([begun.status, begun.body.details]).toEqual([403, { action: "totp.enable" }]);
    expect((await thief.post("/totp/confirm", { code: "123456" })).status).toBe(409);
    const change = await thief.put("/password", {
      current_password: "a guess or two",
      new_password: "a password of mine",
    });
    expect(change.status).toBe(400);
    for (const path of ["rotate", ""]) {
      const [{ id }] = (await thief.get("/keys")).body.data;
      const answer = await (path
        ? thief.post(`/keys/${id}/rotate`, {})
        : thief.delete(`/keys/${id}`));
      expect([answer.status, answer.body.error]).toEqual([403, "confirmation_required"]);
    }
    expect(count(it)).toBe(3);
  });

  test("not without a proof, nor with a forged one", async () => {
    await using it = await start();
    await expectRefused(it, it.browser);
    for (const proof of ["", "x", "a".repeat(43), "a".repeat(5_000)])
      await expectRefused(it, it.browser, header(proof));
  });

  test("not twice with one proof, even at the same time", async () => {
    await using it = await start();
    const proof = await confirmAction(it.browser, CREATE);
    const before = count(it);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => it.browser.post("/keys", KEY, proof)),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      201, 403, 403, 403, 403,
    ]);
    expect(count(it)).toBe(before + 1);
    await expectRefused(it, it.browser, proof);
  });

  test("not with the proof of another action, nor of the same action with another name, access or expiry", async () => {
    await using it = await start();
    const [{ id }] = (await it.browser.get("/keys")).body.data;
    for (const action of [
      { kind: "keys.delete", id },
      { kind: "keys.rotate", id },
      { kind: "totp.enable" },
      { kind: "totp.disable" },
      { kind: "keys.create", key: { ...KEY, name: "Other" } },
      { kind: "keys.create", key: { ...KEY, access: "read" } },
      { kind: "keys.create", key: { ...KEY, expires_at: "2027-01-01T00:00:00Z" } },
    ]) {
      await expectRefused(it, it.browser, await confirmAction(it.browser, action));
    }
    const proof = await confirmAction(it.browser, { ...CREATE, key: { ...KEY, access: "read" } });
    await expectRefused(it, it.browser, proof, KEY);
    expect((await it.browser.post("/keys", { ...KEY, access: "read" }, proof)).status).toBe(201);
  });

  test("not with the proof of another session of the same or another account", async () => {
    await using it = await start();
    await makeAccount(it, "other@example.com");
    const proof = await confirmAction(it.browser, CREATE);
    await expectRefused(it, await signIn(it), proof);
    await expectRefused(it, await signIn(it, { email: "other@example.com" }), proof);
    const changed = await it.browser.put("/password", {
      current_password: PASSWORD,
      new_password: "another good password",
    });
    expect(changed.status).toBe(204);
    await expectRefused(it, it.browser, proof);
  });

  test("with a proof that is less than five minutes old, but not with an older one", async () => {
    await using it = await start();
    const late = await confirmAction(it.browser, CREATE);
    const answer = await it.browser.post("/confirm", { action: CREATE, password: PASSWORD });
    expect(answer.body.data).toEqual({
      proof: expect.stringMatching(/^[\w-]{43}$/),
      expires_at: "2026-11-23T10:05:00.000Z",
    });
    it.clock.advance(LIMITS.confirm.proofMinutes * MINUTE - 1);
    const made = await it.browser.post("/keys", KEY, header(answer.body.data.proof));
    expect(made.status).toBe(201);
    it.clock.advance(1);
    await expectRefused(it, it.browser, late);
  });

  test("not with an expired proof when the wall clock is set back", async () => {
    await using it = await start();
    const proof = await confirmAction(it.browser, CREATE);
    it.clock.advance(LIMITS.confirm.proofMinutes * MINUTE);
    it.clock.setWall(it.clock.now() - 4 * MINUTE);
    await expectRefused(it, it.browser, proof);
  });
});

describe("confirming an action", () => {
  test("reports how many tries are left, and refuses all after five wrong ones in fifteen minutes", async () => {
    await using it = await start();
    const attempt = (password: string) => it.browser.post("/confirm", { action: CREATE, password });
    for (let left = LIMITS.confirm.tries - 1; left >= 0; left -= 1) {
      const answer = await attempt("not the password");
      expect([answer.status, answer.body]).toEqual([
        400,
        {
          error: "validation_failed",
          details: { password: "is wrong", tries_left: String(left) },
        },
      ]);
      it.clock.advance(MINUTE);
    }
    const refused = await attempt(PASSWORD);
    expect([refused.status, refused.body]).toEqual([
      429,
      { error: "rate_limited", details: { limit: "5 wrong tries per 15 minutes" } },
    ]);
    expect(refused.headers.get("retry-after")).toBe(String(10 * 60));
    it.clock.advance(10 * MINUTE - 1);
    expect((await attempt(PASSWORD)).status).toBe(429);
    it.clock.advance(1);
    expect((await attempt(PASSWORD)).status).toBe(200);
    expect((await attempt("not the password")).body.details.tries_left).toBe("0");
  });

  test("counts guesses that are sent at the same time", async () => {
    await using it = await start();
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        it.browser.post("/confirm", { action: CREATE, password: `not the password ${i}` }),
      ),
    );
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([...Array(5).fill(400), ...Array(7).fill(429)]);
  });

  test("counts no correct try and forgets no wrong one", async () => {
    await using it = await start();
    const attempt = (password: string) => it.browser.post("/confirm", { action: CREATE, password });
    expect((await attempt("not the password")).body.details.tries_left).toBe("4");
    for (let i = 0; i < 8; i += 1) expect((await attempt(PASSWORD)).status).toBe(200);
    expect((await attempt("not the password")).body.details.tries_left).toBe("3");
  });

  test("counts the tries of each session apart, so that a thief cannot block the owner's other sessions", async () => {
    await using it = await start();
    for (let i = 0; i < 6; i += 1)
      await it.browser.post("/confirm", { action: CREATE, password: "not the password" });
    await confirmAction(await signIn(it), CREATE);
  });

  test("accepts a code once where the second factor is enabled", async () => {
    await using it = await start();
    const { secret } = await enableTotp(it.browser, it.clock.now());
    it.clock.advance(30_000);
    const code = codeAt(secret, it.clock.now());
    const proof = await confirmAction(it.browser, CREATE, { code });
    expect((await it.browser.post("/keys", KEY, proof)).status).toBe(201);
    const again = await it.browser.post("/confirm", { action: CREATE, code });
    expect([again.status, again.body.details]).toEqual([
      400,
      { code: "is wrong", tries_left: "4" },
    ]);
    await confirmAction(it.browser, CREATE);
  });

  test("requires the password where the second factor is disabled", async () => {
    await using it = await start();
    for (const credentials of [{ code: "123456" }, {}]) {
      const answer = await it.browser.post("/confirm", { action: CREATE, ...credentials });
      expect([answer.status, answer.body.details]).toEqual([400, { password: "is required" }]);
    }
  });

  test.each([
    [{ kind: "keys.list" }],
    [{ kind: "keys.create" }],
    [{ kind: "keys.create", key: { name: "", access: "write" } }],
    [{ kind: "keys.create", key: { name: "x", access: "admin" } }],
    [{ kind: "keys.delete" }],
    [{ kind: "keys.delete", id: "*" }],
    ["keys.create"],
    [null],
  ])("refuses an unknown or incomplete action: %j", async (action) => {
    await using it = await start();
    const answer = await it.browser.post("/confirm", { action, password: PASSWORD });
    expect([answer.status, answer.body.error]).toEqual([400, "validation_failed"]);
  });
});

describe("a webhook", () => {
  const WEBHOOK = { url: "https://192.0.2.1/hook", events: ["call.ended"] };
  const PATH = "/v1/webhook-subscriptions";
  async function startWithNetwork() {
    const it = await startTestServer({ config: { webhookAllow: ["192.0.2.0/24"] } });
    await makeAccount(it);
    return { ...it, browser: await signIn(it) };
  }
  const storedUrls = async ({ read }: TestServer) =>
    (await read.all(PATH)).map(({ url }: { url: string }) => url);

  test("is created only with a proof of its exact content", async () => {
    await using it = await startWithNetwork();
    const { browser } = it;
    const action = { kind: "webhooks.create", webhook: WEBHOOK };
    const others = [
      { ...WEBHOOK, url: "https://192.0.2.2/hook" },
      { ...WEBHOOK, events: ["call.ended", "contact.created"] },
    ];
    const refused = [await browser.post(PATH, WEBHOOK)];
    for (const webhook of others)
      refused.push(
        await browser.post(PATH, WEBHOOK, await confirmAction(browser, { ...action, webhook })),
      );
    for (const { status, body } of refused)
      expect([status, body]).toEqual([
        403,
        { error: "confirmation_required", details: { action: "webhooks.create" } },
      ]);
    expect(await storedUrls(it)).toEqual([]);
    const proof = await confirmAction(browser, action);
    expect((await browser.post(PATH, WEBHOOK, proof)).status).toBe(201);
    expect((await browser.post(PATH, WEBHOOK, proof)).status).toBe(403);
    expect(await storedUrls(it)).toEqual([WEBHOOK.url]);
  });

  test("changes its URL only with a proof that names the webhook and the URL; other changes need none", async () => {
    await using it = await startWithNetwork();
    const { browser } = it;
    const id = (await it.write.post(PATH, WEBHOOK)).body.data.id as string;
    const other = (await it.write.post(PATH, WEBHOOK)).body.data.id as string;
    const url = "https://192.0.2.9/hook";
    const action = { kind: "webhooks.set_url", id, url };
    for (const method of ["PATCH", "PUT"]) {
      for (const wrong of [null, { ...action, id: other }, { ...action, url: `${url}/x` }]) {
        const headers = wrong === null ? {} : await confirmAction(browser, wrong);
        const refused = await browser.send(method, `${PATH}/${id}`, { url }, headers);
        expect([refused.status, refused.body.details]).toEqual([
          403,
          { action: "webhooks.set_url" },
        ]);
      }
      const same = { url: WEBHOOK.url, description: method };
      expect((await browser.send(method, `${PATH}/${id}`, same)).status).toBe(200);
    }
    expect(await storedUrls(it)).toEqual([WEBHOOK.url, WEBHOOK.url]);
    const proof = await confirmAction(browser, action);
    expect((await browser.patch(`${PATH}/${id}`, { url }, proof)).body.data.url).toBe(url);
  });
});
