/** The built executable, alone: copied into an empty directory and started with an empty environment. */
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "./directory.ts";

const BUILT = process.env.ALLISON_EXECUTABLE ?? join(import.meta.dir, "../../dist/allison");

export interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface Serving extends AsyncDisposable {
  url: string;
  pid: number;
  /** What it has written to stderr so far. */
  log(): string;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<number>;
}

export interface Executable extends Disposable {
  /** The directory it stands in, and is started in. */
  path: string;
  run(
    args: string[],
    options?: { env?: Record<string, string>; stdin?: string; cwd?: string },
  ): Promise<Ended>;
  serve(args?: string[], env?: Record<string, string>): Promise<Serving>;
}

export function installExecutable(): Executable {
  if (!existsSync(BUILT)) throw new Error(`${BUILT} is missing: run scripts/build first.`);
  const directory = temporaryDirectory();
  const program = join(directory.path, "allison");
  copyFileSync(BUILT, program);
  const spawn = (args: string[], env: Record<string, string> = {}, cwd = directory.path) =>
    Bun.spawn([program, ...args], { cwd, env, stdin: "pipe", stdout: "pipe", stderr: "pipe" });

  return {
    path: directory.path,
    async run(args, { env, stdin, cwd } = {}) {
      const child = spawn(args, env, cwd);
      if (stdin !== undefined) await child.stdin.write(stdin);
      await child.stdin.end();
      const [stdout, stderr, exitCode] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      return { exitCode, stdout, stderr };
    },
    async serve(args = [], env = {}) {
      const child = spawn(["serve", "--port", "0", ...args], env);
      let log = "";
      const readLog = async () => {
        for await (const chunk of child.stderr) log += new TextDecoder().decode(chunk);
      };
      const logRead = readLog();
      let output = "";
      const reader = child.stdout.getReader();
      while (!output.includes("\n")) {
        const { value, done } = await reader.read();
        if (done) {
          await logRead;
          throw new Error(`allison serve ended with ${await child.exited}: ${log}`);
        }
        output += new TextDecoder().decode(value);
      }
      const url = /^listening on (\S+)\n$/.exec(output)?.[1];
      if (!url) throw new Error(`allison serve printed ${output}`);
      return {
        url,
        pid: child.pid,
        log: () => log,
        kill: (signal) => child.kill(signal),
        ended: child.exited,
        async [Symbol.asyncDispose]() {
          if (child.exitCode === null) child.kill("SIGTERM");
          await child.exited;
        },
      };
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}
