/** The README's screenshots: the executable's own demo, opened by the link that it prints. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openBrowser } from "../test/support/browser.ts";

const EXECUTABLE = join(import.meta.dir, "../dist/allison");
const TARGET = join(import.meta.dir, "screenshots");
const viewport = { width: 1280, height: 800 };

/** What is shown, and what stands there once it is whole. `open` clicks on the way. */
const SHOTS = [
  { name: "overview", path: "/", shown: ".recharts-bar-rectangle" },
  {
    name: "call",
    path: "/calls?outcome=booked",
    shown: "table.list tbody tr",
    open: true,
  },
  { name: "webhooks", path: "/webhooks", shown: "table.list tbody tr" },
  { name: "mock", path: "/mock", shown: "table tbody tr" },
  { name: "reference", path: "/docs", shown: "h1" },
];

const demo = Bun.spawn([EXECUTABLE, "demo", "--port", "0"], { stdout: "pipe", stderr: "pipe" });
let said = "";
const reading = (async () => {
  for await (const chunk of demo.stderr) said += new TextDecoder().decode(chunk);
})();
const { value } = await demo.stdout.getReader().read();
const url = /listening on (\S+)/.exec(new TextDecoder().decode(value))?.[1];
const link = /http\S+\/sign-in\/link#\S+/.exec(said)?.[0];
if (!url || !link) throw new Error(`the demo said: ${said}`);

mkdirSync(TARGET, { recursive: true });
const browser = await openBrowser();
try {
  const signedIn = await browser.newContext();
  const first = await signedIn.newPage();
  await first.goto(link);
  await first.locator(".recharts-bar-rectangle").first().waitFor();
  const storageState = await signedIn.storageState();
  for (const { name, path, shown, open } of SHOTS) {
    await using context = await browser.newContext({
      storageState,
      deviceScaleFactor: 1.5,
      viewport,
    });
    const page = await context.newPage();
    await page.goto(url + path);
    await page.locator(shown).first().waitFor();
    if (open) await page.locator(`${shown} a`).first().click();
    await page.waitForLoadState("networkidle");
    await page.screenshot({ path: join(TARGET, `${name}.png`) });
    console.log(`scripts/screenshots/${name}.png`);
  }
} finally {
  await browser.close();
  demo.kill("SIGTERM");
  await Promise.all([demo.exited, reading]);
}
