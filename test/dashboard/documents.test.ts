/** How the pages are served: at which paths, with which policy and how cached. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { MOCK_PAGES, PAGE_PATHS, type PageName } from "../../src/dashboard/page-paths.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";

let it: TestServer;
beforeAll(async () => {
  it = await startTestServer();
});
afterAll(() => it[Symbol.asyncDispose]());

const AS_A_BROWSER = { accept: "text/html,application/xhtml+xml" };
const request = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(it.url + path, { method, headers });

describe("the document of the pages", () => {
  const pages = (Object.keys(PAGE_PATHS) as PageName[]).filter(
    (page) => !MOCK_PAGES.includes(page),
  );
  test.each(pages)("is served at the path of the page %s", async (page) => {
    const answer = await request(PAGE_PATHS[page], AS_A_BROWSER);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await answer.text()).toContain('<div id="root">');
  });

  test.each(MOCK_PAGES)("is a 404 at the path of the mock page %s", async (page) => {
    expect((await request(PAGE_PATHS[page], AS_A_BROWSER)).status).toBe(404);
  });

  test("is a browser's response at an unknown path, with status 404; a program gets the error envelope", async () => {
    const page = await request("/nothing/here", AS_A_BROWSER);
    expect([page.status, page.headers.get("content-type")]).toEqual([
      404,
      "text/html; charset=utf-8",
    ]);
    const answer = await request("/nothing/here");
    expect([answer.status, await answer.json()]).toEqual([404, { error: "not_found" }]);
  });

  test.each(["/v1/nothing", "/platform/v1/nothing", "/dashboard/api/nothing"])(
    "is never the response of an API: %s",
    async (path) => {
      const answer = await request(path, AS_A_BROWSER);
      expect([answer.status, await answer.json()]).toEqual([401, { error: "unauthorized" }]);
    },
  );

  test("refuses POST", async () => {
    expect((await request("/", AS_A_BROWSER, "POST")).status).toBe(405);
    expect((await request("/calls", AS_A_BROWSER, "POST")).status).toBe(404);
  });

  test("allows scripts of this host only, inline styles only with the nonce, no frames and no other host", async () => {
    const policies = await Promise.all(
      [1, 2].map(async () => {
        const answer = await request("/", AS_A_BROWSER);
        const policy = answer.headers.get("content-security-policy")!;
        const nonce = /'nonce-([\w-]{22})'/.exec(policy)![1]!;
        expect(await answer.text()).toContain(`nonce="${nonce}"`);
        return { nonce, rest: policy.replace(nonce, "") };
      }),
    );
    expect(policies[0]!.rest).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    expect(policies[0]!.nonce).not.toBe(policies[1]!.nonce);
  });
});

describe("the scripts and styles of the pages", () => {
  const partsOf = async () => {
    const text = await (await request("/", AS_A_BROWSER)).text();
    return [...text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path!);
  };

  test("are cached without expiry and compressed", async () => {
    const parts = (await partsOf()).filter((path) => path.startsWith("/assets/"));
    expect(parts.length).toBeGreaterThan(1);
    for (const path of parts) {
      const answer = await request(path, { "accept-encoding": "gzip" });
      expect([path, answer.status, answer.headers.get("content-encoding")]).toEqual([
        path,
        200,
        "gzip",
      ]);
      expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
      const again = await request(path, {
        "accept-encoding": "gzip",
        "if-none-match": answer.headers.get("etag")!,
      });
      expect(again.status).toBe(304);
    }
  });
});
