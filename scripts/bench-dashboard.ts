/** The benchmark's part about the dashboard: how soon something is seen with 100,000 calls, and how much is loaded for it. */
import { openBrowser } from "../test/support/browser.ts";
import type { Running } from "./bench.ts";

interface Tools {
  data: string;
  email: string;
  password: string;
  rounds: number;
  product(data: string): Promise<Running>;
  line(name: string, value: string): void;
  round(value: number): string;
  median(values: number[]): number;
}

/** Each page with what stands on it once it is whole. */
const PAGES = [
  { path: "/", shown: ".recharts-bar-rectangle" },
  { path: "/calls", shown: "table.list tbody tr" },
];

export async function measureDashboard(tools: Tools): Promise<void> {
  const { email, password, rounds, line, round, median } = tools;
  const server = await tools.product(tools.data);
  const browser = await openBrowser();

  /** A visit with nothing in the browser's cache. */
  async function visit(path: string, shown: string) {
    await using context = await browser.newContext();
    await context.request.post(`${server.url}/dashboard/api/sign-in`, {
      headers: { origin: server.url },
      data: { email, password },
    });
    const page = await context.newPage();
    await page.goto(server.url + path);
    await page.locator(shown).first().waitFor({ state: "attached" });
    const whole = await page.evaluate(() => performance.now());
    // The browser notes it a little later.
    await page.waitForFunction(
      () => performance.getEntriesByName("first-contentful-paint").length > 0,
    );
    const seen = await page.evaluate(() => {
      const [paint] = performance.getEntriesByName("first-contentful-paint");
      const scripts = (
        performance.getEntriesByType("resource") as PerformanceResourceTiming[]
      ).filter(({ name }) => name.endsWith(".js"));
      const bytes = scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
      return { paint: paint!.startTime, bytes };
    });
    return { ...seen, whole };
  }

  try {
    for (const { path, shown } of PAGES) {
      const visits: Awaited<ReturnType<typeof visit>>[] = [];
      for (let turn = 0; turn < rounds; turn += 1) visits.push(await visit(path, shown));
      const of = (what: keyof (typeof visits)[number]) =>
        round(median(visits.map((each) => each[what])));
      line(`dashboard ${path}: first paint, whole`, `${of("paint")} ms, ${of("whole")} ms`);
      line(`dashboard ${path}: scripts, compressed`, `${round(visits[0]!.bytes / 1000)} kB`);
    }
  } finally {
    await browser.close();
    await server.stop();
  }
}
