/** The import graph of the project's TypeScript files, type-only imports included. Paths are relative to the project. */
import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Glob } from "bun";
import typescript from "typescript-5";

export const ROOT = join(import.meta.dir, "../..");

export interface Import {
  from: string;
  to: string;
}

export const readSources = (pattern: string): { path: string; text: string }[] =>
  [...new Glob(pattern).scanSync(ROOT)]
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));

/** The imports of files of the project; packages are left out. */
export const importsOf = (path: string, text: string): Import[] =>
  typescript
    .preProcessFile(text, true, true)
    .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => ({
      from: path,
      to: relative(ROOT, join(ROOT, dirname(path), fileName)),
    }));

/** The imports that point from a layer to one above it. `layers`: names below src/, the highest first. */
export function findUpwardImports(imports: readonly Import[], layers: readonly string[]): Import[] {
  const rankOf = (path: string) => {
    const rank = layers.indexOf(path.split("/")[1] ?? "");
    if (rank < 0) throw new Error(`${path} is in no layer`);
    return rank;
  };
  return imports
    .filter(({ from, to }) => from.startsWith("src/") && to.startsWith("src/"))
    .filter(({ from, to }) => rankOf(to) < rankOf(from));
}

/** One import cycle as the list of its files, or null if there is none. */
export function findCycle(imports: readonly Import[]): string[] | null {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  const finished = new Set<string>();
  const visit = (file: string, trail: readonly string[]): string[] | null => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file];
    if (finished.has(file)) return null;
    for (const target of targets.get(file) ?? []) {
      const cycle = visit(target, [...trail, file]);
      if (cycle) return cycle;
    }
    finished.add(file);
    return null;
  };
  for (const file of targets.keys()) {
    const cycle = visit(file, []);
    if (cycle) return cycle;
  }
  return null;
}
