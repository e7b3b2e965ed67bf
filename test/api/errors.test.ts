/** A real server returns every error of the catalogue at least once, always in the envelope. */
import { afterAll, describe, expect, test } from "bun:test";
import { ERRORS } from "../../src/contract/errors.ts";
import type { Answer } from "../support/client.ts";
import { makeAccount, openBrowser, PASSWORD, signIn } from "../support/dashboard.ts";
import { startTestServer } from "../support/harness.ts";
import { freshNumber } from "../support/samples.ts";
import { ACTOR } from "../support/store.ts";

const seen = new Set<string>();

function expectError(answer: Answer, status: number, error: string): void {
  expect([answer.status, answer.body?.error]).toEqual([status, error]);
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(answer.headers.get("x-request-id")).toBeTruthy();
  expect(answer.headers.get("cache-control")).toMatch(/^(private, no-cache|no-store)$/);
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  expect(
    Object.keys(answer.body).filter((key) => !["error", "details", "required"].includes(key)),
  ).toEqual([]);
  seen.add(error);
}

describe("the catalogue", () => {
  test("400, 401, 403, 404, 405, 409, 412, 413, 415, 421", async () => {
    await using it = await startTestServer();
    const phone_number = freshNumber();
    const json = { "content-type": "application/json" };
    const created = await it.write.post("/v1/contacts", { phone_number });
    const path = created.headers.get("location")!;
    expectError(await it.write.post("/v1/contacts", {}), 400, "validation_failed");
    expectError(
      await it.write.send("POST", "/v1/contacts", { body: "{", headers: json }),
      400,
      "invalid_json",
    );
    expectError(await it.anonymous.get(path), 401, "unauthorized");
    expectError(await it.read.delete(path), 403, "insufficient_scope");
    expectError(await it.read.get(path, { host: "evil.example" }), 421, "misdirected_request");
    expectError(await it.write.get("/v1/nothing"), 404, "not_found");
    expectError(await it.write.delete(path), 405, "method_not_allowed");
    expectError(await it.write.post("/v1/contacts", { phone_number }), 409, "conflict");
    expectError(await it.write.patch(path, {}, { "if-match": '"x"' }), 412, "precondition_failed");
    expectError(
      await it.write.post("/v1/contacts", { a: "x".repeat(2 ** 20) }),
      413,
      "payload_too_large",
    );
    expectError(
      await it.write.send("POST", "/v1/contacts", {
        body: "a=b",
        headers: { "content-type": "text/plain" },
      }),
      415,
      "unsupported_media_type",
    );
  });

  test("403 in the dashboard: from the page of another site, without a recent confirmation, and for a member", async () => {
    await using it = await startTestServer();
    const stranger = openBrowser(it.url);
    expectError(
      await stranger.post("/sign-in", {}, { "sec-fetch-site": "cross-site" }),
      403,
      "forbidden_origin",
    );
    await makeAccount(it);
    const owner = await signIn(it);
    const refused = await owner.post("/keys", { name: "Zapier", access: "write" });
    expectError(refused, 403, "confirmation_required");
    expect(refused.body.details).toEqual({ action: "keys.create" });
    const { users, store, passwords } = it.server;
    const passwordHash = await passwords.hash(PASSWORD);
    const account = { email: "mia@example.com", name: null, passwordHash, role: "member" } as const;
    await store.change(ACTOR, (tx) => users.create(tx, account));
    const member = await signIn(it, { email: account.email });
    expectError(await member.post("/keys", {}), 403, "insufficient_role");
  });

  test("429 by key, and by address for failed authentications, which never limits a valid key", async () => {
    await using it = await startTestServer({ config: { readsPerMinute: 2 } });
    await it.read.get("/v1/me");
    await it.read.get("/v1/me");
    expectError(await it.read.get("/v1/me"), 429, "rate_limited");
    expect((await it.write.get("/v1/me")).status).toBe(200);
    for (let i = 0; i < 60; i += 1) expect((await it.anonymous.get("/v1/me")).status).toBe(401);
    const held = await it.anonymous.get("/v1/me");
    expectError(held, 429, "rate_limited");
    expect(held.body.details).toEqual({ limit: "60 failed authentications per minute" });
    expect(Number(held.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect((await it.write.get("/v1/me")).status).toBe(200);
    const { keys, store } = it.server;
    const ended = keys.list().find(({ scope }) => scope === "write")!;
    await store.change(ACTOR, (tx) => keys.setActive(tx, ended, false));
    expectError(await it.write.get("/v1/me"), 401, "unauthorized");
  });

  test("500 reveals no cause and stores nothing", async () => {
    await using it = await startTestServer();
    // A trigger of the test makes a write fail in its middle, like a bug.
    await it.server.store.housekeep((db) =>
      db.$client.exec(
        "create trigger broken before insert on intents begin select raise(abort, 'secret reason'); end",
      ),
    );
    const before = it.server.db.$client.query("select count(*) as n from audit").get();
    const answer = await it.write.post("/v1/intents", { name: "x" });
    expectError(answer, 500, "internal_error");
    expect(answer.text).toBe('{"error":"internal_error"}');
    expect(it.server.db.$client.query("select count(*) as n from audit").get()).toEqual(before);
    expect((await it.write.post("/v1/contacts", { phone_number: freshNumber() })).status).toBe(201);
  });

  test("503 when the storage is full; reads continue, and writes succeed once there is space", async () => {
    await using it = await startTestServer();
    const { $client } = it.server.db;
    const setRoom = (pages: number) =>
      it.server.store.housekeep(({ $client: writer }) => {
        const { page_count } = writer.query("pragma page_count").get() as { page_count: number };
        writer.exec(`pragma max_page_count = ${page_count + pages}`);
      });
    await setRoom(2);
    const custom = Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`k${i}`, "x".repeat(500)]),
    );
    let answer: Answer;
    do answer = await it.write.post("/v1/contacts", { phone_number: freshNumber(), custom });
    while (answer.status === 201);
    expectError(answer, 503, "unavailable");
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    const stored = (await it.read.all("/v1/contacts")).length;
    expect(
      $client.query("select count(*) as n from audit where entity_type = 'contact'").get(),
    ).toEqual({ n: stored });
    await setRoom(1_000_000);
    expect(
      (await it.write.post("/v1/contacts", { phone_number: freshNumber(), custom })).status,
    ).toBe(201);
  });

  test("503 while the server stops; requests in flight are finished", async () => {
    const it = await startTestServer();
    let finish = () => {};
    const slow = it.write.send("POST", "/v1/contacts", {
      headers: { "content-type": "application/json" },
      body: new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(`{"phone_number":"${freshNumber()}"`));
          finish = () => {
            controller.enqueue(new TextEncoder().encode("}"));
            controller.close();
          };
        },
      }),
    });
    // The request is in flight once the server has received it.
    await Bun.sleep(50);
    const stopped = it.server.stop();
    for (const path of ["/v1/me", "/health", "/openapi.json", "/nowhere"]) {
      const refused = await it.write.get(path);
      expectError(refused, 503, "unavailable");
      expect(refused.headers.get("retry-after")).toBe("1");
    }
    finish();
    expect((await slow).status).toBe(201);
    await stopped;
    expect(await it.write.get("/v1/me").catch(() => "refused")).toBe("refused");
    await it[Symbol.asyncDispose]();
  });

  afterAll(() => {
    expect([...seen].sort()).toEqual(Object.keys(ERRORS).sort());
  });
});

test("paths outside the API respond with 404 and 405 in the envelope without a key", async () => {
  await using it = await startTestServer();
  expectError(await it.anonymous.get("/nothing"), 404, "not_found");
  expectError(await it.anonymous.get("/v2/contacts"), 404, "not_found");
  expectError(await it.anonymous.post("/docs", {}), 405, "method_not_allowed");
  expectError(await it.anonymous.delete("/health"), 405, "method_not_allowed");
  expectError(await it.anonymous.get("/v1"), 401, "unauthorized");
  expectError(await it.anonymous.get("/v1/%zz"), 401, "unauthorized");
  expectError(await it.write.get("/v1/contacts/%zz"), 404, "not_found");
  expectError(await it.write.get("/v1/contacts/"), 404, "not_found");
});

test("30 equal requests at once with one Idempotency-Key create one row and get 30 equal answers", async () => {
  await using it = await startTestServer();
  const body = { phone_number: freshNumber() };
  const answers = await Promise.all(
    Array.from({ length: 30 }, () =>
      it.write.post("/v1/contacts", body, { "idempotency-key": "same" }),
    ),
  );
  expect(new Set(answers.map(({ text, status }) => `${status} ${text}`)).size).toBe(1);
  expect(answers[0]!.status).toBe(201);
  expect(
    answers.filter(({ headers }) => headers.get("idempotent-replayed") === "true"),
  ).toHaveLength(29);
  expect(await it.read.all("/v1/contacts")).toHaveLength(1);
  expect(
    it.server.db.$client
      .query("select count(*) as n from audit where entity_type = 'contact'")
      .get(),
  ).toEqual({ n: 1 });
});

test("a refused request can be sent again with the same Idempotency-Key", async () => {
  await using it = await startTestServer();
  const headers = { "idempotency-key": "later" };
  expect((await it.write.post("/v1/contacts", { phone_number: "x" }, headers)).status).toBe(400);
  expect(
    (await it.write.post("/v1/contacts", { phone_number: freshNumber() }, headers)).status,
  ).toBe(201);
  for (const key of ["", "x".repeat(256)]) {
    const answer = await it.write.post(
      "/v1/contacts",
      { phone_number: freshNumber() },
      { "idempotency-key": key },
    );
    expect([answer.status, Object.keys(answer.body.details)]).toEqual([400, ["idempotency_key"]]);
  }
});

test("a cache keeps an object for its client only, and a secret not at all", async () => {
  await using it = await startTestServer({ config: { webhookAllow: ["127.0.0.0/8"] } });
  const body = { url: "http://127.0.0.1:9/", events: ["call.ended"] };
  const created = await it.write.post("/v1/webhook-subscriptions", body);
  const path = created.headers.get("location")!;
  const rotated = await it.write.post(`${path}/rotate-secret`);
  const caching = (answer: Answer) => answer.headers.get("cache-control");
  expect([created, rotated].map(caching)).toEqual(["no-store", "no-store"]);
  for (const readPath of [path, "/v1/calls", "/v1/me"])
    expect(caching(await it.read.get(readPath))).toBe("private, no-cache");
});
