/** The page of a mock server, and the link that signs in to its dashboard, in a real browser. */
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  setDefaultTimeout,
  test,
} from "bun:test";
import { MOCK_KEYS } from "../../../src/contract/mock-keys.ts";
import { MOCK_ACCOUNT } from "../../../src/mock/account.ts";
import { openBrowser } from "../../support/browser.ts";
import { startTestServer, type TestServer } from "../../support/harness.ts";
import { startTestMock, type TestMock } from "../../support/mock.ts";
import { openPages } from "../../support/pages.ts";

setDefaultTimeout(30_000);

let browser: Awaited<ReturnType<typeof openBrowser>>;
let it: TestMock;
beforeAll(async () => {
  browser = await openBrowser();
});
beforeEach(async () => {
  it = await startTestMock();
});
afterEach(() => it[Symbol.asyncDispose]());
afterAll(() => browser.close());

const visit = (options: Parameters<typeof openPages>[2] = {}) =>
  openPages(browser, it as unknown as TestServer, { account: false, ...options });

test("what is asked appears by itself, and opens with its bodies, as text, and as curl", async () => {
  await using pages = await visit();
  const { page } = pages;
  await pages.open("/mock");
  await page.getByText("No request yet.", { exact: false }).waitFor();
  const markup = "<img src=x onerror=\"document.title='hacked'\">";
  await it.write.post("/v1/contacts", { phone_number: "+12025550149", first_name: markup });
  await it.read.get("/v1/calls?outcome=booked", { "x-mock-fault": "503" });
  const rows = page.getByRole("table", { name: "Recent requests" }).locator("tbody tr");
  await rows.nth(1).waitFor();
  expect(await rows.first().textContent()).toContain("GET /v1/calls?outcome=booked503503Reporting");
  await rows.nth(1).getByRole("link").click();
  const panel = page.getByRole("dialog", { name: "POST /v1/contacts" });
  await panel.getByRole("group", { name: "Request body" }).waitFor();
  expect(await panel.getByRole("group", { name: "Request body" }).textContent()).toContain(
    JSON.stringify(markup),
  );
  expect(await panel.getByRole("group", { name: "Answer body" }).textContent()).toContain(
    '"source": "api"',
  );
  expect(await panel.getByRole("group", { name: "Curl" }).textContent()).toContain(
    `-H 'authorization: Bearer ${MOCK_KEYS.write}'`,
  );
  expect(page.url()).toEndWith("/mock?request=1");
  expect(await page.title()).toBe("POST /v1/contacts · Allison");
  await page.keyboard.press("Escape");
  await panel.waitFor({ state: "detached" });
  pages.expectErrors("404 (Not Found)");
  await pages.open("/mock?request=99");
  await page.getByText("none of them any more").waitFor();
});

test("a fault that is added meets the next request, counts it, and can be taken away", async () => {
  await using pages = await visit();
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
  const row = page.getByRole("table", { name: "Faults at work" }).locator("tbody tr");
  await row.filter({ hasText: "0, 2 to come" }).waitFor();
  expect((await it.read.get("/v1/contacts")).status).toBe(500);
  await row.filter({ hasText: "1, 1 to come" }).waitFor();
  await page
    .getByRole("button", { name: "Remove the fault 500;times=2 of GET /v1/contacts" })
    .click();
  await row.waitFor({ state: "detached" });
  expect((await it.read.get("/v1/contacts")).status).toBe(200);
});

test("an event happens at a press, with what was set, and a wrong field is told at the fields", async () => {
  await using pages = await visit();
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)");
  await pages.open("/mock");
  await page.getByLabel("Fields").fill("mesage=Hello");
  await page.getByRole("button", { name: "Make it happen" }).click();
  await page.getByText("did you mean message?", { exact: false }).waitFor();
  await page.getByLabel("Fields").fill("caller_name=Ada King\nmessage=Please call back = today.");
  await page.getByRole("button", { name: "Make it happen" }).click();
  await page.getByText("It happened. No webhook listens to it.").waitFor();
  const told = await page.getByRole("group", { name: "The event" }).textContent();
  expect(JSON.parse(told!).data).toMatchObject({
    caller_name: "Ada King",
    message: "Please call back = today.",
  });
});

test("starting anew asks first, and brings back the beginning", async () => {
  await it.write.post("/v1/contacts", { phone_number: "+12025550149" });
  await using pages = await visit();
  const { page } = pages;
  await pages.open("/mock");
  await page.getByRole("table", { name: "Recent requests" }).waitFor();
  await page.getByRole("button", { name: "Start anew" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Start anew" }).click();
  await page.getByText("It is as it was when it started.").waitFor();
  await page.getByText("No request yet.", { exact: false }).waitFor();
  expect(await it.read.all("/v1/contacts?phone_number=%2B12025550149")).toEqual([]);
});

test("the keys can be copied", async () => {
  await using pages = await visit({ permissions: ["clipboard-read", "clipboard-write"] });
  const { page } = pages;
  await pages.open("/mock");
  await page.getByRole("button", { name: "Copy the read key", exact: true }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(MOCK_KEYS.read);
});

test.each([
  { colorScheme: "light", viewport: { width: 1280, height: 800 } },
  { colorScheme: "dark", viewport: { width: 390, height: 844 } },
] as const)("nobody is shut out, and nothing is wider than the screen: %j", async (options) => {
  await it.anonymous.post("/mock/faults", { rules: [{ fault: "slow=1", route: "GET /v1/me" }] });
  await it.read.get("/v1/calls");
  await it.anonymous.get("/v1/contacts");
  await using pages = await visit(options);
  const { page } = pages;
  await pages.open("/mock");
  await page.getByRole("table", { name: "Recent requests" }).waitFor();
  await pages.checkAccess();
  expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBe(0);
});

test("the link signs in, once; who is signed in is not asked again", async () => {
  const link = it.server.signInLink().replace(it.url, "");
  await using pages = await visit();
  const { page } = pages;
  pages.expectErrors("401 (Unauthorized)", "404 (Not Found)");
  await pages.open(link);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  expect(page.url()).toBe(`${it.url}/`);
  await pages.open("/settings/account");
  await page.getByText(MOCK_ACCOUNT.email).first().waitFor();
  await pages.open(link);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await using others = await visit();
  others.expectErrors("401 (Unauthorized)", "404 (Not Found)");
  await others.open(link);
  await others.page.getByRole("heading", { name: "This link is invalid or has expired" }).waitFor();
  expect(others.page.url()).toBe(`${it.url}/sign-in/link`);
  await others.page.getByRole("link", { name: "Go to the sign-in" }).click();
  await others.page.getByLabel("Email").fill(MOCK_ACCOUNT.email);
  await others.page.getByLabel("Password", { exact: true }).fill(MOCK_ACCOUNT.password);
  await others.page.getByRole("button", { name: "Sign in" }).click();
  await others.page.getByRole("heading", { name: "Overview" }).waitFor();
});

test("a real server has neither the page nor such a link", async () => {
  await using real = await startTestServer();
  await using pages = await openPages(browser, real);
  pages.expectErrors("404 (Not Found)");
  await pages.open("/mock");
  await pages.page.getByText("There is nothing at this address").waitFor();
  const answer = await real.anonymous.post(
    "/dashboard/api/sign-in-link",
    { token: "x" },
    { origin: real.url, "sec-fetch-site": "same-origin" },
  );
  expect(answer.status).toBe(404);
});
