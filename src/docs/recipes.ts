/** Recipes for test runners, as the page about testing shows them: files that are run as they stand here. */
import pytestFixtures from "./recipes/conftest.py.txt" with { type: "text" };
import jestConfig from "./recipes/jest.config.js.txt" with { type: "text" };
import jestTest from "./recipes/jest.test.js.txt" with { type: "text" };
import jestSetup from "./recipes/jest-allison.js.txt" with { type: "text" };
import playwrightTest from "./recipes/playwright.spec.ts.txt" with { type: "text" };
import playwrightFixtures from "./recipes/playwright-allison.ts.txt" with { type: "text" };
import pytestTest from "./recipes/test_contacts.py.txt" with { type: "text" };
import vitestTest from "./recipes/vitest.test.ts.txt" with { type: "text" };
import vitestFixtures from "./recipes/vitest-allison.ts.txt" with { type: "text" };

export interface Recipe {
  id: "vitest" | "jest" | "playwright" | "pytest";
  name: string;
  /** For whom a mock is started. */
  words: string;
  command: string;
  files: Record<string, string>;
}

export const RECIPES: readonly Recipe[] = [
  {
    id: "vitest",
    name: "Vitest",
    words: "Each worker has a mock of its own, so that files run side by side.",
    command: "npx vitest run",
    files: { "allison.ts": vitestFixtures, "contacts.test.ts": vitestTest },
  },
  {
    id: "jest",
    name: "Jest",
    words: "Each test file has a mock of its own, so that files run side by side.",
    command: "npx jest",
    files: {
      "jest.config.js": jestConfig,
      "allison.js": jestSetup,
      "contacts.test.js": jestTest,
    },
  },
  {
    id: "playwright",
    name: "Playwright Test",
    words:
      "Each worker has a mock of its own. Without a browser, as here, or with one: `allison.url` is what your application is to be told.",
    command: "npx playwright test",
    files: { "allison.ts": playwrightFixtures, "contacts.spec.ts": playwrightTest },
  },
  {
    id: "pytest",
    name: "pytest",
    words:
      "One mock for the session; with `pytest-xdist` that is one for each worker. It needs nothing but the standard library.",
    command: "pytest",
    files: { "conftest.py": pytestFixtures, "test_contacts.py": pytestTest },
  },
];
