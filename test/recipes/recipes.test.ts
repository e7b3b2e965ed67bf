/**
 * Runs the recipes of /docs/mock unchanged, by the real test runners in an otherwise empty project. Each recipe passes
 * and stops its mock, also when a test fails.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RECIPES, type Recipe } from "../../src/docs/recipes.ts";
import { type Executable, installExecutable } from "../support/executable.ts";
import { type Project, type Ran, temporaryProject } from "../support/project.ts";
import substituteSource from "./pytest.py.txt" with { type: "text" };

const python = Bun.which("python3");
const hasPytest = () =>
  Bun.spawnSync([python!, "-m", "pytest", "--version"], { stdout: "ignore", stderr: "ignore" })
    .exitCode === 0;

/** Runs pytest, or our own substitute for it where pytest is not installed. */
async function runPython(
  project: Project,
  env: Record<string, string>,
  usesSubstitute = !hasPytest(),
): Promise<Ran> {
  if (!python) throw new Error("python3 was not found; install Python 3.");
  if (usesSubstitute) await project.write({ "pytest.py": substituteSource });
  const child = Bun.spawn([python, "-B", "-m", "pytest", "-p", "no:cacheprovider"], {
    cwd: project.path,
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, output: out + err };
}

interface Runner {
  packages: string[];
  run(project: Project, env: Record<string, string>): Promise<Ran>;
  /** A test file that fails. */
  failing: Record<string, string>;
}

const PYTHON: Omit<Runner, "run"> = {
  packages: [],
  failing: { "test_failing.py": 'def test_fails(allison):\n    assert allison["url"] == ""\n' },
};

/** How to run each test runner. */
const RUNNERS: Record<Recipe["id"], Runner> = {
  vitest: {
    packages: ["vitest", "@types/node"],
    // Its other pools require Node.
    run: (project, env) => project.run("vitest/vitest.mjs", ["run", "--pool=threads"], env),
    failing: {
      "failing.test.ts":
        'import { expect } from "vitest";\nimport { test } from "./allison";\ntest("fails", ({ allison }) => expect(allison.url).toBe(""));',
    },
  },
  jest: {
    packages: ["jest"],
    run: (project, env) => project.run("jest/bin/jest.js", [], env),
    failing: { "failing.test.js": 'test("fails", () => expect(allison.url).toBe(""));' },
  },
  playwright: {
    packages: ["@playwright/test", "@types/node"],
    run: (project, env) => project.run("@playwright/test/cli.js", ["test", "--reporter=line"], env),
    failing: {
      "failing.spec.ts":
        'import { expect } from "@playwright/test";\nimport { test } from "./allison";\ntest("fails", ({ allison }) => expect(allison.url).toBe(""));',
    },
  },
  pytest: { ...PYTHON, run: (project, env) => runPython(project, env) },
};

const CASES = [
  ...RECIPES.map((recipe) => ({ recipe, name: recipe.name, runner: RUNNERS[recipe.id] })),
  {
    recipe: RECIPES.find(({ id }) => id === "pytest")!,
    name: "pytest, by the substitute",
    runner: {
      ...PYTHON,
      run: (project: Project, env: Record<string, string>) => runPython(project, env, true),
    },
  },
];

let allison: Executable;
beforeAll(() => {
  allison = installExecutable();
});
afterAll(() => allison[Symbol.dispose]());

/** Whether a process is running; a zombie is not. */
function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

/** Runs a recipe. Returns how many mocks it started and how many are still running. */
async function runRecipe(recipe: Recipe, runner: Runner, extraFiles: Record<string, string> = {}) {
  using project = temporaryProject(runner.packages);
  await project.write({ ...recipe.files, ...extraFiles });
  const program = join(project.path, "recording-allison");
  const pidFile = join(project.path, "pids");
  const script = `#!/bin/sh\necho $$ >>'${pidFile}'\nexec '${join(allison.path, "allison")}' "$@"\n`;
  await project.write({ "recording-allison": script });
  chmodSync(program, 0o755);

  const ran = await runner.run(project, { ALLISON_BIN: program });
  const pids = existsSync(pidFile)
    ? readFileSync(pidFile, "utf8").trim().split("\n").map(Number)
    : [];
  const deadline = Date.now() + 5_000;
  while (pids.some(isRunning) && Date.now() < deadline) await Bun.sleep(20);
  return { ...ran, started: pids.length, left: pids.filter(isRunning).length };
}

describe.each(CASES)("$name", ({ recipe, runner }) => {
  test("passes unchanged and stops its mock", async () => {
    const { output, ...rest } = await runRecipe(recipe, runner);
    expect([rest, output]).toEqual([
      { exitCode: 0, started: 1, left: 0 },
      expect.stringMatching(/\b2 passed/),
    ]);
  }, 30_000);

  test("stops its mock when a test fails", async () => {
    const { exitCode, output, started, left } = await runRecipe(recipe, runner, runner.failing);
    expect([exitCode, output]).toEqual([1, expect.stringMatching(/\b1 failed[\s\S]*\b2 passed/)]);
    expect(started).toBeGreaterThanOrEqual(1);
    expect(left).toBe(0);
  }, 30_000);

  test("names the missing program when allison is not installed", async () => {
    using project = temporaryProject(runner.packages);
    await project.write(recipe.files);
    const program = join(project.path, "no-allison");
    const { exitCode, output } = await runner.run(project, { ALLISON_BIN: program });
    expect([exitCode, output]).toEqual([1, expect.stringContaining("no-allison")]);
  }, 30_000);
});

test.each(
  RECIPES.filter(({ files }) => "allison.ts" in files).map(({ id, files }) => ({ id, files })),
)(
  "the files of $id pass the type check",
  async ({ id, files }) => {
    using project = temporaryProject(RUNNERS[id].packages);
    await project.write(files);
    await project.checkTypes(Object.keys(files), { types: ["node"] });
  },
  30_000,
);
