/** Hostile and malformed requests: each gets an error of the catalogue or a correct answer. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { ROUTES } from "../../src/routes.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { freshNumber, sampleCall } from "../support/samples.ts";

let it: TestServer;
beforeAll(async () => {
  it = await startTestServer({ config: { webhookAllow: ["192.0.2.0/24"] } });
});
afterAll(() => it[Symbol.asyncDispose]());

/** Sends raw bytes and returns the whole response. */
function raw(text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(Number(new URL(it.url).port), "127.0.0.1", () => socket.write(text));
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk.toString();
  });
  socket.on("close", () => resolve(answer));
  socket.on("error", reject);
  return promise;
}

describe("a Host header that is missing, empty or nonsense", () => {
  const send = (host: string, line: string, key: string | null, more = "", body = "") =>
    raw(
      `${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${key ? `Authorization: Bearer ${key}\r\n` : ""}${more}Content-Length: ${body.length}\r\n\r\n${body}`,
    );

  test("does not change the answer where it is empty", async () => {
    expect(await send("", "GET /v1/contacts?limit=1", it.tokens.read)).toStartWith("HTTP/1.1 200");
    expect(await send("", "GET /v1/contacts?limit=0", it.tokens.read)).toStartWith("HTTP/1.1 400");
    expect(await send("", "GET /v1/nothing", null)).toStartWith("HTTP/1.1 401");
    expect(await send("", "GET /nothing", null)).toStartWith("HTTP/1.1 404");
    expect(await send("", "GET //v1/contacts", null)).toStartWith("HTTP/1.1 404");
    const body = JSON.stringify({ phone_number: freshNumber() });
    const headers = `Content-Type: application/json\r\nIdempotency-Key: ${crypto.randomUUID()}\r\n`;
    expect(await send("", "POST /v1/contacts", it.tokens.write, headers, body)).toStartWith(
      "HTTP/1.1 201",
    );
  });

  test.each([
    "foo:abc",
    "foo:99999",
    "[::1",
    "user@host",
    "256.1.1.1",
    "a%20b",
    "localhost:8080, evil",
  ])("%p is refused on every path", async (host) => {
    for (const path of ["/v1/contacts", "/v1/nothing", "/nothing", "//v1/contacts", "/docs"]) {
      const answer = await send(host, `GET ${path}`, it.tokens.read);
      expect(answer).toStartWith("HTTP/1.1 421");
      expect(answer).toContain('"error":"misdirected_request"');
    }
  });

  test("is optional in HTTP/1.0", async () => {
    const answer = await raw(
      `GET /v1/contacts HTTP/1.0\r\nAuthorization: Bearer ${it.tokens.read}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.[01] 200/);
  });
});

describe("text that cannot be stored unchanged", () => {
  test("a search for NUL or a lone surrogate is 400 on q", async () => {
    for (const path of [
      "/v1/calls",
      "/v1/contacts",
      "/v1/knowledge",
      "/v1/knowledge/facts",
      "/v1/team-members",
    ]) {
      const answer = await it.read.get(`${path}?q=abc%00def`);
      expect([path, answer.status, Object.keys(answer.body.details)]).toEqual([path, 400, ["q"]]);
    }
  });

  test("a search for nothing but an accent finds nothing, in every list", async () => {
    for (const { path, query } of ROUTES) {
      if (!query || !("q" in query.shape)) continue;
      for (const q of [
        "%CC%81",
        "a%CC%81%20%CC%88",
        "%CC%81%CC%81",
        "%22",
        "*",
        "%E2%80%8B%CC%81",
      ]) {
        const answer = await it.read.get(`${path}?q=${q}`);
        expect([path, q, answer.status]).toEqual([path, q, 200]);
      }
    }
  });

  test("names of custom fields are validated like their values, and __proto__ is refused", async () => {
    const send = (custom: string) =>
      it.write.send("POST", "/v1/contacts", {
        headers: { "content-type": "application/json" },
        body: `{"phone_number":"${freshNumber()}","custom":${custom}}`,
      });
    for (const custom of [
      '{"\\ud800":"x"}',
      '{"a\\u0000":"x"}',
      '{" ":"x"}',
      `{"${"k".repeat(101)}":"x"}`,
    ]) {
      expect([custom, (await send(custom)).status]).toEqual([custom, 400]);
    }
    for (const custom of ['{"__proto__":"x"}', '{"\\u005f_proto__":"x"}']) {
      expect((await send(custom)).text).toBe(
        '{"error":"validation_failed","details":{"__proto__":"is not a name that can be used"}}',
      );
    }
    expect((await send('{"constructor":"y","toString":"z"}')).body.data.custom).toEqual({
      constructor: "y",
      toString: "z",
    });
  });

  test("addresses with white space, NUL or lone surrogates are refused; white space at the ends is trimmed", async () => {
    const send = (url: string) =>
      it.write.post("/v1/webhook-subscriptions", { url, events: ["call.ended"] });
    for (const url of [
      "https://192.0.2.1/\ud800",
      "https://192.0.2.1/\0",
      "https://192.0.2.1/a b",
      "https://192.0.2.1/\n/x",
    ]) {
      expect((await send(url)).status).toBe(400);
    }
    expect((await send("  https://192.0.2.1/x ")).body.data.url).toBe("https://192.0.2.1/x");
  });

  test("times whose UTC year does not have four digits are refused", async () => {
    for (const started_at of ["9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00"]) {
      const answer = await it.platform.put("/platform/v1/calls/year", {
        ...sampleCall(),
        started_at,
      });
      expect([answer.status, Object.keys(answer.body.details)]).toEqual([400, ["started_at"]]);
    }
    expect((await it.read.get("/v1/calls?to=9999-12-31T23:59:59-23:59")).status).toBe(400);
  });

  test("paths with invalid escapes are 404, so two calls are never confused", async () => {
    for (const name of ["zz%zz", "%ED%A0%80", "x%E4"]) {
      expect((await it.platform.put(`/platform/v1/calls/${name}`, sampleCall())).status).toBe(404);
    }
    expect(
      (await it.platform.put("/platform/v1/calls/a%2Fb%20%C3%A4", sampleCall())).body.data
        .external_id,
    ).toBe("a/b ä");
  });

  test.each([
    ["application/json; charset=UTF-8", "Identity", 201],
    ["application/merge-patch+json", "identity", 201],
    ["Application/vnd.api+JSON", "identity", 201],
    ["application/json+x", "identity", 415],
    ["text/json", "identity", 415],
    ["application/jsonp", "identity", 415],
    ["text/plain", "identity", 415],
  ])("a body of type %s in encoding %s is %d", async (type, encoding, status) => {
    const answer = await it.write.send("POST", "/v1/contacts", {
      headers: { "content-type": type, "content-encoding": encoding },
      body: JSON.stringify({ phone_number: freshNumber() }),
    });
    expect(answer.status).toBe(status);
  });

  test("a compressed body is 415, and the error says why", async () => {
    const answer = await it.write.send("POST", "/v1/contacts", {
      headers: { "content-type": "application/json", "content-encoding": "gzip" },
      body: Bun.gzipSync("{}"),
    });
    expect([answer.status, answer.body.details]).toEqual([
      415,
      { "content-encoding": "must be identity" },
    ]);
  });
});

test("If-Match applies to platform routes too", async () => {
  const path = "/platform/v1/calls/matched";
  expect((await it.platform.put(path, sampleCall(), { "if-match": "*" })).status).toBe(412);
  const created = await it.platform.put(path, sampleCall());
  expect((await it.platform.put(path, { summary: "x" }, { "if-match": '"stale"' })).status).toBe(
    412,
  );
  const etag = created.headers.get("etag")!;
  expect((await it.platform.put(path, { summary: "x" }, { "if-match": etag })).status).toBe(200);
});

test("search ignores case and accents, also in short words", async () => {
  await it.write.post("/v1/contacts", {
    phone_number: freshNumber(),
    first_name: "Ärö",
    last_name: "Öztürk",
  });
  for (const q of ["är", "AR", "ärö", "oz", "ÖZ", "ozturk", "ÖZTÜRK ar"]) {
    expect([
      q,
      (await it.read.get(`/v1/contacts?q=${encodeURIComponent(q)}`)).body.data.length,
    ]).toEqual([q, 1]);
  }
});

test("search uses the first eight different words, and repeated words cost nothing", async () => {
  const words = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
  await it.write.post("/v1/contacts", {
    phone_number: freshNumber(),
    first_name: words.join(" "),
  });
  const find = async (...searched: string[]) =>
    (await it.read.get(`/v1/contacts?q=${searched.join("+")}`)).body.data.length;
  expect(await find(...words, "nine")).toBe(1);
  expect(await find("ONE", "one", "óne", ...words.slice(1), "nine")).toBe(1);
  expect(await find("nine", ...words)).toBe(0);
});

test("tags are found in their stored form", async () => {
  await it.write.post("/v1/team-members", { name: "Tagged", tags: [" b ", "b"] });
  const found = (await it.read.get("/v1/team-members?tag=%20b%20")).body.data;
  expect(found.map(({ tags }: { tags: string[] }) => tags)).toEqual([["b"]]);
});

test("time zones are accepted in every spelling of Intl, except offsets", async () => {
  const send = async (timezone: string) =>
    (await it.write.post("/v1/locations", { name: `Zone ${timezone}`, timezone })).body;
  for (const zone of ["EST", "GMT", "CET", "Cuba", "US/Eastern", "Europe/Berlin"]) {
    expect((await send(zone)).data?.timezone).toBe(zone);
  }
  expect((await send("america/new_york")).data.timezone).toBe("America/New_York");
  expect((await send("utc")).data.timezone).toBe("UTC");
  for (const zone of ["+02:00", "Mars/Olympus", "", "-05:00"])
    expect((await send(zone)).error).toBe("validation_failed");
});

test("many invalid lines do not block other requests", async () => {
  const bad = it.platform.send("POST", "/platform/v1/calls", {
    headers: { "content-type": "application/x-ndjson" },
    body: "x\n".repeat(200_000),
  });
  let answered = 0;
  let done = false;
  void bad.then(() => {
    done = true;
  });
  while (!done) {
    await it.read.get("/v1/me");
    answered += 1;
  }
  // If the lines blocked the event loop, only one or two requests would have been answered meanwhile.
  expect(answered).toBeGreaterThan(20);
  expect((await bad).text.trim().split("\n")).toHaveLength(200_000);
}, 30_000);
