/** The mock server: the real server with temporary data, reproducible, with controls for test suites. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Webhook } from "standardwebhooks";
import { EVENT_TYPES } from "../../src/contract/event-types.ts";
import { MOCK_KEYS } from "../../src/contract/mock-keys.ts";
import { sha256Hex } from "../../src/lib/json.ts";
import { startTestServer } from "../support/harness.ts";
import { startTestMock, type TestMock } from "../support/mock.ts";
import { startReceiver } from "../support/receiver.ts";

let mock: TestMock;
beforeAll(async () => {
  mock = await startTestMock();
});
afterAll(() => mock[Symbol.asyncDispose]());

const GOLDEN = "32ed599da7b933326241d57fa576568b565ac8a807bb24664871edfe210c2296";
const NOW = Date.parse("2026-11-23T10:00:00.000Z");
const trigger = (event: string, set: object = {}, more: object = {}) =>
  mock.anonymous.post("/mock/trigger", { event, set, ...more });

describe("compared with the real server", () => {
  test("the mock answers with the same status, headers and body shape", async () => {
    await using real = await startTestServer();
    const requests: [string, string, unknown?][] = [
      ["GET", "/v1/me"],
      ["HEAD", "/v1/me"],
      ["GET", "/v1/nowhere"],
      ["GET", "/v1"],
      ["DELETE", "/v1/me"],
      ["OPTIONS", "/v1/contacts"],
      ["GET", "/v1/contacts/nobody"],
      ["GET", "/v1/contacts?limit=1000"],
      ["GET", "/v1/contacts?unknown=1"],
      ["GET", "/v1/contacts/%ff"],
      ["POST", "/v1/contacts", { phone_number: "+12025550149", first_name: "Ada", nick: 1 }],
      ["POST", "/v1/contacts", { phone_number: "12" }],
      ["PATCH", "/v1/contacts/nobody", {}],
      ["GET", "/health"],
      ["GET", "/docs/errors"],
      ["GET", "/elsewhere"],
    ];
    const shape = ({ status, headers, body }: Awaited<ReturnType<typeof real.read.get>>) => ({
      status,
      headers: [...headers.keys()].filter((name) => name !== "date").sort(),
      keys: Array.isArray(body?.data) ? "a list" : Object.keys(body?.data ?? body ?? {}),
      error: body?.error,
      details: body?.details,
    });
    for (const [method, path, sent] of requests) {
      const options = {
        headers: sent === undefined ? undefined : { "content-type": "application/json" },
        body: sent === undefined ? undefined : JSON.stringify(sent),
      };
      const [theirs, ours] = [
        await real.write.send(method, path, options),
        await mock.write.send(method, path, options),
      ];
      expect([method, path, shape(ours)]).toEqual([method, path, shape(theirs)]);
    }
  });

  test("keys of the mock work on the mock only, and real keys do not work on it", async () => {
    await using real = await startTestServer();
    for (const token of Object.values(MOCK_KEYS))
      expect(
        (await real.anonymous.get("/v1/me", { authorization: `Bearer ${token}` })).status,
      ).toBe(401);
    const { tokens } = real;
    expect(
      (await mock.anonymous.get("/v1/me", { authorization: `Bearer ${tokens.write}` })).status,
    ).toBe(401);
    expect((await mock.read.get("/v1/me")).body.data.key.scope).toBe("read");
    expect((await mock.read.post("/v1/contacts", { phone_number: "+12025550149" })).status).toBe(
      403,
    );
  });

  test("a reset restores the initial data on the same port", async () => {
    await mock.anonymous.post("/mock/reset");
    const before = await mock.read.all("/v1/contacts");
    await mock.write.post("/v1/contacts", { phone_number: "+12025550150" });
    expect(await mock.read.all("/v1/contacts")).toHaveLength(before.length + 1);
    const { body } = await mock.anonymous.post("/mock/reset");
    expect(body.data.requests).toEqual([]);
    const after = await mock.read.all("/v1/contacts");
    expect(after.map(({ phone_number }) => phone_number)).toEqual(
      before.map(({ phone_number }) => phone_number),
    );
  });
});

describe("the same seed and the same time", () => {
  const start = (seed: number, speed = 0) =>
    startTestMock({ seed, calls: 12, time: { start: NOW, speed } });

  /** The responses to all reads, and to the same writes. */
  async function responsesOf(mock: TestMock): Promise<string> {
    const texts = [];
    for (const path of [
      "/v1/me",
      "/v1/calls",
      "/v1/contacts",
      "/v1/knowledge",
      "/v1/locations",
      "/v1/team-members",
      "/v1/escalation-rules",
      "/v1/intents",
    ]) {
      const answer = await mock.read.get(path);
      texts.push(path, answer.text, answer.headers.get("etag"), answer.headers.get("x-request-id"));
    }
    const made = await mock.write.post("/v1/contacts", { phone_number: "+12025550151" });
    const hook = await mock.write.post("/v1/webhook-subscriptions", {
      url: "http://127.0.0.1:9/x",
      events: ["call.ended"],
    });
    return [...texts, made.text, hook.text].join("\n");
  }

  test("give the same bytes, including ids and secrets; another seed gives different ones", async () => {
    await using first = await start(7);
    await using second = await start(7);
    await using other = await start(8);
    const text = await responsesOf(first);
    // Users record responses in their tests, so this value must not change.
    expect(sha256Hex(text.replaceAll(first.url, ""))).toBe(GOLDEN);
    expect(await responsesOf(second)).toBe(text.replaceAll(first.url, second.url));
    expect((await responsesOf(other)).replaceAll(other.url, first.url)).not.toBe(text);
    await first.anonymous.post("/mock/reset");
    expect(await responsesOf(first)).toBe(text);
  });

  test("give the same ids, however many reads came before", async () => {
    await using first = await start(7);
    await using second = await start(7);
    for (let i = 0; i < 5; i += 1) await second.read.get("/v1/contacts");
    const body = { phone_number: "+12025550151" };
    const ids = [first, second].map(
      async ({ write }) => (await write.post("/v1/contacts", body)).body.data.id,
    );
    expect(await ids[1]).toBe(await ids[0]);
  });

  test("a fixed clock stands still; with a speed it runs from its start time", async () => {
    await using fixed = await start(7);
    const at = async (mock: TestMock) => (await mock.anonymous.get("/mock/state")).body.data.now;
    expect([await at(fixed), await at(fixed)]).toEqual(Array(2).fill("2026-11-23T10:00:00.000Z"));
    await using fast = await start(7, 1_000);
    const [earlier, later] = [Date.parse(await at(fast)), Date.parse(await at(fast))];
    expect(earlier).toBeGreaterThanOrEqual(NOW);
    expect(later).toBeGreaterThan(earlier);
  });
});

describe("limits", () => {
  test("are reported but not applied without --limits; a faster clock refills the buckets faster", async () => {
    const config = { host: "127.0.0.1", port: 0, webhookAllow: [], readsPerMinute: 3 };
    await using open = await startTestMock({ config });
    for (let i = 0; i < 5; i += 1) {
      const { status, headers } = await open.read.get("/v1/me");
      expect([status, headers.get("ratelimit")]).toEqual([200, '"reads";r=3;t=0']);
    }
    await using limited = await startTestMock({
      config,
      limits: true,
      time: { start: null, speed: 20 },
    });
    const statuses = [];
    for (let i = 0; i < 4; i += 1) statuses.push(await limited.read.get("/v1/me"));
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    // A request takes 20 s of the mock's clock, which are 1 s here: more than four requests need on a busy machine.
    for (let status = 429; status === 429; ) ({ status } = await limited.read.get("/v1/me"));
  });
});

describe("strict", () => {
  let strict: TestMock;
  beforeAll(async () => {
    strict = await startTestMock({ strict: true });
  });
  afterAll(() => strict[Symbol.asyncDispose]());

  test("an unknown field is refused with the nearest known name, at any depth", async () => {
    const cases: [string, object, Record<string, string>][] = [
      [
        "/v1/contacts",
        { phone_number: "+12025550151", firstname: "A" },
        { firstname: "is not a known field; did you mean first_name?" },
      ],
      [
        "/v1/locations",
        { name: "X", timezone: "UTC", hours: { moonday: [] } },
        { "hours.moonday": "is not a known field; did you mean monday?" },
      ],
      [
        "/v1/escalation-rules",
        { name: "X", action: "callback", condition: { type: "duration", minutes: 3, minute: 1 } },
        { "condition.minute": "is not a known field; did you mean minutes?" },
      ],
      [
        "/v1/contacts",
        { phone_number: "+12025550151", constructor: 1 },
        { constructor: expect.stringContaining("is not a known field") as never },
      ],
    ];
    for (const [path, body, details] of cases) {
      const answer = await strict.write.post(path, body);
      expect([path, answer.status, answer.body.details]).toEqual([path, 400, details]);
    }
    const custom = await strict.write.post("/v1/contacts", {
      phone_number: "+12025550151",
      custom: { anything: "goes" },
    });
    expect(custom.status).toBe(201);
    const named = await strict.platform.put("/platform/v1/calls/x", {
      direction: "inbound",
      started_at: "2026-11-23T10:00:00Z",
      mesages: [],
    });
    expect(named.body.details).toEqual({ mesages: "is not a known field; did you mean messages?" });
    const record = { direction: "inbound", started_at: "2026-11-23T10:00:00Z" };
    const many = await fetch(`${strict.url}/platform/v1/calls`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${MOCK_KEYS.platform}`,
        "Content-Type": "application/x-ndjson",
      },
      body: [
        { external_id: "y", ...record, sumary: "" },
        { external_id: "z", ...record },
      ]
        .map((line) => `${JSON.stringify(line)}\n`)
        .join(""),
    });
    expect(
      (await many.text())
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { status: "error", details: { sumary: "is not a known field; did you mean summary?" } },
      { external_id: "z", status: "created" },
    ]);
  });

  test("refuses records of calls that another server would correct", async () => {
    const call = { direction: "inbound", started_at: "2026-11-23T10:00:00Z" };
    const path = "/platform/v1/calls/corrected";
    const spelled = await strict.platform.put(path, { ...call, from_number: "five" });
    expect([spelled.status, Object.keys(spelled.body.details)]).toEqual([400, ["from_number"]]);
    const early = await strict.platform.put(path, { ...call, disposition: "missed" });
    expect([early.status, Object.keys(early.body.details)]).toEqual([400, ["disposition"]]);
    const lines = await strict.platform.send("POST", "/platform/v1/calls", {
      headers: { "content-type": "application/x-ndjson" },
      body: [{ from_number: "five" }, { disposition: "missed" }]
        .map((given) => JSON.stringify({ external_id: "corrected", ...call, ...given }))
        .join("\n"),
    });
    const answers = lines.text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(answers.map(({ details }) => Object.keys(details))).toEqual([
      ["from_number"],
      ["disposition"],
    ]);
  });

  test("an unknown query parameter is refused, also by an endpoint without parameters", async () => {
    const answer = await strict.read.get("/v1/calls?outcom=booked&q=a");
    expect(answer.body).toEqual({
      error: "validation_failed",
      details: { outcom: "is not a known parameter; did you mean outcome?" },
    });
    const none = await strict.read.get("/v1/me?verbose=1");
    expect([none.status, none.body.details.verbose]).toEqual([
      400,
      "is not known: nothing of the kind is taken here",
    ]);
    const writing = await strict.write.post("/v1/contacts?dry_run=1", {
      phone_number: "+12025550152",
    });
    expect(writing.status).toBe(400);
    expect((await strict.read.get("/v1/calls?outcome=booked")).status).toBe(200);
  });

  test("without --strict, unknown fields and parameters are ignored as by the real server", async () => {
    expect((await mock.read.get("/v1/calls?outcom=booked")).status).toBe(200);
    expect(
      (await mock.write.post("/v1/contacts", { phone_number: "+12025550153", firstname: "A" }))
        .status,
    ).toBe(201);
  });
});

describe("trigger", () => {
  test.each(EVENT_TYPES)(
    "%s is sent to the receiver with a valid signature, and no other event is",
    async (event) => {
      await using receiver = await startReceiver();
      const hook = await mock.write.post("/v1/webhook-subscriptions", {
        url: receiver.url,
        events: EVENT_TYPES,
      });
      const { status, body } = await trigger(event);
      expect([status, body.data.deliveries]).toEqual([200, 1]);
      const [delivery] = await receiver.received(1);
      const payload = new Webhook(hook.body.secret).verify(delivery!.body, delivery!.headers) as {
        type: string;
        data: object;
      };
      expect([payload.type, payload.data]).toEqual([event, body.data.event.data]);
      await mock.server.instance().application.dispatcher.settled();
      expect(receiver.requests).toHaveLength(1);
      await mock.write.delete(`/v1/webhook-subscriptions/${hook.body.data.id}`);
    },
  );

  test("a failed delivery is retried on the mock's clock and signed with the real time", async () => {
    // A minute on the mock's clock is 100 ms of real time, and the clock is a year behind.
    await using fast = await startTestMock({ time: { start: NOW - 365 * 86_400_000, speed: 600 } });
    await using receiver = await startReceiver({ script: [{ status: 500 }, { status: 200 }] });
    const body = { url: receiver.url, events: ["call.ended"] };
    const hook = await fast.write.post("/v1/webhook-subscriptions", body);
    await fast.anonymous.post("/mock/trigger", { event: "call.ended" });
    const [first, second] = await receiver.received(2);
    expect(second!.body).toBe(first!.body);
    for (const { body: sent, headers } of [first!, second!])
      new Webhook(hook.body.secret).verify(sent, headers);
    expect(JSON.parse(first!.body).created_at).toStartWith("2025-11-23T");
  });

  test("the API returns the call of the event with the fields that were set", async () => {
    const set = {
      message: "Please call back.",
      caller_name: "Ada",
      callback_number: "+12025550160",
    };
    const { data } = (await trigger("call.message_taken", set)).body;
    const call = await mock.read.get(`/v1/calls/${data.event.data.call_id}`);
    expect(call.body.data.messages).toMatchObject([set]);
    const again = await trigger("call.message_taken", {
      call_id: data.event.data.call_id,
      message: "And the invoice.",
    });
    expect(again.status).toBe(200);
    const both = await mock.read.get(`/v1/calls/${data.event.data.call_id}`);
    expect(both.body.data.messages.map(({ message }: { message: string }) => message)).toEqual([
      "Please call back.",
      "And the invoice.",
    ]);
  });

  test("a text is read as JSON if the field requires it, and paths reach into lists", async () => {
    const { body } = await trigger("call_order.status_changed", {
      "order.items.0.name": "Night guard",
      "order.items.0.quantity": "2",
      order_status: "fulfilled",
    });
    expect(body.data.event.data).toMatchObject({
      order: { items: [{ name: "Night guard", quantity: 2 }] },
      order_status: "fulfilled",
      previous_status: "new",
    });
    const next = await trigger("call_order.status_changed", {
      call_id: body.data.event.data.call_id,
    });
    expect([next.status, next.body.error]).toEqual([409, "conflict"]);
    const tags = await trigger("call.ended", { outcome_tags: '["a", "b"]', summary: "12" });
    expect(tags.body.data.event.data).toMatchObject({ outcome_tags: ["a", "b"], summary: "12" });
  });

  test("a copy of a delivered payload raises the same event for a new call", async () => {
    const { data: first } = (await trigger("call.appointment_booked", { service: "Crown" })).body;
    const { call_id: _, ...copy } = first.event.data;
    const { data: second } = (await trigger("call.appointment_booked", {}, { data: copy })).body;
    expect(second.event.data).toMatchObject({ service: "Crown", starts_at: copy.starts_at });
    expect(second.event.data.call_id).not.toBe(first.event.data.call_id);
  });

  test.each([
    ["call.endd", {}, "event", "did you mean call.ended?"],
    ["call.message_taken", { mesage: "x" }, "mesage", "did you mean message?"],
    ["call.message_taken", { callback_number: "12" }, "callback_number", "must be"],
    ["call.message_taken", { contact_id: "x" }, "contact_id", "is set by the server"],
    [
      "call.message_taken",
      { call_id: "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e10" },
      "call_id",
      "must be the id of an existing call",
    ],
    [
      "call.escalation_triggered",
      { rule_id: "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e10" },
      "escalations.0.rule_id",
      "must be the id of an existing escalation rule",
    ],
    ["call_order.status_changed", { order_status: "lost" }, "order_status", "must be one of"],
  ])("%s with %j is refused at %s", async (event, set, field, issue) => {
    const before = (await mock.anonymous.get("/mock/state")).body.data.calls;
    const { status, body } = await trigger(event, set);
    expect([status, Object.keys(body.details)]).toEqual([400, [field]]);
    expect(body.details[field]).toContain(issue);
    expect((await mock.anonymous.get("/mock/state")).body.data.calls).toBe(before);
  });

  test("refuses endless lists and depths, in little time", async () => {
    const deep = JSON.parse(`${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`);
    for (const [body, field] of [
      [{ set: { "order.items.4000000000.name": "x" } }, "order.items.4000000000.name"],
      [{ set: { "outcome_tags.99999999999999999999": "x" } }, "outcome_tags.99999999999999999999"],
      [{ set: { [Array(5_000).fill("a").join(".")]: "x" } }, Array(5_000).fill("a").join(".")],
      [{ data: { order: deep } }, "data"],
    ] as const) {
      const request = { event: "call_order.status_changed", ...body };
      const answer = await mock.anonymous.post("/mock/trigger", request);
      expect([answer.status, Object.keys(answer.body.details)]).toEqual([400, [field]]);
    }
    const deepValue = { order: `${"[".repeat(5_000)}${"]".repeat(5_000)}` };
    expect((await trigger("call_order.status_changed", deepValue)).status).toBe(400);
    // A list has a length, which is no index.
    expect((await trigger("call.ended", { "outcome_tags.length": 4e9 })).status).toBe(400);
  });
});

describe("the data of the mock page", () => {
  test("has the requests with their bodies, newest first, and a curl command that repeats each", async () => {
    const body = { phone_number: "+12025550170", first_name: "O'Hara" };
    await mock.write.post("/v1/contacts", body, { "idempotency-key": "it's mine" });
    const { requests, keys } = (await mock.anonymous.get("/mock/state")).body.data;
    expect(requests[0]).toMatchObject({
      method: "POST",
      path: "/v1/contacts",
      status: 201,
      key: "Booking system",
    });
    expect(keys.map(({ token }: { token: string }) => token).sort()).toEqual(
      Object.values(MOCK_KEYS).sort(),
    );
    const { data } = (await mock.anonymous.get(`/mock/requests/${requests[0].number}`)).body;
    expect(JSON.parse(data.request.body)).toEqual(body);
    expect(JSON.parse(data.answer.body).data.first_name).toBe("O'Hara");
    const ran = Bun.spawn(["sh", "-c", `${data.curl} -s`]);
    // The same Idempotency-Key: the same answer.
    expect(await new Response(ran.stdout).json()).toEqual(JSON.parse(data.answer.body));
  });

  test("never has a key other than the keys of the mock", async () => {
    await mock.anonymous.get("/v1/me", {
      authorization: "Bearer av_live_somebodysRealKey0000000000000000",
    });
    const { requests } = (await mock.anonymous.get("/mock/state")).body.data;
    const { text } = await mock.anonymous.get(`/mock/requests/${requests[0].number}`);
    expect(text).toContain("$KEY");
    expect(text).not.toContain("somebodysRealKey");
  });

  test("is refused to unknown paths, wrong methods, other sites and forms", async () => {
    expect((await mock.anonymous.get("/mock/nothing")).status).toBe(404);
    const wrong = await mock.anonymous.get("/mock/reset");
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
    const elsewhere = { "sec-fetch-site": "cross-site" };
    const foreign = await mock.anonymous.post("/mock/reset", undefined, elsewhere);
    expect([foreign.status, foreign.body.error]).toEqual([403, "forbidden_origin"]);
    // A page of another site can send only a form without a preflight request.
    const form = await mock.anonymous.send("POST", "/mock/trigger", {
      headers: { "content-type": "text/plain" },
      body: "{}",
    });
    expect(form.status).toBe(415);
  });
});
