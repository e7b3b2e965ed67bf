/** The part of the benchmark about the dashboard: its first paint with 100,000 calls, and how much it loads. */
import type { Browser } from "playwright-core";
import { openBrowser } from "../test/support/browser.ts";
import { EMAIL, type Install, PASSWORD } from "./bench-data.ts";
import {
  formatNumber,
  median,
  printLine,
  ROUNDS,
  type RunningServer,
  startProduct,
} from "./bench-tools.ts";

/** Each page with an element that is there when the page is complete. */
const PAGES = [
  { path: "/", selector: ".recharts-bar-rectangle" },
  { path: "/calls", selector: "table.list tbody tr" },
];

interface Visit {
  firstPaintMs: number;
  completeMs: number;
  scriptBytes: number;
}

export async function measureDashboard({ data }: Install): Promise<void> {
  const server = await startProduct(data);
  const browser = await openBrowser();
  try {
    for (const { path, selector } of PAGES) {
      const visits: Visit[] = [];
      for (let turn = 0; turn < ROUNDS; turn += 1)
        visits.push(await visitPage(browser, server, path, selector));
      const medianOf = (key: keyof Visit) => formatNumber(median(visits.map((each) => each[key])));
      const times = `${medianOf("firstPaintMs")} ms, ${medianOf("completeMs")} ms`;
      printLine(`dashboard ${path}: first paint, complete`, times);
      const kilobytes = formatNumber(visits[0]!.scriptBytes / 1000);
      printLine(`dashboard ${path}: scripts, compressed`, `${kilobytes} kB`);
    }
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** Visits a page with an empty browser cache. */
async function visitPage(
  browser: Browser,
  { url }: RunningServer,
  path: string,
  selector: string,
): Promise<Visit> {
  await using context = await browser.newContext();
  await context.request.post(`${url}/dashboard/api/sign-in`, {
    headers: { origin: url },
    data: { email: EMAIL, password: PASSWORD },
  });
  const page = await context.newPage();
  await page.goto(url + path);
  await page.locator(selector).first().waitFor({ state: "attached" });
  const completeMs = await page.evaluate(() => performance.now());
  // The browser adds this entry a little after the paint.
  await page.waitForFunction(
    () => performance.getEntriesByName("first-contentful-paint").length > 0,
  );
  const measured = await page.evaluate(() => {
    const [paint] = performance.getEntriesByName("first-contentful-paint");
    const resources = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
    const scriptBytes = resources
      .filter(({ name }) => name.endsWith(".js"))
      .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
    return { firstPaintMs: paint!.startTime, scriptBytes };
  });
  return { ...measured, completeMs };
}
