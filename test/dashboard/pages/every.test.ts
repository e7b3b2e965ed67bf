/**
 * Every page with everything on it that a stranger can write, and every page of an empty install: wide and light, narrow and
 * dark. What strangers write is shown as text; nothing is asked of another host; nobody is shut out.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PAGE_PATHS, PUBLIC_PAGES } from "../../../src/dashboard/page-paths.ts";
import { PASSWORD } from "../../support/dashboard.ts";
import { startTestServer, type TestServer } from "../../support/harness.ts";
import { openPages, type Pages, setUpPages } from "../../support/pages.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";

/** What a caller, a receiver or a browser might send in the hope that it is taken for HTML. */
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

/** Makes an object by the API; its id stands in for `:name` in the addresses below. */
async function make(name: string, path: string, body: object): Promise<string> {
  const answer = await dashboard.server.write.post(path, body);
  if (answer.status !== 201) throw new Error(`${path} answered ${answer.status} ${answer.text}`);
  ids[name] = answer.body.data.id;
  return ids[name]!;
}

beforeAll(async () => {
  const full = dashboard.server;
  receiver = await startReceiver({ script: [{ status: 500, body: HOSTILE }] });
  empty = await startTestServer();
  await full.makeKey({ name: HOSTILE });
  await make("subscription", "/v1/webhook-subscriptions", {
    url: receiver.url,
    description: HOSTILE,
    events: ["call.ended"],
  });
  const location_id = await make("location", "/v1/locations", {
    name: HOSTILE,
    address: HOSTILE,
    timezone: "America/Chicago",
  });
  const intent_id = await make("intent", "/v1/intents", { name: HOSTILE, description: HOSTILE });
  const team_member_id = await make("member", "/v1/team-members", {
    name: HOSTILE,
    title: HOSTILE,
    tags: [HOSTILE.slice(0, 90)],
  });
  const rule_id = await make("rule", "/v1/escalation-rules", {
    name: HOSTILE,
    condition: { type: "topic_match", intent_id },
    action: "transfer",
    destination: { type: "team_member", team_member_id },
    agent_say: HOSTILE,
  });
  await make("fact", "/v1/knowledge/facts", { key: HOSTILE, value: HOSTILE, location_id });
  await make("faq", "/v1/knowledge/faqs", { question: HOSTILE, answer: HOSTILE });
  await make("policy", "/v1/knowledge/policies", { policy_key: HOSTILE, content: HOSTILE });
  const now = Date.now();
  const at = (minutes: number) => new Date(now + minutes * 60_000).toISOString();
  const call = await full.platform.put("/platform/v1/calls/hostile", {
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
  await receiver.received(1);
  const deliveries = await full.write.get(
    `/v1/webhook-subscriptions/${ids.subscription}/deliveries`,
  );
  ids.delivery = deliveries.body.data[0].id;
});
afterAll(async () => {
  await empty[Symbol.asyncDispose]();
  await receiver.stop();
});

/** Where to go, by the name of what is filled in. */
const PAGES = [
  ...["/", "/calls", "/calls/:call", "/attention", "/contacts", "/contacts/:contact"],
  ...["/contacts/new", "/knowledge", "/knowledge/fact/:fact", "/knowledge/faq/:faq"],
  ...["/knowledge/policy/:policy", "/knowledge/policy/new", "/locations", "/locations/:location"],
  ...["/locations/new", "/team", "/team/:member", "/team/new", "/rules", "/rules/:rule"],
  ...["/rules/new", "/intents", "/intents/:intent", "/intents/new", "/webhooks", "/webhooks/new"],
  ...["/webhooks/:subscription", "/webhooks/:subscription/deliveries/:delivery"],
  ...["/settings/keys", "/settings/keys/new", "/settings/audit", "/settings/audit/1"],
  "/settings/account",
  "/settings/business",
];

async function lookAt(pages: Pages, path: string, colorScheme: "light" | "dark") {
  const { page } = pages;
  await page.emulateMedia({ colorScheme });
  await pages.open(path);
  await pages.settled();
  await page.locator("[aria-busy=true]").first().waitFor({ state: "detached" });
  await pages.checkAccess();
  // The other theme has other colours; all else stays as it is.
  const other = colorScheme === "dark" ? "light" : "dark";
  await page.emulateMedia({ colorScheme: other });
  await page.locator(`html[data-mantine-color-scheme=${other}]`).waitFor();
  // A colour on its way to another is neither.
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished)));
  await pages.checkAccess(["color-contrast"]);
  const seen = await page.evaluate(() => ({
    hacked: "hacked" in window,
    made: document.querySelectorAll('img[src="x"], body script:not([src])').length,
    sideways: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    failed: document.querySelector('[role="alert"]')?.textContent ?? null,
    titled: document.title.endsWith("Allison"),
    speaksToPrograms: /Defaults to `|; null /.test(document.body.textContent),
  }));
  expect([path, seen]).toEqual([
    path,
    {
      ...{ hacked: false, made: 0, sideways: false, failed: null, titled: true },
      speaksToPrograms: false,
    },
  ]);
  pages.check();
}

describe.each([...VIEWS])("$name", ({ options }) => {
  const { colorScheme } = options;
  // One browser's visit to all of them: its cache holds the scripts, and signing in takes longer than most pages.
  const opened: Pages[] = [];
  beforeAll(async () => {
    const userAgent = `Mozilla/5.0 ${HOSTILE}`;
    for (const server of [dashboard.server, empty])
      opened.push(await openPages(dashboard.browser, server, { ...options, userAgent }));
  });
  afterAll(async () => {
    for (const pages of opened) await pages[Symbol.asyncDispose]();
  });

  test.each(PAGES)("%s shows what strangers wrote as text, to everybody", (path) =>
    lookAt(
      opened[0]!,
      path.replace(/:(\w+)/g, (_, name) => ids[name]!),
      colorScheme,
    ),
  );

  const lists = PAGES.filter((path) => !path.includes(":") && !path.endsWith("/new"));
  test.each(lists)("%s of an empty install is whole", (path) =>
    lookAt(opened[1]!, path, colorScheme),
  );
});

test("the list above has every page", () => {
  const withoutNames = (path: string) => path.replace(/[:$]\w+/g, "$");
  const open = PUBLIC_PAGES.map((page): string => PAGE_PATHS[page]);
  const expected = Object.values(PAGE_PATHS).filter((path) => !open.includes(path));
  // The types of knowledge share one path.
  const tested = PAGES.map((path) => path.replace(/(knowledge)\/\w+/, "$1/:type"));
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

test("one's own password is asked of the server alone, and never stands in an address", async () => {
  await using pages = await dashboard.open({ account: false });
  const asked: string[] = [];
  pages.page.on("request", (request) => asked.push(request.url()));
  pages.expectErrors("401 (Unauthorized)");
  await pages.open("/calls?q=parking");
  await pages.page.getByLabel("Email").fill("maria@example.com");
  await pages.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await pages.page.getByRole("button", { name: "Sign in" }).click();
  await pages.page.getByRole("heading", { name: "Calls" }).waitFor();
  expect(new URL(pages.page.url()).search).toBe("?q=parking");
  expect(asked.filter((url) => url.includes("horse"))).toEqual([]);
});
