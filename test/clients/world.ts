/** A mock server as a developer starts it, and a directory for a client that is generated from it. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "../support/directory.ts";
import { installExecutable } from "../support/executable.ts";

const ROOT = join(import.meta.dir, "../..");

export interface MockServer extends AsyncDisposable {
  url: string;
  read_key: string;
  write_key: string;
  platform_key: string;
}

/** `calls`: how many it has, from a file of its own. */
export async function startMockServer(calls: number, args: string[] = []): Promise<MockServer> {
  const allison = installExecutable();
  const records = Array.from({ length: calls }, (_, i) => ({
    external_id: `call-${i}`,
    direction: "inbound",
    from_number: "+15550100123",
    started_at: new Date(Date.UTC(2026, 0, 15, 9, i)).toISOString(),
    summary: `Call ${i}.`,
  }));
  const data = join(allison.path, "calls.ndjson");
  await Bun.write(data, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  const child = Bun.spawn(
    [join(allison.path, "allison"), "mock", "--port", "0", "--json", "--data", data, ...args],
    { cwd: allison.path, env: {}, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  let line = "";
  for await (const chunk of child.stdout.values({ preventCancel: true })) {
    line += new TextDecoder().decode(chunk);
    if (line.endsWith("\n")) break;
  }
  if (!line.endsWith("\n")) throw new Error(await new Response(child.stderr).text());
  return {
    ...(JSON.parse(line) as Omit<MockServer, typeof Symbol.asyncDispose>),
    async [Symbol.asyncDispose]() {
      child.kill();
      await child.exited;
      allison[Symbol.dispose]();
    },
  };
}

/** An empty project whose packages are those of this checkout. */
export function temporaryProject(): ReturnType<typeof temporaryDirectory> {
  const directory = temporaryDirectory();
  symlinkSync(join(ROOT, "node_modules"), join(directory.path, "node_modules"));
  return directory;
}

async function run(command: string[], cwd: string): Promise<void> {
  const child = Bun.spawn([process.execPath, ...command], {
    cwd,
    env: { ...process.env, BUN_BE_BUN: "1" },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${out}${err}`);
}

/** Runs a generator on the document that the mock hands out, by the generator's own defaults. */
export const generate = (generator: "openapi-typescript" | "openapi-ts", url: string, to: string) =>
  run([join(import.meta.dir, "generate.ts"), generator, `${url}/openapi.json`, to], to);

/** Checks the types of a program and of all that it imports, declarations too. `typescript`: the name of the package. */
export async function checkTypes(
  directory: string,
  typescript: "typescript" | "typescript-5",
): Promise<void> {
  const compilerOptions = {
    ...{ strict: true, noUncheckedIndexedAccess: true, noEmit: true, skipLibCheck: false },
    ...{ module: "preserve", target: "es2024", lib: ["es2024", "dom", "dom.iterable"], types: [] },
  };
  const config = { compilerOptions, files: ["program.ts"] };
  await Bun.write(join(directory, "tsconfig.json"), JSON.stringify(config));
  await run(["--bun", join(ROOT, "node_modules", typescript, "bin/tsc")], directory);
}
