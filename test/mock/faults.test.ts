/** Faults: a request with the header, or one that matches a rule, fails as requested, and no other does. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createConnection } from "node:net";
import { ERRORS } from "../../src/contract/errors.ts";
import { MOCK_KEYS } from "../../src/contract/mock-keys.ts";
import { parseFault } from "../../src/mock/faults.ts";
import { startTestServer } from "../support/harness.ts";
import { startTestMock, type TestMock } from "../support/mock.ts";

let mock: TestMock;
beforeAll(async () => {
  mock = await startTestMock();
});
afterAll(() => mock[Symbol.asyncDispose]());

const withFault = (fault: string) => ({ "x-mock-fault": fault });
const rules = (...list: object[]) => mock.anonymous.post("/mock/faults", { rules: list });

/** The bytes of a response until the server closes the connection. */
async function readRawResponse(headers: string[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = createConnection(Number(new URL(mock.url).port), "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => (text += chunk.toString()));
  // A connection reset is expected.
  socket.on("error", () => {});
  socket.on("close", () => resolve(text));
  socket.write(
    `GET /v1/me HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${MOCK_KEYS.read}\r\n${headers.join("\r\n")}\r\n\r\n`,
  );
  return promise;
}

const failureOf = (answer: Promise<unknown>) =>
  answer.then(
    () => null,
    (error: unknown) => error,
  );

describe("by header", () => {
  test.each(Object.values(ERRORS).map(({ status }) => status))(
    "%i has the error body and headers of the real server",
    async (status) => {
      const answer = await mock.read.get("/v1/me", withFault(String(status)));
      expect(answer.status).toBe(status);
      expect(ERRORS[answer.body.error as keyof typeof ERRORS].status).toBe(status);
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(answer.headers.get("x-request-id")).toMatch(/^[0-9a-f]{32}$/);
      expect(answer.headers.has("retry-after")).toBe(status === 429 || status === 503);
    },
  );

  test("429;times=2 fails twice and then succeeds, separately for each request", async () => {
    const statuses = async (path: string, count: number) => {
      const seen = [];
      for (let i = 0; i < count; i += 1)
        seen.push((await mock.read.get(path, withFault("429;times=2;retry-after=7"))).status);
      return seen;
    };
    expect(await statuses("/v1/me", 6)).toEqual([429, 429, 200, 429, 429, 200]);
    expect(await statuses("/v1/contacts", 1)).toEqual([429]);
    const refused = await mock.read.get("/v1/intents", withFault("429;times=1;retry-after=7"));
    expect(refused.headers.get("retry-after")).toBe("7");
  });

  test("slow delays a complete response", async () => {
    const started = performance.now();
    const answer = await mock.read.get("/v1/me", withFault("slow=150"));
    expect(answer.status).toBe(200);
    expect(performance.now() - started).toBeGreaterThanOrEqual(145);
  });

  test("drop closes the connection without a byte, and the request is not executed", async () => {
    expect(await readRawResponse(["X-Mock-Fault: drop"])).toBe("");
    const before = await mock.read.all("/v1/contacts");
    const body = { phone_number: "+12025550143" };
    expect(
      await failureOf(mock.write.post("/v1/contacts", body, withFault("drop"))),
    ).toBeInstanceOf(Error);
    expect(await mock.read.all("/v1/contacts")).toHaveLength(before.length);
  });

  test("truncate executes the request and cuts the response, so that a retry with the same key is replayed", async () => {
    expect(await readRawResponse(["X-Mock-Fault: truncate"])).toMatch(
      /^HTTP\/1.1 200 OK[\s\S]+\{"data":/,
    );
    const body = { phone_number: "+12025550144" };
    const key = { "idempotency-key": "retry-1" };
    expect(
      await failureOf(mock.write.post("/v1/contacts", body, { ...key, ...withFault("truncate") })),
    ).toBeInstanceOf(Error);
    const again = await mock.write.post("/v1/contacts", body, key);
    expect([again.status, again.headers.get("idempotent-replayed")]).toEqual([201, "true"]);
  });

  test.each([
    "",
    "200",
    "50",
    "418",
    "slow",
    "slow=",
    "slow=600001",
    "500;times=0",
    "500;time=1",
    "500;times=1;times=2",
    "drop;retry-after=1",
    "429 ; times = 1",
  ])("%p is refused with the list of faults", async (text) => {
    expect(parseFault(text)).toBeNull();
    const answer = await mock.read.get("/v1/me", withFault(text || " "));
    expect([answer.status, answer.body.error]).toEqual([400, "validation_failed"]);
    expect(answer.body.details["x-mock-fault"]).toContain("drop or truncate");
  });

  test("a real server refuses the fault header on every request", async () => {
    await using real = await startTestServer();
    for (const answer of [
      await real.read.get("/v1/me", withFault("500")),
      await real.write.post("/v1/contacts", { phone_number: "+12025550143" }, withFault("slow=1")),
      await real.read.get("/v1/nowhere", withFault("drop")),
    ]) {
      expect([answer.status, answer.body]).toEqual([
        400,
        {
          error: "validation_failed",
          details: { "x-mock-fault": "is for a mock server only; start one with allison mock" },
        },
      ]);
    }
    expect(await real.read.all("/v1/contacts")).toEqual([]);
    expect((await real.anonymous.post("/mock/faults", { rules: [] })).status).toBe(404);
    expect((await real.anonymous.post("/mock/reset")).status).toBe(404);
  });
});

describe("by rule", () => {
  test("a rule applies to its route and key only, as often as set, and counts", async () => {
    const set = await rules(
      { route: "POST /v1/contacts", key: "write", fault: "503;times=1" },
      { route: "/v1/contacts/:id", fault: "404" },
      { key: "Reporting", route: "GET /v1/intents", fault: "500" },
    );
    expect(set.status).toBe(200);
    const body = { phone_number: "+12025550145" };
    expect((await mock.write.post("/v1/contacts", body)).status).toBe(503);
    const made = await mock.write.post("/v1/contacts", body);
    expect(made.status).toBe(201);
    expect((await mock.read.get(`/v1/contacts/${made.body.data.id}`)).status).toBe(404);
    expect((await mock.read.get("/v1/contacts")).status).toBe(200);
    expect((await mock.read.get("/v1/intents")).status).toBe(500);
    expect((await mock.write.get("/v1/intents")).status).toBe(200);
    const { data } = (await mock.anonymous.get("/mock/faults")).body;
    expect(data.map(({ met, left }: { met: number; left: number | null }) => [met, left])).toEqual([
      [1, 0],
      [1, null],
      [1, null],
    ]);
    expect((await rules()).body.data).toEqual([]);
    expect((await mock.read.get("/v1/intents")).status).toBe(200);
  });

  test("the same seed gives the same random faults at every start", async () => {
    const draw = async (seed: number) => {
      await using mock = await startTestMock({
        seed,
        faults: { rules: [{ fault: "500", probability: 0.5 }] },
      });
      const statuses = [];
      for (let i = 0; i < 24; i += 1) statuses.push((await mock.read.get("/v1/me")).status);
      return statuses.join(" ");
    };
    const [first, same, other] = [await draw(3), await draw(3), await draw(4)];
    expect(first).toContain("500");
    expect(first).toContain("200");
    expect(same).toBe(first);
    expect(other).not.toBe(first);
  });

  test("invalid rules are refused with their fields, and the current rules stay", async () => {
    await rules({ fault: "500", route: "GET /v1/team-members" });
    const answer = await rules(
      { fault: "500", route: "GET /v1/contact" },
      { fault: "5oo" },
      { fault: "500", probability: 2 },
    );
    expect(answer.status).toBe(400);
    expect(answer.body.details["rules.2.probability"]).toBe("must be at most 1");
    const more = await rules({ fault: "500", route: "GET /v1/contact" }, { fault: "5oo" });
    expect(more.body.details["rules.0.route"]).toContain("did you mean GET /v1/contacts?");
    expect(more.body.details["rules.1.fault"]).toContain("slow=MILLISECONDS");
    const unknown = await rules({ fault: "500", propability: 1 });
    expect(unknown.body.details["rules.0.propability"]).toContain("did you mean probability?");
    expect((await mock.read.get("/v1/team-members")).status).toBe(500);
    await rules();
  });
});
