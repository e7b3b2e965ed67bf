/** The built executable, copied into an empty directory and started with an empty environment. */
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "./directory.ts";

const BUILT = process.env.ALLISON_EXECUTABLE ?? join(import.meta.dir, "../../dist/allison");

export interface Ended {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** A command that runs until it is stopped. */
export interface Running extends AsyncDisposable {
  pid: number;
  /** Resolves with the first match in stdout, or else stderr. Rejects when the command ends without a match. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<number>;
}

export interface Serving extends Running {
  url: string;
  /** The text on stderr so far. */
  log(): string;
}

export interface Executable extends Disposable {
  /** The directory of the executable, which is also its working directory. */
  path: string;
  run(
    args: string[],
    options?: { env?: Record<string, string>; stdin?: string; cwd?: string },
  ): Promise<Ended>;
  /** Starts a command and waits until its output matches `ready`. */
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
      const running = observe(spawn(args, env), args.join(" "));
      await running.until(ready);
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

/** Collects the output of a command while it runs. */
function observe(child: Bun.Subprocess<"pipe", "pipe", "pipe">, command: string): Running {
  const output = { stdout: "", stderr: "" };
  const waiting = new Set<() => void>();
  let hasEnded = false;
  const checkWaiting = () => {
    for (const check of waiting) check();
  };
  const read = async (name: "stdout" | "stderr") => {
    const decoder = new TextDecoder();
    for await (const chunk of child[name]) {
      output[name] += decoder.decode(chunk, { stream: true });
      checkWaiting();
    }
  };
  const reading = Promise.all([read("stdout"), read("stderr")]).then(() => {
    hasEnded = true;
    checkWaiting();
  });
  const ended = reading.then(() => child.exited);
  return {
    pid: child.pid,
    until(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
      const check = () => {
        const match = pattern.exec(output.stdout) ?? pattern.exec(output.stderr);
        if (match) resolve(match);
        else if (hasEnded)
          reject(new Error(`${command} ended without ${pattern}: ${JSON.stringify(output)}`));
      };
      waiting.add(check);
      check();
      return promise.finally(() => waiting.delete(check));
    },
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    kill: (signal) => child.kill(signal),
    ended,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null) child.kill("SIGTERM");
      await ended;
    },
  };
}
