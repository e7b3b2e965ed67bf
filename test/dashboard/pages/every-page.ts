/**
 * Opens every page in one view, with hostile text in every field that a stranger can fill and on an empty install. Pages
 * show the text as text, send no request to another host, and are accessible.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { BrowserContextOptions } from "playwright-core";
import { startTestServer, type TestServer } from "../../support/harness.ts";
import { openPages, type PageSetup, type Pages, setUpPages } from "../../support/pages.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";

/** Text that a caller, a receiver or a browser might send so that a page renders it as HTML. */
const HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>&lt;b&gt;';

/** `:name` stands for an id; see `createObjects`. */
export const PAGES = [
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

/** Creates an object of each resource and a call, with hostile text in all their fields. Returns the ids by name. */
async function createObjects(server: TestServer, receiver: Receiver) {
  const ids: Record<string, string> = {};
  const create = async (name: string, path: string, body: object): Promise<string> => {
    const response = await server.write.post(path, body);
    if (response.status !== 201)
      throw new Error(`${path} returned ${response.status} ${response.text}`);
    ids[name] = response.body.data.id;
    return ids[name]!;
  };
  await server.makeKey({ name: HOSTILE });
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
  const call = await recordCall(server, { location_id, team_member_id, rule_id });
  ids.call = call.id;
  ids.contact = call.contact_id;
  await receiver.received(1);
  const path = `/v1/webhook-subscriptions/${ids.subscription}/deliveries`;
  ids.delivery = (await server.write.get(path)).body.data[0].id;
  return ids;
}

/** A call with hostile text in all its fields. */
async function recordCall(
  server: TestServer,
  references: { location_id: string; team_member_id: string; rule_id: string },
): Promise<{ id: string; contact_id: string }> {
  const { location_id, team_member_id, rule_id } = references;
  const now = Date.now();
  const at = (minutes: number) => new Date(now + minutes * 60_000).toISOString();
  const response = await server.platform.put("/platform/v1/calls/hostile", {
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
  return response.body.data;
}

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

/** Registers the tests of all pages in a view. Returns the setup of their server for further tests. */
export function testEveryPage(
  view: BrowserContextOptions & { colorScheme: "light" | "dark" },
): PageSetup<TestServer> {
  const dashboard = setUpPages(() =>
    startTestServer({ config: { webhookAllow: ["127.0.0.0/8"] } }),
  );
  let empty: TestServer;
  let receiver: Receiver;
  let ids: Record<string, string>;
  // One context for all pages: its cache holds the scripts, and signing in takes longer than most pages.
  let filledPages: Pages;
  let emptyPages: Pages;
  beforeAll(async () => {
    receiver = await startReceiver({ script: [{ status: 500, body: HOSTILE }] });
    empty = await startTestServer();
    ids = await createObjects(dashboard.server, receiver);
    const options = { ...view, userAgent: `Mozilla/5.0 ${HOSTILE}` };
    filledPages = await dashboard.open(options);
    emptyPages = await openPages(dashboard.browser, empty, options);
  });
  afterAll(async () => {
    await filledPages[Symbol.asyncDispose]();
    await emptyPages[Symbol.asyncDispose]();
    await empty[Symbol.asyncDispose]();
    await receiver.stop();
  });

  test.each(PAGES)("%s shows hostile text as text and is accessible", (path) =>
    checkPage(
      filledPages,
      path.replace(/:(\w+)/g, (_, name) => ids[name]!),
      view.colorScheme,
    ),
  );

  const lists = PAGES.filter((path) => !path.includes(":") && !path.endsWith("/new"));
  test.each(lists)("%s of an empty install is complete and accessible", (path) =>
    checkPage(emptyPages, path, view.colorScheme),
  );
  return dashboard;
}
