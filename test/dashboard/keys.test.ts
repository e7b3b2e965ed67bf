/** API keys in the dashboard: what users do with them, which proofs that requires, and what the audit log records. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createClient } from "../support/client.ts";
import { type Browser, confirmAction, EMAIL, makeAccount, signIn } from "../support/dashboard.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";

let it: TestServer;
let browser: Browser;
let userId: string;
beforeAll(async () => {
  it = await startTestServer();
  userId = (await makeAccount(it)).id;
  browser = await signIn(it);
});
afterAll(() => it[Symbol.asyncDispose]());

async function createKey(key: object) {
  const body = { name: "Zapier", access: "write", ...key };
  const proof = await confirmAction(browser, { kind: "keys.create", key: body });
  const answer = await browser.post("/keys", body, proof);
  expect(answer.status).toBe(201);
  return answer.body as { data: { id: string; prefix: string }; key: string };
}
const statusWith = async (key: string, path = "/v1/me") =>
  (await createClient(it.url, key).get(path)).status;

describe("keys", () => {
  test("are listed newest first, with their last use, and never with a usable secret", async () => {
    const { data, key } = await createKey({ name: "Recently used" });
    await createClient(it.url, key).get("/v1/me");
    const { body, text } = await browser.get("/keys");
    expect(body.data[0]).toEqual({
      id: data.id,
      name: "Recently used",
      prefix: `${key.slice(0, 14)}...`,
      active: true,
      kind: "live",
      scope: "write",
      access: "write",
      expires_at: null,
      created_at: expect.any(String),
      last_used_at: expect.any(String),
      last_used_ip: "127.0.0.1",
    });
    expect(body.data.length).toBe(it.server.keys.list().length);
    expect(text).not.toContain(key.slice(14));
    expect(text).not.toContain("hash");
  });

  test("with read, write and platform access open exactly their routes", async () => {
    const read = await createKey({ access: "read" });
    const platform = await createKey({ access: "platform" });
    expect(await statusWith(read.key)).toBe(200);
    const client = createClient(it.url, read.key);
    expect((await client.post("/v1/intents", { name: "x" })).status).toBe(403);
    expect(await statusWith(platform.key)).toBe(401);
    expect(await statusWith(platform.key, "/platform/v1/nothing")).toBe(404);
  });

  test("a disabled key stops with the next request, disabling needs no proof, and enabling it with a proof restores it", async () => {
    const [{ data, key }, other] = [await createKey({}), await createKey({})];
    const path = `/keys/${data.id}`;
    const off = await browser.patch(path, { active: false });
    expect([off.status, off.body.data.active]).toEqual([200, false]);
    expect(await statusWith(key)).toBe(401);
    const wrong = await confirmAction(browser, { kind: "keys.enable", id: other.data.id });
    for (const headers of [{}, wrong]) {
      const refused = await browser.patch(path, { active: true }, headers);
      expect([refused.status, refused.body.details]).toEqual([403, { action: "keys.enable" }]);
    }
    expect(await statusWith(key)).toBe(401);
    const proof = await confirmAction(browser, { kind: "keys.enable", id: data.id });
    expect((await browser.patch(path, { active: true }, proof)).status).toBe(200);
    expect(await statusWith(key)).toBe(200);
    // Nothing widens: it is enabled already.
    expect((await browser.patch(path, { active: true })).status).toBe(200);
  });

  test("rotating requires a proof for this key and overlap, and the old key expires after the overlap", async () => {
    const [one, two] = [await createKey({}), await createKey({})];
    const action = { kind: "keys.rotate", id: two.data.id };
    const path = `/keys/${one.data.id}/rotate`;
    const wrong = await browser.post(path, {}, await confirmAction(browser, action));
    expect([wrong.status, wrong.body.details]).toEqual([403, { action: "keys.rotate" }]);
    const mine = { ...action, id: one.data.id };
    const day = await confirmAction(browser, { ...mine, overlap_hours: 24 });
    expect((await browser.post(path, { overlap_hours: 720 }, day)).status).toBe(403);
    const proof = await confirmAction(browser, { ...mine, overlap_hours: 0 });
    const rotated = await browser.post(path, { overlap_hours: 0 }, proof);
    expect(rotated.status).toBe(201);
    expect([await statusWith(rotated.body.key), await statusWith(one.key)]).toEqual([200, 401]);
    expect(rotated.body.old.id).toBe(one.data.id);
    const bad = await browser.post(path, { overlap_hours: -1 });
    expect(bad.body.details).toEqual({ overlap_hours: "must be at least 0" });
  });

  test("deleting requires a proof for this key, and its history remains", async () => {
    const [one, two] = [await createKey({}), await createKey({})];
    const path = `/keys/${one.data.id}`;
    expect((await browser.delete(path)).status).toBe(403);
    const wrong = await confirmAction(browser, { kind: "keys.delete", id: two.data.id });
    expect((await browser.delete(path, wrong)).status).toBe(403);
    expect(await statusWith(one.key)).toBe(200);
    const proof = await confirmAction(browser, { kind: "keys.delete", id: one.data.id });
    expect((await browser.delete(path, proof)).status).toBe(204);
    expect(await statusWith(one.key)).toBe(401);
    expect((await browser.delete(path)).status).toBe(404);
    const history = await browser.get(`/audit?entity_id=${one.data.id}`);
    const rows = history.body.data as { action: string; actor: object; ip: string }[];
    expect(rows.map(({ action }) => action)).toEqual(["deleted", "created"]);
    for (const { actor, ip } of rows) {
      expect(actor).toEqual({ type: "user", id: userId, name: EMAIL, prefix: null });
      expect(ip).toBe("127.0.0.1");
    }
  });

  test("an expiry in the past and an unknown key are refused", async () => {
    const body = { name: "Old", access: "read", expires_at: "2020-01-01T00:00:00Z" };
    const proof = await confirmAction(browser, { kind: "keys.create", key: body });
    const answer = await browser.post("/keys", body, proof);
    expect([answer.status, answer.body.details]).toEqual([
      400,
      { expires_at: "must be in the future" },
    ]);
    for (const id of ["019a9f3e-0000-7000-8000-000000000000", "x"])
      expect((await browser.patch(`/keys/${id}`, { active: true })).status).toBe(404);
  });
});
