/** Contacts, as a person uses them. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { openBrowser } from "../../support/browser.ts";
import { startTestServer, type TestServer } from "../../support/harness.ts";
import { openPages } from "../../support/pages.ts";

setDefaultTimeout(30_000);

let browser: Awaited<ReturnType<typeof openBrowser>>;
let it: TestServer;
beforeAll(async () => {
  browser = await openBrowser();
  it = await startTestServer();
});
afterAll(async () => {
  await browser.close();
  await it[Symbol.asyncDispose]();
});

test("an empty list leads to the first contact, whose wrong fields are told where they are", async () => {
  await using pages = await openPages(browser, it);
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)");
  await pages.open("/contacts");
  await page.getByText("No contacts yet").waitFor();
  await pages.checkAccess();
  await page.getByRole("link", { name: "Add contact" }).first().click();
  const panel = page.getByRole("dialog", { name: "New contact" });
  // One types at once: the first field has the focus.
  await panel.getByLabel("First name").and(page.locator(":focus")).waitFor();
  await page.keyboard.type("Maria");
  await panel.getByLabel("Telephone number").fill("555");
  await panel.getByLabel("Email").fill("maria");
  await panel.getByRole("button", { name: "Create contact" }).click();
  await panel.getByText("Must be in E.164 form, for example +15550100123.").waitFor();
  await panel.getByText("Must be an email address such as maria@example.com.").waitFor();
  await panel.getByLabel("Telephone number").fill("+12025550123");
  await panel.getByLabel("Email").fill("maria@example.com");
  await panel.getByRole("button", { name: "Create contact" }).click();
  await page.getByRole("dialog", { name: "Maria" }).waitFor();
  const { data } = (await it.read.get("/v1/contacts")).body;
  expect(data).toMatchObject([
    { first_name: "Maria", phone_number: "+12025550123", source: "manual" },
  ]);
});

test("what somebody else changed meanwhile is not written over unasked", async () => {
  const made = await it.write.post("/v1/contacts", { phone_number: "+12025550124" });
  const path = `/v1/contacts/${made.body.data.id}`;
  await using pages = await openPages(browser, it);
  const { page } = pages;
  pages.expectErrors("412 (Precondition Failed)");
  await pages.open(`/contacts/${made.body.data.id}`);
  await page.getByLabel("First name").fill("Mine");
  await it.write.patch(path, { last_name: "Theirs" });
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.getByText("Someone else changed this").waitFor();
  expect((await it.read.get(path)).body.data).toMatchObject({ first_name: null });
  await page.getByRole("button", { name: "Overwrite" }).click();
  await page.getByText("Someone else changed this").waitFor({ state: "detached" });
  expect((await it.read.get(path)).body.data).toMatchObject({ first_name: "Mine" });
});

test("what was typed is not lost by leaving, unless one says so", async () => {
  await using pages = await openPages(browser, it);
  const { page } = pages;
  await pages.open("/contacts/new");
  await page.getByLabel("First name").fill("Half");
  await page.keyboard.press("Escape");
  await page.getByText("Leave without saving?").waitFor();
  await page.getByRole("button", { name: "Stay" }).click();
  expect(await page.getByLabel("First name").inputValue()).toBe("Half");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Leave" }).click();
  await page.getByRole("dialog", { name: "New contact" }).waitFor({ state: "detached" });
});
