/** The documentation in a real browser: complete, readable on a phone, and without requests to other hosts. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { ERRORS } from "../../src/contract/errors.ts";
import { EVENT_TYPES } from "../../src/contract/event-types.ts";
import { RECIPES } from "../../src/docs/recipes.ts";
import { openBrowser } from "../support/browser.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";

let server: TestServer;
let browser: Browser;
beforeAll(async () => {
  [server, browser] = await Promise.all([startTestServer(), openBrowser()]);
}, 30_000);
afterAll(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
});

const PAGES = ["/docs", "/docs/errors", "/docs/webhooks", "/docs/mock"];
const FILES = [
  ...PAGES,
  "/openapi.json",
  "/docs/frame.css",
  "/docs/text.css",
  "/docs/reference.js",
  "/docs/scalar.js",
  "/docs/icon.svg",
];
const PHONE = { viewport: { width: 390, height: 844 } };

/** The script of the reference checks whether it may compile code, and works without when the policy refuses. */
const PROBE = "policy script-src eval";

/** Opens a page and records its requests, warnings and errors. */
async function open(path: string, options: BrowserContextOptions = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const requests: string[] = [];
  const problems: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => {
    const text = message.text();
    if (["error", "warning"].includes(message.type()) && text !== PROBE) problems.push(text);
  });
  page.on("pageerror", (error) => problems.push(error.message));
  await page.addInitScript(
    'document.addEventListener("securitypolicyviolation", (event) => console.error("policy", event.violatedDirective, event.blockedURI))',
  );
  await page.goto(server.url + path);
  if (path === "/docs") await page.getByRole("heading", { name: "Allison API" }).waitFor();
  const requestsToOtherHosts = () =>
    requests.filter((url) => !/^(?:data|blob):/.test(url) && !url.startsWith(`${server.url}/`));
  return { page, requestsToOtherHosts, problems, [Symbol.asyncDispose]: () => context.close() };
}

const overflow = (page: Page) =>
  page.evaluate("document.documentElement.scrollWidth - window.innerWidth");

describe.each(PAGES)("%s", (path) => {
  test.each(["light", "dark"] as const)(
    "sends no request to another host and logs no problem, %s",
    async (colorScheme) => {
      await using opened = await open(path, { colorScheme });
      const { page, requestsToOtherHosts, problems } = opened;
      await page.waitForLoadState("networkidle");
      expect([requestsToOtherHosts(), problems]).toEqual([[], []]);
      const background: string = await page.evaluate(
        "getComputedStyle(document.documentElement).backgroundColor",
      );
      const brightness = Math.max(...background.match(/\d+/g)!.map(Number));
      expect(brightness < 128 ? "dark" : "light").toBe(colorScheme);
    },
    30_000,
  );

  test("fits a phone and links to the other pages", async () => {
    await using opened = await open(path, PHONE);
    expect(await overflow(opened.page)).toBe(0);
    for (const other of PAGES) {
      const link = opened.page.locator(`header nav a[href="${other}"]`);
      expect(await link.getAttribute("aria-current")).toBe(other === path ? "page" : null);
      expect(await link.isVisible()).toBe(true);
    }
  }, 30_000);
});

describe("the reference", () => {
  test("shows every section and its operations", async () => {
    await using opened = await open("/docs");
    const { page } = opened;
    const { tags } = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
      tags: { name: string }[];
    };
    const sections = page.locator("aside");
    for (const { name } of tags) await sections.getByText(name, { exact: true }).waitFor();
    await sections.getByText("Contacts", { exact: true }).click();
    for (const summary of ["List contacts", "Create a contact", "Get a contact"])
      await sections.getByText(summary, { exact: true }).waitFor();
    await page.getByRole("heading", { name: "List contacts" }).waitFor();
  }, 30_000);

  test("sends a test request with a real key, also when it was opened by another host name", async () => {
    const url = server.url.replace("127.0.0.1", "localhost");
    await using context = await browser.newContext();
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    await page.goto(`${url}/docs#tag/contacts/POST/v1/contacts`);
    await page.getByRole("button", { name: /Test Request.*post \/v1\/contacts\)/i }).click();
    await page.getByPlaceholder("Token").last().fill(server.tokens.write);
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url() === `${url}/v1/contacts`),
      page.getByRole("button", { name: /^Send/ }).first().click(),
    ]);
    expect(answer.status()).toBe(201);
    // Examples of optional parameters are not sent.
    const sent = await answer.request().allHeaders();
    expect([sent["idempotency-key"], sent["x-request-id"]]).toEqual([undefined, undefined]);
  }, 30_000);
});

describe("the errors page", () => {
  test("shows each code with its status, cause and cure without scripts", async () => {
    await using opened = await open("/docs/errors", { javaScriptEnabled: false });
    const { page } = opened;
    for (const [code, { status }] of Object.entries(ERRORS)) {
      const section = page.locator(`section#${code}`);
      expect(await section.locator("h2").textContent()).toMatch(new RegExp(`${code}\\s*${status}`));
      expect(await section.locator("pre").textContent()).toContain(`"error": "${code}"`);
      expect(await section.locator("p").count()).toBeGreaterThanOrEqual(3);
    }
  }, 30_000);

  test("opens at the section of a code", async () => {
    await using opened = await open("/docs/errors#rate_limited", PHONE);
    const { page } = opened;
    const box = await page.locator("#rate_limited h2").boundingBox();
    const bar = await page.locator("header.bar").boundingBox();
    expect(box!.y).toBeGreaterThanOrEqual(bar!.height);
    expect(box!.y).toBeLessThan(300);
  }, 30_000);
});

describe("the webhooks page", () => {
  test("shows a JSON example of each event and the code that verifies deliveries", async () => {
    await using opened = await open("/docs/webhooks", { javaScriptEnabled: false });
    const { page } = opened;
    for (const type of EVENT_TYPES) {
      const sample = await page.locator(`[id="${type}"] pre`).textContent();
      expect(JSON.parse(sample!)).toMatchObject({ type, api_version: "v1" });
    }
    const text = await page.locator("article").textContent();
    for (const part of [
      "timingSafeEqual",
      "compare_digest",
      "X-Allison-Signature",
      "webhook-signature",
      "24 hours",
    ])
      expect(text).toContain(part);
    expect(
      JSON.parse((await page.locator("#example-delivery pre.wrap").textContent())!),
    ).toHaveProperty("id");
  }, 30_000);
});

describe("the testing page", () => {
  test("shows the files of each recipe unchanged, below its name", async () => {
    await using opened = await open("/docs/mock", { javaScriptEnabled: false });
    const { page } = opened;
    const shown = await page.locator("article pre").allTextContents();
    for (const { id, name, files } of RECIPES) {
      expect(await page.locator(`section#${id} > h3`).textContent()).toBe(name);
      for (const source of Object.values(files)) expect(shown).toContain(source.trimEnd());
    }
    expect(await page.locator("nav.contents a").allTextContents()).toEqual([
      ...(await page.locator("article h2").allTextContents()),
      ...(await page.locator("article h3").allTextContents()),
    ]);
  }, 30_000);
});

describe("HTTP", () => {
  const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    fetch(server.url + path, { method, headers: { "accept-encoding": "identity", ...headers } });

  test.each(FILES)(
    "%s: requires no key, has a type and a policy, and returns 304 for a known ETag",
    async (path) => {
      const first = await get(path);
      expect(first.status).toBe(200);
      const policy = first.headers.get("content-security-policy")!;
      expect(policy).toStartWith("default-src 'none'");
      expect(policy).toEndWith("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe-eval|https?:|\*|script-src[^;]*unsafe/);
      expect(first.headers.get("x-content-type-options")).toBe("nosniff");
      expect(first.headers.get("referrer-policy")).toBe("no-referrer");
      expect(first.headers.get("content-type")).toMatch(/^(?:text|application|image)\//);
      expect(first.headers.get("x-request-id")).not.toBeNull();
      const etag = first.headers.get("etag")!;
      const second = await get(path, { "if-none-match": etag });
      expect([second.status, await second.text(), second.headers.get("etag")]).toEqual([
        304,
        "",
        etag,
      ]);
    },
  );

  test.each(FILES)(
    "%s: has the same content compressed and uncompressed, each with its own ETag",
    async (path) => {
      const packedBy = (accepted: string) =>
        fetch(server.url + path, { headers: { "accept-encoding": accepted }, decompress: false });
      const plain = await get(path);
      const brotli = await packedBy("gzip, br");
      const zipped = await packedBy("gzip, br;q=0");
      const all = [plain, zipped, brotli];
      expect(all.map(({ headers }) => headers.get("content-encoding"))).toEqual([
        null,
        "gzip",
        "br",
      ]);
      expect(all.map(({ headers }) => headers.get("vary"))).toEqual(
        all.map(() => "Accept-Encoding"),
      );
      expect(new Set(all.map(({ headers }) => headers.get("etag"))).size).toBe(3);
      const [bytes, gzipped, brotlied] = await Promise.all(all.map((answer) => answer.bytes()));
      expect(Buffer.from(bytes!).equals(gunzipSync(gzipped!))).toBe(true);
      expect(Buffer.from(bytes!).equals(brotliDecompressSync(brotlied!))).toBe(true);
      const refused = await get(path, { "accept-encoding": "gzip;q=0" });
      expect(refused.headers.get("content-encoding")).toBeNull();
    },
  );

  test.each(FILES)("%s: HEAD returns the headers of GET without a body", async (path) => {
    const [whole, head] = [await get(path), await get(path, {}, "HEAD")];
    expect([head.status, await head.text()]).toEqual([200, ""]);
    for (const name of ["content-type", "content-length", "etag", "cache-control"])
      expect([name, head.headers.get(name)]).toEqual([name, whole.headers.get(name)]);
    expect(Number(head.headers.get("content-length"))).toBe((await whole.bytes()).length);
  });

  test("styles and scripts are cached forever by version, and revalidated without one", async () => {
    for (const page of PAGES) {
      const text = await (await get(page)).text();
      const parts = [...text.matchAll(/"(\/docs\/\w+\.(?:css|js)\?v=[^"]+)"/g)].map(
        ([, at]) => at!,
      );
      expect(parts.length).toBeGreaterThan(0);
      for (const part of parts) {
        expect((await get(part)).headers.get("cache-control")).toContain("immutable");
        const [path] = part.split("?");
        for (const other of [path!, `${path}?v=older`])
          expect((await get(other)).headers.get("cache-control")).toBe("no-cache");
      }
    }
  });

  test("other methods return 405", async () => {
    for (const path of FILES) {
      const answer = await get(path, {}, "POST");
      expect([path, answer.status, answer.headers.get("allow")]).toEqual([path, 405, "GET, HEAD"]);
    }
  });
});
