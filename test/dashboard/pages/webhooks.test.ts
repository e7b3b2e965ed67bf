/** Webhooks, as a person uses them. */
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { openBrowser } from "../../support/browser.ts";
import { startTestServer, type TestServer } from "../../support/harness.ts";
import { openPages, type Pages } from "../../support/pages.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";
import { sampleCall } from "../../support/samples.ts";

setDefaultTimeout(30_000);

const PATH = "/v1/webhook-subscriptions";
const MARKUP = "<img src=x onerror=alert(1)> thanks";

let browser: Awaited<ReturnType<typeof openBrowser>>;
let it: TestServer;
let receiver: Receiver;
beforeAll(async () => {
  browser = await openBrowser();
  receiver = await startReceiver();
  it = await startTestServer({ config: { webhookAllow: ["127.0.0.0/8"] } });
});
afterAll(async () => {
  await browser.close();
  await it[Symbol.asyncDispose]();
  await receiver.stop();
});
beforeEach(() => receiver.script([{ body: "ok" }]));

/** Made anew for a test, and gone after it. */
async function subscribe(given: object = {}) {
  const body = { url: receiver.url, description: "CRM", events: ["call.ended"], ...given };
  const made = (await it.write.post(PATH, body)).body;
  return {
    id: made.data.id as string,
    secret: made.secret as string,
    async [Symbol.asyncDispose]() {
      await it.write.delete(`${PATH}/${made.data.id}`);
    },
  };
}

let calls = 0;
const call = () => it.platform.put(`/platform/v1/calls/page-${calls++}`, sampleCall());
const deliveriesOf = async (id: string) =>
  (await it.read.get(`${PATH}/${id}/deliveries?event=call.ended`)).body.data;
const sql = (text: string, ...given: string[]) => it.server.db.$client.run(text, given);

/** A call whose delivery has had its first answer, a 500, and is then failed for good. */
async function failOne(id: string): Promise<string> {
  const before = (await deliveriesOf(id)).length;
  receiver.script([{ status: 500, body: MARKUP }]);
  await call();
  for (const deadline = Date.now() + 5_000; ; ) {
    const [newest, ...rest] = await deliveriesOf(id);
    if (rest.length === before && newest.attempts.length === 1) {
      sql(
        "update webhook_deliveries set status = 'failed', next_attempt_at = null where id = ?",
        newest.id,
      );
      receiver.script([{ body: "ok" }]);
      return newest.id;
    }
    if (Date.now() > deadline) throw new Error("was not tried");
    await Bun.sleep(5);
  }
}

const button = ({ page }: Pages, name: string) => page.getByRole("button", { name, exact: true });
const row = ({ page }: Pages, text: string) => page.getByRole("row").filter({ hasText: text });

/** The secret as the dialog shows it; closes the dialog, which asks first. */
async function takeSecret(pages: Pages, title: string): Promise<string> {
  const dialog = pages.page.getByRole("dialog", { name: title });
  const secret = await dialog.getByText(/^whsec_/).textContent();
  await dialog.getByText("export function verifyWebhook").waitFor();
  await pages.page.keyboard.press("Escape");
  await dialog.getByText("You will not be able to see it again after").waitFor();
  await dialog.getByLabel("I saved it").check();
  await dialog.getByRole("button", { name: "Done" }).click();
  await dialog.waitFor({ state: "detached" });
  return secret!;
}

test("a new webhook leads to its secret, shown this once and in no answer or page afterwards", async () => {
  await using pages = await openPages(browser, it);
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)");
  await pages.open("/webhooks");
  await page.getByText("No webhooks yet").waitFor();
  await pages.checkAccess();
  await page.getByRole("link", { name: "Add webhook" }).first().click();
  const panel = page.getByRole("dialog", { name: "New webhook" });
  await panel
    .getByText("A call ended. Not sent for an unscorable call.", { exact: true })
    .waitFor();
  await pages.checkAccess();
  await panel.getByLabel("Address").fill("https://10.0.0.1/hook");
  await button(pages, "All").click();
  expect(await panel.getByRole("checkbox", { checked: true }).count()).toBe(7);
  await button(pages, "None").click();
  await button(pages, "Create webhook").click();
  await panel.getByText("Must have at least 1 entry.").waitFor();
  await panel.getByLabel("call.ended").check();
  await button(pages, "Create webhook").click();
  await panel.getByText("--webhook-allow 10.0.0.1/32 would allow it").waitFor();
  expect(await panel.getByLabel("Address").getAttribute("aria-invalid")).toBe("true");
  await panel.getByLabel("Address").fill(receiver.url);
  await button(pages, "Create webhook").click();
  await page.getByRole("dialog", { name: "The secret of your webhook" }).waitFor();
  await pages.checkAccess();
  const answers: Promise<string>[] = [];
  const secret = await takeSecret(pages, "The secret of your webhook");
  page.on("response", (response) => answers.push(response.text().catch(() => "")));
  await page.getByRole("heading", { name: new URL(receiver.url).host }).waitFor();
  const id = page.url().split("/").at(-1)!;
  await call();
  await row(pages, "Delivered").waitFor();
  const [delivery] = await deliveriesOf(id);
  await row(pages, "Delivered").getByText("call.ended").click();
  await page.getByText("X-Allison-Signature").waitFor();
  expect(await page.content()).not.toContain(secret);
  await page.reload();
  await page.getByText("X-Allison-Signature").waitFor();
  expect(page.url()).toEndWith(delivery.id);
  expect(await page.content()).not.toContain(secret);
  const texts = await Promise.all(answers);
  expect(texts.some((text) => text.includes("secret_preview"))).toBe(true);
  expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  const kept = await page.evaluate("JSON.stringify([localStorage, sessionStorage])");
  expect(kept).not.toContain(secret);
  await it.write.delete(`${PATH}/${id}`);
});

test("back does not lose a secret that is not stored yet", async () => {
  await using pages = await openPages(browser, it);
  const { page } = pages;
  await pages.open("/webhooks");
  await page.getByRole("link", { name: "Add webhook" }).first().click();
  await page.getByLabel("Address").fill(receiver.url);
  await button(pages, "All").click();
  await button(pages, "Create webhook").click();
  const dialog = page.getByRole("dialog", { name: "The secret of your webhook" });
  await dialog.waitFor();
  await page.evaluate("history.back()");
  await takeSecret(pages, "The secret of your webhook");
  await it.write.delete(`${PATH}/${page.url().split("/").at(-1)}`);
});

test("a rotated secret signs from then on, after one was asked, and the old one no more", async () => {
  await using subscription = await subscribe();
  await using pages = await openPages(browser, it);
  const { page } = pages;
  await pages.open(`/webhooks/${subscription.id}`);
  await button(pages, "Rotate").click();
  await page.getByText("The old one signs nothing more from then on").waitFor();
  await button(pages, "Keep the old one").click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await button(pages, "Rotate").click();
  await button(pages, "Rotate secret").click();
  const secret = await takeSecret(pages, "The new secret of your webhook");
  expect(secret).not.toBe(subscription.secret);
  await page.getByText(`${secret.slice(0, 14)}...`).waitFor();
  expect(await page.content()).not.toContain(secret);
});

test("a test shows what was answered, as text", async () => {
  receiver.script([{ status: 418, body: MARKUP }]);
  await using subscription = await subscribe({ events: ["call.ended", "contact.created"] });
  await using pages = await openPages(browser, it);
  const { page } = pages;
  await pages.open(`/webhooks/${subscription.id}`);
  await button(pages, "Send a test").click();
  const dialog = page.getByRole("dialog", { name: "Send a test" });
  await dialog.getByRole("combobox", { name: "Event" }).click();
  await page.getByRole("option", { name: "contact.created" }).click();
  const before = receiver.requests.length;
  await button(pages, "Send test").click();
  await dialog.getByText(MARKUP, { exact: true }).waitFor();
  await dialog.getByText(/Answered 418 in \d+ ms/).waitFor();
  await dialog.getByText("Failed", { exact: true }).waitFor();
  await pages.checkAccess();
  expect(await page.locator('img[src="x"]').count()).toBe(0);
  const received = await receiver.received(before + 1);
  expect(JSON.parse(received[before]!.body)).toMatchObject({ type: "contact.created", test: true });
});

test("a delivery shows its attempts and its request, and one that failed is sent again and arrives", async () => {
  await using subscription = await subscribe();
  const id = await failOne(subscription.id);
  await using pages = await openPages(browser, it);
  const { page } = pages;
  await pages.open(`/webhooks/${subscription.id}`);
  await row(pages, "Failed").getByText("call.ended").click();
  const panel = page.getByRole("dialog", { name: "call.ended" });
  await panel.getByText(/Answered 500 in \d+ ms/).waitFor();
  const answer = panel.getByRole("group", { name: "Answer to attempt 1" });
  expect(await answer.textContent()).toBe(MARKUP);
  await answer.focus();
  expect(await answer.evaluate((element) => element === document.activeElement)).toBe(true);
  await pages.checkAccess();
  const sent = receiver.requests.at(-1)!;
  const headers = await panel.getByRole("group", { name: "Headers" }).textContent();
  expect(headers).toContain(`X-Allison-Signature: ${sent.headers["x-allison-signature"]}`);
  await panel.getByRole("tab", { name: "As sent" }).click();
  expect(await panel.getByRole("group", { name: "Body as sent" }).textContent()).toBe(sent.body);
  const before = receiver.requests.length;
  await panel.getByRole("button", { name: "Send again" }).click();
  await panel.getByText("Delivered").waitFor();
  await panel.getByText("Attempt 2").waitFor();
  const again = (await receiver.received(before + 1))[before]!;
  expect(again.body).toBe(sent.body);
  expect(await deliveriesOf(subscription.id)).toMatchObject([{ id, status: "succeeded" }]);
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  expect(new URL(page.url()).pathname).toBe(`/webhooks/${subscription.id}`);
});

test("a signature that cannot be shown any more says why", async () => {
  await using subscription = await subscribe();
  const id = await failOne(subscription.id);
  await it.write.post(`${PATH}/${subscription.id}/rotate-secret`);
  await using pages = await openPages(browser, it);
  await pages.open(`/webhooks/${subscription.id}/deliveries/${id}`);
  await pages.page.getByText("The secret was changed after it was last sent").waitFor();
  await pages.page.getByText("X-Allison-Signature: —").waitFor();
});

test("all that failed since a time are sent again, and it is told how many", async () => {
  await using subscription = await subscribe();
  const early = await failOne(subscription.id);
  const late = await failOne(subscription.id);
  sql(
    "update webhook_attempts set at = '2026-01-01T00:00:00.000Z' where delivery_seq = (select seq from webhook_deliveries where id = ?)",
    early,
  );
  await using pages = await openPages(browser, it);
  const { page } = pages;
  await pages.open(`/webhooks/${subscription.id}?status=failed`);
  await row(pages, "Failed").nth(1).waitFor();
  await button(pages, "Send all failed again").click();
  const dialog = page.getByRole("dialog", { name: "Send all failed again" });
  await dialog.getByLabel("In the last hour").check();
  await pages.checkAccess();
  await dialog.getByRole("button", { name: "Send again" }).click();
  await dialog.getByText("1 is being sent again.").waitFor();
  await row(pages, "Failed").nth(1).waitFor({ state: "detached" });
  const states = async () =>
    Object.fromEntries(
      (await deliveriesOf(subscription.id)).map((d: { id: string; status: string }) => [
        d.id,
        d.status === "failed",
      ]),
    );
  expect(await states()).toEqual({ [late]: false, [early]: true });
  await dialog.getByLabel("At any time, as far back as deliveries are kept").check();
  await dialog.getByRole("button", { name: "Send again" }).click();
  await page.getByText("No matches").waitFor();
  await dialog.getByRole("button", { name: "Send again" }).click();
  await dialog.getByText("None failed in that time, so nothing is sent.").waitFor();
  expect(await states()).toEqual({ [late]: false, [early]: false });
});

test("a delivery comes and changes on the screen without a reload, with its next try", async () => {
  await using subscription = await subscribe();
  receiver.script([{ status: 503 }]);
  await using pages = await openPages(browser, it);
  const { page } = pages;
  await pages.open(`/webhooks/${subscription.id}`);
  await page.getByText("Nothing sent yet").waitFor();
  await page.evaluate("window.same = true");
  await call();
  await row(pages, "Trying again").getByText("HTTP 503").waitFor();
  await row(pages, "Trying again")
    .getByText(/^in (\d+ sec|1 min)$/)
    .waitFor();
  receiver.script([{ body: "ok" }]);
  const [{ id }] = await deliveriesOf(subscription.id);
  sql("update webhook_deliveries set status = 'failed', next_attempt_at = null where id = ?", id);
  await it.write.post(`${PATH}/${subscription.id}/deliveries/${id}/retry`);
  await row(pages, "Delivered").getByText("HTTP 200").waitFor();
  expect(await page.evaluate("window.same")).toBe(true);
});

describe("switching", () => {
  test("off asks and says that what waits is cancelled; on again asks nothing", async () => {
    await using subscription = await subscribe();
    const enabled = async () => (await it.read.get(`${PATH}/${subscription.id}`)).body.data.enabled;
    await using pages = await openPages(browser, it);
    const { page } = pages;
    pages.expectErrors("409 (Conflict)");
    await pages.open(`/webhooks/${subscription.id}`);
    const send = page.getByRole("switch", { name: "Send events" });
    await send.click({ force: true });
    await page.getByText("What still waits to be sent is cancelled").waitFor();
    await button(pages, "Keep it on").click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await enabled()).toBe(true);
    await send.click({ force: true });
    await button(pages, "Switch off").click();
    await page.getByText("Switched off", { exact: true }).waitFor();
    expect(await enabled()).toBe(false);
    await button(pages, "Send a test").click();
    await button(pages, "Send test").click();
    await page.getByText("This webhook is switched off. Switch it on first.").waitFor();
    await button(pages, "Close").last().click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await send.click({ force: true });
    await page.getByText("Enabled", { exact: true }).waitFor();
    expect(await enabled()).toBe(true);
  });

  test("what the server switched off says why, in the list and on its page, and is on again with one click", async () => {
    await using subscription = await subscribe();
    const switchOff = (reason: string) =>
      sql(
        "update webhook_subscriptions set enabled = 0, auto_disabled_reason = ? where id = ?",
        reason,
        subscription.id,
      );
    const state = async () => (await it.read.get(`${PATH}/${subscription.id}`)).body.data;
    switchOff("consecutive_failures");
    await using pages = await openPages(browser, it);
    const { page } = pages;
    await pages.open("/webhooks?enabled=false");
    await row(pages, "Switched off by the server")
      .getByText("10 events in a row failed for good.")
      .waitFor();
    await pages.checkAccess();
    await button(pages, "Switch on again").click();
    await page.getByText("No matches").waitFor();
    expect(await state()).toMatchObject({ enabled: true, auto_disabled_reason: null });
    switchOff("no_success");
    await pages.open(`/webhooks/${subscription.id}`);
    await page.getByText("Deliveries failed for 5 days without one success.").waitFor();
    await pages.checkAccess();
    await button(pages, "Switch on again").click();
    await page.getByText("Enabled", { exact: true }).waitFor();
    expect(await state()).toMatchObject({ enabled: true, auto_disabled_reason: null });
  });
});

test("an edit does not write over what somebody else changed meanwhile, and deleting asks", async () => {
  await using subscription = await subscribe();
  await using pages = await openPages(browser, it);
  const { page } = pages;
  pages.expectErrors("412 (Precondition Failed)", "404 (Not Found)");
  await pages.open(`/webhooks/${subscription.id}`);
  await button(pages, "Edit").click();
  await page.getByLabel("Description").fill("Mine");
  await it.write.patch(`${PATH}/${subscription.id}`, { description: "Theirs" });
  await button(pages, "Save changes").click();
  await page.getByText("Someone else changed this").waitFor();
  await button(pages, "Overwrite").click();
  await page.getByRole("heading", { name: "Mine", exact: true }).waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await button(pages, "Delete this webhook").click();
  await button(pages, "Keep it").click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect((await it.read.get(`${PATH}/${subscription.id}`)).body.data.description).toBe("Mine");
  await button(pages, "Delete this webhook").click();
  await button(pages, "Delete webhook").click();
  await page.getByRole("heading", { name: "Webhooks", exact: true }).waitFor();
  expect((await it.read.get(`${PATH}/${subscription.id}`)).status).toBe(404);
});

test("the list tells each webhook's last delivery, and its events where one points or tabs to", async () => {
  await using subscription = await subscribe({ events: ["call.ended", "contact.created"] });
  await failOne(subscription.id);
  await using pages = await openPages(browser, it);
  const { page } = pages;
  await pages.open("/webhooks");
  const line = row(pages, "CRM");
  await line.getByText("Failed").waitFor();
  await line.getByRole("button", { name: "2 events: call.ended, contact.created" }).focus();
  await page.getByRole("tooltip", { name: "call.ended, contact.created" }).waitFor();
  await line.getByText("CRM").click();
  await page.getByRole("heading", { name: "CRM" }).waitFor();
});

test.each([
  ["in the dark", { colorScheme: "dark" as const }],
  ["on a phone", { viewport: { width: 390, height: 844 } }],
])("each page is accessible %s, and never wider than the screen", async (_, options) => {
  await using subscription = await subscribe();
  const id = await failOne(subscription.id);
  await using pages = await openPages(browser, it, options);
  const { page } = pages;
  const seen: [string, string][] = [
    ["/webhooks", "CRM"],
    ["/webhooks/new", "A call ended. Not sent for an unscorable call."],
    [`/webhooks/${subscription.id}`, "HTTP 500"],
    [`/webhooks/${subscription.id}/deliveries/${id}`, "Attempt 1"],
  ];
  for (const [path, text] of seen) {
    await pages.open(path);
    await page.getByText(text).last().waitFor();
    await pages.checkAccess();
    const over = await page.evaluate(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth",
    );
    expect([path, over]).toEqual([path, 0]);
  }
});
