/** The guarantees of each resource beyond those that all routes share. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { freshNumber, sampleCall } from "../support/samples.ts";

let it: TestServer;
beforeAll(async () => {
  it = await startTestServer();
});
afterAll(() => it[Symbol.asyncDispose]());

const details = (field: string, issue: string) => ({
  error: "validation_failed",
  details: { [field]: issue },
});
const NOWHERE = "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e10";
const auditRows = () =>
  (it.server.db.$client.query("select count(*) as n from audit").get() as { n: number }).n;

describe("updates", () => {
  test("PUT and PATCH both update the fields that are sent and leave the others unchanged", async () => {
    const { body } = await it.write.post("/v1/contacts", {
      phone_number: freshNumber(),
      first_name: "Maria",
      custom: { a: "1" },
    });
    for (const method of ["put", "patch"] as const) {
      const changed = await it.write[method](`/v1/contacts/${body.data.id}`, { last_name: method });
      expect(changed.body.data).toMatchObject({
        first_name: "Maria",
        last_name: method,
        custom: { a: "1" },
      });
    }
    const cleared = await it.write.patch(`/v1/contacts/${body.data.id}`, {
      first_name: null,
      custom: {},
    });
    expect(cleared.body.data).toMatchObject({ first_name: null, custom: {} });
  });

  test("without a change keep the ETag and write no audit row", async () => {
    const created = await it.write.post("/v1/intents", { name: "Nothing changes" });
    const path = `/v1/intents/${created.body.data.id}`;
    const before = auditRows();
    const same = await it.write.put(path, {
      name: " Nothing changes ",
      unknown: 1,
      id: NOWHERE,
      created_at: "x",
    });
    expect([same.status, same.headers.get("etag"), auditRows()]).toEqual([
      200,
      created.headers.get("etag"),
      before,
    ]);
    expect((await it.write.get(path)).headers.get("etag")).toBe(created.headers.get("etag"));
  });

  test("return the same ETag as reads, and If-None-Match with it is 304", async () => {
    const created = await it.write.post("/v1/team-members", {
      name: "Dana",
      tags: ["b", "a", "b"],
    });
    expect(created.body.data.tags).toEqual(["b", "a"]);
    const etag = created.headers.get("etag")!;
    const path = created.headers.get("location")!;
    const again = await it.read.get(path, { "if-none-match": `"other", W/${etag}` });
    expect([again.status, again.text, again.headers.get("etag")]).toEqual([304, "", etag]);
    const changed = await it.write.patch(path, { title: "Manager" });
    expect(changed.headers.get("etag")).not.toBe(etag);
    expect((await it.read.get(path, { "if-none-match": etag })).status).toBe(200);
    expect((await it.read.get(path)).headers.get("etag")).toBe(changed.headers.get("etag"));
  });

  test("with If-Match of the same version succeed once", async () => {
    const created = await it.write.post("/v1/intents", { name: "Raced" });
    const path = created.headers.get("location")!;
    const headers = { "if-match": created.headers.get("etag")! };
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        it.write.patch(path, { description: `writer ${i}` }, headers),
      ),
    );
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([
      200,
      ...Array(9).fill(412),
    ]);
  });
});

describe("texts", () => {
  test("names are trimmed; longer texts are stored exactly as sent", async () => {
    const value = "  Zoë 👩‍👩‍👧 \u202eabc\n ";
    const { body } = await it.write.post("/v1/knowledge/facts", { key: "  übung ", value });
    expect(body.data).toMatchObject({ key: "übung", value });
  });

  test("lengths count code points, and each limit is exact", async () => {
    const send = (name: string) => it.write.post("/v1/team-members", { name });
    expect((await send("😀".repeat(200))).status).toBe(201);
    expect((await send("😀".repeat(201))).body).toEqual(
      details("name", "must be at most 200 characters"),
    );
  });

  test("that are blank, missing, of another type, or contain a lone surrogate or NUL are 400 on their field", async () => {
    const send = async (body: string) =>
      (
        await it.write.send("POST", "/v1/intents", {
          body,
          headers: { "content-type": "application/json" },
        })
      ).body;
    expect(await send("{}")).toEqual(details("name", "is required"));
    expect(await send('{"name":"  "}')).toEqual(details("name", "must not be blank"));
    expect(await send('{"name":7}')).toEqual(details("name", "must be text"));
    expect(await send('{"name":null}')).toEqual(details("name", "must be text"));
    expect((await send('{"name":"\\ud800"}')).details.name).toContain("Unicode");
    expect((await send('{"name":"a\\u0000b"}')).details.name).toContain("NUL");
  });
});

describe("contacts", () => {
  test("a phone number is unique and cannot be changed", async () => {
    const phone_number = freshNumber();
    const created = await it.write.post("/v1/contacts", { phone_number });
    expect(created.body.data).toMatchObject({
      source: "api",
      call_count: 0,
      last_contact_at: null,
      agent_notes: null,
      custom: {},
    });
    const twice = await it.write.post("/v1/contacts", { phone_number });
    expect([twice.status, twice.body.details]).toEqual([
      409,
      { phone_number: "is already used by another contact" },
    ]);
    const moved = await it.write.put(`/v1/contacts/${created.body.data.id}`, {
      phone_number: freshNumber(),
    });
    expect([moved.status, Object.keys(moved.body.details)]).toEqual([400, ["phone_number"]]);
    expect(
      (await it.write.put(`/v1/contacts/${created.body.data.id}`, { phone_number })).status,
    ).toBe(200);
  });

  test("filters find by number, email, source and parts of words, also words with FTS syntax", async () => {
    const phone_number = freshNumber();
    await it.write.post("/v1/contacts", {
      phone_number,
      first_name: "Quirin",
      last_name: `O"Neil AND (x*`,
      email: "quirin@example.com",
    });
    const found = async (query: string) =>
      (await it.read.get(`/v1/contacts?${query}`)).body.data.length;
    expect(await found(`phone_number=${encodeURIComponent(phone_number)}`)).toBe(1);
    expect(await found("email=quirin@example.com&source=api")).toBe(1);
    expect(await found("email=quirin@example.com&source=call")).toBe(0);
    for (const q of ["quir", "IRIN", "uirin neil", `o"neil`, "and (x*", "ex", "q", "quirin@"]) {
      expect([q, await found(`q=${encodeURIComponent(q)}`)]).toEqual([
        q,
        q.length < 3 ? await found(`q=${encodeURIComponent(q)}`) : 1,
      ]);
    }
    expect(await found("q=quirin%20nobody")).toBe(0);
    expect(await found("q=zq")).toBe(0);
  });

  test("50 custom fields of 500 characters are allowed, more are not", async () => {
    const custom = (entries: number, length: number) =>
      Object.fromEntries(
        Array.from({ length: entries }, (_, i) => [`key ${i}`, "x".repeat(length)]),
      );
    const send = (value: object) =>
      it.write.post("/v1/contacts", { phone_number: freshNumber(), custom: value });
    expect((await send(custom(50, 500))).status).toBe(201);
    expect((await send(custom(51, 1))).body).toEqual(
      details("custom", "must have at most 50 entries"),
    );
    expect((await send(custom(1, 501))).body).toEqual(
      details("custom.key 0", "must be at most 500 characters"),
    );
  });
});

describe("locations", () => {
  test("exactly one is the default: initially the first, then the one that is set", async () => {
    await using fresh = await startTestServer();
    const make = (name: string, more = {}) =>
      fresh.write.post("/v1/locations", { name, timezone: "Europe/Berlin", ...more });
    const [a, b] = [await make("A"), await make("B")];
    expect([a.body.data.is_default, b.body.data.is_default]).toEqual([true, false]);
    const c = await make("C", { is_default: true });
    const defaults = async () =>
      (await fresh.read.all("/v1/locations"))
        .filter(({ is_default }) => is_default)
        .map(({ name }) => name);
    expect(await defaults()).toEqual(["C"]);
    const unset = await fresh.write.patch(`/v1/locations/${c.body.data.id}`, { is_default: false });
    expect([unset.status, Object.keys(unset.body.details)]).toEqual([400, ["is_default"]]);
    await fresh.write.patch(`/v1/locations/${b.body.data.id}`, { is_default: true });
    expect(await defaults()).toEqual(["B"]);
    expect((await make("A")).body.details).toEqual({ name: "is already used by another location" });
  });

  test("errors in hours and time zones are reported by their path", async () => {
    const send = async (more: object) =>
      (await it.write.post("/v1/locations", { name: `Hours ${Math.random()}`, ...more })).body;
    expect(await send({ timezone: "Mars/Olympus" })).toEqual(
      details("timezone", "must be an IANA time zone such as America/New_York"),
    );
    expect(await send({ hours: { monday: [{ open: "9 am", close: "17:00" }] } })).toEqual(
      details("hours.monday.0.open", "must be a time such as 09:00, up to 24:00"),
    );
    expect(
      Object.keys((await send({ hours: { monday: [{ open: "17:00", close: "09:00" }] } })).details),
    ).toEqual(["hours.monday.0.close"]);
    expect(
      (await send({ hours: { monday: [{ open: "09:00", close: "24:00" }] } })).data.hours.sunday,
    ).toEqual([]);
  });
});

describe("references", () => {
  test("to objects that do not exist are refused on their field, and nothing is stored", async () => {
    const before = auditRows();
    const cases: [string, object, string][] = [
      ["/v1/team-members", { name: "D", location_id: NOWHERE }, "location_id"],
      ["/v1/knowledge/facts", { key: "k", value: "v", location_id: NOWHERE }, "location_id"],
      [
        "/v1/escalation-rules",
        { name: "R", condition: { type: "topic_match", intent_id: NOWHERE }, action: "ticket" },
        "condition.intent_id",
      ],
      [
        "/v1/escalation-rules",
        {
          name: "R",
          condition: { type: "caller_request" },
          action: "transfer",
          destination: { type: "team_member", team_member_id: NOWHERE },
        },
        "destination.team_member_id",
      ],
    ];
    for (const [path, body, field] of cases) {
      const answer = await it.write.post(path, body);
      expect([field, answer.status, Object.keys(answer.body.details)]).toEqual([
        field,
        400,
        [field],
      ]);
    }
    expect(auditRows()).toBe(before);
  });
});

describe("knowledge", () => {
  test("entries of a location override organization-wide ones with the same key", async () => {
    await using fresh = await startTestServer();
    const place = (await fresh.write.post("/v1/locations", { name: "Here" })).body.data.id;
    const other = (await fresh.write.post("/v1/locations", { name: "There" })).body.data.id;
    const fact = (key: string, value: string, location_id: string | null = null) =>
      fresh.write.post("/v1/knowledge/facts", { key, value, location_id });
    await fact("parking", "everywhere");
    await fact("parking", "here", place);
    await fact("wifi", "everywhere");
    await fact("garden", "there", other);
    await fresh.write.post("/v1/knowledge/policies", {
      policy_key: "cancellation",
      content: "a day",
    });
    await fresh.write.post("/v1/knowledge/policies", {
      policy_key: "cancellation",
      content: "an hour",
      location_id: place,
    });
    await fresh.write.post("/v1/knowledge/faqs", { question: "Q everywhere", answer: "A" });
    await fresh.write.post("/v1/knowledge/faqs", {
      question: "Q here",
      answer: "A",
      location_id: place,
    });
    const said = async (query: string) =>
      (await fresh.read.all(`/v1/knowledge?${query}`, 2))
        .map((entry) => `${entry.type}: ${entry.value ?? entry.content ?? entry.question}`)
        .sort();
    expect(await said(`effective=true&location_id=${place}`)).toEqual([
      "fact: everywhere",
      "fact: here",
      "faq: Q everywhere",
      "faq: Q here",
      "policy: an hour",
    ]);
    expect(await said("effective=true")).toEqual([
      "fact: everywhere",
      "fact: everywhere",
      "faq: Q everywhere",
      "policy: a day",
    ]);
    expect(await said(`location_id=${other}`)).toEqual(["fact: there"]);
    expect(await said("q=hour")).toEqual(["policy: an hour"]);
    expect(await said("q=her")).toEqual([
      "fact: everywhere",
      "fact: everywhere",
      "fact: here",
      "fact: there",
      "faq: Q everywhere",
      "faq: Q here",
    ]);
    expect((await fresh.read.all("/v1/knowledge")).length).toBe(8);
    const nowhere = await fresh.read.get(`/v1/knowledge?effective=true&location_id=${NOWHERE}`);
    expect([nowhere.status, Object.keys(nowhere.body.details)]).toEqual([400, ["location_id"]]);
    const twice = await fact("parking", "again", place);
    expect([twice.status, twice.body.details]).toEqual([
      409,
      { key: "is already used by another fact" },
    ]);
    const deleted = (await fresh.read.get(`/v1/knowledge/facts?key=parking&location_id=${place}`))
      .body.data[0].id;
    expect((await fresh.write.delete(`/v1/knowledge/facts/${deleted}`)).status).toBe(204);
    expect(await said(`effective=true&location_id=${place}&q=every`)).toEqual([
      "fact: everywhere",
      "fact: everywhere",
      "faq: Q everywhere",
    ]);
  });
});

describe("escalation rules", () => {
  test("positions have no gaps after inserting and moving, and shifted rules write no audit rows", async () => {
    await using fresh = await startTestServer();
    const make = (name: string, position?: number) =>
      fresh.write.post("/v1/escalation-rules", {
        name,
        position,
        condition: { type: "caller_request" },
        action: "ticket",
      });
    const order = async () => {
      const rules = await fresh.read.all("/v1/escalation-rules", 2);
      expect(rules.map(({ position }) => position)).toEqual(rules.map((_, i) => i));
      return rules.map(({ name }) => name).join("");
    };
    const a = (await make("a")).body.data.id;
    await make("b");
    await make("c", 0);
    await make("d", 99);
    expect(await order()).toBe("cabd");
    const rows = (
      fresh.server.db.$client
        .query("select count(*) as n from audit where entity_type = 'escalation_rule'")
        .get() as { n: number }
    ).n;
    expect(rows).toBe(4);
    await fresh.write.patch(`/v1/escalation-rules/${a}`, { position: 3 });
    expect(await order()).toBe("cbda");
    await fresh.write.patch(`/v1/escalation-rules/${a}`, { position: 0 });
    expect(await order()).toBe("acbd");
    await fresh.write.patch(`/v1/escalation-rules/${a}`, { position: 1000 });
    expect(await order()).toBe("cbda");
    // The order may change between two pages, but no rule appears twice.
    const first = (await fresh.read.get("/v1/escalation-rules?limit=2")).body;
    await make("e", 0);
    const second = (
      await fresh.read.get(`/v1/escalation-rules?limit=2&cursor=${first.next_cursor}`)
    ).body;
    expect([...first.data, ...second.data].map(({ name }: { name: string }) => name).join("")).toBe(
      "cbda",
    );
  });

  test("a transfer requires a destination, at creation and in updates", async () => {
    const rule = { name: "R", condition: { type: "duration", minutes: 5 } };
    const refused = await it.write.post("/v1/escalation-rules", { ...rule, action: "transfer" });
    expect(refused.body).toEqual(details("destination", "is required for the action transfer"));
    const created = await it.write.post("/v1/escalation-rules", { ...rule, action: "ticket" });
    const later = await it.write.patch(created.headers.get("location")!, { action: "transfer" });
    expect(later.body).toEqual(details("destination", "is required for the action transfer"));
  });

  test("conditions are validated by type, and errors are reported by path", async () => {
    const send = async (condition: object) =>
      (await it.write.post("/v1/escalation-rules", { name: "R", condition, action: "ticket" })).body
        .details;
    expect(Object.keys(await send({ type: "sentiment_threshold", below: 11 }))).toEqual([
      "condition.below",
    ]);
    expect(Object.keys(await send({ type: "keywords", keywords: [] }))).toEqual([
      "condition.keywords",
    ]);
    expect(Object.keys(await send({ type: "keywords", keywords: ["a", " "] }))).toEqual([
      "condition.keywords.1",
    ]);
    expect(Object.keys(await send({ type: "keywords" }))).toEqual(["condition.keywords"]);
    expect(Object.keys(await send({}))).toEqual(["condition.type"]);
  });
});

describe("calls", () => {
  test("are read-only, include their transcript in get but not in list, and are found by every filter", async () => {
    const record = {
      ...sampleCall(),
      transcript: [{ role: "caller", text: "I would like to cancel the Übungsstunde", at: 1.5 }],
      intent: "Cancel",
      outcome: "booked",
    };
    const put = await it.platform.put("/platform/v1/calls/filtered", record);
    expect(put.status).toBe(201);
    const { id, contact_id, intent_id } = put.body.data;
    expect(put.headers.get("location")).toBe(`/v1/calls/${id}`);
    const one = (await it.read.get(`/v1/calls/${id}`)).body.data;
    expect(one.transcript).toEqual(record.transcript);
    expect(one).toMatchObject({
      call_id: id,
      external_id: "filtered",
      status: "ended",
      duration_seconds: 120,
      intent: "Cancel",
      order: null,
      order_status: null,
    });
    expect(one.call_url).toBe(`${it.url}/calls/${id}`);
    const found = async (query: string) =>
      (await it.read.all(`/v1/calls?${query}`)).some((call) => call.id === id);
    for (const query of [
      "from=2026-11-23T10:00:00.000Z",
      "from=2026-11-23&to=2026-11-24",
      "to=2026-11-23T10:00:00.001Z",
      "disposition=completed",
      "outcome=booked",
      "direction=inbound",
      `contact_id=${contact_id}`,
      `intent_id=${intent_id}`,
      "status=ended",
      "unscorable=false",
      "spam=false",
      "q=ubungsstunde",
      "q=cancel%20parking",
    ]) {
      expect([query, await found(query)]).toEqual([query, true]);
    }
    for (const query of [
      "from=2026-11-23T10:00:00.001Z",
      "to=2026-11-23T10:00:00.000Z",
      "disposition=missed",
      "outcome=order",
      "direction=outbound",
      `contact_id=${NOWHERE}`,
      "status=in_progress",
      "unscorable=true",
      "spam=true",
      "q=bungsstunde",
      "q=cancel%20nothing",
    ]) {
      expect([query, await found(query)]).toEqual([query, false]);
    }
    expect((await it.read.get("/v1/calls")).body.data[0].transcript).toBeUndefined();
    for (const query of [
      "disposition=nope",
      "from=yesterday",
      "spam=maybe",
      "limit=101",
      "limit=0",
      "limit=x",
      "contact_id=1",
      "spam=true&spam=false",
      "cursor=abc",
    ]) {
      const answer = await it.read.get(`/v1/calls?${query}`);
      expect([query, answer.status, Object.keys(answer.body.details ?? {})]).toEqual([
        query,
        400,
        [query.split("=")[0]!],
      ]);
    }
    expect((await it.read.get("/v1/calls?unknown=1")).status).toBe(200);
  });
});

describe("webhook subscriptions", () => {
  test("are at most 100: another one is refused with the limit until one is deleted, and those beyond it stay", async () => {
    await using it = await startTestServer({ config: { webhookAllow: ["192.0.2.0/24"] } });
    const create = () =>
      it.write.post("/v1/webhook-subscriptions", {
        url: "https://192.0.2.9/",
        events: ["call.ended"],
      });
    const created = await Promise.all(Array.from({ length: 101 }, create));
    expect(created.filter(({ status }) => status === 201)).toHaveLength(100);
    expect((await create()).body).toEqual({
      error: "conflict",
      details: { limit: "at most 100 webhook subscriptions; delete one first" },
    });
    const [location, other] = created
      .filter(({ status }) => status === 201)
      .map(({ headers }) => headers.get("location")!);
    // As in an install from before the limit.
    await it.server.store.housekeep((db) =>
      db.$client.run(
        `insert into webhook_subscriptions (id, created_at, updated_at, url, events, enabled, secret, secret_preview, consecutive_failures)
         select id || 'x', created_at, updated_at, url, events, enabled, secret, secret_preview, 0 from webhook_subscriptions limit 1`,
      ),
    );
    expect((await it.write.patch(location!, { description: "Kept" })).status).toBe(200);
    expect((await it.write.delete(location!)).status).toBe(204);
    expect((await create()).status).toBe(409);
    expect((await it.write.delete(other!)).status).toBe(204);
    expect((await create()).status).toBe(201);
  });

  test("the secret is shown at creation and rotation only, and is stored encrypted", async () => {
    await using opened = await startTestServer({ config: { webhookAllow: ["192.0.2.0/24"] } });
    const created = await opened.write.post("/v1/webhook-subscriptions", {
      url: "https://192.0.2.1/x",
      events: ["call.ended", "contact.created", "call.ended"],
    });
    expect(Object.keys(created.body)).toEqual(["data", "secret", "warning"]);
    expect(created.body.secret).toMatch(/^whsec_[A-Za-z0-9]{32}$/);
    expect(created.body.data).toMatchObject({
      events: ["call.ended", "contact.created"],
      enabled: true,
      auto_disabled_reason: null,
    });
    expect(created.body.data.secret_preview).toBe(`${created.body.secret.slice(0, 14)}...`);
    const path = created.headers.get("location")!;
    expect((await opened.read.get(path)).headers.get("etag")).toBe(created.headers.get("etag"));
    const rotated = await opened.write.post(`${path}/rotate-secret`);
    expect(rotated.status).toBe(200);
    expect(rotated.body.secret).not.toBe(created.body.secret);
    for (const text of [
      (await opened.read.get(path)).text,
      (await opened.read.get("/v1/webhook-subscriptions")).text,
    ]) {
      expect(text).not.toContain(created.body.secret);
      expect(text).not.toContain('"secret"');
    }
    const stored = JSON.stringify(
      opened.server.db.$client.query("select * from webhook_subscriptions, audit").all(),
    );
    for (const secret of [created.body.secret, rotated.body.secret])
      expect(stored).not.toContain(secret);
  });

  test("an address that is not allowed is refused, and the error names the setting that allows it", async () => {
    const send = async (url: string) =>
      await it.write.post("/v1/webhook-subscriptions", { url, events: ["call.ended"] });
    for (const url of [
      "https://127.0.0.1/x",
      "https://localhost/x",
      "https://[::1]/x",
      "https://10.0.0.1:8443/",
      "http://192.0.2.1/",
    ]) {
      const answer = await send(url);
      expect([url, answer.status]).toEqual([url, 400]);
      expect(answer.body.details.url).toContain("--webhook-allow");
    }
    expect((await send("not a url")).body.details.url).toContain("https");
    expect(
      (await it.write.post("/v1/webhook-subscriptions", { url: "https://192.0.2.9/", events: [] }))
        .body,
    ).toEqual(details("events", "must have at least 1 entry"));
    const unknown = await it.write.post("/v1/webhook-subscriptions", {
      url: "https://192.0.2.9/",
      events: ["call.lost"],
    });
    expect(Object.keys(unknown.body.details)).toEqual(["events.0"]);
  });
});
