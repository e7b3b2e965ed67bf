/** Contacts, as a person uses them. */
import { expect, test } from "bun:test";
import { startTestServer } from "../../support/harness.ts";
import { setUpPages } from "../../support/pages.ts";

const dashboard = setUpPages(() => startTestServer());

test("an empty list leads to the form of the first contact, which shows each error at its field", async () => {
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)");
  await pages.open("/contacts");
  await page.getByText("No contacts yet").waitFor();
  await pages.checkAccess();
  await page.getByRole("link", { name: "Add contact" }).first().click();
  const panel = page.getByRole("dialog", { name: "New contact" });
  // The first field has the focus.
  await panel.getByLabel("First name").and(page.locator(":focus")).waitFor();
  await page.keyboard.type("Maria");
  await panel.getByLabel("Phone number").fill("555");
  await panel.getByLabel("Email").fill("maria");
  await panel.getByRole("button", { name: "Create contact" }).click();
  await panel.getByText("Must be in E.164 form, for example +15550100123.").waitFor();
  await panel.getByText("Must be an email address such as maria@example.com.").waitFor();
  await panel.getByLabel("Phone number").fill("+12025550123");
  await panel.getByLabel("Email").fill("maria@example.com");
  await panel.getByRole("button", { name: "Create contact" }).click();
  await page.getByRole("dialog", { name: "Maria" }).waitFor();
  const { data } = (await dashboard.server.read.get("/v1/contacts")).body;
  expect(data).toMatchObject([
    { first_name: "Maria", phone_number: "+12025550123", source: "manual" },
  ]);
});

test("a save does not overwrite somebody else's change without asking", async () => {
  const created = await dashboard.server.write.post("/v1/contacts", {
    phone_number: "+12025550124",
  });
  const path = `/v1/contacts/${created.body.data.id}`;
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("412 (Precondition Failed)");
  await pages.open(`/contacts/${created.body.data.id}`);
  await page.getByLabel("First name").fill("Mine");
  await dashboard.server.write.patch(path, { last_name: "Theirs" });
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.getByText("Someone else changed this").waitFor();
  expect((await dashboard.server.read.get(path)).body.data).toMatchObject({ first_name: null });
  await page.getByRole("button", { name: "Overwrite" }).click();
  await page.getByText("Someone else changed this").waitFor({ state: "detached" });
  expect((await dashboard.server.read.get(path)).body.data).toMatchObject({ first_name: "Mine" });
});

test("leaving a form with unsaved input asks first", async () => {
  await using pages = await dashboard.open();
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
