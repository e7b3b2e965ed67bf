/** Invitations: a link creates one account, for the invited email and role, and only while it is valid. */
import { describe, expect, test } from "bun:test";
import type { Role } from "../../src/access/users.ts";
import { LIMITS } from "../../src/config.ts";
import { createTestClock } from "../support/clock.ts";
import { EMAIL, makeAccount, openBrowser, PASSWORD, signIn } from "../support/dashboard.ts";
import { startTestServer } from "../support/harness.ts";
import { ACTOR } from "../support/store.ts";

const INVITED = "mia@example.com";
const DAY = 86_400_000;

async function start() {
  const clock = createTestClock();
  const it = await startTestServer({ clock });
  await makeAccount(it);
  const invite = (email = INVITED, role: Role = "member") =>
    it.server.store.change(ACTOR, (tx) => it.server.invitations.create(tx, { email, role }));
  const accept = (token: string, body: object = {}) =>
    openBrowser(it.url).post("/invitation", { token, password: PASSWORD, ...body });
  const check = async (token: string) =>
    (await openBrowser(it.url).post("/invitation/check", { token })).status;
  return { ...it, clock, invite, accept, check };
}

describe("an invitation", () => {
  test("creates the account of its email with its role, and signs in", async () => {
    await using it = await start();
    const { token } = await it.invite("Mia@Example.com");
    const checked = await openBrowser(it.url).post("/invitation/check", { token });
    expect(checked.body.data).toEqual({ email: INVITED, role: "member" });
    const browser = openBrowser(it.url);
    const body = { token, password: PASSWORD, name: "Mia", email: EMAIL, role: "owner" };
    const answer = await browser.post("/invitation", body);
    expect([answer.status, answer.body.data.user]).toEqual([
      201,
      expect.objectContaining({ email: INVITED, name: "Mia", role: "member" }),
    ]);
    expect((await browser.get("/session")).status).toBe(200);
    await signIn(it, { email: INVITED });
  });

  test("works once, even when it is used twice at the same time", async () => {
    await using it = await start();
    const { token } = await it.invite();
    const answers = await Promise.all([it.accept(token), it.accept(token)]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 404]);
    expect([await it.check(token), (await it.accept(token)).status]).toEqual([404, 404]);
    expect(it.server.users.list().length).toBe(2);
  });

  test("ends after its days, with a newer one of the same email, and when it is removed", async () => {
    await using it = await start();
    const old = await it.invite();
    const newer = await it.invite();
    expect([await it.check(old.token), await it.check(newer.token)]).toEqual([404, 200]);
    it.clock.advance(LIMITS.invitationDays * DAY - 1);
    expect(await it.check(newer.token)).toBe(200);
    it.clock.advance(1);
    expect([await it.check(newer.token), (await it.accept(newer.token)).status]).toEqual([
      404, 404,
    ]);
    const removed = await it.invite();
    const { invitations, store } = it.server;
    await store.change(ACTOR, (tx) => invitations.remove(tx, removed));
    expect(await it.check(removed.token)).toBe(404);
  });

  test("keeps its link valid after a refused password, and stores the token as a hash only", async () => {
    await using it = await start();
    const { token } = await it.invite();
    const short = await it.accept(token, { password: "short" });
    expect([short.status, Object.keys(short.body.details)]).toEqual([400, ["password"]]);
    const rows = it.server.db.$client.query("select * from invitations").all();
    const audit = it.server.db.$client.query("select * from audit").all();
    expect(JSON.stringify([rows, audit])).not.toContain(token);
    expect((await it.accept(token)).status).toBe(201);
  });

  test("is refused for an email with an account, and for a member without an owner", async () => {
    await using it = await start();
    const failureOf = (work: Promise<unknown>) => work.then(() => null, String);
    expect(await failureOf(it.invite(EMAIL))).toContain("email_taken");
    await using empty = await startTestServer();
    const { store, invitations } = empty.server;
    const refused = store.change(ACTOR, (tx) =>
      invitations.create(tx, { email: INVITED, role: "member" }),
    );
    expect(await failureOf(refused)).toContain("no_owner");
  });
});
