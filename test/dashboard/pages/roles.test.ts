/** The pages of a member: nothing on them that the server would refuse. */
import { expect, test } from "bun:test";
import { makeAccount, PASSWORD } from "../../support/dashboard.ts";
import { startTestServer } from "../../support/harness.ts";
import { setUpPages } from "../../support/pages.ts";
import { ACTOR } from "../../support/store.ts";

const dashboard = setUpPages(() => startTestServer({ config: { webhookAllow: ["127.0.0.0/8"] } }), {
  account: false,
});

test("a member sees keys and webhooks without a button that changes them", async () => {
  const it = dashboard.server;
  await makeAccount(it);
  const email = "mia@example.com";
  const passwordHash = await it.server.passwords.hash(PASSWORD);
  await it.server.store.change(ACTOR, (tx) =>
    it.server.users.create(tx, { email, name: null, passwordHash, role: "member" }),
  );
  const body = { url: "https://127.0.0.1:9/hook", description: "CRM", events: ["call.ended"] };
  const hook = (await it.write.post("/v1/webhook-subscriptions", body)).body.data;
  await using pages = await dashboard.open();
  const { page } = pages;
  pages.expectErrors("401 (Unauthorized)");
  await pages.open("/sign-in");
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").first().fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  const main = page.getByRole("main");
  const controls = main.locator("button, [role=switch], a[href$='/new']");
  const named = /create|add|edit|delete|rotate|enable|disable|retry|send|actions for/i;
  const visits = [
    ["/settings/keys", "Writer"],
    ["/settings/keys/new", "Writer"],
    ["/webhooks", "CRM"],
    ["/webhooks/new", "CRM"],
    [`/webhooks/${hook.id}`, "Signing secret"],
  ] as const;
  for (const [path, text] of visits) {
    await pages.open(path);
    await main.getByText(text).first().waitFor();
    const names = await controls.evaluateAll((all) =>
      all.map((each) => each.getAttribute("aria-label") ?? each.textContent ?? ""),
    );
    expect([path, names.filter((name) => named.test(name))]).toEqual([path, []]);
    expect([path, await page.getByRole("switch").count()]).toEqual([path, 0]);
    expect([path, await page.getByRole("dialog").count()]).toEqual([path, 0]);
    await pages.checkAccess();
  }
});
