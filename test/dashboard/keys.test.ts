/** API keys in the dashboard: everything that can be done to them, by whom, and what is told of it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createClient } from "../support/client.ts";
import { type Browser, confirmed, EMAIL, makeAccount, signIn } from "../support/dashboard.ts";
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

async function make(key: object) {
  const body = { name: "Zapier", access: "write", ...key };
  const proof = await confirmed(browser, { kind: "keys.create", key: body });
  const answer = await browser.post("/keys", body, proof);
  expect(answer.status).toBe(201);
  return answer.body as { data: { id: string; prefix: string }; key: string };
}
const statusWith = async (key: string, path = "/v1/me") =>
  (await createClient(it.url, key).get(path)).status;

describe("keys", () => {
  test("are listed newest first, with their last use, and never with anything they could be used by", async () => {
    const { data, key } = await make({ name: "Lately used" });
    await createClient(it.url, key).get("/v1/me");
    const { body, text } = await browser.get("/keys");
    expect(body.data[0]).toEqual({
      id: data.id,
      name: "Lately used",
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

  test("read, read and write, and the platform's open what they should", async () => {
    const read = await make({ access: "read" });
    const platform = await make({ access: "platform" });
    expect(await statusWith(read.key)).toBe(200);
    const client = createClient(it.url, read.key);
    expect((await client.post("/v1/intents", { name: "x" })).status).toBe(403);
    expect(await statusWith(platform.key)).toBe(401);
    expect(await statusWith(platform.key, "/platform/v1/nothing")).toBe(404);
  });

  test("a key that is switched off stops with the next request, needs no proof for it, and opens again", async () => {
    const { data, key } = await make({});
    const off = await browser.patch(`/keys/${data.id}`, { active: false });
    expect([off.status, off.body.data.active]).toEqual([200, false]);
    expect(await statusWith(key)).toBe(401);
    await browser.patch(`/keys/${data.id}`, { active: true });
    expect(await statusWith(key)).toBe(200);
  });

  test("rotating needs a proof for this key, and the old one ends after the overlap", async () => {
    const [one, two] = [await make({}), await make({})];
    const action = { kind: "keys.rotate", id: two.data.id };
    const path = `/keys/${one.data.id}/rotate`;
    const wrong = await browser.post(path, {}, await confirmed(browser, action));
    expect([wrong.status, wrong.body.details]).toEqual([403, { action: "keys.rotate" }]);
    const proof = await confirmed(browser, { ...action, id: one.data.id });
    const rotated = await browser.post(path, { overlap_hours: 0 }, proof);
    expect(rotated.status).toBe(201);
    expect([await statusWith(rotated.body.key), await statusWith(one.key)]).toEqual([200, 401]);
    expect(rotated.body.old.id).toBe(one.data.id);
    const bad = await browser.post(path, { overlap_hours: -1 });
    expect(bad.body.details).toEqual({ overlap_hours: "must be at least 0" });
  });

  test("deleting needs a proof for this key, and history stays", async () => {
    const [one, two] = [await make({}), await make({})];
    const path = `/keys/${one.data.id}`;
    expect((await browser.delete(path)).status).toBe(403);
    const wrong = await confirmed(browser, { kind: "keys.delete", id: two.data.id });
    expect((await browser.delete(path, wrong)).status).toBe(403);
    expect(await statusWith(one.key)).toBe(200);
    const proof = await confirmed(browser, { kind: "keys.delete", id: one.data.id });
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

  test("one that would have ended already, or that there is not, is refused", async () => {
    const body = { name: "Old", access: "read", expires_at: "2020-01-01T00:00:00Z" };
    const proof = await confirmed(browser, { kind: "keys.create", key: body });
    const answer = await browser.post("/keys", body, proof);
    expect([answer.status, answer.body.details]).toEqual([
      400,
      { expires_at: "must be in the future" },
    ]);
    for (const id of ["019a9f3e-0000-7000-8000-000000000000", "x"])
      expect((await browser.patch(`/keys/${id}`, { active: true })).status).toBe(404);
  });
});
