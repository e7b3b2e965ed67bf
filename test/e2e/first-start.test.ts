/** The first start of the executable in an empty directory, and the link that it prints. */
import { expect, test } from "bun:test";
import { openBrowser } from "../support/browser.ts";
import { installExecutable } from "../support/executable.ts";

test("the printed link creates the first account, and is invalid after the next start", async () => {
  using allison = installExecutable();
  const server = await allison.serve();
  const [link] = await server.until(/http\S+\/welcome#\S+/);
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(link);
    await page.getByLabel("Email").fill("olivia@brightdental.example");
    await page.locator("input[autocomplete=new-password]").fill("correct horse battery");
    await page.getByLabel("Business name").fill("Bright Dental");
    await page.getByLabel("Location name").fill("Downtown");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    await page.getByText("Bright Dental").first().waitFor();
    // The next step in an empty installation.
    await page
      .getByRole("link", { name: /API key/ })
      .first()
      .waitFor();
    await server[Symbol.asyncDispose]();
    await using again = await allison.serve();
    expect(again.log()).not.toContain("/welcome#");
    expect(again.log()).toContain(`Dashboard: ${again.url}`);
    const answer = await page.goto(link.replace(server.url, again.url));
    expect(answer!.status()).toBe(200);
    await page.getByRole("heading", { name: "The first account already exists" }).waitFor();
  } finally {
    await browser.close();
    await server[Symbol.asyncDispose]();
  }
}, 60_000);
