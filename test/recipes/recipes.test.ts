/**
 * The recipes of /docs/mock are run as they are shown: by the real test runners, in a project with nothing else in it.
 * They pass, they end their mocks, and they do so too when a test fails.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RECIPES, type Recipe } from "../../src/docs/recipes.ts";
import { type Executable, installExecutable } from "../support/executable.ts";
import { type Project, type Ran, temporaryProject } from "../support/project.ts";
import standInSource from "./pytest.py.txt" with { type: "text" };

const python = Bun.which("python3");
const hasPytest = () =>
  Bun.spawnSync([python!, "-m", "pytest", "--version"], { stdout: "ignore", stderr: "ignore" })
    .exitCode === 0;

/** `standIn`: for pytest, a small one of our own, which does for the recipe where pytest is not installed. */
async function runPython(
  project: Project,
  env: Record<string, string>,
  standIn = !hasPytest(),
): Promise<Ran> {
  if (!python) throw new Error("python3 was not found; install Python 3, nothing else of it.");
  if (standIn) await project.write({ "pytest.py": standInSource });
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

/** How each runner is run here. */
const RUNNERS: Record<Recipe["id"], Runner> = {
  vitest: {
    packages: ["vitest", "@types/node"],
    // Its other pools need Node.
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
    name: "pytest, by its stand-in",
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

/** Whether a process is there, apart from one that nobody has asked about yet after its end. */
function runs(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}

/** Runs the recipe by a program that notes its process, and tells how many mocks there were and how many still are. */
async function run(recipe: Recipe, runner: Runner, more: Record<string, string> = {}) {
  using project = temporaryProject(runner.packages);
  await project.write({ ...recipe.files, ...more });
  const program = join(project.path, "noting-allison");
  const noted = join(project.path, "noted");
  const script = `#!/bin/sh\necho $$ >>'${noted}'\nexec '${join(allison.path, "allison")}' "$@"\n`;
  await project.write({ "noting-allison": script });
  chmodSync(program, 0o755);

  const ran = await runner.run(project, { ALLISON_BIN: program });
  const pids = existsSync(noted) ? readFileSync(noted, "utf8").trim().split("\n").map(Number) : [];
  const patience = Date.now() + 5_000;
  while (pids.some(runs) && Date.now() < patience) await Bun.sleep(20);
  return { ...ran, started: pids.length, left: pids.filter(runs).length };
}

describe.each(CASES)("$name", ({ recipe, runner }) => {
  test("passes as it is shown, and ends its mock", async () => {
    const { output, ...rest } = await run(recipe, runner);
    expect([rest, output]).toEqual([
      { exitCode: 0, started: 1, left: 0 },
      expect.stringMatching(/\b2 passed/),
    ]);
  }, 30_000);

  test("ends its mock when a test fails", async () => {
    const { exitCode, output, started, left } = await run(recipe, runner, runner.failing);
    expect([exitCode, output]).toEqual([1, expect.stringMatching(/\b1 failed[\s\S]*\b2 passed/)]);
    expect(started).toBeGreaterThanOrEqual(1);
    expect(left).toBe(0);
  }, 30_000);

  test("says what is wrong where there is no allison", async () => {
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
  "the types of $id's files hold",
  async ({ id, files }) => {
    using project = temporaryProject(RUNNERS[id].packages);
    await project.write(files);
    await project.checkTypes(Object.keys(files), { types: ["node"] });
  },
  30_000,
);
