/** The page that an invitation's link opens. */
import { expect, test } from "bun:test";
import { makeAccount, PASSWORD } from "../../support/dashboard.ts";
import { startTestServer } from "../../support/harness.ts";
import { setUpPages } from "../../support/pages.ts";
import { ACTOR } from "../../support/store.ts";

const dashboard = setUpPages(() => startTestServer(), { account: false });

test("an invited person chooses a password and is signed in; the link works once and leaves the address bar", async () => {
  const it = dashboard.server;
  await makeAccount(it);
  const { token } = await it.server.store.change(ACTOR, (tx) =>
    it.server.invitations.create(tx, { email: "mia@example.com", role: "member" }),
  );
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)", "404 (Not Found)");
  await pages.open(`/invitation#${token}`);
  await page.getByRole("heading", { name: "Create your account" }).waitFor();
  expect(await page.getByLabel("Email").inputValue()).toBe("mia@example.com");
  expect(page.url()).not.toContain(token);
  await pages.checkAccess();
  await page.getByLabel("Password").first().fill("short");
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByText("Must have at least 10 characters").waitFor();
  await page.getByLabel("Password").first().fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.goto("about:blank");
  await pages.open(`/invitation#${token}`);
  await page.getByText("This link is invalid or has expired").waitFor();
  await pages.checkAccess();
});
