/** The platform's routes over real HTTP. The contract matrix tests what all routes share. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { LIMITS } from "../../src/config.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { ended, freshName, lines, type Sent } from "./world.ts";

let it: TestServer;
beforeAll(async () => {
  it = await startTestServer();
});
afterAll(() => it[Symbol.asyncDispose]());

const pathOf = (name: string) => `/platform/v1/calls/${encodeURIComponent(name)}`;
const unnamed = (fields: Sent = {}) => {
  const { external_id: _, ...record } = ended(fields);
  return record;
};
const post = (body: string, headers: Record<string, string> = {}) =>
  it.platform.send("POST", "/platform/v1/calls", {
    headers: { "content-type": "application/x-ndjson", ...headers },
    body,
  });
const answersOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("PUT", () => {
  test("responds with 201 and the location of the call, then with 200, each time with the call as the API shows it", async () => {
    const name = freshName();
    const created = await it.platform.put(pathOf(name), unnamed());
    expect(created.status).toBe(201);
    expect(created.headers.get("location")).toBe(`/v1/calls/${created.body.data.id}`);
    const read = await it.read.get(created.headers.get("location")!);
    const { transcript, ...call } = read.body.data;
    expect([created.body.data, transcript]).toEqual([call, []]);
    expect(call.call_url).toBe(`${it.url}/calls/${call.id}`);
    const again = await it.platform.put(pathOf(name), unnamed());
    expect([again.status, again.headers.get("location"), again.text]).toEqual([
      200,
      null,
      created.text,
    ]);
    const more = await it.platform.put(pathOf(name), {
      outcome: "booked",
      transcript: [{ role: "agent", text: "Hello", at: 0 }],
    });
    expect([more.status, more.body.data.outcome]).toEqual([200, "booked"]);
    const whole = await it.read.get(`/v1/calls/${call.id}`);
    expect(whole.body.data).toEqual({
      ...more.body.data,
      transcript: [{ role: "agent", text: "Hello", at: 0 }],
    });
    const listed = await it.read.get("/v1/calls?q=hello");
    expect(listed.body.data).toEqual([more.body.data]);
  });

  test.each(["sip:call/1?a=b&c#d", "ä 😀", "a%2Fb", "..%", "a".repeat(255)])(
    "names a call by whatever the platform calls it: %s",
    async (name) => {
      const created = await it.platform.put(pathOf(name), unnamed());
      expect([created.status, created.body.data?.external_id]).toEqual([201, name]);
      const moved = await it.platform.patch(`${pathOf(name)}/order`, { status: "new" });
      expect(moved.status).toBe(409);
    },
  );

  test("requires an id in the body to equal the id in the path", async () => {
    const name = freshName();
    const wrong = await it.platform.put(pathOf(name), ended());
    expect([wrong.status, wrong.body]).toEqual([
      400,
      {
        error: "validation_failed",
        details: { external_id: "must equal the id in the path, or be left out" },
      },
    ]);
    const right = await it.platform.put(pathOf(name), ended({ external_id: name }));
    expect(right.status).toBe(201);
  });

  test("refuses an id that is blank or longer than 255 characters", async () => {
    for (const [name, issue] of [
      [" ", "must not be blank"],
      ["a".repeat(256), "must be at most 255 characters"],
    ] as const) {
      const answer = await it.platform.put(pathOf(name), unnamed());
      expect([answer.status, answer.body.details]).toEqual([400, { external_id: issue }]);
    }
  });

  test("accepts a body larger than the limit of other routes", async () => {
    const turn = { role: "agent", text: "a".repeat(15_000), at: 0 };
    const transcript = Array.from({ length: 200 }, () => turn);
    expect(JSON.stringify(transcript).length).toBeGreaterThan(LIMITS.bodyBytes * 2);
    const answer = await it.platform.put(pathOf(freshName()), unnamed({ transcript }));
    expect(answer.status).toBe(201);
  });

  test("creates one call for 30 equal records at once", async () => {
    const name = freshName();
    const record = unnamed({ from_number: "+15550107777" });
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => it.platform.put(pathOf(name), record)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    const { body } = await it.read.get("/v1/contacts?phone_number=%2B15550107777");
    expect(body.data).toMatchObject([{ call_count: 1 }]);
  });

  test("is audited under the platform's key", async () => {
    const { body } = await it.platform.put(pathOf(freshName()), unnamed());
    const rows = it.server.db.$client
      .query("select actor_type, actor_name from audit where entity_id = ?")
      .all(body.data.id);
    expect(rows).toEqual([{ actor_type: "platform", actor_name: "Platform" }]);
  });
});

describe("POST of many", () => {
  test("responds with NDJSON, one line per record in the same order", async () => {
    const records = Array.from({ length: 300 }, () => ended());
    const answer = await post(`${lines(records)}{"external_id": 5}\n\n`);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([
      200,
      "application/x-ndjson",
    ]);
    const answers = answersOf(answer.text);
    expect(answers.slice(0, -1)).toEqual(
      records.map(({ external_id }) => ({
        external_id,
        id: expect.any(String),
        status: "created",
        warnings: [],
      })),
    );
    expect(answers.at(-1)).toEqual({
      external_id: null,
      id: null,
      status: "error",
      details: { external_id: "must be text" },
    });
  });

  test("accepts an empty body and no other content type", async () => {
    const nothing = await post("");
    expect([nothing.status, nothing.text]).toEqual([200, ""]);
    const other = await post("{}", { "content-type": "application/json" });
    expect([other.status, other.body]).toEqual([
      415,
      {
        error: "unsupported_media_type",
        details: { "content-type": "must be application/x-ndjson" },
      },
    ]);
  });

  test("accepts more bytes than the limit of a single body", async () => {
    const turn = { role: "agent", text: "a".repeat(20_000), at: 0 };
    const transcript = Array.from({ length: 100 }, () => turn);
    const records = Array.from({ length: 6 }, () => ended({ transcript }));
    const body = lines(records);
    expect(body.length).toBeGreaterThan(LIMITS.recordBytes);
    const answer = await post(body);
    expect(answersOf(answer.text).map(({ status }) => status)).toEqual(
      records.map(() => "created"),
    );
  });
});

describe("PATCH of the order", () => {
  test("updates the status and returns the call; a step back is 409", async () => {
    const name = freshName();
    await it.platform.put(pathOf(name), unnamed({ outcome: "order", order: { total_cents: 5 } }));
    const moved = await it.platform.patch(`${pathOf(name)}/order`, { status: "fulfilled" });
    expect([moved.status, moved.body.data.order_status]).toEqual([200, "fulfilled"]);
    const read = await it.read.get(`/v1/calls/${moved.body.data.id}`);
    const { transcript: _, ...call } = read.body.data;
    expect(moved.body.data).toEqual(call);
    const back = await it.platform.patch(`${pathOf(name)}/order`, { status: "new" });
    expect([back.status, back.body]).toEqual([
      409,
      {
        error: "conflict",
        details: { status: "cannot become new: the status fulfilled is final" },
      },
    ]);
  });

  test("is 404 for an unknown call and 400 without a status", async () => {
    const unknown = await it.platform.patch(`${pathOf(freshName())}/order`, { status: "new" });
    expect([unknown.status, unknown.body]).toEqual([404, { error: "not_found" }]);
    const name = freshName();
    await it.platform.put(pathOf(name), unnamed());
    const empty = await it.platform.patch(`${pathOf(name)}/order`, {});
    expect([empty.status, Object.keys(empty.body.details)]).toEqual([400, ["status"]]);
  });
});
