/** /dashboard/api: no route works without a session, and every route of the API works with one. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openApiDocument } from "../../src/app.ts";
import { defaultConfig } from "../../src/config.ts";
import type { Route, WriteRoute } from "../../src/http/route.ts";
import {
  type Browser,
  confirmAction,
  EMAIL,
  makeAccount,
  openBrowser,
  signIn,
} from "../support/dashboard.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { freshNumber, realPath, validBody } from "../support/samples.ts";

let it: TestServer;
let browser: Browser;
let userId: string;
beforeAll(async () => {
  it = await startTestServer({
    config: { webhookAllow: ["192.0.2.0/24"], readsPerMinute: 1_000_000 },
  });
  userId = (await makeAccount(it)).id;
  browser = await signIn(it);
});
afterAll(() => it[Symbol.asyncDispose]());

/** The table of tests is built before the server starts. */
const document = openApiDocument(defaultConfig()) as {
  paths: Record<string, Record<string, unknown>>;
  components: { schemas: Record<string, { properties: object }> };
};
const API_ROUTES = Object.entries(document.paths).flatMap(([path, methods]) =>
  path.startsWith("/v1/")
    ? Object.keys(methods).map((method) => ({
        method: method.toUpperCase(),
        path: path.replace(/\{(\w+)\}/g, ":$1"),
      }))
    : [],
);
const OWN_ROUTES = [
  ["POST", "/confirm"],
  ["GET", "/session"],
  ["DELETE", "/session"],
  ["GET", "/sessions"],
  ["DELETE", "/sessions/:id"],
  ["PUT", "/password"],
  ["POST", "/totp"],
  ["POST", "/totp/confirm"],
  ["DELETE", "/totp"],
  ["GET", "/keys"],
  ["POST", "/keys"],
  ["PATCH", "/keys/:id"],
  ["POST", "/keys/:id/rotate"],
  ["DELETE", "/keys/:id"],
  ["GET", "/audit"],
  ["GET", "/audit/state"],
  ["GET", "/audit/export"],
  ["POST", "/totp/recovery-codes"],
  ["PATCH", "/user"],
  ["PATCH", "/organization"],
  ["GET", "/changes"],
  ["GET", "/last-deliveries"],
  ["GET", "/field-help"],
  ["GET", "/overview"],
  ["GET", "/attention"],
  ["PUT", "/calls/:id/messages/:index/handled"],
  ["PUT", "/calls/:id/callback/handled"],
  ["PATCH", "/calls/:id/order"],
  ["GET", "/calls/:id/deliveries"],
  ["GET", "/deliveries/:id"],
  ["POST", "/webhook-subscriptions/:id/retry-failed"],
].map(([method, path]) => ({ method: method!, path: path! }));
const PUBLIC_ROUTES = [
  "GET /dashboard/api/welcome",
  "POST /dashboard/api/first-account",
  "POST /dashboard/api/first-account/check",
  "POST /dashboard/api/invitation",
  "POST /dashboard/api/invitation/check",
  "POST /dashboard/api/sign-in",
  "POST /dashboard/api/sign-in-link",
];
const withAnyId = (path: string) => path.replace(/:\w+/g, "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e10");
const everyRoute = [...OWN_ROUTES, ...API_ROUTES];

test("the tables list every route", () => {
  const named = everyRoute.map(({ method, path }) => `${method} /dashboard/api${path}`);
  const served = it.server.dashboardRoutes.map(({ method, path }) => `${method} ${path}`);
  expect([...named, ...PUBLIC_ROUTES].sort()).toEqual(served.sort());
});

test.each(everyRoute)(
  "$method $path is a 401 without a session and with a forged one",
  async (route) => {
    const stranger = openBrowser(it.url);
    for (const cookie of [null, "x", "a".repeat(43), it.tokens.write]) {
      if (cookie !== null) stranger.cookies.set("allison_session", cookie);
      const answer = await stranger.send(route.method, withAnyId(route.path), undefined, {
        authorization: `Bearer ${it.tokens.write}`,
      });
      expect([answer.status, answer.text]).toEqual([401, '{"error":"unauthorized"}']);
      expect(answer.headers.get("cache-control")).toBe("no-store");
      expect(answer.headers.get("x-request-id")).toBeTruthy();
    }
  },
);

test("an unknown path or method is a 401 without a session and a 404 or 405 with one", async () => {
  const stranger = openBrowser(it.url);
  for (const path of ["/nothing", "/v1/nothing", "/platform/v1/calls", "/sign-in"])
    expect([path, (await stranger.get(path)).status]).toEqual([path, 401]);
  expect((await browser.get("/nothing")).status).toBe(404);
  expect((await browser.get("/platform/v1/calls/x")).status).toBe(404);
  const method = await browser.put("/keys", {});
  expect([method.status, method.headers.get("allow")]).toEqual([405, "GET, HEAD, POST"]);
  // It describes the key of the request, and the dashboard uses none.
  expect((await browser.get("/v1/me")).status).toBe(404);
});

test("HEAD is answered like GET without a body, and requires a session too", async () => {
  for (const path of ["/session", "/keys", "/v1/contacts"]) {
    const head = await browser.send("HEAD", path);
    expect([path, head.status, head.text]).toEqual([path, 200, ""]);
    expect((await openBrowser(it.url).send("HEAD", path)).status).toBe(401);
  }
});

describe("every route of the API", () => {
  const tested = API_ROUTES.filter(({ path }) => path !== "/v1/me");
  test.each(tested)("$method $path answers as it does with a key", async ({ method, path }) => {
    const route = it.server.routes.find(
      (each) => each.method === method && each.path === path,
    ) as Route;
    const here = await realPath(route, it);
    const body = method === "GET" ? undefined : validBody(route as WriteRoute);
    const isWebhook = method === "POST" && path === "/v1/webhook-subscriptions";
    const proof = isWebhook
      ? await confirmAction(browser, { kind: "webhooks.create", webhook: body })
      : {};
    const answer = await browser.send(method, here, body, proof);
    expect(answer.status).toBe("status" in route ? route.status : 200);
    expect(answer.headers.get("ratelimit")).toBeNull();
    if (method === "GET") {
      const withKey = await it.write.get(here);
      expect(answer.text).toBe(withKey.text);
      expect(answer.headers.get("etag")).toBe(withKey.headers.get("etag"));
    }
    const location = answer.headers.get("location");
    if (method === "POST" && answer.status === 201)
      expect(location).toStartWith("/dashboard/api/v1/");
    if (location !== null)
      expect((await browser.get(location.replace("/dashboard/api", ""))).status).toBe(200);
  });

  test("validates input in the same way, by field", async () => {
    const body = { phone_number: "12" };
    const [mine, theirs] = [
      await browser.post("/v1/contacts", body),
      await it.write.post("/v1/contacts", body),
    ];
    expect([mine.status, mine.body]).toEqual([theirs.status, theirs.body]);
    expect(mine.status).toBe(400);
  });

  test("records the user as the actor in the audit log", async () => {
    const created = await browser.post("/v1/contacts", { phone_number: freshNumber() });
    const [row] = (await browser.get(`/audit?entity_id=${created.body.data.id}`)).body.data;
    expect(row).toMatchObject({
      actor: { type: "user", id: userId, name: EMAIL, prefix: null },
      action: "created",
      ip: "127.0.0.1",
      user_agent: "Browser/1.0",
      request_id: created.headers.get("x-request-id"),
    });
  });

  test("refuses a stale If-Match and answers a current ETag with 304", async () => {
    const created = await browser.post("/v1/contacts", { phone_number: freshNumber() });
    const path = `/v1/contacts/${created.body.data.id}`;
    const stale = await browser.patch(path, { first_name: "A" }, { "if-match": '"stale"' });
    expect(stale.status).toBe(412);
    const etag = created.headers.get("etag")!;
    expect((await browser.get(path, { "if-none-match": etag })).status).toBe(304);
    expect((await browser.patch(path, { first_name: "A" }, { "if-match": etag })).status).toBe(200);
  });

  test("pages in the same way", async () => {
    const first = await browser.get("/v1/contacts?limit=1");
    expect(first.body.has_more).toBe(true);
    const second = await browser.get(`/v1/contacts?limit=1&cursor=${first.body.next_cursor}`);
    expect(second.body.data[0].id).not.toBe(first.body.data[0].id);
  });

  test("ignores an Idempotency-Key", async () => {
    const key = { "idempotency-key": "the same" };
    const body = () => ({ phone_number: freshNumber() });
    expect((await browser.post("/v1/contacts", body(), key)).status).toBe(201);
    expect((await browser.post("/v1/contacts", body(), key)).status).toBe(201);
  });

  test("is refused while the server is stopping", async () => {
    const own = await startTestServer();
    await makeAccount(own);
    const there = await signIn(own);
    const slow = own.write.send("POST", "/v1/contacts", {
      headers: { "content-type": "application/json" },
      body: new ReadableStream({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode("{"));
          await Bun.sleep(200);
          controller.enqueue(new TextEncoder().encode(`"phone_number":"${freshNumber()}"}`));
          controller.close();
        },
      }),
    });
    await Bun.sleep(50);
    const stopped = own.server.stop();
    for (const path of ["/session", "/v1/contacts", "/nothing"])
      expect([path, (await there.get(path)).status]).toEqual([path, 503]);
    expect((await slow).status).toBe(201);
    await stopped;
    await own[Symbol.asyncDispose]();
  });
});
