/** Every promise that all routes share, held against every route there is: the table comes from the routes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { openApiDocument } from "../../src/app.ts";
import { defaultConfig, LIMITS } from "../../src/config.ts";
import type { Route, WriteRoute } from "../../src/http/route.ts";
import { cliActor } from "../../src/store/actor.ts";
import { createClient } from "../support/client.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { realPath, validBody } from "../support/samples.ts";

let it: TestServer;
beforeAll(async () => {
  it = await startTestServer({
    config: { webhookAllow: ["192.0.2.0/24"], trustProxy: ["127.0.0.1"] },
  });
});
afterAll(() => it[Symbol.asyncDispose]());

/** The table has to be there before the server is, so it is read off the document, which has the same routes. */
const document = openApiDocument(defaultConfig()) as {
  paths: Record<string, Record<string, unknown>>;
};
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.keys(methods)
    .filter((method) => ["get", "post", "put", "patch", "delete"].includes(method))
    .map((method) => ({ method: method.toUpperCase(), path: path.replace(/\{(\w+)\}/g, ":$1") })),
);
const routeOf = (method: string, path: string): Route =>
  it.server.routes.find((route) => route.method === method && route.path === path)!;
const anywhere = (path: string) => path.replace(/:\w+/g, "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e10");
const isPlatform = (path: string) => path.startsWith("/platform/");
const writes = (method: string) => method !== "GET";
const streams = (method: string, path: string) =>
  method === "POST" && path === "/platform/v1/calls";
const client = (path: string) => (isPlatform(path) ? it.platform : it.write);
const UNAUTHORIZED = '{"error":"unauthorized"}';

test("the document and the server have the same routes", () => {
  const served = it.server.routes.map(({ method, path }) => `${method} ${path}`).sort();
  expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(served);
  expect(served.length).toBeGreaterThan(40);
});

describe.each(operations)("$method $path", ({ method, path }) => {
  const there = anywhere(path);

  test("a request without a key is 401 with the body that all 401 responses share", async () => {
    const answer = await it.anonymous.send(method, there);
    expect([answer.status, answer.text]).toEqual([401, UNAUTHORIZED]);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    expect(answer.headers.get("content-type")).toBe("application/json");
  });

  test("an invalid, disabled, expired or deleted key and a key of another kind are 401", async () => {
    const kind = isPlatform(path) ? ("plat" as const) : ("live" as const);
    const disabled = await it.makeKey({ kind });
    const deleted = await it.makeKey({ kind });
    const expired = await it.makeKey({ kind, expires_at: new Date(Date.now() - 1).toISOString() });
    await it.server.store.change(cliActor("test", "test"), (tx) => {
      const { keys } = it.server;
      const find = (id: string) =>
        keys.find(id) as Exclude<ReturnType<typeof keys.find>, null | "ambiguous">;
      keys.setActive(tx, find(disabled.id), false);
      keys.remove(tx, find(deleted.id));
    });
    const other = isPlatform(path) ? it.tokens.write : it.tokens.platform;
    const bad = `${it.tokens.write.slice(0, -1)}${it.tokens.write.endsWith("a") ? "b" : "a"}`;
    for (const token of [bad, disabled.token, deleted.token, expired.token, other, "", "x"]) {
      const answer = await createClient(it.url, token).send(method, there);
      expect([token === "" ? "empty" : token.slice(0, 8), answer.status, answer.text]).toEqual([
        token === "" ? "empty" : token.slice(0, 8),
        401,
        UNAUTHORIZED,
      ]);
    }
  });

  test("every response has the id of its request", async () => {
    const answer = await it.anonymous.send(method, there, {
      headers: { "x-request-id": "mine-1" },
    });
    expect(answer.headers.get("x-request-id")).toBe("mine-1");
    const other = await it.anonymous.send(method, there, {
      headers: { "x-request-id": "not ours!" },
    });
    expect(other.headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
  });

  if (!isPlatform(path)) {
    test("a read key can read but cannot write", async () => {
      const answer = await it.read.send(method, there, writes(method) ? { body: "no JSON" } : {});
      if (writes(method)) {
        expect([answer.status, answer.text]).toEqual([
          403,
          '{"error":"insufficient_scope","required":"write"}',
        ]);
      } else {
        expect([200, 404]).toContain(answer.status);
      }
    });

    test("a request above the limit is 429 before any check except the key, and succeeds after Retry-After", async () => {
      await using tight = await startTestServer({
        config: { readsPerMinute: 1, writesPerMinute: 1 },
      });
      const first = await tight.write.send(method, there);
      const name = writes(method) ? "writes" : "reads";
      expect(first.headers.get("ratelimit-policy")).toBe(`"${name}";q=1;w=60`);
      expect(first.headers.get("ratelimit")).toBe(`"${name}";r=0;t=60`);
      const second = await tight.write.send(method, there);
      expect([second.status, second.body]).toEqual([
        429,
        { error: "rate_limited", details: { limit: `1 ${name} per minute` } },
      ]);
      expect(Number(second.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    });
  }

  if (path.includes(":")) {
    test("an unknown id and a malformed id are 404", async () => {
      for (const id of ["019a9f3e-0000-7000-8000-000000000000", "not-a-uuid"]) {
        if (isPlatform(path) && method === "PUT") continue;
        const route = routeOf(method, path);
        const body = writes(method) ? validBody(route as WriteRoute) : undefined;
        const answer = await client(path).send(method, path.replace(/:\w+/g, id), {
          headers: body ? { "content-type": "application/json" } : {},
          body: body && JSON.stringify(body),
        });
        expect([id, answer.status, answer.body]).toEqual([id, 404, { error: "not_found" }]);
      }
    });
  }

  if (["POST", "PUT", "PATCH"].includes(method) && !streams(method, path)) {
    const takesBody = () => (routeOf(method, path) as WriteRoute).body !== undefined;

    test("an invalid, too large or unsupported body is 400, 413 or 415", async () => {
      if (!takesBody()) return expect(path).toMatch(/rotate-secret$|retry$/);
      const here = await realPath(routeOf(method, path), it);
      const json = { "content-type": "application/json" };
      const send = (
        body: string | Uint8Array<ArrayBuffer> | ReadableStream,
        headers: Record<string, string> = json,
      ) => client(path).send(method, here, { headers, body });
      const broken = await send('{"name": ');
      expect([broken.status, broken.body]).toEqual([
        400,
        { error: "invalid_json", details: { body: "is not valid JSON" } },
      ]);
      const latin = await send(new Uint8Array([0x22, 0xe4, 0x22]));
      expect([latin.status, latin.body.error]).toEqual([400, "invalid_json"]);
      const wrong = await send("[]");
      expect([wrong.status, wrong.body]).toEqual([
        400,
        { error: "validation_failed", details: { body: "must be an object" } },
      ]);
      for (const type of [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
      ]) {
        const answer = await send("{}", { "content-type": type });
        expect([type, answer.status, answer.body]).toEqual([
          type,
          415,
          {
            error: "unsupported_media_type",
            details: { "content-type": "must be application/json" },
          },
        ]);
      }
      const limit = isPlatform(path) && method === "PUT" ? LIMITS.recordBytes : LIMITS.bodyBytes;
      const large = await send(`"${"a".repeat(limit)}"`);
      expect([large.status, large.body]).toEqual([
        413,
        {
          error: "payload_too_large",
          details: { body: `must be at most ${limit / 1024 / 1024} MiB` },
        },
      ]);
      const chunked = await send(
        new ReadableStream({
          start(controller) {
            for (let sent = 0; sent <= limit; sent += 65_536)
              controller.enqueue(new Uint8Array(65_536));
            controller.close();
          },
        }),
      );
      expect([chunked.status, chunked.body.error]).toEqual([413, "payload_too_large"]);
    });
  }

  if (path.startsWith("/v1/") && path.includes("/:id") && method !== "GET") {
    test("a stale ETag is 412, and the current ETag succeeds", async () => {
      const route = routeOf(method, path) as WriteRoute;
      const here = await realPath(route, it);
      const headers = { "content-type": "application/json" };
      const body = route.body ? JSON.stringify(validBody(route)) : undefined;
      const stale = await it.write.send(method, here, {
        headers: { ...headers, "if-match": '"stale"' },
        body,
      });
      expect([stale.status, stale.body]).toEqual([412, { error: "precondition_failed" }]);
      const read = await it.write.get(here.replace(/\/(rotate-secret|test)$/, ""));
      const etag = read.status === 200 ? read.headers.get("etag")! : "*";
      const done = await it.write.send(method, here, {
        headers: { ...headers, "if-match": etag },
        body,
      });
      expect(done.status).toBe(route.status);
    });
  }

  if (method === "POST" && path.startsWith("/v1/")) {
    test("a repeated Idempotency-Key acts once, returns the same response, and is refused for another body", async () => {
      const route = routeOf(method, path) as WriteRoute;
      const here = await realPath(route, it);
      const body = validBody(route);
      const key = { "idempotency-key": crypto.randomUUID() };
      const first = await it.write.post(here, body, key);
      const second = await it.write.post(here, body, key);
      expect(first.status).toBe(route.status);
      expect([second.status, second.text]).toEqual([first.status, first.text]);
      expect(second.headers.get("idempotent-replayed")).toBe("true");
      expect(first.headers.get("idempotent-replayed")).toBeNull();
      for (const name of ["etag", "location"])
        expect(second.headers.get(name)).toBe(first.headers.get(name));
      if (!route.body) return;
      const other = await it.write.post(here, otherBody(path), key);
      expect([other.status, other.body]).toEqual([
        409,
        { error: "conflict", details: { idempotency_key: "was used before with another body" } },
      ]);
    });
  }
});

const otherBody = (path: string): object | undefined =>
  path.endsWith("/test")
    ? { event: "contact.created" }
    : validBody({ method: "POST", path, body: {} } as never);

test("a method that a path does not have is 405 and lists the allowed methods, on every path", async () => {
  const paths = new Set(operations.map(({ path }) => path));
  for (const path of paths) {
    const allowed = operations
      .filter((operation) => operation.path === path)
      .map(({ method }) => method);
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
      if (allowed.includes(method)) continue;
      const answer = await client(path).send(method, anywhere(path));
      expect([method, path, answer.status, answer.body]).toEqual([
        method,
        path,
        405,
        { error: "method_not_allowed" },
      ]);
      const listed = answer.headers.get("allow")!.split(", ");
      expect(listed.sort()).toEqual(
        [...allowed, ...(allowed.includes("GET") ? ["HEAD"] : [])].sort(),
      );
    }
  }
});

test("HEAD returns the response of GET without its body", async () => {
  for (const { method, path } of operations) {
    if (method !== "GET") continue;
    const here = await realPath(routeOf(method, path), it);
    const get = await it.write.get(here);
    const head = await it.write.send("HEAD", here);
    expect([path, head.status, head.text]).toEqual([path, get.status, ""]);
    expect(head.headers.get("etag")).toBe(get.headers.get("etag"));
  }
});
