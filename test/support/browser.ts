/** A real Chromium for a test, without a window and without a profile. */
import { type Browser, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The executable: `ALLISON_TEST_BROWSER`, or one on PATH. Throws a sentence where there is none. */
function browserPath(): string {
  const path =
    process.env.ALLISON_TEST_BROWSER || NAMES.map((name) => Bun.which(name)).find(Boolean);
  if (path) return path;
  throw new Error(
    "No Chromium was found. Install one (apt-get install chromium) or name its executable in ALLISON_TEST_BROWSER.",
  );
}

/** A browser that closes by itself at the end of an `await using`. */
export async function openBrowser(): Promise<Browser & AsyncDisposable> {
  return chromium.launch({
    executablePath: browserPath(),
    // Root in a container may not make the sandbox, and its /dev/shm is small. The rest keeps Chromium from asking the
    // outside world for anything of its own.
    args: [
      "--no-sandbox",
      "--disable-dev-shm-usage",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--no-first-run",
    ],
  });
}
