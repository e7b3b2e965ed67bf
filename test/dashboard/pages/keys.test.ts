/** API keys, as a person makes and stops them; and what a session alone cannot do. */
import { expect, test } from "bun:test";
import { PASSWORD } from "../../support/dashboard.ts";
import { startTestServer } from "../../support/harness.ts";
import { setUpPages } from "../../support/pages.ts";

const dashboard = setUpPages(() => startTestServer());

/** What a printed command answers; the server under test runs in this process, which must not wait for dashboard.server. */
const run = (command: string) =>
  new Response(Bun.spawn(["sh", "-c", `${command} -sS`]).stdout).text();

const KEY = { name: "Thief", access: "write", expires_at: null };

test("a key is made only after the right password; cancelling and a wrong one keep what was typed; it is shown once and works as printed", async () => {
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)");
  const answers: Promise<string>[] = [];
  await pages.open("/settings/keys");
  await page.getByRole("link", { name: "Create API key" }).click();
  const dialog = page.getByRole("dialog", { name: "Create API key" });
  await dialog.getByLabel("Name").fill("Zapier");
  await pages.checkAccess();
  await dialog.getByRole("button", { name: "Create key" }).click();
  const confirm = page.getByRole("dialog", { name: "Confirm it is you" });
  await confirm.getByText("to create the API key Zapier").waitFor();
  await page.keyboard.press("Escape");
  await confirm.waitFor({ state: "detached" });
  expect(await dialog.getByLabel("Name").inputValue()).toBe("Zapier");
  await dialog.getByRole("button", { name: "Create key" }).click();
  await confirm.getByLabel("Password").first().fill("a wrong password");
  await page.keyboard.press("Enter");
  await confirm.getByText("Is wrong. 4 tries are left.").waitFor();
  expect(dashboard.server.server.keys.list().some(({ name }) => name === "Zapier")).toBe(false);
  await confirm.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  const secret = page.getByRole("dialog", { name: "The key Zapier" });
  const key = (await secret.getByText(/^av_live_/).textContent())!;
  expect(key).toMatch(/^av_live_[A-Za-z0-9]{32}$/);
  const command = (await secret.getByLabel("Command that tries the key").textContent())!;
  expect(JSON.parse(await run(command)).data.key).toMatchObject({
    name: "Zapier",
    scope: "read",
  });

  page.on("response", (response) => answers.push(response.text().catch(() => "")));
  await secret.getByRole("button", { name: "Done" }).click();
  await secret.getByText("gone for good").waitFor();
  await secret.getByLabel("I have stored it").check();
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
  expect([kept, ...(await Promise.all(answers))].join("\n")).not.toContain(key);
});

test("a platform key's command works as printed and stores no call", async () => {
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open("/settings/keys/new");
  await page.getByLabel("Name").fill("Voice");
  await page.getByRole("radio", { name: "Platform" }).check();
  await page.getByRole("button", { name: "Create key" }).click();
  await page.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  const command = await page.getByLabel("Command that tries the key").textContent();
  expect(await run(command!)).toStartWith("HTTP/1.1 200");
  expect((await dashboard.server.read.get("/v1/calls")).body.data).toEqual([]);
});

test("a session's cookie alone mints no key: not without a proof, with a used one, or with another action's", async () => {
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

test("switching off asks nothing and stops the next request; a refused switch is taken back; rotating and deleting each ask again", async () => {
  const { token } = await dashboard.server.makeKey({ name: "CRM" });
  const asks = () => dashboard.server.anonymous.get("/v1/me", { authorization: `Bearer ${token}` });
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("503 (Service Unavailable)");
  await pages.open("/settings/keys");
  const row = page.getByRole("row", { name: /^CRM/ });
  await page.route("**/dashboard/api/keys/*", (route) =>
    route.fulfill({ status: 503, json: { error: "unavailable" } }),
  );
  await row.locator("label").click();
  await row.getByText("Not switched.").waitFor();
  await row.getByRole("switch", { name: "CRM is on" }).waitFor();
  await page.unroute("**/dashboard/api/keys/*");
  expect((await asks()).status).toBe(200);
  await row.locator("label").click();
  await row.getByText("Stops with the next request").waitFor();
  await row.getByRole("switch", { name: "CRM is off" }).waitFor();
  await page
    .waitForResponse((answer) => answer.url().endsWith("/keys"), { timeout: 3_000 })
    .catch(() => null);
  expect((await asks()).status).toBe(401);
  await row.locator("label").click();
  await row.getByRole("switch", { name: "CRM is on" }).waitFor();

  await row.getByRole("button", { name: "More for CRM" }).click();
  await page.getByRole("menuitem", { name: "Rotate" }).click();
  await page.getByRole("radio", { name: "At once" }).check();
  await page.getByRole("button", { name: "Rotate key" }).click();
  const confirm = page.getByRole("dialog", { name: "Confirm it is you" });
  await confirm.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  const secret = page.getByRole("dialog", { name: "The key CRM" });
  await secret.getByLabel("I have stored it").check();
  await secret.getByRole("button", { name: "Done" }).click();
  await page.getByText("Expired", { exact: true }).waitFor();
  expect((await asks()).status).toBe(401);

  await page.getByRole("button", { name: "More for CRM" }).last().click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await confirm.getByText("stays in the audit log").waitFor();
  await confirm.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByText("Expired", { exact: true }).waitFor({ state: "detached" });
  expect(dashboard.server.server.keys.list().filter(({ name }) => name === "CRM").length).toBe(1);
});

test.each([
  ["light", 1280],
  ["dark", 1280],
  ["light", 390],
] as const)("the list can be used by all, in %s at %d px", async (colorScheme, width) => {
  await using pages = await dashboard.open({
    colorScheme,
    viewport: { width, height: 800 },
  });
  await pages.open("/settings/keys");
  await pages.page.getByText("Reader").waitFor();
  await pages.checkAccess();
  const wider = await pages.page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(wider).toBe(0);
});
