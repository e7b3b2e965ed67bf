/** The user's own account and the business: names, new recovery codes, and what the pages get about the server. */
import { describe, expect, test } from "bun:test";
import { LIMITS } from "../../src/config.ts";
import { VERSION } from "../../src/lib/version.ts";
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

async function start(config = {}) {
  const clock = createTestClock();
  const it = await startTestServer({ clock, config });
  const user = await makeAccount(it);
  return { ...it, clock, user, browser: await signIn(it) };
}
const RENEW = { kind: "recovery_codes.renew" };

describe("new recovery codes", () => {
  test("replace the old ones, which no longer work", async () => {
    await using it = await start();
    const { secret, recoveryCodes } = await enableTotp(it.browser, it.clock.now());
    const answer = await it.browser.post(
      "/totp/recovery-codes",
      undefined,
      await confirmAction(it.browser, RENEW),
    );
    expect(answer.status).toBe(200);
    const codes: string[] = answer.body.data.recovery_codes;
    expect([codes.length, new Set([...codes, ...recoveryCodes]).size]).toEqual([
      LIMITS.recoveryCodes,
      2 * LIMITS.recoveryCodes,
    ]);
    const withCode = (code: string) =>
      openBrowser(it.url).post("/sign-in", { email: EMAIL, password: PASSWORD, code });
    expect((await withCode(recoveryCodes[0]!)).status).toBe(401);
    expect((await withCode(codes[0]!)).status).toBe(200);
    expect((await it.browser.get("/session")).body.data.user.recovery_codes_left).toBe(
      LIMITS.recoveryCodes - 1,
    );
    // The second factor itself is unchanged.
    it.clock.advance(30_000);
    expect((await withCode(codeAt(secret, it.clock.now()))).status).toBe(200);
    const { data } = (await it.browser.get("/audit?entity_type=recovery_code&action=deleted")).body;
    expect(data.length).toBe(LIMITS.recoveryCodes);
    expect(data[0].actor).toMatchObject({ type: "user", id: it.user.id });
    for (const code of [...codes, ...recoveryCodes])
      expect(JSON.stringify(data)).not.toContain(code);
  });

  test("require a proof for exactly this action", async () => {
    await using it = await start();
    await enableTotp(it.browser, it.clock.now());
    const other = await confirmAction(it.browser, { kind: "totp.disable" });
    for (const headers of [{}, other]) {
      const answer = await it.browser.post("/totp/recovery-codes", undefined, headers);
      expect([answer.status, answer.body.details]).toEqual([403, { action: RENEW.kind }]);
    }
    const proof = await confirmAction(it.browser, RENEW);
    expect((await it.browser.post("/totp/recovery-codes", undefined, proof)).status).toBe(200);
    expect((await it.browser.post("/totp/recovery-codes", undefined, proof)).status).toBe(403);
  });

  test("are refused without a second factor", async () => {
    await using it = await start();
    const answer = await it.browser.post(
      "/totp/recovery-codes",
      undefined,
      await confirmAction(it.browser, RENEW),
    );
    expect([answer.status, Object.keys(answer.body.details)]).toEqual([409, ["two_factor"]]);
  });
});

describe("a name", () => {
  test("of the account is set and removed, and the audit log records by whom", async () => {
    await using it = await start();
    const set = await it.browser.patch("/user", { name: " Maria Ortiz " });
    expect([set.status, set.body]).toEqual([200, (await it.browser.get("/session")).body]);
    expect(set.body.data.user).toMatchObject({ email: EMAIL, name: "Maria Ortiz" });
    expect((await it.browser.patch("/user", { name: null })).body.data.user.name).toBeNull();
    const [row] = (await it.browser.get(`/audit?entity_id=${it.user.id}`)).body.data;
    expect(row).toMatchObject({
      actor: { type: "user", id: it.user.id },
      changes: { name: ["Maria Ortiz", null] },
    });
  });

  test("of the business is set and shown everywhere, and the audit log records by whom", async () => {
    await using it = await start();
    const set = await it.browser.patch("/organization", { name: "Bright Dental" });
    expect([set.status, set.body]).toEqual([
      200,
      { data: { name: "Bright Dental", country: null } },
    ]);
    expect((await it.browser.get("/session")).body.data.organization.name).toBe("Bright Dental");
    expect((await it.read.get("/v1/me")).body.data.organization.name).toBe("Bright Dental");
    const [row] = (await it.browser.get("/audit?entity_type=organization")).body.data;
    expect(row).toMatchObject({
      actor: { id: it.user.id },
      changes: { name: ["My business", "Bright Dental"] },
    });
  });

  test("of the business's country makes its national phone numbers readable", async () => {
    await using it = await start();
    const set = await it.browser.patch("/organization", { country: "us" });
    expect(set.body.data).toEqual({ name: "My business", country: "US" });
    const created = await it.browser.post("/v1/contacts", { phone_number: "(555) 017-3210" });
    expect([created.status, created.body.data?.phone_number]).toEqual([201, "+15550173210"]);
    const unknown = await it.browser.patch("/organization", { country: "Atlantis" });
    expect(unknown.body.details).toEqual({ country: "must be a country such as US" });
    expect(
      (await it.browser.patch("/organization", { country: null })).body.data.country,
    ).toBeNull();
  });

  test("that is invalid is refused with its field, and another site cannot set one", async () => {
    await using it = await start();
    for (const [path, name] of [
      ["/user", ""],
      ["/user", undefined],
      ["/user", 5],
      ["/user", "x".repeat(LIMITS.nameLength + 1)],
      ["/organization", " "],
      ["/organization", null],
    ] as const) {
      const answer = await it.browser.patch(path, { name });
      expect([path, name, answer.status, Object.keys(answer.body.details)]).toEqual([
        path,
        name,
        400,
        ["name"],
      ]);
    }
    for (const path of ["/user", "/organization"]) {
      const foreign = await it.browser.patch(
        path,
        { name: "X" },
        { "sec-fetch-site": "cross-site" },
      );
      expect(foreign.status).toBe(403);
    }
  });
});

describe("the server is described to the pages", () => {
  test("before sign-in: by the name of the business, and by whether the first account is missing", async () => {
    await using it = await startTestServer({ config: { organization: "Bright Dental" } });
    const stranger = openBrowser(it.url);
    const welcome = async () => (await stranger.get("/welcome")).body;
    expect(await welcome()).toEqual({
      data: { organization: "Bright Dental", needs_account: true },
    });
    const before = await stranger.get("/session");
    await makeAccount(it);
    expect(await welcome()).toEqual({
      data: { organization: "Bright Dental", needs_account: false },
    });
    const after = await stranger.get("/session");
    expect([after.status, after.text]).toEqual([before.status, before.text]);
    expect(after.status).toBe(401);
  });

  test("after sign-in: also by the server's version and address", async () => {
    await using it = await start({ publicUrl: "https://allison.example" });
    expect((await it.browser.get("/session", { origin: "x" })).body.data).toMatchObject({
      version: VERSION,
      public_url: "https://allison.example",
    });
  });
});
