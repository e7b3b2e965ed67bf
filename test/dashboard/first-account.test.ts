/** The first account: its link works once, and never once an account exists. */
import { describe, expect, test } from "bun:test";
import { EMAIL, makeAccount, openBrowser, PASSWORD, signIn } from "../support/dashboard.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";

const NEW = { email: EMAIL, password: PASSWORD };
const tokenOf = ({ server }: TestServer) => server.firstAccountLink()!.split("#")[1]!;
const createFirst = (it: TestServer, body: object, browser = openBrowser(it.url)) =>
  browser.post("/first-account", { ...NEW, ...body });

describe("the link to the first account", () => {
  test("creates the account, names the business and signs in", async () => {
    await using it = await startTestServer();
    expect(it.server.firstAccountLink()).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/welcome#[\w-]{43}$/);
    const browser = openBrowser(it.url);
    const token = tokenOf(it);
    const answer = await createFirst(
      it,
      { token, organization: "Bright Dental", name: "Maria" },
      browser,
    );
    expect(answer.status).toBe(201);
    const me = await browser.get("/session");
    expect([me.status, me.body]).toEqual([200, answer.body]);
    expect(me.body.data).toMatchObject({
      user: { email: EMAIL, name: "Maria" },
      organization: { name: "Bright Dental" },
    });
    await signIn(it);
  });

  test("uses the public address", async () => {
    await using it = await startTestServer({ config: { publicUrl: "https://allison.example" } });
    expect(it.server.firstAccountLink()).toStartWith("https://allison.example/welcome#");
  });

  test("works once: neither a second time nor for two requests at once", async () => {
    await using it = await startTestServer();
    const token = tokenOf(it);
    const answers = await Promise.all(
      [1, 2, 3].map((n) => createFirst(it, { token, email: `user${n}@example.com` })),
    );
    const statuses = answers.map(({ status }) => status).toSorted((a, b) => a - b);
    expect(statuses).toEqual([201, 404, 404]);
    const again = await createFirst(it, { token, email: "late@example.com" });
    expect([again.status, again.body]).toEqual([404, { error: "not_found" }]);
    expect(it.server.firstAccountLink()).toBeNull();
    expect(it.server.users.list().length).toBe(1);
  });

  test("does not work with another token", async () => {
    await using it = await startTestServer();
    const token = tokenOf(it);
    for (const wrong of ["", "x", token.slice(0, -1), `${token}x`, token.toLowerCase()]) {
      const answer = await createFirst(it, { token: wrong });
      expect([wrong, answer.status]).toEqual([wrong, 404]);
    }
    expect(it.server.users.hasAny()).toBe(false);
    expect((await createFirst(it, { token })).status).toBe(201);
  });

  test("stops working as soon as an account is created in another way while the server runs", async () => {
    await using it = await startTestServer();
    const token = tokenOf(it);
    await makeAccount(it, "first@example.com");
    expect((await createFirst(it, { token })).status).toBe(404);
    expect(it.server.firstAccountLink()).toBeNull();
  });

  test("is new at each start, and absent once an account exists", async () => {
    using directory = temporaryDirectory();
    const config = { data: `${directory.path}/data` };
    let token = "";
    {
      await using it = await startTestServer({ config });
      token = tokenOf(it);
    }
    {
      await using it = await startTestServer({ config });
      expect((await createFirst(it, { token })).status).toBe(404);
      expect((await createFirst(it, { token: tokenOf(it) })).status).toBe(201);
    }
    await using it = await startTestServer({ config });
    expect(it.server.firstAccountLink()).toBeNull();
    expect((await createFirst(it, { token })).status).toBe(404);
  });

  test("still works after a password that is too short", async () => {
    await using it = await startTestServer();
    const token = tokenOf(it);
    const answer = await createFirst(it, { token, password: "short" });
    expect([answer.status, answer.body.details]).toEqual([
      400,
      { password: "must have at least 10 characters" },
    ]);
    expect((await createFirst(it, { token })).status).toBe(201);
  });
});

describe("the first location", () => {
  const location = { name: "Main street", timezone: "America/Chicago" };
  const list = async (it: TestServer) => (await it.read.get("/v1/locations")).body.data;

  test("is created with the account, and is the default", async () => {
    await using it = await startTestServer();
    const answer = await createFirst(it, {
      token: tokenOf(it),
      organization: "Bright Dental",
      location,
    });
    expect(answer.status).toBe(201);
    expect(await list(it)).toEqual([
      expect.objectContaining({ ...location, is_default: true, address: null, hours: null }),
    ]);
  });

  test.each([
    ["without a name", { name: " ", timezone: "UTC" }, "location.name"],
    ["in an unknown time zone", { name: "Main street", timezone: "Mars" }, "location.timezone"],
    ["that is not an object", "Main street", "location"],
  ])("%s is refused with its field, and nothing is created", async (_, input, field) => {
    await using it = await startTestServer();
    const answer = await createFirst(it, { token: tokenOf(it), location: input });
    expect([answer.status, Object.keys(answer.body.details)]).toEqual([400, [field]]);
    expect(it.server.users.hasAny()).toBe(false);
  });

  test("with a name that is taken creates no account, renames nothing and leaves the link valid", async () => {
    await using it = await startTestServer();
    const token = tokenOf(it);
    await it.write.post("/v1/locations", location);
    const answer = await createFirst(it, { token, organization: "Bright Dental", location });
    expect([answer.status, answer.body.details]).toEqual([
      409,
      { "location.name": "is already used by another location" },
    ]);
    expect(it.server.users.hasAny()).toBe(false);
    expect((await openBrowser(it.url).get("/welcome")).body.data.organization).toBe("My business");
    expect((await list(it)).length).toBe(1);
    expect((await createFirst(it, { token })).status).toBe(201);
  });
});

describe("checking whether the link is valid", () => {
  const check = (it: TestServer, token: unknown, headers = {}) =>
    openBrowser(it.url).post("/first-account/check", { token }, headers);

  test("answers 204 while it is and 404 afterwards, and does not use it up", async () => {
    await using it = await startTestServer();
    const token = tokenOf(it);
    for (const _ of [1, 2]) {
      const answer = await check(it, token);
      expect([answer.status, answer.text]).toEqual([204, ""]);
    }
    for (const wrong of ["", "x", `${token}x`]) expect((await check(it, wrong)).status).toBe(404);
    expect((await createFirst(it, { token })).status).toBe(201);
    const after = await check(it, token);
    expect([after.status, after.body]).toEqual([404, { error: "not_found" }]);
  });

  test("accepts the token only in the body and only from the server's own pages", async () => {
    await using it = await startTestServer();
    const wrong = await check(it, undefined);
    expect([wrong.status, Object.keys(wrong.body.details)]).toEqual([400, ["token"]]);
    expect((await check(it, tokenOf(it), { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await openBrowser(it.url).get(`/first-account?token=${tokenOf(it)}`)).status).toBe(401);
  });
});
