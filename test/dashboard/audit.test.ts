/** The audit log in the dashboard: filters, pages, export, and whether it is intact. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { LIMITS } from "../../src/config.ts";
import { createTestClock } from "../support/clock.ts";
import { type Browser, EMAIL, makeAccount, signIn } from "../support/dashboard.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { freshNumber } from "../support/samples.ts";

const clock = createTestClock();
let it: TestServer;
let browser: Browser;
beforeAll(async () => {
  it = await startTestServer({ clock });
  await makeAccount(it);
  browser = await signIn(it);
  for (let i = 0; i < 5; i += 1) {
    clock.advance(60_000);
    await it.write.post("/v1/contacts", { phone_number: freshNumber() });
  }
});
afterAll(() => it[Symbol.asyncDispose]());

interface Row {
  id: number;
  entity_type: string;
  actor: { id: string };
}

describe("the audit log", () => {
  test("is paged newest first, without skipping or repeating a row", async () => {
    const rows: Row[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { body } = await browser.get(`/audit?limit=3${cursor && `&cursor=${cursor}`}`);
      expect(body.has_more).toBe(body.next_cursor !== null);
      rows.push(...body.data);
      cursor = body.next_cursor;
    }
    const last = rows[0]!.id;
    expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: last }, (_, i) => last - i));
    expect(last).toBeGreaterThan(9);
  });

  test("is filtered by actor, entity, action and time", async () => {
    const all = (await browser.get("/audit?entity_type=contact")).body.data as Row[];
    expect(all.length).toBe(5);
    const keyId = all[0]!.actor.id;
    const by = async (query: string) =>
      ((await browser.get(`/audit?${query}`)).body.data as Row[]).length;
    expect(await by(`actor_id=${keyId}`)).toBe(5);
    expect(await by(`actor_id=${keyId}&from=2026-11-23T10:02:00Z&to=2026-11-23T10:04:00Z`)).toBe(2);
    expect(await by("entity_type=intent")).toBe(0);
    expect(await by("entity_type=contact&action=created")).toBe(5);
    expect(await by("entity_type=contact&action=updated")).toBe(0);
    expect(await by("from=2026-11-24")).toBe(0);
  });

  test("records who signed in, from which address and with which browser", async () => {
    const { body } = await browser.get("/audit?entity_type=session");
    expect(body.data[0]).toMatchObject({
      action: "created",
      actor: { type: "user", name: EMAIL },
      ip: "127.0.0.1",
      user_agent: "Browser/1.0",
      request_id: expect.any(String),
    });
  });

  test.each([
    ["limit=0", "limit"],
    ["cursor=x", "cursor"],
    ["cursor=-1", "cursor"],
    ["from=yesterday", "from"],
    ["action=seen", "action"],
  ])("refuses ?%s with the parameter's name", async (query, field) => {
    const answer = await browser.get(`/audit?${query}`);
    expect([answer.status, Object.keys(answer.body.details)]).toEqual([400, [field]]);
  });

  test("is exported oldest row first, one line each, with or without a filter", async () => {
    const answer = await browser.get("/audit/export");
    expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
    expect(answer.headers.get("content-disposition")).toBe('attachment; filename="audit.ndjson"');
    const rows = answer.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Row);
    expect(rows.map(({ id }) => id)).toEqual(rows.map((_, i) => i + 1));
    const contacts = await browser.get("/audit/export?entity_type=contact");
    expect(contacts.text.trimEnd().split("\n").length).toBe(5);
    expect((await browser.get("/audit/export?entity_type=intent")).text).toBe("");
  });

  test("reports whether its chain is intact and when that was verified, and verifies it again after a minute", async () => {
    const rows = it.server.db.$client.query("select count(*) as n from audit").get() as {
      n: number;
    };
    const first = (await browser.get("/audit/state")).body.data;
    expect(first).toMatchObject({
      intact: true,
      rows: rows.n,
      head: expect.stringMatching(/^[0-9a-f]{64}$/),
      unkeyed_rows: 0,
    });
    // The verification has ended its read transaction, so it does not block a checkpoint.
    using other = new Database(it.server.db.$client.filename);
    expect(other.query("pragma wal_checkpoint(truncate)").get()).toMatchObject({ busy: 0 });
    clock.advance(30_000);
    expect((await browser.get("/audit/state")).body.data).toEqual(first);
    await it.server.store.housekeep(({ $client }) => {
      $client.exec("drop trigger audit_no_update");
      $client.exec("update audit set actor_name = 'nobody' where id = 7");
    });
    clock.advance(30_000);
    const later = (await browser.get("/audit/state")).body.data;
    expect(later).toMatchObject({ intact: false, row: 7 });
    expect(Date.parse(later.checked_at) - Date.parse(first.checked_at)).toBe(60_000);
  });
});

describe("a long log", () => {
  const LINES = 4_000;
  let large: TestServer;
  let page: Browser;
  beforeAll(async () => {
    large = await startTestServer();
    await makeAccount(large);
    page = await signIn(large);
    const lines = Array.from({ length: LINES }, (_, n) =>
      JSON.stringify({
        external_id: `call ${n}`,
        direction: "inbound",
        from_number: null,
        started_at: "2026-11-23T10:00:00Z",
        summary: "words ".repeat(80),
      }),
    );
    await large.platform.send("POST", "/platform/v1/calls", {
      headers: { "content-type": "application/x-ndjson" },
      body: lines.join("\n"),
    });
  });
  afterAll(() => large[Symbol.asyncDispose]());

  test("is exported completely, in pieces", async () => {
    const { text } = await page.get("/audit/export?entity_type=call");
    expect(text.length).toBeGreaterThan(2 * LIMITS.auditPageBytes);
    const ids = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).entity_id);
    expect(new Set(ids).size).toBe(LINES);
  });

  test("reports the progress of one verification to everybody who asks, and then its verdict", async () => {
    const limits: { auditStateMs: number } = LIMITS;
    const { auditStateMs } = limits;
    limits.auditStateMs = 0;
    try {
      const progress = (await page.get("/audit/state")).body.data;
      expect(progress.intact).toBeNull();
      const states = [progress];
      while (states.at(-1)!.intact === null) {
        const answers = await Promise.all([page.get("/audit/state"), page.get("/audit/state")]);
        expect(answers.map(({ status }) => status)).toEqual([200, 200]);
        states.push(answers[0].body.data);
      }
      const checked = states.flatMap(({ checked_rows }) => checked_rows ?? []);
      expect(checked).toEqual(checked.toSorted((a, b) => a - b));
      expect(new Set(states.flatMap(({ checked_at }) => checked_at ?? [])).size).toBe(1);
      expect(states.at(-1)).toMatchObject({ intact: true });
      for (const { checked_rows, total_rows } of states.filter(({ intact }) => intact === null))
        expect(checked_rows).toBeLessThanOrEqual(total_rows);
    } finally {
      limits.auditStateMs = auditStateMs;
    }
  });
});

describe("a row names its entity", () => {
  const nameOf = async (query: string): Promise<string | null> =>
    (await browser.get(`/audit?limit=1&${query}`)).body.data[0].entity_name;
  const create = async (path: string, body: object): Promise<string> => {
    const answer = await it.write.post(path, body);
    expect(answer.status).toBe(201);
    return `entity_id=${answer.body.data.id}`;
  };

  test.each([
    ["/v1/locations", { name: "Main street", timezone: "UTC" }, "Main street"],
    ["/v1/team-members", { name: "Dana Whitfield" }, "Dana Whitfield"],
    ["/v1/intents", { name: "Reschedule" }, "Reschedule"],
    ["/v1/knowledge/facts", { key: "parking", value: "Behind." }, "parking"],
    ["/v1/knowledge/faqs", { question: "Walk-ins?", answer: "No." }, "Walk-ins?"],
    ["/v1/knowledge/policies", { policy_key: "late", content: "Call." }, "late"],
    [
      "/v1/escalation-rules",
      { name: "Emergencies", condition: { type: "caller_request" }, action: "voicemail" },
      "Emergencies",
    ],
  ])("%s", async (path, body, name) => {
    expect(await nameOf(await create(path, body))).toBe(name);
  });

  test("by the current name, in older rows too; a contact without a name by its number", async () => {
    const phone_number = freshNumber();
    const row = await create("/v1/contacts", { phone_number });
    expect(await nameOf(row)).toBe(phone_number);
    await it.write.patch(`/v1/contacts/${row.split("=")[1]}`, {
      first_name: "Maria",
      last_name: "Ortiz",
    });
    expect(await nameOf(`${row}&action=created`)).toBe("Maria Ortiz");
  });

  test("a call by its caller; an account and its sessions by the email", async () => {
    const number = freshNumber();
    await it.platform.put("/platform/v1/calls/named", {
      direction: "inbound",
      from_number: number,
      started_at: "2026-11-23T10:00:00Z",
    });
    expect(await nameOf("entity_type=call")).toBe(number);
    await it.platform.put("/platform/v1/calls/named", { caller: { first_name: "Ann" } });
    expect(await nameOf("entity_type=call")).toBe("Ann");
    await it.platform.put("/platform/v1/calls/withheld", {
      direction: "inbound",
      from_number: null,
      started_at: "2026-11-23T10:00:00Z",
    });
    expect(await nameOf("entity_type=call")).toBeNull();
    expect(await nameOf("entity_type=user")).toBe(EMAIL);
    expect(await nameOf("entity_type=session")).toBe(EMAIL);
    expect(await nameOf("entity_type=organization")).toBe("My business");
    expect(await nameOf("entity_type=api_key")).toBe("Platform");
  });

  test("a deleted one by its last name, or not at all where the row has no name", async () => {
    const row = await create("/v1/knowledge/facts", { key: "gone", value: "x" });
    const path = `/v1/knowledge/facts/${row.split("=")[1]}`;
    await it.write.patch(path, { value: "y" });
    await it.write.delete(path);
    expect(await nameOf(`${row}&action=deleted`)).toBe("gone");
    expect(await nameOf(`${row}&action=created`)).toBe("gone");
    expect(await nameOf(`${row}&action=updated`)).toBeNull();
  });
});
