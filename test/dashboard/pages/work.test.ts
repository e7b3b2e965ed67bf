/** Daily work in the dashboard: calls, orders, messages, rules, knowledge, search and overview. */
import { expect, test } from "bun:test";
import { EMAIL } from "../../support/dashboard.ts";
import { startTestServer } from "../../support/harness.ts";
import { setUpPages } from "../../support/pages.ts";

const dashboard = setUpPages(() => startTestServer(), { perTest: true });

const MINUTE_MS = 60_000;
const ago = (minutes: number) => new Date(Date.now() - minutes * MINUTE_MS).toISOString();
const putCall = (name: string, record: object = {}) =>
  dashboard.server.platform.put(`/platform/v1/calls/${name}`, {
    direction: "inbound",
    from_number: "+12025550123",
    started_at: ago(10),
    ended_at: ago(8),
    disposition: "completed",
    ...record,
  });

test("a new call appears without a reload, and spam only when it is shown", async () => {
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open("/calls");
  await page.getByText("No calls yet").waitFor();
  await putCall("a", { summary: "Asked about parking." });
  await page.getByText("Asked about parking.").waitFor();
  await putCall("b", { summary: "A robocall.", spam: true, unscorable: true });
  await putCall("c", { summary: "Asked about prices." });
  await page.getByText("Asked about prices.").waitFor();
  // Only calls that arrived after the first load are highlighted.
  expect(await page.locator("tr.arrived").allTextContents()).toEqual([
    expect.stringContaining("Asked about prices."),
  ]);
  expect(await page.getByText("A robocall.").count()).toBe(0);
  await page.getByRole("switch", { name: "Show spam" }).press("Space");
  await page.getByText("A robocall.").waitFor();
  expect(await page.locator("tr.arrived").count()).toBe(0);
  expect(page.url()).toContain("hidden=show");
  await page.reload();
  await page.getByText("A robocall.").waitFor();
  await page.getByLabel("Search summaries and transcripts").fill("prices");
  await page.getByText("A robocall.").waitFor({ state: "detached" });
  expect(page.url()).toContain("q=prices");
  await page.getByText("Asked about prices.").waitFor();
});

test("callers are shown by name, also those who are not among the latest contacts", async () => {
  const caller = { first_name: "Ada", last_name: "King" };
  await putCall("first", { from_number: "+12025550100", caller, started_at: ago(600) });
  for (let n = 101; n < 202; n += 1)
    await putCall(`other ${n}`, { from_number: `+1202555${n}0`, started_at: ago(500 - n) });
  await using pages = await dashboard.open();
  await pages.open(`/calls?to=${ago(550)}`);
  await pages.page.getByRole("cell", { name: "Ada King" }).waitFor();
});

test("an order advances step by step, and a refused step is reverted with the reason", async () => {
  const created = await putCall("order", {
    outcome: "order",
    order: { items: [{ name: "Margherita", quantity: 2, price_cents: 1150 }], total_cents: 2300 },
  });
  const { id } = created.body.data;
  const status = async () =>
    (await dashboard.server.read.get(`/v1/calls/${id}`)).body.data.order_status;
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("409 (Conflict)");
  await pages.open(`/calls/${id}`);
  await page.getByText("23.00").first().waitFor();
  await page.getByRole("button", { name: "Start" }).click();
  await page.getByRole("button", { name: "Mark as fulfilled" }).waitFor();
  // Somebody else fulfills the order, and this page does not know it yet.
  await page.route("**/dashboard/api/changes*", (route) => route.abort());
  pages.expectErrors("ERR_FAILED");
  await dashboard.server.platform.patch("/platform/v1/calls/order/order", { status: "fulfilled" });
  await page.getByRole("button", { name: "Cancel order" }).click();
  await page.getByText(/Status /).waitFor();
  expect(await status()).toBe("fulfilled");
});

test("a message marked as done leaves the list of open items, and returns on undo", async () => {
  const created = await putCall("m", {
    messages: [{ message: "Please call about the invoice.", caller_name: "Maria Ortiz" }],
    callback_request: { reason: "An invoice.", requested_window: "tomorrow" },
  });
  const path = `/v1/calls/${created.body.data.id}`;
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open("/attention");
  const items = page.getByRole("region", { name: "To do" }).locator(".mantine-Card-root");
  await page.getByText("Please call about the invoice.").waitFor();
  expect(await items.count()).toBe(2);
  await items
    .filter({ hasText: "Please call about the invoice." })
    .getByRole("button", { name: "Mark as done" })
    .click();
  await page.getByText("Please call about the invoice.").waitFor({ state: "detached" });
  expect((await dashboard.server.read.get(path)).body.data.messages[0].handled_at).not.toBeNull();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Please call about the invoice.").waitFor();
  expect((await dashboard.server.read.get(path)).body.data.messages[0].handled_at).toBeNull();
});

test("a turn of a transcript has a link, and a search finds words in it", async () => {
  const created = await putCall("talk", {
    transcript: Array.from({ length: 60 }, (_, i) => ({
      role: i % 2 === 0 ? "agent" : "caller",
      text: i === 36 ? "The dentist is in on Friday." : `Sentence ${i}.`,
      at: i * 2,
    })),
  });
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open(`/calls/${created.body.data.id}#t=72`);
  const marked = page.locator("[data-marked]");
  await marked.waitFor();
  expect(await marked.textContent()).toContain("The dentist is in on Friday.");
  const box = await marked.boundingBox();
  expect(box!.y).toBeGreaterThan(0);
  expect(box!.y).toBeLessThan(800);
  await page.getByLabel("Search transcript").fill("friday");
  await page.getByText("1 of 1").waitFor();
});

test("each figure of the overview opens the list of the calls that it counts", async () => {
  await putCall("a", { outcome: "booked", intent: "Check-up" });
  await putCall("b", {
    outcome: "booked",
    intent: "Check-up",
    started_at: ago(30),
    ended_at: ago(29),
  });
  await putCall("c", { intent: "Prices" });
  await putCall("d", { spam: true, unscorable: true });
  await using pages = await dashboard.open();
  const { page } = pages;
  const rows = page.locator("table.list tbody tr");
  for (const [link, count] of [
    ["3", 3],
    ["Check-up", 2],
    ["booked", 2],
    ["Show all", 4],
  ] as const) {
    await pages.open("/");
    await page.getByRole("link", { name: link, exact: true }).click();
    await page.getByRole("heading", { name: "Calls" }).waitFor();
    await rows.first().waitFor();
    expect([link, await rows.count()]).toEqual([link, count]);
  }
});

test("the search works by keyboard alone", async () => {
  const contact = await dashboard.server.write.post("/v1/contacts", {
    phone_number: "+12025550177",
    first_name: "Grace",
  });
  const call = await putCall("a", { summary: "Asked about whitening." });
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open("/");
  for (const [text, found, path] of [
    ["0177", "Grace", `/contacts/${contact.body.data.id}`],
    ["whitening", "Asked about whitening.", `/calls/${call.body.data.id}`],
    ["audit", "Audit log", "/settings/audit"],
  ] as const) {
    const input = page.getByLabel("Search pages, contacts, calls and API keys");
    // The search is loaded after the page, and knows its key from then on.
    while (!(await input.isVisible())) {
      await page.keyboard.press("Control+K");
      await input.waitFor({ timeout: 2_000 }).catch(() => {});
    }
    await input.fill(text);
    await page.getByRole("dialog").getByText(found).first().waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**${path}*`);
    // The next search starts where no panel is open.
    await pages.open("/");
  }
});

test("rules are reordered by keyboard and menu, and a refused move is reverted", async () => {
  for (const name of ["First", "Second", "Third"])
    await dashboard.server.write.post("/v1/escalation-rules", {
      name,
      condition: { type: "caller_request" },
      action: "callback",
    });
  const order = async () =>
    (await dashboard.server.read.get("/v1/escalation-rules")).body.data.map(
      ({ name }: { name: string }) => name,
    );
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("ERR_FAILED");
  await pages.open("/rules");
  const names = () => page.locator(".rule-link").allTextContents();
  await page.getByRole("button", { name: "Move Third" }).click();
  await page.getByRole("menuitem", { name: "Move up" }).click();
  await page.locator(".rule-link").nth(1).filter({ hasText: "Third" }).waitFor();
  await page.reload();
  await page.locator(".rule-link").nth(1).filter({ hasText: "Third" }).waitFor();
  expect(await order()).toEqual(["First", "Third", "Second"]);
  await page.getByRole("button", { name: "Drag Second" }).focus();
  await page.keyboard.press("Space");
  await page.getByText("Second is over position 3 of 3.").waitFor({ state: "attached" });
  // The library starts listening for arrow keys in a timer. This timer runs after it.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  await page.keyboard.press("ArrowUp");
  await page.getByText("Second is over position 2 of 3.").waitFor({ state: "attached" });
  await page.keyboard.press("Space");
  await page.locator(".rule-link").nth(1).filter({ hasText: "Second" }).waitFor();
  await page.route("**/v1/escalation-rules/*", (route) => route.abort());
  await page.getByRole("button", { name: "Move First" }).click();
  await page.getByRole("menuitem", { name: "Move down" }).click();
  await page.getByText("The order was not changed.").waitFor();
  expect(await names()).toEqual(["First", "Second", "Third"]);
  expect(await order()).toEqual(["First", "Second", "Third"]);
});

test("an error of a nested field is shown at that field: hours, conditions, destinations", async () => {
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("400 (Bad Request)");
  await pages.open("/rules/new");
  await page.getByLabel("Name").fill("Emergencies");
  await page.getByRole("button", { name: "Create rule" }).click();
  await page.getByText("Is required for the action transfer.").waitFor();
  await pages.page.goto("about:blank");
  await pages.open("/locations/new");
  await page.getByLabel("Name").fill("Downtown");
  await page.getByRole("switch", { name: "Set hours" }).press("Space");
  await page.getByRole("button", { name: "Add a period to Monday" }).click();
  await page.getByLabel("Monday, period 1, to").fill("08:00");
  await page.getByRole("button", { name: "Create location" }).click();
  await page.getByText(/Must be later than open/).waitFor();
  await page.getByLabel("Monday, period 1, to").fill("17:30");
  await page.getByRole("button", { name: "Create location" }).click();
  await page.getByRole("dialog", { name: "Downtown" }).waitFor();
  const { data } = (await dashboard.server.read.get("/v1/locations")).body;
  expect(data[0].hours.monday).toEqual([{ open: "09:00", close: "17:30" }]);
});

test("a team member and an intent show the rules that refer to them", async () => {
  const member = (await dashboard.server.write.post("/v1/team-members", { name: "Dr Chen" })).body
    .data.id;
  const intent = (await dashboard.server.write.post("/v1/intents", { name: "Emergency" })).body.data
    .id;
  const rule = { action: "transfer", destination: { type: "team_member", team_member_id: member } };
  const topic = { type: "topic_match", intent_id: intent };
  const keyword = { type: "caller_request" };
  for (const [name, condition] of Object.entries({ "In pain": topic, "Asked for": keyword })) {
    const created = await dashboard.server.write.post("/v1/escalation-rules", {
      name,
      condition,
      ...rule,
    });
    expect(created.status).toBe(201);
  }
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open(`/intents/${intent}`);
  const panel = page.getByRole("dialog", { name: "Emergency" });
  await panel.getByRole("link", { name: "In pain" }).waitFor();
  expect(await panel.getByRole("link", { name: "Asked for" }).count()).toBe(0);
  await pages.open(`/team/${member}`);
  await page.getByRole("link", { name: "In pain" }).waitFor();
  await page.getByRole("link", { name: "Asked for" }).click();
  await page.getByRole("dialog", { name: "Asked for" }).waitFor();
});

test("an entry of a location and the one it overrides show each other, and deleting asks first", async () => {
  const place = await dashboard.server.write.post("/v1/locations", {
    name: "Lakeside",
    timezone: "UTC",
  });
  const everywhere = { key: "parking", value: "Behind the building." };
  const here = { key: "parking", value: "In the street.", location_id: place.body.data.id };
  const general = await dashboard.server.write.post("/v1/knowledge/facts", everywhere);
  const own = await dashboard.server.write.post("/v1/knowledge/facts", here);
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open("/knowledge");
  await page.getByText("overridden at Lakeside").waitFor();
  await pages.open(`/knowledge/fact/${general.body.data.id}`);
  await page.getByRole("link", { name: "Override for a location" }).click();
  const another = page.getByRole("dialog", { name: "New fact" });
  expect(await another.getByLabel("Key").inputValue()).toBe("parking");
  await page.keyboard.press("Escape");
  await another.waitFor({ state: "detached" });
  // A new entry that is opened otherwise overrides nothing.
  await pages.open("/knowledge/fact/new");
  expect(await another.getByLabel("Key").inputValue()).toBe("");
  await pages.open(`/knowledge/fact/${own.body.data.id}`);
  const panel = page.getByRole("dialog", { name: "Fact: parking" });
  await panel.getByText("Behind the building.").waitFor();
  await panel.getByRole("button", { name: "Delete" }).click();
  await page.getByText("the entry for all locations applies instead").waitFor();
  expect((await dashboard.server.read.get("/v1/knowledge/facts")).body.data).toHaveLength(2);
  await page
    .getByRole("dialog", { name: "Delete this fact?" })
    .getByRole("button", { name: "Delete" })
    .click();
  await panel.waitFor({ state: "detached" });
  expect((await dashboard.server.read.get("/v1/knowledge/facts")).body.data).toHaveLength(1);
});

test("the audit log shows who changed what, old and new values, and whether the chain is intact", async () => {
  const created = await dashboard.server.write.post("/v1/contacts", {
    phone_number: "+12025550123",
    first_name: "Maria",
  });
  await dashboard.server.write.patch(`/v1/contacts/${created.body.data.id}`, {
    first_name: "Mary",
  });
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open("/settings/audit?entity_type=contact");
  await page.getByText(/Log intact: \d+ rows/).waitFor();
  const rows = page.locator("table.list tbody tr");
  await rows.first().waitFor();
  expect(await rows.count()).toBe(2);
  expect(await rows.first().textContent()).toContain("Writer (API key)");
  expect(await rows.first().textContent()).toContain("Updated contact Mary · first name");
  await rows.first().getByRole("link").click();
  const change = page.getByRole("table", { name: "Changed fields" }).getByRole("row");
  await change.nth(1).waitFor();
  expect(await change.nth(1).textContent()).toBe("first nameMariaMary");
  await page.keyboard.press("Escape");
  expect(await page.getByRole("link", { name: "Export" }).getAttribute("href")).toBe(
    "/dashboard/api/audit/export?entity_type=contact",
  );
  await pages.open("/settings/audit?entity_type=session");
  await page.getByText(EMAIL).first().waitFor();
});

test("the audit log shows a long value by its size and digest, and its head for copying", async () => {
  const created = await dashboard.server.write.post("/v1/knowledge/facts", {
    key: "directions",
    value: "x".repeat(2_000),
  });
  await using pages = await dashboard.open();
  const { page } = pages;
  await pages.open(`/settings/audit?entity_id=${created.body.data.id}`);
  await page.locator("table.list tbody tr").first().getByRole("link").click();
  const change = page.getByRole("table", { name: "Changed fields" });
  const digest = new Bun.CryptoHasher("sha256").update(`"${"x".repeat(2_000)}"`).digest("hex");
  await change.getByText(`Not stored in the log: 2,002 bytes, SHA-256 ${digest}`).waitFor();
  await page.keyboard.press("Escape");
  await page.getByText(/^Head: \d+:[0-9a-f]{12}…$/).waitFor();
  await page.getByRole("button", { name: "Copy head" }).waitFor();
});

test("on a phone the filters are behind a button with the number set, and are kept in the address", async () => {
  await dashboard.server.write.post("/v1/intents", { name: "Parking" });
  await using pages = await dashboard.open({ viewport: { width: 390, height: 800 } });
  const { page } = pages;
  await pages.open("/settings/audit");
  const filters = page.getByRole("button", { name: /^Filters/ });
  await page.getByText("Created intent Parking").waitFor();
  expect(await page.getByRole("combobox", { name: "Entity" }).isVisible()).toBe(false);
  await filters.click();
  await page.getByRole("combobox", { name: "Entity" }).click();
  await page.getByRole("option", { name: "Session", exact: true }).click();
  await page.getByText("Created intent Parking").waitFor({ state: "detached" });
  expect(await filters.textContent()).toBe("Filters (1)");
  expect(new URL(page.url()).search).toBe("?entity_type=session");
  await page.getByRole("button", { name: "Clear filters" }).click();
  await page.getByText("Created intent Parking").waitFor();
  expect(new URL(page.url()).search).toBe("");
});

test("the frame appears before the first page, and a page stays until the next one is loaded", async () => {
  await using pages = await dashboard.open();
  const { page } = pages;
  /** Delays the response to a file until the returned function is called. */
  const hold = async (file: string) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    await page.route(new RegExp(`/assets/${file}-`), async (route) => {
      await promise;
      await route.continue();
    });
    return resolve;
  };
  const releaseCalls = await hold("CallsPage");
  await page.goto(`${dashboard.server.url}/calls`);
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  expect(await page.getByRole("heading").count()).toBe(0);
  releaseCalls();
  await page.getByRole("heading", { name: "Calls", exact: true }).waitFor();

  const releaseTeam = await hold("TeamPage");
  const requested = page.waitForRequest(/TeamPage/);
  await page.getByRole("link", { name: "Team" }).click();
  await requested;
  await page.waitForFunction(() => location.pathname === "/team");
  expect(await page.getByRole("heading", { name: "Calls", exact: true }).isVisible()).toBe(true);
  releaseTeam();
  await page.getByRole("heading", { name: "Team" }).waitFor();
  expect(await page.getByRole("heading", { name: "Calls", exact: true }).count()).toBe(0);
});
