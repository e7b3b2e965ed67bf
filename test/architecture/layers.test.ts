/** The rules that keep the code easy to enter: imports point downward, none in a circle, functions fit on one screen. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import typescript from "typescript-5";
import { findCycle, findUpwardImports, importsOf, ROOT, readSources } from "../support/imports.ts";

const MAX_FUNCTION_LINES = 60;
const MAX_FILE_LINES = 500;

const README = readFileSync(join(ROOT, "README.md"), "utf8");
const DIAGRAM = README.split("## Architecture\n\n```\n")[1]!.split("```")[0]!;
/** The highest layer first, as the diagram in the README lists them. */
const LAYERS = [...DIAGRAM.matchAll(/^([\w.]+)\/? /gm)].map(([, name]) => name!);

const sources = readSources("{src,scripts,test}/**/*.{ts,tsx}");
const imports = sources.flatMap(({ path, text }) => importsOf(path, text));

test("the diagram in the README lists every file and folder of src, each once", () => {
  const entries = readdirSync(join(ROOT, "src")).filter((name) => name !== "assets.d.ts");
  expect(LAYERS.toSorted()).toEqual(entries.toSorted());
});

test("no module of src imports from a layer above its own", () => {
  expect(imports.length).toBeGreaterThan(1_000);
  expect(findUpwardImports(imports, LAYERS)).toEqual([]);
});

test("src imports nothing from test or scripts", () => {
  const leaving = imports.filter(
    ({ from, to }) => from.startsWith("src/") && /^(test|scripts)\//.test(to),
  );
  expect(leaving).toEqual([]);
});

test("no import is part of a cycle", () => {
  expect(findCycle(imports)).toBeNull();
});

test("an upward import is found, also one of a type", () => {
  for (const statement of [
    'import { ROUTES } from "../routes.ts";',
    'import type { Route } from "../routes.ts";',
    'export * from "../routes.ts";',
    'type Routes = typeof import("../routes.ts");',
    'const routes = await import("../routes.ts");',
  ]) {
    const added = importsOf("src/store/change.ts", statement);
    expect(findUpwardImports([...imports, ...added], LAYERS)).toEqual([
      { from: "src/store/change.ts", to: "src/routes.ts" },
    ]);
  }
});

test("a cycle is found, also one of types", () => {
  const added = importsOf("src/lib/clock.ts", 'import type { Ids } from "./ids.ts";');
  expect(findCycle([...imports, ...added])).toContain("src/lib/clock.ts");
});

test(`no function has more than ${MAX_FUNCTION_LINES} lines, and no file more than ${MAX_FILE_LINES}`, () => {
  const tooLong: string[] = [];
  for (const { path, text } of sources.filter((source) => !source.path.startsWith("test/"))) {
    const lines = text.split("\n").length;
    if (lines > MAX_FILE_LINES) tooLong.push(`${path}: ${lines} lines`);
    tooLong.push(...findLongFunctions(path, text));
  }
  expect(tooLong).toEqual([]);
});

function findLongFunctions(path: string, text: string): string[] {
  const kind = path.endsWith("x") ? typescript.ScriptKind.TSX : typescript.ScriptKind.TS;
  const file = typescript.createSourceFile(path, text, typescript.ScriptTarget.Latest, true, kind);
  const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line;
  const found: string[] = [];
  const visit = (node: import("typescript-5").Node): void => {
    if (typescript.isFunctionLike(node)) {
      const lines = lineOf(node.end) - lineOf(node.getStart()) + 1;
      if (lines > MAX_FUNCTION_LINES)
        found.push(`${path}:${lineOf(node.getStart()) + 1}: ${lines} lines`);
    }
    typescript.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
