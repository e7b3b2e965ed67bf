/** The page of a mock server, and the link that signs in to its dashboard, in a real browser. */
import { expect, test } from "bun:test";
import { MOCK_KEYS } from "../../../src/contract/mock-keys.ts";
import { MOCK_ACCOUNT } from "../../../src/mock/account.ts";
import { startTestServer } from "../../support/harness.ts";
import { startTestMock } from "../../support/mock.ts";
import { openPages, setUpPages } from "../../support/pages.ts";

/** Without `server`, which the page helper takes for a server that has accounts. */
async function startMockPages() {
  const { server, ...rest } = await startTestMock();
  return { ...rest, signInLink: () => server.signInLink() };
}
const mock = setUpPages(startMockPages, { perTest: true });

test("a request appears without a reload, and opens with its bodies as text and as a curl command", async () => {
  await using pages = await mock.open();
  const { page } = pages;
  await pages.open("/mock");
  await page.getByText("No requests yet.", { exact: false }).waitFor();
  const markup = "<img src=x onerror=\"document.title='hacked'\">";
  await mock.server.write.post("/v1/contacts", {
    phone_number: "+12025550149",
    first_name: markup,
  });
  await mock.server.read.get("/v1/calls?outcome=booked", { "x-mock-fault": "503" });
  const rows = page.getByRole("table", { name: "Recent requests" }).locator("tbody tr");
  await rows.nth(1).waitFor();
  expect(await rows.first().textContent()).toContain("GET /v1/calls?outcome=booked503503Reporting");
  await rows.nth(1).getByRole("link").click();
  const panel = page.getByRole("dialog", { name: "POST /v1/contacts" });
  await panel.getByRole("group", { name: "Request body" }).waitFor();
  expect(await panel.getByRole("group", { name: "Request body" }).textContent()).toContain(
    JSON.stringify(markup),
  );
  expect(await panel.getByRole("group", { name: "Response body" }).textContent()).toContain(
    '"source": "api"',
  );
  expect(await panel.getByRole("group", { name: "Command" }).textContent()).toContain(
    `-H 'authorization: Bearer ${MOCK_KEYS.write}'`,
  );
  expect(page.url()).toEndWith("/mock?request=1");
  expect(await page.title()).toBe("POST /v1/contacts · Allison");
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  pages.expectErrors("404 (Not Found)");
  await pages.open("/mock?request=99");
  await page.getByText("no longer exists").waitFor();
});

test("an added fault applies to the next request, counts it, and can be removed", async () => {
  await using pages = await mock.open();
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)");
  await pages.open("/mock");
  await page.getByRole("combobox", { name: "Route" }).fill("GET /v1/contact");
  await page.keyboard.press("Tab");
  await page.getByRole("button", { name: "Add fault" }).click();
  await page.getByText("did you mean GET /v1/contacts?", { exact: false }).waitFor();
  await page.getByRole("combobox", { name: "Route" }).fill("GET /v1/contacts");
  await page.keyboard.press("Tab");
  await page.getByLabel("Times").fill("2");
  await page.getByRole("button", { name: "Add fault" }).click();
  const row = page.getByRole("table", { name: "Active faults" }).locator("tbody tr");
  await row.filter({ hasText: "0 of 2" }).waitFor();
  expect((await mock.server.read.get("/v1/contacts")).status).toBe(500);
  await row.filter({ hasText: "1 of 2" }).waitFor();
  await page
    .getByRole("button", { name: "Remove the fault 500;times=2 of GET /v1/contacts" })
    .click();
  await row.waitFor({ state: "detached" });
  expect((await mock.server.read.get("/v1/contacts")).status).toBe(200);
});

test("a triggered event has the given fields, and an unknown field is reported at the input", async () => {
  await using pages = await mock.open();
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)");
  await pages.open("/mock");
  await page.getByLabel("Fields").fill("mesage=Hello");
  await page.getByRole("button", { name: "Trigger event" }).click();
  await page.getByText("did you mean message?", { exact: false }).waitFor();
  await page.getByLabel("Fields").fill("caller_name=Ada King\nmessage=Please call back = today.");
  await page.getByRole("button", { name: "Trigger event" }).click();
  await page.getByText("Event triggered. No webhook subscribes to it.").waitFor();
  const payload = await page.getByRole("group", { name: "Event payload" }).textContent();
  expect(JSON.parse(payload!).data).toMatchObject({
    caller_name: "Ada King",
    message: "Please call back = today.",
  });
});

test("a reset asks first, and restores the initial data", async () => {
  await mock.server.write.post("/v1/contacts", { phone_number: "+12025550149" });
  await using pages = await mock.open();
  const { page } = pages;
  await pages.open("/mock");
  await page.getByRole("table", { name: "Recent requests" }).waitFor();
  await page.getByRole("button", { name: "Reset" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reset" }).click();
  await page.getByText("Mock server reset.").waitFor();
  await page.getByText("No requests yet.", { exact: false }).waitFor();
  expect(await mock.server.read.all("/v1/contacts?phone_number=%2B12025550149")).toEqual([]);
});

test("the keys can be copied", async () => {
  await using pages = await mock.open({ permissions: ["clipboard-read", "clipboard-write"] });
  const { page } = pages;
  await pages.open("/mock");
  await page.getByRole("button", { name: "Copy read key", exact: true }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(MOCK_KEYS.read);
});

test.each([
  { colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { colorScheme: "dark", viewport: { width: 390, height: 844 } },
] as const)("the page is accessible, and not wider than the screen: %j", async (options) => {
  await mock.server.anonymous.post("/mock/faults", {
    rules: [{ fault: "slow=1", route: "GET /v1/me" }],
  });
  await mock.server.read.get("/v1/calls");
  await mock.server.anonymous.get("/v1/contacts");
  await using pages = await mock.open(options);
  const { page } = pages;
  await pages.open("/mock");
  await page.getByRole("table", { name: "Recent requests" }).waitFor();
  await pages.checkAccess();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
});

test("the link signs in once, and leads a signed-in person to the dashboard", async () => {
  const link = mock.server.signInLink().replace(mock.server.url, "");
  await using pages = await mock.open();
  const { page } = pages;
  pages.expectErrors("401 (Unauthorized)", "404 (Not Found)");
  await pages.open(link);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  expect(page.url()).toBe(`${mock.server.url}/`);
  await pages.open("/settings/account");
  await page.getByText(MOCK_ACCOUNT.email).first().waitFor();
  await pages.open(link);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await using others = await mock.open();
  others.expectErrors("401 (Unauthorized)", "404 (Not Found)");
  await others.open(link);
  await others.page.getByRole("heading", { name: "This link is invalid or has expired" }).waitFor();
  expect(others.page.url()).toBe(`${mock.server.url}/sign-in/link`);
  await others.page.getByRole("link", { name: "Sign in" }).click();
  await others.page.getByLabel("Email").fill(MOCK_ACCOUNT.email);
  await others.page.getByLabel("Password", { exact: true }).fill(MOCK_ACCOUNT.password);
  await others.page.getByRole("button", { name: "Sign in" }).click();
  await others.page.getByRole("heading", { name: "Overview" }).waitFor();
});

test("a real server has neither the page nor a sign-in link", async () => {
  await using real = await startTestServer();
  await using pages = await openPages(mock.browser, real);
  pages.expectErrors("404 (Not Found)");
  await pages.open("/mock");
  await pages.page.getByText("Page not found").waitFor();
  const answer = await real.anonymous.post(
    "/dashboard/api/sign-in-link",
    { token: "x" },
    { origin: real.url, "sec-fetch-site": "same-origin" },
  );
  expect(answer.status).toBe(404);
});
