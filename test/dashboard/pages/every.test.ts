/** Every page on a wide screen in the light color scheme, and what the pages load and send. */
import { expect, test } from "bun:test";
import { PAGE_PATHS, PUBLIC_PAGES } from "../../../src/dashboard/page-paths.ts";
import { PASSWORD } from "../../support/dashboard.ts";
import { PAGES, testEveryPage } from "./every-page.ts";

const dashboard = testEveryPage({ colorScheme: "light" });

test("the tested pages are all pages that need a session", () => {
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
