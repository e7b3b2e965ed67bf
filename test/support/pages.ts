/** The dashboard in a real Chromium, signed in, for a test. What a page must never do is watched all the time. */
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { EMAIL, makeAccount, PASSWORD } from "./dashboard.ts";
import type { TestServer } from "./harness.ts";

export interface Pages extends AsyncDisposable {
  page: Page;
  context: BrowserContext;
  /** Goes to an address of the dashboard and waits until its heading is there. */
  open(path: string): Promise<void>;
  /** Resolves when nothing is under way any more, and for a moment nothing new was asked. */
  settled(): Promise<void>;
  /** Throws for an error in the console, a policy that was broken, or a request to another host; see `expectErrors`. */
  check(): void;
  /** Failed requests are told in the console; a test that brings one about says so, by a part of the text. */
  expectErrors(...parts: string[]): void;
  /** Throws with what axe finds on the page as it is now, by all its rules or by these alone. */
  checkAccess(rules?: string[]): Promise<void>;
}

const QUIET_MS = 150;

/** `account` false: nobody is signed in, and no account is made. */
export async function openPages(
  browser: Browser,
  it: TestServer,
  { account = true, ...options }: { account?: boolean } & BrowserContextOptions = {},
): Promise<Pages> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    timezoneId: "America/Chicago",
    locale: "en-US",
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const problems: string[] = [];
  const expected: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("request", (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== it.url && protocol !== "data:" && protocol !== "blob:")
      problems.push(`asked ${request.url()}`);
  });
  let underWay = 0;
  let lastChange = 0;
  const count = (by: number) => () => {
    underWay += by;
    lastChange = performance.now();
  };
  page.on("request", count(1));
  page.on("requestfinished", count(-1));
  page.on("requestfailed", count(-1));
  if (account) {
    if (it.server.users.list().length === 0) await makeAccount(it);
    const answer = await context.request.post(`${it.url}/dashboard/api/sign-in`, {
      headers: { origin: it.url },
      data: { email: EMAIL, password: PASSWORD },
    });
    if (!answer.ok()) throw new Error(`signing in answered ${answer.status()}`);
  }
  const check = () => {
    const found = problems.filter((text) => !expected.some((part) => text.includes(part)));
    if (found.length > 0) throw new Error(`the page is not clean:\n${found.join("\n")}`);
  };
  return {
    page,
    context,
    check,
    expectErrors: (...parts) => void expected.push(...parts),
    async open(path) {
      await page.goto(it.url + path);
      await page.getByRole("heading").first().waitFor();
    },
    async settled() {
      while (underWay > 0 || performance.now() - lastChange < QUIET_MS) await Bun.sleep(10);
    },
    async checkAccess(rules) {
      const axe = new AxeBuilder({ page });
      const { violations } = await (rules ? axe.withRules(rules) : axe).analyze();
      if (violations.length === 0) return;
      const lines = violations.flatMap(({ id, nodes }) =>
        nodes.slice(0, 3).map(({ html }) => `${id}: ${html.slice(0, 200)}`),
      );
      throw new Error(`axe finds on ${page.url()}:\n${lines.join("\n")}`);
    },
    async [Symbol.asyncDispose]() {
      await context.close();
      check();
    },
  };
}
