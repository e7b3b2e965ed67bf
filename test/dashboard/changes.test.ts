/** Polling for changes: every page learns of every write, and a poll does not extend its session. */
import { describe, expect, test } from "bun:test";
import { openAppliance } from "../../src/appliance.ts";
import { defaultConfig, LIMITS } from "../../src/config.ts";
import { cliActor } from "../../src/store/actor.ts";
import { createTestClock } from "../support/clock.ts";
import { type Browser, makeAccount, openBrowser, signIn } from "../support/dashboard.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { startReceiver } from "../support/receiver.ts";
import { freshNumber, sampleCall } from "../support/samples.ts";

const DAY = 86_400_000;

async function start(options: Parameters<typeof startTestServer>[0] = {}) {
  const it = await startTestServer(options);
  await makeAccount(it);
  const browser = await signIn(it);
  return { ...it, browser };
}
const poll = async (browser: Browser, mark?: string) =>
  (await browser.get(`/changes${mark === undefined ? "" : `?after=${mark}`}`)).body.data as {
    mark: string;
    changed: string[];
  };
const addContact = (it: TestServer) =>
  it.write.post("/v1/contacts", { phone_number: freshNumber() });

describe("a poll reports", () => {
  test("a mark, and then each kind of entity that changed since it, once", async () => {
    await using it = await start();
    const first = await poll(it.browser);
    expect(first.changed).toEqual([]);
    expect(await poll(it.browser, first.mark)).toEqual(first);
    await addContact(it);
    await addContact(it);
    await it.platform.put("/platform/v1/calls/one", { ...sampleCall(), intent: "Parking" });
    const second = await poll(it.browser, first.mark);
    expect(second.changed.toSorted()).toEqual(["call", "contact", "intent"]);
    expect((await poll(it.browser, second.mark)).changed).toEqual([]);
  });

  test("the writes of another process", async () => {
    await using it = await start();
    const { mark } = await poll(it.browser);
    const other = openAppliance(defaultConfig({ data: it.data }), {}, false);
    await other.store.change(cliActor("test", "test"), (tx) =>
      other.keys.create(tx, { name: "New", kind: "live", scope: "read", expires_at: null }),
    );
    await other.close();
    expect((await poll(it.browser, mark)).changed).toEqual(["api_key"]);
  });

  test("deliveries when one is created or attempted, although the audit log does not record them", async () => {
    await using receiver = await startReceiver();
    await using it = await start({ config: { webhookAllow: ["127.0.0.0/8"] } });
    const created = await it.write.post("/v1/webhook-subscriptions", {
      url: receiver.url,
      events: ["call.ended"],
    });
    const { mark } = await poll(it.browser);
    await it.write.post(`/v1/webhook-subscriptions/${created.body.data.id}/test`);
    expect((await poll(it.browser, mark)).changed).toEqual(["delivery"]);
    await receiver.received(1);
    const attempted = () =>
      it.server.db.$client.query("select 1 from webhook_attempts").get() !== null;
    while (!attempted()) await Bun.sleep(5);
    const after = await poll(it.browser);
    expect((await poll(it.browser, after.mark)).changed).toEqual([]);
  });

  test("that anything may have changed when the mark is old, invalid or of another server", async () => {
    await using it = await start();
    await using other = await start();
    const { mark } = await poll(it.browser);
    const add = (count: number) => Promise.all(Array.from({ length: count }, () => addContact(it)));
    await add(LIMITS.changesBehind);
    expect((await poll(it.browser, mark)).changed).toEqual(["contact"]);
    await add(1);
    expect((await poll(it.browser, mark)).changed).toEqual(["*"]);
    for (const foreign of [(await poll(other.browser)).mark, "x", "1.2.3.4", `9${mark}`])
      expect([foreign, (await poll(it.browser, foreign)).changed]).toEqual([foreign, ["*"]]);
  });
});

describe("a poll", () => {
  test("requires a session", async () => {
    await using it = await start();
    expect((await openBrowser(it.url).get("/changes")).status).toBe(401);
  });

  test("does not extend a session, nor does a refresh that it causes; a request of a user does", async () => {
    const clock = createTestClock();
    await using it = await start({ clock });
    const unattended = await signIn(it);
    const lastSeen = async () =>
      ((await it.browser.get("/sessions")).body.data as { last_seen_at: string }[]).at(0)!
        .last_seen_at;
    const before = await lastSeen();
    for (let day = 1; day < LIMITS.sessionIdleDays; day += 1) {
      clock.advance(DAY);
      expect((await unattended.get("/changes")).status).toBe(200);
      expect((await unattended.get("/v1/calls", { "x-unattended": "1" })).status).toBe(200);
      expect(await lastSeen()).toBe(before);
    }
    clock.advance(DAY);
    expect((await unattended.get("/changes")).status).toBe(401);
    expect((await it.browser.get("/session")).status).toBe(200);
  });
});
