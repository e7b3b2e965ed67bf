/** Roles and states of accounts: what a member may not do on any route, and that an owner always remains. */
import { describe, expect, test } from "bun:test";
import type { Role } from "../../src/access/users.ts";
import type { Transaction } from "../../src/store/transaction.ts";
import { confirmAction, openBrowser, PASSWORD, signIn } from "../support/dashboard.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { freshNumber } from "../support/samples.ts";
import { ACTOR } from "../support/store.ts";

const OWNER = "olivia@example.com";
const MEMBER = "mia@example.com";
const ID = "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e10";

const change = <T>({ server }: TestServer, work: (tx: Transaction) => T) =>
  server.store.change(ACTOR, work);

async function createAccount(it: TestServer, email: string, role: Role) {
  const passwordHash = await it.server.passwords.hash(PASSWORD);
  return change(it, (tx) => it.server.users.create(tx, { email, name: null, passwordHash, role }));
}

async function start() {
  const it = await startTestServer();
  const owner = await createAccount(it, OWNER, "owner");
  const member = await createAccount(it, MEMBER, "member");
  return { ...it, owner, member };
}

/** Every route that only owners may use: those that change keys or webhooks. */
const isOwnersOnly = ({ method, path }: { method: string; path: string }) =>
  method !== "GET" && /^\/dashboard\/api\/(keys|(v1\/)?webhook-subscriptions)(\/|$)/.test(path);

describe("a member", () => {
  test("is refused on each route that manages keys or webhooks, whatever the body, and on no other", async () => {
    await using it = await start();
    const routes = it.server.dashboardRoutes;
    expect(routes.filter(isOwnersOnly).length).toBeGreaterThanOrEqual(12);
    const rows = () => it.server.db.$client.query("select count(*) as n from audit").get();
    for (const route of routes) {
      // A session for each, because one of the routes ends it.
      const { session, token } = await change(it, (tx) =>
        it.server.sessions.start(tx, it.member.id),
      );
      const browser = openBrowser(it.url);
      browser.cookies.set("allison_session", token);
      const path = route.path.replace("/dashboard/api", "").replace(/:\w+/g, ID);
      const before = rows();
      const body = route.method === "GET" || route.method === "DELETE" ? undefined : { a: 1 };
      const answer = await browser.send(route.method, path, body);
      const isRefused = answer.body?.error === "insufficient_role";
      expect([route.method, path, isRefused]).toEqual([route.method, path, isOwnersOnly(route)]);
      if (isRefused) {
        expect([answer.status, answer.body.details]).toEqual([403, { role: "must be owner" }]);
        expect(rows()).toEqual(before);
      }
      expect(session.user_id).toBe(it.member.id);
    }
  });

  test("works with calls and contacts, and sees keys and webhooks", async () => {
    await using it = await start();
    const browser = await signIn(it, { email: MEMBER });
    expect((await browser.get("/session")).body.data.user.role).toBe("member");
    for (const path of ["/keys", "/v1/webhook-subscriptions", "/v1/calls", "/audit"])
      expect([path, (await browser.get(path)).status]).toEqual([path, 200]);
    const contact = await browser.post("/v1/contacts", { phone_number: freshNumber() });
    expect(contact.status).toBe(201);
  });

  test("creates no key even with a proof, and an owner who becomes one no more", async () => {
    await using it = await start();
    const key = { name: "Zapier", access: "read", expires_at: null };
    const count = it.server.keys.list().length;
    for (const email of [MEMBER, OWNER]) {
      const browser = await signIn(it, { email });
      const proof = await confirmAction(browser, { kind: "keys.create", key });
      await it.server.store.housekeep((db) =>
        db.$client.run("update users set role = 'member' where email = ?", [email]),
      );
      expect((await browser.post("/keys", key, proof)).body.error).toBe("insufficient_role");
    }
    expect(it.server.keys.list().length).toBe(count);
  });
});

describe("a disabled account", () => {
  test("loses its sessions at once, cannot sign in, and can again when it is enabled", async () => {
    await using it = await start();
    const browser = await signIn(it, { email: MEMBER });
    await change(it, (tx) => it.server.users.setActive(tx, it.member.id, false));
    expect((await browser.get("/session")).status).toBe(401);
    const refused = await openBrowser(it.url).post("/sign-in", {
      email: MEMBER,
      password: PASSWORD,
    });
    expect([refused.status, refused.body.details]).toEqual([
      401,
      { email: "or password is wrong" },
    ]);
    await change(it, (tx) => it.server.users.setActive(tx, it.member.id, true));
    expect((await browser.get("/session")).status).toBe(401);
    await signIn(it, { email: MEMBER });
  });

  test("starts no session when it is disabled after its password was checked", async () => {
    await using it = await start();
    const { passwords, users } = it.server;
    const verify = passwords.verify;
    passwords.verify = async (...args) => {
      const isCorrect = await verify(...args);
      await change(it, (tx) => users.setActive(tx, it.member.id, false));
      return isCorrect;
    };
    const answer = await openBrowser(it.url).post("/sign-in", {
      email: MEMBER,
      password: PASSWORD,
    });
    expect(answer.status).toBe(401);
    expect(it.server.sessions.list(it.member.id)).toEqual([]);
  });
});

describe("a deleted account", () => {
  test("is gone with its sessions and recovery codes, and its history remains", async () => {
    await using it = await start();
    const { users } = it.server;
    const browser = await signIn(it, { email: MEMBER });
    await change(it, (tx) => users.enableTotp(tx, it.member.id, "JBSWY3DPEHPK3PXP", 1));
    await change(it, (tx) => users.remove(tx, it.member.id));
    expect(users.byEmail(MEMBER)).toBeNull();
    expect((await browser.get("/session")).status).toBe(401);
    const owner = await signIn(it, { email: OWNER });
    const { data } = (await owner.get(`/audit?entity_id=${it.member.id}`)).body;
    expect(data.map(({ action }: { action: string }) => action)).toContain("deleted");
    // The email is free for a new account.
    await createAccount(it, MEMBER, "member");
  });
});

describe("the last owner", () => {
  test("is neither disabled nor deleted; a disabled owner and a member do not count as another", async () => {
    await using it = await start();
    const { users } = it.server;
    const second = await createAccount(it, "otto@example.com", "owner");
    await change(it, (tx) => users.setActive(tx, second.id, false));
    const remove = change(it, (tx) => users.remove(tx, it.owner.id));
    expect(remove).rejects.toThrow("last_owner");
    const disable = change(it, (tx) => users.setActive(tx, it.owner.id, false));
    expect(disable).rejects.toThrow("last_owner");
    await Promise.allSettled([remove, disable]);
    await change(it, (tx) => users.setActive(tx, second.id, true));
    await change(it, (tx) => users.remove(tx, it.owner.id));
    expect(users.find(second.id)?.active).toBe(true);
  });

  test("of two who are deleted at the same time remains", async () => {
    await using it = await start();
    const { users } = it.server;
    const second = await createAccount(it, "otto@example.com", "owner");
    const removals = [it.owner.id, second.id].map((id) => change(it, (tx) => users.remove(tx, id)));
    const results = await Promise.allSettled(removals);
    expect(results.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });

  test("comes before the first member", async () => {
    await using it = await startTestServer();
    const refused = createAccount(it, MEMBER, "member");
    expect(refused).rejects.toThrow("no_owner");
    await refused.catch(() => {});
    expect(it.server.users.hasAny()).toBe(false);
  });
});
