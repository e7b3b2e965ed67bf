/** The first account, signing in with and without two-factor authentication, and the account page. */
import { expect, test } from "bun:test";
import type { Page } from "playwright-core";
import {
  codeAt,
  EMAIL,
  enableTotp,
  makeAccount,
  PASSWORD,
  signIn,
} from "../../support/dashboard.ts";
import { startTestServer } from "../../support/harness.ts";
import { setUpPages } from "../../support/pages.ts";

const NEW_PASSWORD = "another horse battery";

const dashboard = setUpPages(() => startTestServer(), { perTest: true });
const openSignedOut = () => dashboard.open({ account: false });
const password = (page: Page) => page.getByLabel("Password", { exact: true });
const newPassword = (page: Page) => page.locator("input[autocomplete=new-password]");
const overview = (page: Page) => page.getByRole("heading", { name: "Overview" }).waitFor();

async function fillIn(page: Page, input: { email?: string; password?: string } = {}) {
  await page.getByLabel("Email").fill(input.email ?? EMAIL);
  await password(page).fill(input.password ?? PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("the link of the first start creates the first account with its business and location, once", async () => {
  const link = dashboard.server.server.firstAccountLink()!.replace(dashboard.server.url, "");
  await using pages = await openSignedOut();
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)", "401 (Unauthorized)");
  await pages.open("/");
  await page.getByRole("heading", { name: "No account yet" }).waitFor();
  await pages.open(link);
  expect(page.url()).toBe(`${dashboard.server.url}/welcome`);
  await page.getByLabel("Email").fill("olivia@brightdental.example");
  await newPassword(page).fill("password");
  await page.getByText("Very weak").waitFor();
  await newPassword(page).fill("correct horse battery staple");
  await page.getByText("Very strong").waitFor();
  await page.getByLabel("Business name").fill("Bright Dental");
  await page.getByRole("button", { name: "Create account" }).click();
  // The missing field has an error, and nothing is created.
  await page.locator("[aria-invalid=true]").first().waitFor();
  expect(dashboard.server.server.users.hasAny()).toBe(false);
  await page.getByLabel("Location name").fill("Downtown");
  await page.getByRole("button", { name: "Create account" }).click();
  await overview(page);
  await page.getByText("Bright Dental").first().waitFor();
  const [location] = (await dashboard.server.read.get("/v1/locations")).body.data;
  expect([location.name, location.timezone]).toEqual(["Downtown", "America/Chicago"]);
  await using later = await openSignedOut();
  await later.open(link);
  await later.page.getByRole("heading", { name: "The first account already exists" }).waitFor();
});

test("an invalid link and a missing link have different pages", async () => {
  await using pages = await openSignedOut();
  pages.expectErrors("404 (Not Found)");
  await pages.open("/welcome#AAAA");
  await pages.page.getByRole("heading", { name: "This link is invalid or has expired" }).waitFor();
  await pages.open("/welcome");
  await pages.page.getByRole("heading", { name: "Open the link from the server" }).waitFor();
});

test("a wrong password and an unknown email have the same error, and signing in leads to the requested page", async () => {
  await makeAccount(dashboard.server);
  await using pages = await openSignedOut();
  const { page } = pages;
  pages.expectErrors("401 (Unauthorized)");
  await pages.open("/contacts?q=0142");
  const error = page.getByText("Incorrect email or password.");
  for (const input of [{ password: "a wrong password" }, { email: "nobody@example.com" }]) {
    await fillIn(page, input);
    await error.waitFor();
    expect(await page.getByLabel("Email").inputValue()).toBe(input.email ?? EMAIL);
  }
  await fillIn(page);
  await page.getByRole("heading", { name: "Contacts" }).waitFor();
  expect(page.url()).toBe(`${dashboard.server.url}/contacts?q=0142`);
  await page.getByRole("button", { name: "Account" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: /^Sign in/ }).waitFor();
  await pages.open("/contacts");
  await page.getByRole("heading", { name: /^Sign in/ }).waitFor();
});

test("signing in never leads to another host", async () => {
  await makeAccount(dashboard.server);
  await using pages = await openSignedOut();
  pages.expectErrors("401 (Unauthorized)");
  await pages.open("/sign-in?next=//elsewhere.example/");
  await fillIn(pages.page);
  await overview(pages.page);
  expect(pages.page.url()).toBe(`${dashboard.server.url}/`);
});

test("two-factor authentication requires a code; a wrong one is refused, a recovery code works once", async () => {
  await makeAccount(dashboard.server);
  const { recoveryCodes } = await enableTotp(await signIn(dashboard.server), Date.now());
  const enterCode = async (code: string) => {
    await using pages = await openSignedOut();
    const { page } = pages;
    pages.expectErrors("401 (Unauthorized)");
    await pages.open("/sign-in");
    await fillIn(page);
    const wrong = page.getByText("This code is incorrect or already used.");
    await page.getByLabel("Code").fill("000000");
    await page.keyboard.press("Enter");
    await wrong.waitFor();
    await page.getByLabel("Code").fill(code);
    await wrong.waitFor({ state: "detached" });
    await page.keyboard.press("Enter");
    const inside = page.getByRole("heading", { name: "Overview" });
    await inside.or(wrong).waitFor();
    return (await inside.isVisible()) ? "in" : "out";
  };
  expect(await enterCode(recoveryCodes[0]!)).toBe("in");
  expect(await enterCode(recoveryCodes[0]!)).toBe("out");
});

test("two-factor authentication is enabled by its first code, its recovery codes are shown once, and it is disabled", async () => {
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)");
  await pages.open("/settings/account");
  const confirm = page.getByRole("dialog", { name: "Confirm your identity" });
  await page.getByRole("button", { name: "Enable" }).click();
  await confirm.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page
    .locator("svg title", { hasText: "QR code for the authenticator app" })
    .waitFor({ state: "attached" });
  const secret = (await page.getByText(/^[A-Z2-7]{32}$/).textContent())!;
  await page.getByLabel("Code", { exact: true }).fill("000000");
  await page.keyboard.press("Enter");
  await page.getByText("Incorrect code.", { exact: false }).waitFor();
  await page.getByLabel("Code", { exact: true }).fill(codeAt(secret, Date.now()));
  await page.keyboard.press("Enter");
  const codes = page.getByRole("dialog", { name: "Recovery codes" });
  const shown = (await codes.locator(".mantine-Code-root").textContent())!.split("\n");
  expect(shown).toHaveLength(10);
  await pages.checkAccess();
  await codes.getByRole("button", { name: "Done" }).click();
  await codes.getByText("You will not be able to see it again after", { exact: false }).waitFor();
  await codes.getByLabel("I saved it").check();
  await codes.getByRole("button", { name: "Done" }).click();
  await page.getByText("Recovery codes left: 10").waitFor();
  expect(await page.content()).not.toContain(shown[0]!);
  await page.getByRole("button", { name: "Disable" }).click();
  // The password works too, for a user who lost the phone.
  await confirm.getByLabel("Code").waitFor();
  await confirm.getByRole("button", { name: "Use your password instead" }).click();
  await confirm.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByText("Disabled. When enabled", { exact: false }).waitFor();
});

test("a new password ends the other sessions; one of them can be ended by itself, and is named by its browser", async () => {
  await makeAccount(dashboard.server);
  await signIn(dashboard.server);
  await using pages = await dashboard.open();
  await using other = await dashboard.open({
    userAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  });
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)");
  other.expectErrors("401 (Unauthorized)");
  await other.open("/contacts");
  await pages.open("/settings/account");
  await page.getByRole("button", { name: /^Sign out Firefox/ }).click();
  await page.getByRole("button", { name: /^Sign out Firefox/ }).waitFor({ state: "detached" });
  // The other page polls for changes, so it shows the sign-in page without a reload.
  await other.page.getByRole("heading", { name: /^Sign in/ }).waitFor();
  await page.getByLabel("Current password").fill("a wrong password");
  await page.getByLabel("New password").fill(NEW_PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText("Incorrect password. 4 attempts left.").waitFor();
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText("Password changed. You are signed out of all other sessions.").waitFor();
  const own = dashboard.server.server.users.list()[0]!;
  expect(dashboard.server.server.sessions.list(own.id)).toHaveLength(1);
  await signIn(dashboard.server, { password: NEW_PASSWORD });
});

test("leaving with an unsaved name asks first", async () => {
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open("/settings/account");
  await page.getByLabel("Your name").fill("Maria Ortiz");
  await page.getByRole("link", { name: "Calls", exact: true }).click();
  const question = page.getByRole("dialog", { name: "Leave without saving?" });
  await question.getByRole("button", { name: "Stay" }).click();
  await page.getByRole("button", { name: "Save name" }).click();
  await page.getByRole("button", { name: "Save name", disabled: true }).waitFor();
  expect(dashboard.server.server.users.list()[0]!.name).toBe("Maria Ortiz");
});
