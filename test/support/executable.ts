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

/** A command that goes on until it is told to stop. */
export interface Running extends AsyncDisposable {
  pid: number;
  /** Resolves when what it has said so far, on stdout or else on stderr, holds this. Rejects when it ends without. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<number>;
}

export interface Serving extends Running {
  url: string;
  /** What it has written to stderr so far. */
  log(): string;
}

export interface Executable extends Disposable {
  /** The directory it stands in, and is started in. */
  path: string;
  run(
    args: string[],
    options?: { env?: Record<string, string>; stdin?: string; cwd?: string },
  ): Promise<Ended>;
  /** `ready`: what it says once it is. */
  start(args: string[], ready: RegExp, env?: Record<string, string>): Promise<Running>;
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
    async start(args, ready, env = {}) {
      const child = spawn(args, env);
      const said = { stdout: "", stderr: "" };
      const waiting = new Set<() => void>();
      let over = false;
      const read = async (name: "stdout" | "stderr") => {
        const decoder = new TextDecoder();
        for await (const chunk of child[name]) {
          said[name] += decoder.decode(chunk, { stream: true });
          for (const look of waiting) look();
        }
      };
      const reading = Promise.all([read("stdout"), read("stderr")]).then(() => {
        over = true;
        for (const look of waiting) look();
      });
      const until = (pattern: RegExp): Promise<RegExpExecArray> => {
        const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
        const look = () => {
          const found = pattern.exec(said.stdout) ?? pattern.exec(said.stderr);
          if (found) resolve(found);
          else if (over)
            reject(
              new Error(`${args.join(" ")} ended without ${pattern}: ${JSON.stringify(said)}`),
            );
        };
        waiting.add(look);
        look();
        return promise.finally(() => waiting.delete(look));
      };
      const running: Running = {
        pid: child.pid,
        until,
        stdout: () => said.stdout,
        stderr: () => said.stderr,
        kill: (signal) => child.kill(signal),
        ended: reading.then(() => child.exited),
        async [Symbol.asyncDispose]() {
          if (child.exitCode === null) child.kill("SIGTERM");
          await running.ended;
        },
      };
      await until(ready);
      return running;
    },
    async serve(args = [], env = {}) {
      const running = await this.start(
        ["serve", "--port", "0", ...args],
        /^listening on (\S+)\n/,
        env,
      );
      const [, url] = /^listening on (\S+)\n$/.exec(running.stdout()) ?? [];
      if (!url) throw new Error(`allison serve printed ${running.stdout()}`);
      return { ...running, url, log: running.stderr };
    },
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  };
}
