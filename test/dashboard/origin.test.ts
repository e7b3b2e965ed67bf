/** Another site's page cannot make a browser change anything in the dashboard. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createClient } from "../support/client.ts";
import { type Browser, makeAccount, openBrowser, signIn } from "../support/dashboard.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { freshNumber } from "../support/samples.ts";

let it: TestServer;
let browser: Browser;
beforeAll(async () => {
  it = await startTestServer({ config: { publicUrl: "https://allison.example" } });
  await makeAccount(it);
  browser = await signIn(it);
});
afterAll(() => it[Symbol.asyncDispose]());

const JSON_TYPE = { "content-type": "application/json" };
/** Sends a request with the session cookie and only these headers about its origin. */
const send = (method: string, path: string, headers: Record<string, string>, body?: string) =>
  createClient(it.url, null).send(method, `/dashboard/api${path}`, {
    headers: {
      cookie: `allison_session=${browser.cookies.get("allison_session")}`,
      ...headers,
    },
    body,
  });
const contact = () => JSON.stringify({ phone_number: freshNumber() });

describe("a write", () => {
  const host = () => new URL(it.url).host;
  const accepted: [string, () => Record<string, string>][] = [
    ["Sec-Fetch-Site: same-origin", () => ({ "sec-fetch-site": "same-origin" })],
    [
      "Sec-Fetch-Site: same-origin and another Origin, as behind a proxy",
      () => ({ "sec-fetch-site": "same-origin", origin: "https://elsewhere.example" }),
    ],
    ["an Origin of the request's own host", () => ({ origin: `http://${host()}` })],
    ["an Origin of the public address", () => ({ origin: "https://allison.example" })],
  ];
  test.each(accepted)("is accepted with %s", async (_, headers) => {
    const answer = await send("POST", "/v1/contacts", { ...JSON_TYPE, ...headers() }, contact());
    expect(answer.status).toBe(201);
  });

  const refused: [string, () => Record<string, string>][] = [
    ["neither header", () => ({})],
    ["Sec-Fetch-Site: cross-site", () => ({ "sec-fetch-site": "cross-site" })],
    ["Sec-Fetch-Site: same-site", () => ({ "sec-fetch-site": "same-site" })],
    ["Sec-Fetch-Site: none", () => ({ "sec-fetch-site": "none" })],
    [
      "Sec-Fetch-Site: cross-site and an Origin of its own",
      () => ({ "sec-fetch-site": "cross-site", origin: `http://${host()}` }),
    ],
    ["an Origin of another site", () => ({ origin: "https://evil.example" })],
    ["an Origin of another port", () => ({ origin: "http://127.0.0.1:1" })],
    ["an Origin with the same prefix", () => ({ origin: `http://${host()}.evil.example` })],
    ["an Origin of the public host without https", () => ({ origin: "http://allison.example" })],
    ["Origin: null", () => ({ origin: "null" })],
    ["a Referer alone", () => ({ referer: `http://${host()}/` })],
  ];
  test.each(refused)("is refused with %s, before anything else is checked", async (_, headers) => {
    for (const [method, path, body] of [
      ["POST", "/v1/contacts", contact()],
      ["POST", "/v1/contacts", "{"],
      ["DELETE", "/session", undefined],
      ["POST", "/sign-in", "{}"],
      ["POST", "/first-account", "{}"],
      ["PUT", "/password", "{}"],
      ["POST", "/nothing", "{}"],
    ] as const) {
      const answer = await send(method, path, { ...JSON_TYPE, ...headers() }, body);
      expect([path, answer.status, answer.body]).toEqual([
        path,
        403,
        { error: "forbidden_origin" },
      ]);
    }
    expect((await browser.get("/session")).status).toBe(200);
  });

  test.each([
    ["none", undefined],
    ["text/plain", "text/plain"],
    ["a form's", "application/x-www-form-urlencoded"],
    ["a form's with files", "multipart/form-data; boundary=x"],
    ["text/plain with JSON in its name", "text/plain; application/json"],
  ])("is refused with a content type that a form could send: %s", async (_, type) => {
    const headers = { "sec-fetch-site": "same-origin", ...(type ? { "content-type": type } : {}) };
    for (const [method, path, body] of [
      ["POST", "/sign-in", new TextEncoder().encode(contact())],
      ["POST", "/v1/contacts", new TextEncoder().encode(contact())],
      ["DELETE", "/session", undefined],
    ] as const) {
      const answer = await createClient(it.url, null).send(method, `/dashboard/api${path}`, {
        headers: {
          cookie: `allison_session=${browser.cookies.get("allison_session")}`,
          ...headers,
        },
        body,
      });
      expect([path, answer.status, answer.body.error]).toEqual([
        path,
        415,
        "unsupported_media_type",
      ]);
    }
    expect((await browser.get("/session")).status).toBe(200);
  });

  test("the API's own paths ignore the cookie", async () => {
    const cookie = `allison_session=${browser.cookies.get("allison_session")}`;
    const answer = await createClient(it.url, null).get("/v1/contacts", { cookie });
    expect(answer.status).toBe(401);
  });
});

test("no response allows another site's script to read it", async () => {
  const answer = await openBrowser(it.url).get("/session", { origin: "https://evil.example" });
  expect(answer.headers.get("access-control-allow-origin")).toBeNull();
});
