/** API keys on their page, and what a session alone cannot do. */
import { expect, test } from "bun:test";
import { PASSWORD } from "../../support/dashboard.ts";
import { startTestServer } from "../../support/harness.ts";
import { setUpPages } from "../../support/pages.ts";

const dashboard = setUpPages(() => startTestServer());

/** Runs a shown command. The server under test runs in this process, so the process must not block. */
const runCommand = (command: string) =>
  new Response(Bun.spawn(["sh", "-c", `${command} -sS`]).stdout).text();

const KEY = { name: "Thief", access: "write", expires_at: null };

test("a key is created only with the correct password, is shown once, and its command works; cancelling and a wrong password keep the form", async () => {
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)");
  const bodies: Promise<string>[] = [];
  await pages.open("/settings/keys");
  await page.getByRole("link", { name: "Create API key" }).click();
  const dialog = page.getByRole("dialog", { name: "Create API key" });
  await dialog.getByLabel("Name").fill("Zapier");
  await pages.checkAccess();
  await dialog.getByRole("button", { name: "Create key" }).click();
  const confirm = page.getByRole("dialog", { name: "Confirm your identity" });
  await confirm.getByText("to create the API key Zapier").waitFor();
  await page.keyboard.press("Escape");
  await confirm.waitFor({ state: "detached" });
  expect(await dialog.getByLabel("Name").inputValue()).toBe("Zapier");
  await dialog.getByRole("button", { name: "Create key" }).click();
  await confirm.getByLabel("Password").first().fill("a wrong password");
  await page.keyboard.press("Enter");
  await confirm.getByText("Incorrect password. 4 attempts left.").waitFor();
  expect(dashboard.server.server.keys.list().some(({ name }) => name === "Zapier")).toBe(false);
  await confirm.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  const secret = page.getByRole("dialog", { name: "API key Zapier" });
  const key = (await secret.getByText(/^av_live_/).textContent())!;
  expect(key).toMatch(/^av_live_[A-Za-z0-9]{32}$/);
  const command = (await secret.getByLabel("Command to try the key").textContent())!;
  expect(JSON.parse(await runCommand(command)).data.key).toMatchObject({
    name: "Zapier",
    scope: "read",
  });

  page.on("response", (response) => bodies.push(response.text().catch(() => "")));
  await secret.getByRole("button", { name: "Done" }).click();
  await secret.getByText("You will not be able to see it again after").waitFor();
  await secret.getByLabel("I saved it").check();
  await secret.getByRole("button", { name: "Done" }).click();
  await secret.waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("rowheader", { name: "Zapier" }).waitFor();
  const kept = await page.evaluate(() =>
    JSON.stringify([
      document.documentElement.outerHTML,
      { ...localStorage },
      { ...sessionStorage },
    ]),
  );
  expect([kept, ...(await Promise.all(bodies))].join("\n")).not.toContain(key);
});

test("the command of a platform key works and stores no call", async () => {
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open("/settings/keys/new");
  await page.getByLabel("Name").fill("Voice");
  await page.getByRole("radio", { name: "Platform" }).check();
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  const command = await page.getByLabel("Command to try the key").textContent();
  expect(await runCommand(command!)).toStartWith("HTTP/1.1 200");
  expect((await dashboard.server.read.get("/v1/calls")).body.data).toEqual([]);
});

test("a session cookie alone creates no key: not without a proof, with a used one, or with one for another action", async () => {
  await using pages = await dashboard.open();
  const { context } = pages;
  const post = (path: string, data: object, proof?: string) =>
    context.request.post(`${dashboard.server.url}/dashboard/api${path}`, {
      headers: { origin: dashboard.server.url, ...(proof && { "x-confirmation": proof }) },
      data,
    });
  const prove = async (action: object) =>
    (await (await post("/confirm", { action, password: PASSWORD })).json()).data.proof as string;
  const before = dashboard.server.server.keys.list().length;
  const other = await prove({ kind: "totp.enable" });
  const otherKey = await prove({ kind: "keys.create", key: { ...KEY, access: "read" } });
  for (const proof of [undefined, "made-up", other, otherKey])
    expect((await post("/keys", KEY, proof)).status()).toBe(403);
  expect(dashboard.server.server.keys.list().length).toBe(before);
  const proof = await prove({ kind: "keys.create", key: KEY });
  expect((await post("/keys", KEY, proof)).status()).toBe(201);
  expect((await post("/keys", KEY, proof)).status()).toBe(403);
  const { id } = dashboard.server.server.keys.list()[0]!;
  expect((await post(`/keys/${id}/rotate`, {})).status()).toBe(403);
  const deleted = await context.request.delete(`${dashboard.server.url}/dashboard/api/keys/${id}`, {
    headers: { origin: dashboard.server.url, "content-type": "application/json" },
  });
  expect(deleted.status()).toBe(403);
});

test("disabling a key requires no confirmation and rejects the next request; a refused change is reverted; enabling, rotating and deleting require confirmation", async () => {
  const { token } = await dashboard.server.makeKey({ name: "CRM" });
  const request = () =>
    dashboard.server.anonymous.get("/v1/me", { authorization: `Bearer ${token}` });
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("503 (Service Unavailable)");
  await pages.open("/settings/keys");
  const row = page.getByRole("row", { name: /^CRM/ });
  await page.route("**/dashboard/api/keys/*", (route) =>
    route.fulfill({ status: 503, json: { error: "unavailable" } }),
  );
  await row.locator("label").click();
  await row.getByText("Not changed.").waitFor();
  await row.getByRole("switch", { name: "CRM: Enabled" }).waitFor();
  await page.unroute("**/dashboard/api/keys/*");
  expect((await request()).status).toBe(200);
  await row.locator("label").click();
  await row.getByText("Requests with this key are now rejected").waitFor();
  await row.getByRole("switch", { name: "CRM: Disabled" }).waitFor();
  await page
    .waitForResponse((answer) => answer.url().endsWith("/keys"), { timeout: 3_000 })
    .catch(() => null);
  expect((await request()).status).toBe(401);
  const confirm = page.getByRole("dialog", { name: "Confirm your identity" });
  await row.locator("label").click();
  await confirm.getByText("to enable the API key CRM").waitFor();
  await confirm.getByRole("button", { name: "Cancel" }).click();
  await row.getByRole("switch", { name: "CRM: Disabled" }).waitFor();
  await row.locator("label").click();
  await confirm.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  await confirm.waitFor({ state: "detached" });
  await row.getByRole("switch", { name: "CRM: Enabled" }).waitFor();

  await row.getByRole("button", { name: "Actions for CRM" }).click();
  await page.getByRole("menuitem", { name: "Rotate" }).click();
  await page.getByRole("radio", { name: "Immediately" }).check();
  await page.getByRole("button", { name: "Rotate key" }).click();
  await confirm.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  const secret = page.getByRole("dialog", { name: "API key CRM" });
  await secret.getByLabel("I saved it").check();
  await secret.getByRole("button", { name: "Done" }).click();
  await page.getByText("Expired", { exact: true }).waitFor();
  expect((await request()).status).toBe(401);

  await page.getByRole("button", { name: "Actions for CRM" }).last().click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await confirm.getByText("stay in the audit log").waitFor();
  await confirm.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByText("Expired", { exact: true }).waitFor({ state: "detached" });
  expect(dashboard.server.server.keys.list().filter(({ name }) => name === "CRM").length).toBe(1);
});

test.each([
  ["light", 1280],
  ["dark", 1280],
  ["light", 390],
] as const)("the list is accessible and fits, in %s at %d px", async (colorScheme, width) => {
  await using pages = await dashboard.open({
    colorScheme,
    viewport: { width, height: 800 },
  });
  await pages.open("/settings/keys");
  await pages.page.getByText("Reader").waitFor();
  await pages.checkAccess();
  const overflow = await pages.page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBe(0);
});
