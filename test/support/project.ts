/** A JavaScript project as somebody outside would have it, whose packages are those of this checkout. */
import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { temporaryDirectory } from "./directory.ts";

const MODULES = join(import.meta.dir, "../../node_modules");

export interface Project extends Disposable {
  path: string;
  write(files: Record<string, string>): Promise<void>;
  /** Runs a script of an installed package, such as `vitest/vitest.mjs`, by the Bun that runs the test. */
  run(script: string, args?: string[], env?: Record<string, string>): Promise<Ran>;
  /** Rejects with what is wrong in these files or in what they import, declarations too. */
  checkTypes(
    files: string[],
    options?: { typescript?: "typescript" | "typescript-5"; types?: string[] },
  ): Promise<void>;
}

export interface Ran {
  exitCode: number;
  /** What it said on stdout and then on stderr. */
  output: string;
}

/** `packages`: those that it has installed; what they need themselves comes with them. */
export function temporaryProject(packages: string[]): Project {
  const directory = temporaryDirectory();
  const { path } = directory;
  for (const name of packages) {
    const at = join(path, "node_modules", name);
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(join(MODULES, name), at);
  }
  const project: Project = {
    path,
    async write(files) {
      for (const [name, text] of Object.entries(files)) await Bun.write(join(path, name), text);
    },
    run: (script, args = [], env = {}) =>
      runScript(join(MODULES, script), args, { cwd: path, env }),
    async checkTypes(files, { typescript = "typescript", types = [] } = {}) {
      const compilerOptions = {
        strict: true,
        noUncheckedIndexedAccess: true,
        noEmit: true,
        skipLibCheck: false,
        module: "preserve",
        target: "es2024",
        lib: ["es2024", "dom", "dom.iterable"],
        types,
      };
      await project.write({ "tsconfig.json": JSON.stringify({ compilerOptions, files }) });
      const { exitCode, output } = await project.run(`${typescript}/bin/tsc`);
      if (exitCode !== 0) throw new Error(output);
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
  return project;
}

export async function runScript(
  script: string,
  args: string[],
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
): Promise<Ran> {
  // --bun: what it starts for its own work is started by Bun as well, for Node need not be there.
  const child = Bun.spawn([process.execPath, "--bun", script, ...args], {
    cwd,
    // Bun sets JEST_WORKER_ID in its parallel workers, and Playwright Test refuses to run where it is set.
    env: { ...process.env, JEST_WORKER_ID: undefined, ...env, NO_COLOR: "1" },
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
