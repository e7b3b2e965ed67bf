/** Webhooks, as a person uses them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { PASSWORD } from "../../support/dashboard.ts";
import { startTestServer } from "../../support/harness.ts";
import { type Pages, setUpPages } from "../../support/pages.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";
import { sampleCall } from "../../support/samples.ts";

const PATH = "/v1/webhook-subscriptions";
const MARKUP = "<img src=x onerror=alert(1)> thanks";

const dashboard = setUpPages(() => startTestServer({ config: { webhookAllow: ["127.0.0.0/8"] } }));
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.stop());
beforeEach(() => receiver.script([{ body: "ok" }]));

/** A subscription that is deleted after the test. */
async function subscribe(fields: object = {}) {
  const body = { url: receiver.url, description: "CRM", events: ["call.ended"], ...fields };
  const created = (await dashboard.server.write.post(PATH, body)).body;
  return {
    id: created.data.id as string,
    secret: created.secret as string,
    async [Symbol.asyncDispose]() {
      await dashboard.server.write.delete(`${PATH}/${created.data.id}`);
    },
  };
}

let calls = 0;
const call = () =>
  dashboard.server.platform.put(`/platform/v1/calls/page-${calls++}`, sampleCall());
const deliveriesOf = async (id: string) =>
  (await dashboard.server.read.get(`${PATH}/${id}/deliveries?event=call.ended`)).body.data;
const sql = (text: string, ...values: string[]) =>
  dashboard.server.server.store.housekeep((db) => db.$client.run(text, values));

/** Sends a call whose delivery failed permanently after one attempt, a 500. */
async function failOne(id: string): Promise<string> {
  const previous = (await deliveriesOf(id)).length;
  receiver.script([{ status: 500, body: MARKUP }]);
  await call();
  for (const deadline = Date.now() + 5_000; ; ) {
    const [newest, ...rest] = await deliveriesOf(id);
    if (rest.length === previous && newest.attempts.length === 1) {
      await sql(
        "update webhook_deliveries set status = 'failed', next_attempt_at = null where id = ?",
        newest.id,
      );
      receiver.script([{ body: "ok" }]);
      return newest.id;
    }
    if (Date.now() > deadline) throw new Error("the delivery has no attempt");
    await Bun.sleep(5);
  }
}

const button = ({ page }: Pages, name: string) => page.getByRole("button", { name, exact: true });
const row = ({ page }: Pages, text: string) => page.getByRole("row").filter({ hasText: text });

/** Reads the secret from the dialog, and closes the dialog, which asks first. */
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

async function confirmIdentity({ page }: Pages) {
  const dialog = page.getByRole("dialog", { name: "Confirm your identity" });
  await dialog.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
}

test("a new webhook shows its secret once, and no later response or page contains it", async () => {
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)", "403 (Forbidden)");
  await pages.open("/webhooks");
  await page.getByText("No webhooks yet").waitFor();
  await pages.checkAccess();
  await page.getByRole("link", { name: "Add webhook" }).first().click();
  const panel = page.getByRole("dialog", { name: "New webhook" });
  await panel.getByText("A call ended.", { exact: true }).waitFor();
  await pages.checkAccess();
  await panel.getByLabel("URL").fill("https://10.0.0.1/hook");
  await button(pages, "All").click();
  expect(await panel.getByRole("checkbox", { checked: true }).count()).toBe(7);
  await button(pages, "None").click();
  await button(pages, "Create webhook").click();
  await panel.getByText("Must have at least 1 entry.").waitFor();
  await panel.getByLabel("call.ended").check();
  await button(pages, "Create webhook").click();
  await panel.getByText("--webhook-allow 10.0.0.1/32 would allow it").waitFor();
  expect(await panel.getByLabel("URL").getAttribute("aria-invalid")).toBe("true");
  await panel.getByLabel("URL").fill(receiver.url);
  await button(pages, "Create webhook").click();
  await page.getByText(`to send events to ${receiver.url}`).waitFor();
  await page
    .getByRole("dialog", { name: "Confirm your identity" })
    .getByRole("button", { name: "Cancel" })
    .click();
  await page.getByRole("dialog", { name: "Confirm your identity" }).waitFor({ state: "detached" });
  expect(await panel.getByLabel("URL").inputValue()).toBe(receiver.url);
  await button(pages, "Create webhook").click();
  await confirmIdentity(pages);
  await page.getByRole("dialog", { name: "Webhook signing secret" }).waitFor();
  await pages.checkAccess();
  const responses: Promise<string>[] = [];
  const secret = await takeSecret(pages, "Webhook signing secret");
  page.on("response", (response) => responses.push(response.text().catch(() => "")));
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
  const texts = await Promise.all(responses);
  expect(texts.some((text) => text.includes("secret_preview"))).toBe(true);
  expect(texts.filter((text) => text.includes(secret))).toEqual([]);
  const kept = await page.evaluate("JSON.stringify([localStorage, sessionStorage])");
  expect(kept).not.toContain(secret);
  await dashboard.server.write.delete(`${PATH}/${id}`);
});

test("the back button does not discard a secret that is not stored yet", async () => {
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open("/webhooks");
  await page.getByRole("link", { name: "Add webhook" }).first().click();
  await page.getByLabel("URL").fill(receiver.url);
  await button(pages, "All").click();
  pages.expectErrors("403 (Forbidden)");
  await button(pages, "Create webhook").click();
  await confirmIdentity(pages);
  const dialog = page.getByRole("dialog", { name: "Webhook signing secret" });
  await dialog.waitFor();
  await page.evaluate("history.back()");
  await takeSecret(pages, "Webhook signing secret");
  await dashboard.server.write.delete(`${PATH}/${page.url().split("/").at(-1)}`);
});

test("rotating the secret asks first and shows the new secret once", async () => {
  await using subscription = await subscribe();
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open(`/webhooks/${subscription.id}`);
  await button(pages, "Rotate").click();
  await page.getByText("The old secret stops signing immediately").waitFor();
  await button(pages, "Cancel").click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await button(pages, "Rotate").click();
  await button(pages, "Rotate secret").click();
  const secret = await takeSecret(pages, "New webhook signing secret");
  expect(secret).not.toBe(subscription.secret);
  await page.getByText(`${secret.slice(0, 14)}...`).waitFor();
  expect(await page.content()).not.toContain(secret);
});

test("a test event shows the response as text", async () => {
  receiver.script([{ status: 418, body: MARKUP }]);
  await using subscription = await subscribe({ events: ["call.ended", "contact.created"] });
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open(`/webhooks/${subscription.id}`);
  await button(pages, "Send test event").click();
  const dialog = page.getByRole("dialog", { name: "Send test event" });
  await dialog.getByRole("combobox", { name: "Event" }).click();
  await page.getByRole("option", { name: "contact.created" }).click();
  const sentCount = receiver.requests.length;
  await button(pages, "Send test").click();
  await dialog.getByText(MARKUP, { exact: true }).waitFor();
  await dialog.getByText(/HTTP 418 in \d+ ms/).waitFor();
  await dialog.getByText("Failed", { exact: true }).waitFor();
  await pages.checkAccess();
  expect(await page.locator('img[src="x"]').count()).toBe(0);
  const received = await receiver.received(sentCount + 1);
  expect(JSON.parse(received[sentCount]!.body)).toMatchObject({
    type: "contact.created",
    test: true,
  });
});

test("a delivery shows its attempts and its request, and a failed one can be retried", async () => {
  await using subscription = await subscribe();
  const id = await failOne(subscription.id);
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open(`/webhooks/${subscription.id}`);
  await row(pages, "Failed").getByText("call.ended").click();
  const panel = page.getByRole("dialog", { name: "call.ended" });
  await panel.getByText(/HTTP 500 in \d+ ms/).waitFor();
  const response = panel.getByRole("group", { name: "Response to attempt 1" });
  expect(await response.textContent()).toBe(MARKUP);
  await response.focus();
  expect(await response.evaluate((element) => element === document.activeElement)).toBe(true);
  await pages.checkAccess();
  const sent = receiver.requests.at(-1)!;
  const headers = await panel.getByRole("group", { name: "Headers" }).textContent();
  expect(headers).toContain(`X-Allison-Signature: ${sent.headers["x-allison-signature"]}`);
  await panel.getByRole("tab", { name: "Raw" }).click();
  expect(await panel.getByRole("group", { name: "Body, raw" }).textContent()).toBe(sent.body);
  const sentCount = receiver.requests.length;
  await panel.getByRole("button", { name: "Retry" }).click();
  await panel.getByText("Delivered").waitFor();
  await panel.getByText("Attempt 2").waitFor();
  const again = (await receiver.received(sentCount + 1))[sentCount]!;
  expect(again.body).toBe(sent.body);
  expect(await deliveriesOf(subscription.id)).toMatchObject([{ id, status: "succeeded" }]);
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  expect(new URL(page.url()).pathname).toBe(`/webhooks/${subscription.id}`);
});

test("a signature that cannot be shown says why", async () => {
  await using subscription = await subscribe();
  const id = await failOne(subscription.id);
  await dashboard.server.write.post(`${PATH}/${subscription.id}/rotate-secret`);
  await using pages = await dashboard.open();
  await pages.open(`/webhooks/${subscription.id}/deliveries/${id}`);
  await pages.page.getByText("the secret was rotated after the last attempt").waitFor();
  await pages.page.getByText("X-Allison-Signature: —").waitFor();
});

test("all deliveries that failed in a period are retried, and the dialog shows how many", async () => {
  await using subscription = await subscribe();
  const early = await failOne(subscription.id);
  const late = await failOne(subscription.id);
  await sql(
    "update webhook_attempts set at = '2026-01-01T00:00:00.000Z' where delivery_seq = (select seq from webhook_deliveries where id = ?)",
    early,
  );
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open(`/webhooks/${subscription.id}?status=failed`);
  await row(pages, "Failed").nth(1).waitFor();
  await button(pages, "Retry all failed").click();
  const dialog = page.getByRole("dialog", { name: "Retry all failed deliveries" });
  await dialog.getByLabel("Last hour").check();
  await pages.checkAccess();
  await dialog.getByRole("button", { name: "Retry" }).click();
  await dialog.getByText("Retrying 1 delivery.").waitFor();
  await row(pages, "Failed").nth(1).waitFor({ state: "detached" });
  const states = async () =>
    Object.fromEntries(
      (await deliveriesOf(subscription.id)).map((d: { id: string; status: string }) => [
        d.id,
        d.status === "failed",
      ]),
    );
  expect(await states()).toEqual({ [late]: false, [early]: true });
  await dialog.getByLabel("All time, as far back as deliveries are kept").check();
  await dialog.getByRole("button", { name: "Retry" }).click();
  await page.getByText("No matches").waitFor();
  await dialog.getByRole("button", { name: "Retry" }).click();
  await dialog.getByText("No failed deliveries in this period.").waitFor();
  expect(await states()).toEqual({ [late]: false, [early]: false });
});

test("a delivery appears and changes without a reload, with its next attempt", async () => {
  await using subscription = await subscribe();
  receiver.script([{ status: 503 }]);
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open(`/webhooks/${subscription.id}`);
  await page.getByText("No deliveries yet").waitFor();
  await page.evaluate("window.same = true");
  await call();
  await row(pages, "Retrying").getByText("HTTP 503").waitFor();
  await row(pages, "Retrying")
    .getByText(/^in (\d+ sec|1 min)$/)
    .waitFor();
  receiver.script([{ body: "ok" }]);
  const [{ id }] = await deliveriesOf(subscription.id);
  await sql(
    "update webhook_deliveries set status = 'failed', next_attempt_at = null where id = ?",
    id,
  );
  await dashboard.server.write.post(`${PATH}/${subscription.id}/deliveries/${id}/retry`);
  await row(pages, "Delivered").getByText("HTTP 200").waitFor();
  expect(await page.evaluate("window.same")).toBe(true);
});

describe("enabling and disabling", () => {
  test("disabling asks and names the canceled deliveries; enabling does not ask", async () => {
    await using subscription = await subscribe();
    const enabled = async () =>
      (await dashboard.server.read.get(`${PATH}/${subscription.id}`)).body.data.enabled;
    await using pages = await dashboard.open();
    const { page } = pages;
    pages.expectErrors("409 (Conflict)");
    await pages.open(`/webhooks/${subscription.id}`);
    const send = page.getByRole("switch", { name: "Send events" });
    await send.click({ force: true });
    await page.getByText("Pending deliveries are canceled").waitFor();
    await button(pages, "Cancel").click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await enabled()).toBe(true);
    await send.click({ force: true });
    await button(pages, "Disable").click();
    await page.getByText("Disabled", { exact: true }).waitFor();
    expect(await enabled()).toBe(false);
    await button(pages, "Send test event").click();
    await button(pages, "Send test").click();
    await page.getByText("This webhook is disabled. Enable it first.").waitFor();
    await button(pages, "Close").last().click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await send.click({ force: true });
    await page.getByText("Enabled", { exact: true }).waitFor();
    expect(await enabled()).toBe(true);
  });

  test("a webhook disabled by the server shows the reason in the list and on its page, and is enabled with one click", async () => {
    await using subscription = await subscribe();
    const disable = (reason: string) =>
      sql(
        "update webhook_subscriptions set enabled = 0, auto_disabled_reason = ? where id = ?",
        reason,
        subscription.id,
      );
    const state = async () =>
      (await dashboard.server.read.get(`${PATH}/${subscription.id}`)).body.data;
    await disable("consecutive_failures");
    await using pages = await dashboard.open();
    const { page } = pages;
    await pages.open("/webhooks?enabled=false");
    await row(pages, "Disabled by the server")
      .getByText("10 events in a row failed permanently.")
      .waitFor();
    await pages.checkAccess();
    await button(pages, "Enable").click();
    await page.getByText("No matches").waitFor();
    expect(await state()).toMatchObject({ enabled: true, auto_disabled_reason: null });
    await disable("no_success");
    await pages.open(`/webhooks/${subscription.id}`);
    await page.getByText("No delivery succeeded for 5 days.").waitFor();
    await pages.checkAccess();
    await button(pages, "Enable").click();
    await page.getByText("Enabled", { exact: true }).waitFor();
    expect(await state()).toMatchObject({ enabled: true, auto_disabled_reason: null });
  });
});

test("an edit does not overwrite somebody else's change without asking, and deleting asks first", async () => {
  await using subscription = await subscribe();
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("412 (Precondition Failed)", "404 (Not Found)");
  await pages.open(`/webhooks/${subscription.id}`);
  await button(pages, "Edit").click();
  await page.getByLabel("Description").fill("Mine");
  await dashboard.server.write.patch(`${PATH}/${subscription.id}`, { description: "Theirs" });
  await button(pages, "Save changes").click();
  await page.getByText("Someone else changed this").waitFor();
  await button(pages, "Overwrite").click();
  await page.getByRole("heading", { name: "Mine", exact: true }).waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await button(pages, "Delete").click();
  await button(pages, "Cancel").click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  expect(
    (await dashboard.server.read.get(`${PATH}/${subscription.id}`)).body.data.description,
  ).toBe("Mine");
  await button(pages, "Delete").click();
  await button(pages, "Delete webhook").click();
  await page.getByRole("heading", { name: "Webhooks", exact: true }).waitFor();
  expect((await dashboard.server.read.get(`${PATH}/${subscription.id}`)).status).toBe(404);
});

test("the list shows each webhook's last delivery, and its events on hover and focus", async () => {
  await using subscription = await subscribe({ events: ["call.ended", "contact.created"] });
  await failOne(subscription.id);
  await using pages = await dashboard.open();
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
  ["in dark mode", { colorScheme: "dark" as const }],
  ["on a phone", { viewport: { width: 390, height: 844 } }],
])("each page is accessible %s, and not wider than the screen", async (_, options) => {
  await using subscription = await subscribe();
  const id = await failOne(subscription.id);
  await using pages = await dashboard.open(options);
  const { page } = pages;
  const visited: [string, string][] = [
    ["/webhooks", "CRM"],
    ["/webhooks/new", "A call ended."],
    [`/webhooks/${subscription.id}`, "HTTP 500"],
    [`/webhooks/${subscription.id}/deliveries/${id}`, "Attempt 1"],
  ];
  for (const [path, text] of visited) {
    await pages.open(path);
    await page.getByText(text).last().waitFor();
    await pages.checkAccess();
    const over = await page.evaluate(
      "document.documentElement.scrollWidth - document.documentElement.clientWidth",
    );
    expect([path, over]).toEqual([path, 0]);
  }
});
