/** Values are accepted in the spellings that people and programs use, and are stored and found in one form. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { updateOrganization } from "../../src/resources/organization.ts";
import { systemActor } from "../../src/store/actor.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { freshNumber } from "../support/samples.ts";

let it: TestServer;
beforeAll(async () => {
  it = await startTestServer();
});
afterAll(() => it[Symbol.asyncDispose]());

let names = 0;
const freshName = (word: string) => `${word} ${names++}`;
/** A team member with these fields; returns the status and the stored fields, or the refused ones. */
async function store(fields: object) {
  const { status, body } = await it.write.post("/v1/team-members", {
    name: freshName("Dana"),
    ...fields,
  });
  return status === 201 ? body.data : body.details;
}

const setCountry = (country: string | null) =>
  it.server.store.change(systemActor("test"), (tx) => updateOrganization(tx, { country }));

describe("a phone number with its country code is stored in E.164 form", () => {
  test.each([
    ["+15550100123", "+15550100123"],
    ["+1 555 010 0123", "+15550100123"],
    ["+1 (555) 010-0123", "+15550100123"],
    ["+1-555-010-0123", "+15550100123"],
    ["+1.555.010.0123", "+15550100123"],
    ["+1/555/010/0123", "+15550100123"],
    ["+1–555–010–0123", "+15550100123"],
    ["+1\u00a0555\u202f010\u20090123", "+15550100123"],
    ["\u202a+1 555 010 0123\u202c", "+15550100123"],
    ["  +15550100123\n", "+15550100123"],
    ["＋１５５５０１００１２３", "+15550100123"],
    ["+١٥٥٥٠١٠٠١٢٣", "+15550100123"],
    ["0015550100123", "+15550100123"],
    ["00 1 555 010 0123", "+15550100123"],
    ["tel:+15550100123", "+15550100123"],
    ["tel:+1-555-010-0123", "+15550100123"],
    ["TEL:0044 20 7946 0018", "+442079460018"],
    ["+44 (0)20 7946 0018", "+442079460018"],
    ["+49 30 1234567", "+49301234567"],
    ["+999 123 456 789", "+999123456789"],
  ])("%j", async (sent, stored) => {
    expect((await store({ phone_number: sent })).phone_number).toBe(stored);
  });
});

describe("a national phone number is refused without a country", () => {
  test.each([
    "(555) 017-3210",
    "0171 2345678",
    "15550100123",
    "12345",
    "call me",
    "+1 555 010 0123 ext. 5",
    "+",
    "+0 555 010 0123",
    "+1 555 010 0123 4567 8901",
    "1".repeat(5_000),
  ])("%j", async (sent) => {
    expect(await store({ phone_number: sent })).toEqual({
      phone_number: "must be in E.164 form, for example +15550100123",
    });
  });
});

describe("a national phone number is read with the country", () => {
  beforeAll(() => setCountry("US"));
  afterAll(() => setCountry(null));

  test.each([
    ["(555) 017-3210", "+15550173210"],
    ["555-017-3210", "+15550173210"],
    ["555.017.3210", "+15550173210"],
    ["5550173210", "+15550173210"],
    ["1 555 017 3210", "+15550173210"],
    ["15550173210", "+15550173210"],
    ["011 44 20 7946 0018", "+442079460018"],
  ])("of the organization: %j", async (sent, stored) => {
    expect((await store({ phone_number: sent })).phone_number).toBe(stored);
  });

  test.each([
    ["DE", "030 1234567"],
    ["Germany", "030/1234567"],
    ["germany", "(030) 1234567"],
  ])("of the location, %s, before that of the organization", async (country, sent) => {
    const created = await it.write.post("/v1/locations", {
      name: freshName("Berlin"),
      country,
      phone_number: sent,
    });
    expect(created.body.data.phone_number).toBe("+49301234567");
    const location_id = created.body.data.id;
    const member = await store({ location_id, phone_number: sent });
    expect(member.phone_number).toBe("+49301234567");
    for (const path of [`/v1/locations/${location_id}`, `/v1/team-members/${member.id}`]) {
      const changed = await it.write.patch(path, { phone_number: "030 7654321" });
      expect(changed.body.data.phone_number).toBe("+49307654321");
    }
  });

  test("in a filter", async () => {
    await it.write.post("/v1/contacts", { phone_number: "+15550173211" });
    for (const sent of ["%2B15550173211", "%20 1 555 017 3211", "+15550173211", "(555)%20017-3211"])
      expect([
        sent,
        (await it.read.get(`/v1/contacts?phone_number=${sent}`)).body.data?.length,
      ]).toEqual([sent, 1]);
  });

  test("two spellings of one number are one contact", async () => {
    await it.write.post("/v1/contacts", { phone_number: "+15550173212" });
    const again = await it.write.post("/v1/contacts", { phone_number: "(555) 017-3212" });
    expect(again.status).toBe(409);
  });
});

describe("a time in a filter is read in every form of RFC 3339", () => {
  test.each([
    "2026-11-23T10:42:00.000Z",
    "2026-11-23T10:42Z",
    "2026-11-23T10:42:00%2B0000",
    "2026-11-23T10:42:00%2B00",
    "2026-11-23T12:42:00+02:00",
    "2026-11-23t10:42:00z",
    "2026-11-23 10:42:00Z",
    "2026-11-23 10:42:00.123456789 UTC",
    "2026-11-23T23:59:60Z",
    "2026-11-23",
  ])("%s", async (sent) => {
    expect([sent, (await it.read.get(`/v1/calls?from=${sent}`)).status]).toEqual([sent, 200]);
  });

  test.each(["yesterday", "2026-02-30T10:42:00Z", "2026-11-23T10:42:00", "2026-11-23T25:00Z"])(
    "%s is refused",
    async (sent) => {
      const answer = await it.read.get(`/v1/calls?from=${encodeURIComponent(sent)}`);
      expect([sent, answer.status]).toEqual([sent, 400]);
    },
  );
});

test("hours are stored as HH:MM", async () => {
  const transfer_hours = { monday: [{ open: "9:00", close: "17:30:00" }], tuesday: null };
  const { monday, tuesday } = (await store({ transfer_hours })).transfer_hours;
  expect([monday, tuesday]).toEqual([[{ open: "09:00", close: "17:30" }], []]);
  for (const open of ["9", "25:00", "9:0", "09:00:30", "9am"])
    expect(await store({ transfer_hours: { monday: [{ open, close: "17:30" }] } })).toEqual({
      "transfer_hours.monday.0.open": "must be a time such as 09:00, up to 24:00",
    });
});

describe("an email address is accepted as browsers accept it", () => {
  test.each([
    ["a&b@example.com", "a&b@example.com"],
    ["user@example.xn--p1ai", "user@example.xn--p1ai"],
    ["maria@exämple.de", "maria@xn--exmple-cua.de"],
    ["maria@EXÄMPLE.de", "maria@xn--exmple-cua.de"],
    [" maria@example.com ", "maria@example.com"],
    ["maria.o'neil+x@mail.example.co", "maria.o'neil+x@mail.example.co"],
    ["root@localhost", "root@localhost"],
    ["Maria@Example.com", "Maria@Example.com"],
  ])("%s", async (sent, stored) => {
    expect((await store({ email: sent })).email).toBe(stored);
  });

  test.each([
    "maria",
    "@example.com",
    "maria@",
    "maria @example.com",
    "märia@example.com",
    "a@b@c",
  ])("%s is refused", async (sent) => {
    expect(await store({ email: sent })).toEqual({
      email: "must be an email address such as maria@example.com",
    });
  });

  test("and found without regard to case", async () => {
    const email = `Maria.${names}@Exämple.com`;
    await it.write.post("/v1/contacts", { phone_number: freshNumber(), email });
    const found = async (sent: string) =>
      (await it.read.get(`/v1/contacts?email=${encodeURIComponent(sent)}`)).body.data.length;
    for (const sent of [email, email.toLowerCase(), email.toUpperCase()])
      expect([sent, await found(sent)]).toEqual([sent, 1]);
  });
});

describe("an empty value", () => {
  test("of an optional field is null, at creation and in an update", async () => {
    const blank = { last_name: "", email: " ", first_name: "\u200b" };
    const nothing = { last_name: null, email: null, first_name: null };
    const phone_number = freshNumber();
    const created = await it.write.post("/v1/contacts", { phone_number, ...blank, custom: null });
    expect([created.status, created.body.data]).toEqual([
      201,
      expect.objectContaining({ ...nothing, custom: {} }),
    ]);
    const path = created.headers.get("location")!;
    await it.write.patch(path, { last_name: "Ortiz", email: "m@example.com", custom: { a: "1" } });
    const cleared = await it.write.patch(path, { ...blank, custom: null });
    expect(cleared.body.data).toMatchObject({ ...nothing, custom: {} });
  });

  test("of a field with a default is the default, at creation and in an update", async () => {
    const nulls = { tags: null, active: null, after_hours_transfer: null, location_id: "" };
    const defaults = { tags: [], active: true, after_hours_transfer: false, location_id: null };
    const created = await it.write.post("/v1/team-members", { name: "Dana", ...nulls });
    expect(created.body.data).toMatchObject(defaults);
    const path = created.headers.get("location")!;
    await it.write.patch(path, { tags: ["a"], active: false, after_hours_transfer: true });
    expect((await it.write.patch(path, nulls)).body.data).toMatchObject(defaults);
  });

  test("of a custom field leaves it out", async () => {
    const custom = { a: "1", b: "", c: null };
    const created = await it.write.post("/v1/contacts", { phone_number: freshNumber(), custom });
    expect(created.body.data.custom).toEqual({ a: "1" });
  });

  test("of a query parameter is as if it were absent", async () => {
    const all = await it.read.get("/v1/contacts?limit=3");
    const empty = await it.read.get("/v1/contacts?limit=3&cursor=&q=&email=&phone_number=&source=");
    expect([empty.status, empty.body]).toEqual([200, all.body]);
  });

  test("of a required field is refused", async () => {
    const answer = await it.write.post("/v1/contacts", { phone_number: "" });
    expect(Object.keys(answer.body.details)).toEqual(["phone_number"]);
  });
});

test.each([
  "\u200b",
  "\u200b\u200d",
  "\ufeff",
  "\u00ad",
  "\u3164",
  "\u2800",
  "\u2060 \u180e",
  "\u0007",
])("a name of invisible characters is blank: %j", async (name) => {
  const answer = await it.write.post("/v1/team-members", { name, tags: [name] });
  expect(answer.body.details).toEqual({ name: "must not be blank", "tags.0": "must not be blank" });
});

test("custom fields whose names are equal after trimming are refused, so that none is lost", async () => {
  const custom = { a: "1", " a ": "2" };
  const answer = await it.write.post("/v1/contacts", { phone_number: freshNumber(), custom });
  expect([answer.status, answer.body.details]).toEqual([
    400,
    { "custom. a ": "has the same name as another field" },
  ]);
});
