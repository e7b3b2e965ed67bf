/** Takes the README's screenshots of the executable's own demo, which it opens by the link that the demo prints. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openBrowser } from "../test/support/browser.ts";

const EXECUTABLE = join(import.meta.dir, "../dist/allison");
const TARGET = join(import.meta.dir, "screenshots");
const viewport = { width: 1280, height: 800 };

/** Each page with an element that is there when the page is complete. `hasLink`: open the link in that element. */
const SHOTS = [
  { name: "overview", path: "/", selector: ".recharts-bar-rectangle" },
  { name: "call", path: "/calls?outcome=booked", selector: "table.list tbody tr", hasLink: true },
  { name: "webhooks", path: "/webhooks", selector: "table.list tbody tr" },
  { name: "mock", path: "/mock", selector: "table tbody tr" },
  { name: "reference", path: "/docs", selector: "h1" },
];

const demo = Bun.spawn([EXECUTABLE, "demo", "--port", "0"], { stdout: "pipe", stderr: "pipe" });
let messages = "";
const reading = (async () => {
  for await (const chunk of demo.stderr) messages += new TextDecoder().decode(chunk);
})();
const { value } = await demo.stdout.getReader().read();
const url = /listening on (\S+)/.exec(new TextDecoder().decode(value))?.[1];
const link = /http\S+\/sign-in\/link#\S+/.exec(messages)?.[0];
if (!url || !link) throw new Error(`the demo printed no address or link: ${messages}`);

mkdirSync(TARGET, { recursive: true });
const browser = await openBrowser();
try {
  const signedIn = await browser.newContext();
  const first = await signedIn.newPage();
  await first.goto(link);
  await first.locator(".recharts-bar-rectangle").first().waitFor();
  const storageState = await signedIn.storageState();
  for (const { name, path, selector, hasLink } of SHOTS) {
    await using context = await browser.newContext({
      storageState,
      deviceScaleFactor: 1.5,
      viewport,
    });
    const page = await context.newPage();
    await page.goto(url + path);
    await page.locator(selector).first().waitFor();
    if (hasLink) await page.locator(`${selector} a`).first().click();
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: join(TARGET, `${name}.png`) });
    console.log(`scripts/screenshots/${name}.png`);
  }
} finally {
  await browser.close();
  demo.kill("SIGTERM");
  await Promise.all([demo.exited, reading]);
}
