/**
 * Every page, with hostile text in every field that a stranger can fill and on an empty install: wide and light, narrow and
 * dark. Pages show the text as text, send no request to another host, and are accessible.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PAGE_PATHS, PUBLIC_PAGES } from "../../../src/dashboard/page-paths.ts";
import { PASSWORD } from "../../support/dashboard.ts";
import { startTestServer, type TestServer } from "../../support/harness.ts";
import { openPages, type Pages, setUpPages } from "../../support/pages.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";

/** Text that a caller, a receiver or a browser might send so that a page renders it as HTML. */
const HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>&lt;b&gt;';

const VIEWS = [
  { name: "wide and light", options: { colorScheme: "light" } },
  {
    name: "narrow and dark",
    options: { colorScheme: "dark", viewport: { width: 390, height: 800 } },
  },
] as const;

const dashboard = setUpPages(() => startTestServer({ config: { webhookAllow: ["127.0.0.0/8"] } }));
let empty: TestServer;
let receiver: Receiver;
const ids: Record<string, string> = {};

/** Creates an object with the API. Its id replaces `:name` in the paths below. */
async function create(name: string, path: string, body: object): Promise<string> {
  const response = await dashboard.server.write.post(path, body);
  if (response.status !== 201)
    throw new Error(`${path} returned ${response.status} ${response.text}`);
  ids[name] = response.body.data.id;
  return ids[name]!;
}

beforeAll(async () => {
  receiver = await startReceiver({ script: [{ status: 500, body: HOSTILE }] });
  empty = await startTestServer();
  await dashboard.server.makeKey({ name: HOSTILE });
  const references = await createObjects();
  await recordCall(references);
  await receiver.received(1);
  const path = `/v1/webhook-subscriptions/${ids.subscription}/deliveries`;
  ids.delivery = (await dashboard.server.write.get(path)).body.data[0].id;
});
afterAll(async () => {
  await empty[Symbol.asyncDispose]();
  await receiver.stop();
});

/** One object of each resource, with hostile text in all its fields. */
async function createObjects() {
  await create("subscription", "/v1/webhook-subscriptions", {
    url: receiver.url,
    description: HOSTILE,
    events: ["call.ended"],
  });
  const location_id = await create("location", "/v1/locations", {
    name: HOSTILE,
    address: HOSTILE,
    timezone: "America/Chicago",
  });
  const intent_id = await create("intent", "/v1/intents", { name: HOSTILE, description: HOSTILE });
  const team_member_id = await create("member", "/v1/team-members", {
    name: HOSTILE,
    title: HOSTILE,
    tags: [HOSTILE.slice(0, 90)],
  });
  const rule_id = await create("rule", "/v1/escalation-rules", {
    name: HOSTILE,
    condition: { type: "topic_match", intent_id },
    action: "transfer",
    destination: { type: "team_member", team_member_id },
    agent_say: HOSTILE,
  });
  await create("fact", "/v1/knowledge/facts", { key: HOSTILE, value: HOSTILE, location_id });
  await create("faq", "/v1/knowledge/faqs", { question: HOSTILE, answer: HOSTILE });
  await create("policy", "/v1/knowledge/policies", { policy_key: HOSTILE, content: HOSTILE });
  return { location_id, team_member_id, rule_id };
}

/** A call with hostile text in all its fields. */
async function recordCall(references: Awaited<ReturnType<typeof createObjects>>): Promise<void> {
  const { location_id, team_member_id, rule_id } = references;
  const now = Date.now();
  const at = (minutes: number) => new Date(now + minutes * 60_000).toISOString();
  const call = await dashboard.server.platform.put("/platform/v1/calls/hostile", {
    direction: "inbound",
    from_number: "+12025550123",
    location_id,
    started_at: at(-10),
    ended_at: at(-5),
    disposition: "completed",
    summary: HOSTILE,
    outcome: "order",
    outcome_tags: [HOSTILE.slice(0, 90)],
    intent: HOSTILE,
    intent_confidence: 0.9,
    caller: { first_name: HOSTILE, last_name: HOSTILE },
    transcript: [
      { role: "agent", text: HOSTILE, at: 0 },
      { role: "caller", text: HOSTILE, at: 3 },
    ],
    messages: [{ message: HOSTILE, caller_name: HOSTILE, team_member_id }],
    callback_request: { requested_window: HOSTILE, reason: HOSTILE },
    escalations: [{ rule_id, rule_name: HOSTILE, action: "transfer", triggered_at: at(-6) }],
    appointment: { starts_at: at(60), service: HOSTILE, attendee_name: HOSTILE },
    order: { profile_name: HOSTILE, items: [{ name: HOSTILE, notes: HOSTILE }], total_cents: 100 },
    recording_url: "https://recordings.example/a.mp3",
  });
  ids.call = call.body.data.id;
  ids.contact = call.body.data.contact_id;
}

/** `:name` stands for an id; see `create`. */
const PAGES = [
  "/",
  "/calls",
  "/calls/:call",
  "/attention",
  "/contacts",
  "/contacts/:contact",
  "/contacts/new",
  "/knowledge",
  "/knowledge/fact/:fact",
  "/knowledge/faq/:faq",
  "/knowledge/policy/:policy",
  "/knowledge/policy/new",
  "/locations",
  "/locations/:location",
  "/locations/new",
  "/team",
  "/team/:member",
  "/team/new",
  "/rules",
  "/rules/:rule",
  "/rules/new",
  "/intents",
  "/intents/:intent",
  "/intents/new",
  "/webhooks",
  "/webhooks/new",
  "/webhooks/:subscription",
  "/webhooks/:subscription/deliveries/:delivery",
  "/settings/keys",
  "/settings/keys/new",
  "/settings/audit",
  "/settings/audit/1",
  "/settings/account",
  "/settings/business",
];

async function checkPage(pages: Pages, path: string, colorScheme: "light" | "dark") {
  const { page } = pages;
  await page.emulateMedia({ colorScheme });
  await pages.open(path);
  await pages.settled();
  await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
  await pages.checkAccess();
  // The other color scheme changes colors only.
  const other = colorScheme === "dark" ? "light" : "dark";
  await page.emulateMedia({ colorScheme: other });
  await page.locator(`html[data-mantine-color-scheme=${other}]`).waitFor();
  // A color in transition has a contrast of its own.
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
  await pages.checkAccess(["color-contrast"]);
  const seen = await page.evaluate(() => ({
    hacked: "hacked" in window,
    injected: document.querySelectorAll('img[src="x"], body script:not([src])').length,
    overflows: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    error: document.querySelector('[role="alert"]')?.textContent ?? null,
    hasTitle: document.title.endsWith("Allison"),
    showsApiDocs: /Defaults to|; null /.test(document.body.textContent),
  }));
  expect([path, seen]).toEqual([
    path,
    {
      hacked: false,
      injected: 0,
      overflows: false,
      error: null,
      hasTitle: true,
      showsApiDocs: false,
    },
  ]);
  pages.check();
}

describe.each([...VIEWS])("$name", ({ options }) => {
  const { colorScheme } = options;
  // One context for all pages: its cache holds the scripts, and signing in takes longer than most pages.
  const opened: Pages[] = [];
  beforeAll(async () => {
    const userAgent = `Mozilla/5.0 ${HOSTILE}`;
    for (const server of [dashboard.server, empty])
      opened.push(await openPages(dashboard.browser, server, { ...options, userAgent }));
  });
  afterAll(async () => {
    for (const pages of opened) await pages[Symbol.asyncDispose]();
  });

  test.each(PAGES)("%s shows hostile text as text and is accessible", (path) =>
    checkPage(
      opened[0]!,
      path.replace(/:(\w+)/g, (_, name) => ids[name]!),
      colorScheme,
    ),
  );

  const lists = PAGES.filter((path) => !path.includes(":") && !path.endsWith("/new"));
  test.each(lists)("%s of an empty install is complete and accessible", (path) =>
    checkPage(opened[1]!, path, colorScheme),
  );
});

test("the list above has every page", () => {
  const withoutNames = (path: string) => path.replace(/[:$]\w+/g, "$");
  const open = PUBLIC_PAGES.map((page): string => PAGE_PATHS[page]);
  const expected = Object.values(PAGE_PATHS).filter((path) => !open.includes(path));
  // The types of knowledge share one path, and an audit entry is tested by its number.
  const tested = PAGES.map((path) =>
    path.replace(/(knowledge)\/\w+/, "$1/:type").replace(/\d+$/, ":id"),
  );
  const missing = expected.filter((path) => !tested.map(withoutNames).includes(withoutNames(path)));
  expect(missing).toEqual([]);
});

test("the first load, charts included, is less than 400 kB of compressed script", async () => {
  await using pages = await dashboard.open();
  let bytes = 0;
  pages.page.on("response", (response) => {
    if (response.url().endsWith(".js")) bytes += Number(response.headers()["content-length"]);
  });
  await pages.open("/");
  await pages.page.waitForLoadState("networkidle");
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThan(400_000);
});

test("a password is sent to the server only and never appears in a URL", async () => {
  await using pages = await dashboard.open({ account: false });
  const requested: string[] = [];
  pages.page.on("request", (request) => requested.push(request.url()));
  pages.expectErrors("401 (Unauthorized)");
  await pages.open("/calls?q=parking");
  await pages.page.getByLabel("Email").fill("maria@example.com");
  await pages.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await pages.page.getByRole("button", { name: "Sign in" }).click();
  await pages.page.getByRole("heading", { name: "Calls" }).waitFor();
  expect(new URL(pages.page.url()).search).toBe("?q=parking");
  expect(requested.filter((url) => url.includes("horse"))).toEqual([]);
});
