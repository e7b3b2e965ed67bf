/** What has changed: told to every page, whoever changed it, and a sign of nobody's being there. */
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
const look = async (browser: Browser, mark?: string) =>
  (await browser.get(`/changes${mark === undefined ? "" : `?after=${mark}`}`)).body.data as {
    mark: string;
    changed: string[];
  };
const addContact = (it: TestServer) =>
  it.write.post("/v1/contacts", { phone_number: freshNumber() });

describe("a page is told", () => {
  test("where it stands, and then each kind of thing that changed, once", async () => {
    await using it = await start();
    const first = await look(it.browser);
    expect(first.changed).toEqual([]);
    expect(await look(it.browser, first.mark)).toEqual(first);
    await addContact(it);
    await addContact(it);
    await it.platform.put("/platform/v1/calls/one", { ...sampleCall(), intent: "Parking" });
    const second = await look(it.browser, first.mark);
    expect(second.changed.toSorted()).toEqual(["call", "contact", "intent"]);
    expect((await look(it.browser, second.mark)).changed).toEqual([]);
  });

  test("what another process wrote", async () => {
    await using it = await start();
    const { mark } = await look(it.browser);
    const other = openAppliance(defaultConfig({ data: it.data }), {}, false);
    await other.store.change(cliActor("test", "test"), (tx) =>
      other.keys.create(tx, { name: "New", kind: "live", scope: "read", expires_at: null }),
    );
    await other.close();
    expect((await look(it.browser, mark)).changed).toEqual(["api_key"]);
  });

  test("of deliveries when one is made and when one is tried, which the audit log leaves out", async () => {
    await using receiver = await startReceiver();
    await using it = await start({ config: { webhookAllow: ["127.0.0.0/8"] } });
    const made = await it.write.post("/v1/webhook-subscriptions", {
      url: receiver.url,
      events: ["call.ended"],
    });
    const { mark } = await look(it.browser);
    await it.write.post(`/v1/webhook-subscriptions/${made.body.data.id}/test`);
    expect((await look(it.browser, mark)).changed).toEqual(["delivery"]);
    await receiver.received(1);
    const attempted = () =>
      it.server.db.$client.query("select 1 from webhook_attempts").get() !== null;
    while (!attempted()) await Bun.sleep(5);
    const after = await look(it.browser);
    expect((await look(it.browser, after.mark)).changed).toEqual([]);
  });

  test("to read everything anew when it is far behind, or its mark is of elsewhere", async () => {
    await using it = await start();
    await using other = await start();
    const { mark } = await look(it.browser);
    const add = (count: number) => Promise.all(Array.from({ length: count }, () => addContact(it)));
    await add(LIMITS.changesBehind);
    expect((await look(it.browser, mark)).changed).toEqual(["contact"]);
    await add(1);
    expect((await look(it.browser, mark)).changed).toEqual(["*"]);
    for (const strange of [(await look(other.browser)).mark, "", "x", "1.2.3.4", `9${mark}`])
      expect([strange, (await look(it.browser, strange)).changed]).toEqual([strange, ["*"]]);
  });
});

describe("a poll", () => {
  test("needs a session", async () => {
    await using it = await start();
    expect((await openBrowser(it.url).get("/changes")).status).toBe(401);
  });

  test("keeps no session alive, nor does what a page reads because of it; a person's request does", async () => {
    const clock = createTestClock();
    await using it = await start({ clock });
    const forgotten = await signIn(it);
    const seen = async () =>
      ((await it.browser.get("/sessions")).body.data as { last_seen_at: string }[]).at(0)!
        .last_seen_at;
    const before = await seen();
    for (let day = 1; day < LIMITS.sessionIdleDays; day += 1) {
      clock.advance(DAY);
      expect((await forgotten.get("/changes")).status).toBe(200);
      expect((await forgotten.get("/v1/calls", { "x-unattended": "1" })).status).toBe(200);
      expect(await seen()).toBe(before);
    }
    clock.advance(DAY);
    expect((await forgotten.get("/changes")).status).toBe(401);
    expect((await it.browser.get("/session")).status).toBe(200);
  });
});
