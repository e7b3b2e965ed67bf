/** Searches and filters that read many rows run in the background: the other requests of a server do not wait for them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { LIMITS } from "../../src/config.ts";
import type { PageRoute } from "../../src/http/route.ts";
import { ROUTES } from "../../src/routes.ts";
import type { Store } from "../../src/store/change.ts";
import { type Client, createClient } from "../support/client.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { startTestMock } from "../support/mock.ts";
import { freshNumber } from "../support/samples.ts";

const MEMBERS = 20_000;
const TAGS_EACH = 60;
const CALLS = 2_000;
/** Reads every tag of every team member and finds none. */
const SLOW_LIST = "/v1/team-members?tag=nobody";
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
/** A hundred words of one letter, as many as fit. */
const MANY_WORDS = `/v1/calls?q=${Array.from({ length: 100 }, (_, n) => LETTERS[n % 26]).join("+")}`;

/** Stores team members directly, with many tags each. */
const fillTeam = (store: Store) =>
  store.housekeep(({ $client }, at) => {
    const insert = $client.prepare(
      `insert into team_members (id, created_at, updated_at, name, tags, after_hours_transfer, active)
       values (?, ?, ?, 'Member', ?, 0, 1)`,
    );
    const tags = JSON.stringify(Array.from({ length: TAGS_EACH }, (_, n) => `tag ${n}`));
    for (let n = 0; n < MEMBERS; n += 1) insert.run(crypto.randomUUID(), at, at, tags);
  });

async function fillCalls({ platform }: TestServer): Promise<void> {
  const lines = Array.from({ length: CALLS }, (_, n) =>
    JSON.stringify({
      external_id: `call ${n}`,
      direction: "inbound",
      started_at: "2026-11-23T10:00:00Z",
      summary: [...LETTERS].map((letter) => `${letter}${n}`).join(" "),
    }),
  );
  const answer = await platform.send("POST", "/platform/v1/calls", {
    headers: { "content-type": "application/x-ndjson" },
    body: lines.join("\n"),
  });
  if (answer.status !== 200) throw new Error(answer.text);
}

let it: TestServer;
// The machine of the tests may be busy; one test sets the deadline.
const limits: { request: number } = LIMITS.backgroundMs;
const { request: requestMs } = limits;
beforeAll(async () => {
  limits.request = 20_000;
  it = await startTestServer();
  await fillTeam(it.server.store);
  await fillCalls(it);
});
afterAll(async () => {
  limits.request = requestMs;
  await it[Symbol.asyncDispose]();
});

const newClient = async (): Promise<Client> => createClient(it.url, (await it.makeKey()).token);

/** How many requests another client is answered while `requests` are under way. */
async function countAnswersDuring(requests: Promise<unknown>[], other: Client): Promise<number> {
  let isUnderWay = true;
  const end = Promise.all(requests).then(() => {
    isUnderWay = false;
  });
  let answers = 0;
  while (isUnderWay) {
    expect((await other.get("/v1/me")).status).toBe(200);
    answers += 1;
  }
  await end;
  return answers;
}

describe("while one key searches", () => {
  test.each([SLOW_LIST, MANY_WORDS])("another key is answered: %s", async (path) => {
    const attacker = await newClient();
    const statuses: number[] = [];
    const requests = Array.from({ length: 10 }, async () => {
      statuses.push((await attacker.get(path)).status);
    });
    const answers = await countAnswersDuring(requests, it.read);
    expect(statuses.filter((status) => status !== 200 && status !== 503)).toEqual([]);
    // On the event loop, each search would let at most one other request in.
    if (path === SLOW_LIST) expect(answers).toBeGreaterThan(3 * requests.length);
  });

  test("another key's search is not queued behind all of its searches", async () => {
    const attacker = await newClient();
    let answered = 0;
    const requests = Array.from({ length: 20 }, async () => {
      await attacker.get(SLOW_LIST);
      answered += 1;
    });
    await it.read.get("/v1/me");
    expect((await it.read.get("/v1/team-members?tag=nobody&active=true")).status).toBe(200);
    expect(answered).toBeLessThan(requests.length / 2);
    await Promise.all(requests);
  });

  test("more searches than may wait are refused at once with 503 and Retry-After", async () => {
    const attacker = await newClient();
    const answers = await Promise.all(
      Array.from({ length: LIMITS.backgroundWaiting.ofCaller + 20 }, () => attacker.get(SLOW_LIST)),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, body, headers } of refused)
      expect([status, body, headers.get("retry-after")]).toEqual([
        503,
        { error: "unavailable" },
        "2",
      ]);
    expect((await it.read.get("/v1/contacts?q=nobody")).status).toBe(200);
  });
});

test("a search that takes too long is answered with 503 and Retry-After, and the next one is served", async () => {
  const { request } = limits;
  limits.request = 20;
  try {
    const answer = await it.read.get(SLOW_LIST);
    expect([answer.status, answer.body, answer.headers.get("retry-after")]).toEqual([
      503,
      { error: "unavailable" },
      "2",
    ]);
  } finally {
    limits.request = request;
  }
  expect((await it.read.get(SLOW_LIST)).body.data).toEqual([]);
});

test("a search finds what the same client has just written", async () => {
  for (let n = 0; n < 30; n += 1) {
    const first_name = `Written${n}`;
    await it.write.post("/v1/contacts", { phone_number: freshNumber(), first_name });
    const found = await it.write.get(`/v1/contacts?q=${first_name}`);
    expect(found.body.data.map((contact: { first_name: string }) => contact.first_name)).toEqual([
      first_name,
    ]);
  }
});

test("pages of a search in the background continue with its cursor, and a wrong cursor is refused", async () => {
  const all = await it.read.all("/v1/calls?q=a&direction=inbound", 100);
  expect(new Set(all.map(({ id }) => id)).size).toBe(CALLS);
  const wrong = await it.read.get("/v1/calls?q=a&cursor=x");
  expect([wrong.status, Object.keys(wrong.body.details)]).toEqual([400, ["cursor"]]);
  const missing = `/v1/webhook-subscriptions/${crypto.randomUUID()}/deliveries?status=failed`;
  expect((await it.read.get(missing)).status).toBe(404);
});

test("a mock searches in the background too", async () => {
  await using mock = await startTestMock();
  await fillTeam(mock.server.instance().appliance.store);
  const requests = Array.from({ length: 3 }, () => mock.read.get(SLOW_LIST));
  expect(await countAnswersDuring(requests, mock.write)).toBeGreaterThan(3 * requests.length);
  for (const { status } of await Promise.all(requests)) expect(status).toBe(200);
});

test("a server that stops answers every search first, within the deadline of searches", async () => {
  const server = await startTestServer();
  await fillTeam(server.server.store);
  const longer = limits.request;
  limits.request = requestMs;
  const searches = Array.from({ length: 50 }, () => server.read.get(SLOW_LIST));
  await server.read.get("/v1/me");
  const [answers] = await Promise.all([Promise.all(searches), server[Symbol.asyncDispose]()]);
  limits.request = longer;
  for (const { status } of answers) expect([200, 503]).toContain(status);
});

describe("a list is read in the background", () => {
  const lists = ROUTES.filter(
    (route): route is PageRoute => "answers" in route && route.answers.kind === "page",
  );

  test("never without filters", () => {
    expect(lists.length).toBeGreaterThan(8);
    for (const { path, isUnbounded } of lists)
      expect([path, isUnbounded?.({ limit: "10", cursor: "x" }) ?? false]).toEqual([path, false]);
  });

  test("for a filter that no index serves, and for several that each need their own", () => {
    const isUnbounded = (path: string, query: Record<string, string>) =>
      lists.find((list) => list.path === path)!.isUnbounded!(query);
    for (const query of [
      { q: "a" },
      { direction: "inbound" },
      { outcome: "booked", disposition: "missed" },
    ])
      expect([query, isUnbounded("/v1/calls", query as never)]).toEqual([query, true]);
    for (const query of [
      { outcome: "booked" },
      { from: "2026-11-01", to: "2026-11-02" },
      { contact_id: "x", from: "2026-11-01" },
    ])
      expect([query, isUnbounded("/v1/calls", query as never)]).toEqual([query, false]);
    expect(isUnbounded("/v1/contacts", { phone_number: "+15550100123" })).toBe(false);
    expect(isUnbounded("/v1/contacts", { source: "api" })).toBe(true);
    expect(isUnbounded("/v1/knowledge", { effective: "true" })).toBe(true);
  });
});
