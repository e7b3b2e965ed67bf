/** The dashboard in a real Chromium for a test, watched for what a page must never do. */
import { afterAll, afterEach, beforeAll, beforeEach, setDefaultTimeout } from "bun:test";
import axe from "axe-core";
import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Page,
  Request,
} from "playwright-core";
import { openBrowser } from "./browser.ts";
import { EMAIL, makeAccount, PASSWORD } from "./dashboard.ts";
import type { TestServer } from "./harness.ts";

const QUIET_MS = 150;
const TEST_TIMEOUT_MS = 30_000;
const ACTION_TIMEOUT_MS = 10_000;

export interface Pages extends AsyncDisposable {
  page: Page;
  context: BrowserContext;
  /** Goes to a path of the dashboard and waits for its heading. */
  open(path: string): Promise<void>;
  /** Resolves when no request is pending and none started for a moment. */
  settled(): Promise<void>;
  /** Throws for an error in the console, a violated policy or a request to another host; see `expectErrors`. */
  check(): void;
  /** The console reports failed requests; a test that causes one allows it by a part of the text. */
  expectErrors(...parts: string[]): void;
  /** Throws with what axe finds on the page, by all its rules or by these alone. */
  checkAccess(rules?: string[]): Promise<void>;
}

/** A server that has pages; a mock server has no `server`. */
export interface PageServer extends AsyncDisposable {
  url: string;
  server?: TestServer["server"];
}

export interface PagesOptions extends BrowserContextOptions {
  /** Whether to sign in, by default where the server can have accounts. Creates the account if there is none. */
  account?: boolean;
}

export interface PageSetup<S extends PageServer> {
  /** The server of the current test. */
  readonly server: S;
  readonly browser: Browser;
  /** A new browser context, without the cookies of any other. */
  open(options?: PagesOptions): Promise<Pages>;
}

/**
 * Registers the hooks of a page test file: one browser, and a server for the whole file or, with `perTest`, for each
 * test. `defaults` are the options of `open`.
 */
export function setUpPages<S extends PageServer>(
  start: () => Promise<S>,
  { perTest = false, ...defaults }: { perTest?: boolean } & PagesOptions = {},
): PageSetup<S> {
  let browser: Browser;
  let server: S;
  setDefaultTimeout(TEST_TIMEOUT_MS);
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  const [before, after] = perTest ? [beforeEach, afterEach] : [beforeAll, afterAll];
  before(async () => {
    server = await start();
  });
  after(() => server[Symbol.asyncDispose]());
  return {
    get server() {
      return server;
    },
    get browser() {
      return browser;
    },
    open: (options) => openPages(browser, server, { ...defaults, ...options }),
  };
}

export async function openPages(
  browser: Browser,
  target: PageServer,
  { account = target.server !== undefined, ...options }: PagesOptions = {},
): Promise<Pages> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    timezoneId: "America/Chicago",
    locale: "en-US",
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(ACTION_TIMEOUT_MS);
  const problems = watchProblems(page, target.url);
  const settled = watchRequests(page);
  if (account) await signInContext(context, target as TestServer);
  return {
    page,
    context,
    settled,
    check: problems.check,
    expectErrors: problems.expect,
    async open(path) {
      await page.goto(target.url + path);
      await page.getByRole("heading").first().waitFor();
    },
    checkAccess: (rules) => checkAccess(page, rules),
    async [Symbol.asyncDispose]() {
      await context.close();
      problems.check();
    },
  };
}

/** Collects console errors and requests to other hosts. */
function watchProblems(page: Page, url: string) {
  const problems: string[] = [];
  const expected: string[] = [];
  page.on("pageerror", (error) => problems.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(message.text());
  });
  page.on("request", (request: Request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== url && protocol !== "data:" && protocol !== "blob:")
      problems.push(`requested ${request.url()}`);
  });
  return {
    expect: (...parts: string[]) => void expected.push(...parts),
    check(): void {
      const found = problems.filter((text) => !expected.some((part) => text.includes(part)));
      if (found.length > 0) throw new Error(`the page is not clean:\n${found.join("\n")}`);
    },
  };
}

/** Counts pending requests. The returned function resolves once there are none. */
function watchRequests(page: Page): () => Promise<void> {
  let pending = 0;
  let lastChange = 0;
  const count = (by: number) => () => {
    pending += by;
    lastChange = performance.now();
  };
  page.on("request", count(1));
  page.on("requestfinished", count(-1));
  page.on("requestfailed", count(-1));
  return async () => {
    while (pending > 0 || performance.now() - lastChange < QUIET_MS) await Bun.sleep(10);
  };
}

async function signInContext(context: BrowserContext, target: TestServer): Promise<void> {
  if (target.server.users.list().length === 0) await makeAccount(target);
  const response = await context.request.post(`${target.url}/dashboard/api/sign-in`, {
    headers: { origin: target.url },
    data: { email: EMAIL, password: PASSWORD },
  });
  if (!response.ok()) throw new Error(`signing in returned ${response.status()}`);
}

/** axe runs in the page and returns violations only: its other results take several times as long to collect. */
async function checkAccess(page: Page, rules?: string[]): Promise<void> {
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axe.source);
  const violations = await page.evaluate(async (runOnly) => {
    const { run } = (globalThis as unknown as { axe: typeof axe }).axe;
    const results = await run({ resultTypes: ["violations"], ...(runOnly && { runOnly }) });
    return results.violations.map(({ id, nodes }) => ({
      id,
      parts: nodes.map(({ html }) => html),
    }));
  }, rules);
  if (violations.length === 0) return;
  const lines = violations.flatMap(({ id, parts }) =>
    parts.slice(0, 3).map((html) => `${id}: ${html.slice(0, 200)}`),
  );
  throw new Error(`axe finds on ${page.url()}:\n${lines.join("\n")}`);
}
