/** The ways in, by a person: the first account, signing in with and without a second factor, and one's own account. */
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

async function fillIn(page: Page, given: { email?: string; password?: string } = {}) {
  await page.getByLabel("Email").fill(given.email ?? EMAIL);
  await password(page).fill(given.password ?? PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("the link of the first start makes the first account, with its business and location, and then opens nothing", async () => {
  const link = dashboard.server.server.firstAccountLink()!.replace(dashboard.server.url, "");
  await using pages = await openSignedOut();
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)", "401 (Unauthorized)");
  await pages.open("/");
  await page.getByRole("heading", { name: "There is no account yet" }).waitFor();
  await pages.open(link);
  expect(page.url()).toBe(`${dashboard.server.url}/welcome`);
  await page.getByLabel("Email").fill("olivia@brightdental.example");
  await newPassword(page).fill("password");
  await page.getByText("Guessed at once").waitFor();
  await newPassword(page).fill("correct horse battery staple");
  await page.getByText("Very hard to guess").waitFor();
  await page.getByLabel("Business name").fill("Bright Dental");
  await page.getByRole("button", { name: "Create account and open the dashboard" }).click();
  // What is missing is told where it is missing, and nothing was made.
  await page.locator("[aria-invalid=true]").first().waitFor();
  expect(dashboard.server.server.users.hasAny()).toBe(false);
  await page.getByLabel("Location name").fill("Downtown");
  await page.getByRole("button", { name: "Create account and open the dashboard" }).click();
  await overview(page);
  await page.getByText("Bright Dental").first().waitFor();
  const [location] = (await dashboard.server.read.get("/v1/locations")).body.data;
  expect([location.name, location.timezone]).toEqual(["Downtown", "America/Chicago"]);
  await using later = await openSignedOut();
  await later.open(link);
  await later.page.getByRole("heading", { name: "The first account is made" }).waitFor();
});

test("a link of another start is told apart from none at all", async () => {
  await using pages = await openSignedOut();
  pages.expectErrors("404 (Not Found)");
  await pages.open("/welcome#AAAA");
  await pages.page.getByRole("heading", { name: "This link opens nothing" }).waitFor();
  await pages.open("/welcome");
  await pages.page.getByRole("heading", { name: "The link is needed" }).waitFor();
});

test("a wrong password and an unknown email are told alike, and the right one leads where one was going", async () => {
  await makeAccount(dashboard.server);
  await using pages = await openSignedOut();
  const { page } = pages;
  pages.expectErrors("401 (Unauthorized)");
  await pages.open("/contacts?q=0142");
  const told = page.getByText("This email and password do not belong together.", { exact: false });
  for (const given of [{ password: "a wrong password" }, { email: "nobody@example.com" }]) {
    await fillIn(page, given);
    await told.waitFor();
    expect(await page.getByLabel("Email").inputValue()).toBe(given.email ?? EMAIL);
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

test("no address of another host is gone on to", async () => {
  await makeAccount(dashboard.server);
  await using pages = await openSignedOut();
  pages.expectErrors("401 (Unauthorized)");
  await pages.open("/sign-in?next=//elsewhere.example/");
  await fillIn(pages.page);
  await overview(pages.page);
  expect(pages.page.url()).toBe(`${dashboard.server.url}/`);
});

test("with a second factor the code is asked for next; a wrong one is told, a recovery code opens once", async () => {
  await makeAccount(dashboard.server);
  const { recoveryCodes } = await enableTotp(await signIn(dashboard.server), Date.now());
  const through = async (code: string) => {
    await using pages = await openSignedOut();
    const { page } = pages;
    pages.expectErrors("401 (Unauthorized)");
    await pages.open("/sign-in");
    await fillIn(page);
    const wrong = page.getByText("This code is wrong, or was used before.");
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
  expect(await through(recoveryCodes[0]!)).toBe("in");
  expect(await through(recoveryCodes[0]!)).toBe("out");
});

test("the second factor is switched on by its first code, its recovery codes are shown once, and it is switched off", async () => {
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)");
  await pages.open("/settings/account");
  const confirm = page.getByRole("dialog", { name: "Confirm it is you" });
  await page.getByRole("button", { name: "Switch on" }).click();
  await confirm.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page
    .locator("svg title", { hasText: "QR code for the authenticator app" })
    .waitFor({ state: "attached" });
  const secret = (await page.getByText(/^[A-Z2-7]{32}$/).textContent())!;
  await page.getByLabel("First code").fill("000000");
  await page.keyboard.press("Enter");
  await page.getByText("This code is wrong.", { exact: false }).waitFor();
  await page.getByLabel("First code").fill(codeAt(secret, Date.now()));
  await page.keyboard.press("Enter");
  const codes = page.getByRole("dialog", { name: "Your recovery codes" });
  const shown = (await codes.locator(".mantine-Code-root").textContent())!.split("\n");
  expect(shown).toHaveLength(10);
  await pages.checkAccess();
  await codes.getByRole("button", { name: "Done" }).click();
  await codes.getByText("Once this closes it is gone for good.", { exact: false }).waitFor();
  await codes.getByLabel("I have stored it").check();
  await codes.getByRole("button", { name: "Done" }).click();
  await page.getByText("Recovery codes left: 10").waitFor();
  expect(await page.content()).not.toContain(shown[0]!);
  await page.getByRole("button", { name: "Switch off" }).click();
  // A phone that is lost keeps nobody from this.
  await confirm.getByLabel("Code").waitFor();
  await confirm.getByRole("button", { name: "Use your password instead" }).click();
  await confirm.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByText("Off. With it", { exact: false }).waitFor();
});

test("a new password ends the other sessions; one of them can be ended by itself, and is told by its browser", async () => {
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
  await page.getByRole("button", { name: /^End Firefox/ }).click();
  await page.getByRole("button", { name: /^End Firefox/ }).waitFor({ state: "detached" });
  // Without a reload: the page that is signed out asks what changed.
  await other.page.getByRole("heading", { name: /^Sign in/ }).waitFor();
  await page.getByLabel("Current password").fill("a wrong password");
  await page.getByLabel("New password").fill(NEW_PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText("Tries left: 4.").waitFor();
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText("The password is changed. Your other sessions have ended.").waitFor();
  const own = dashboard.server.server.users.list()[0]!;
  expect(dashboard.server.server.sessions.list(own.id)).toHaveLength(1);
  await signIn(dashboard.server, { password: NEW_PASSWORD });
});

test("a name that is changed and not saved is not lost without a word", async () => {
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
