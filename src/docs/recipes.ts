/** Recipes for test runners, as /docs/mock shows them. The test suite runs these files unchanged. */
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
  /** In Markdown. */
  description: string;
  /** Of its files, for highlighting. */
  language: "ts" | "js" | "python";
  command: string;
  files: Record<string, string>;
}

export const RECIPES: readonly Recipe[] = [
  {
    id: "vitest",
    name: "Vitest",
    description: "Each worker has its own mock, so test files can run in parallel.",
    language: "ts",
    command: "npx vitest run",
    files: { "allison.ts": vitestFixtures, "contacts.test.ts": vitestTest },
  },
  {
    id: "jest",
    name: "Jest",
    description: "Each test file has its own mock, so test files can run in parallel.",
    language: "js",
    command: "npx jest",
    files: {
      "jest.config.js": jestConfig,
      "allison.js": jestSetup,
      "contacts.test.js": jestTest,
    },
  },
  {
    id: "playwright",
    name: "Playwright",
    description:
      "Each worker has its own mock. The example uses no browser. With a browser, configure your application with `allison.url`.",
    language: "ts",
    command: "npx playwright test",
    files: { "allison.ts": playwrightFixtures, "contacts.spec.ts": playwrightTest },
  },
  {
    id: "pytest",
    name: "pytest",
    description:
      "The session has one mock; with `pytest-xdist`, each worker has one. It requires only the standard library.",
    language: "python",
    command: "pytest",
    files: { "conftest.py": pytestFixtures, "test_contacts.py": pytestTest },
  },
];
