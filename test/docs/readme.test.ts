/** What the README says is so: its commands run, in their order, and what it names exists. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json";
import { SETTINGS } from "../../src/config.ts";
import { MOCK_KEYS } from "../../src/contract/mock-keys.ts";
import {
  type Executable,
  installExecutable,
  type Running,
  type Serving,
} from "../support/executable.ts";

const ROOT = join(import.meta.dir, "../..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const blocks = [...README.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text!);

let allison: Executable;
let server: Serving;
/** What its commands start and leave running, and where each of its addresses is in truth. */
const started: Running[] = [];
const addresses = new Map<string, string>();
beforeAll(async () => {
  allison = installExecutable();
  server = await allison.serve();
  addresses.set("http://127.0.0.1:8080", server.url);
});
afterAll(async () => {
  for (const running of started) await running[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  allison[Symbol.dispose]();
});

/** The words of a shell command, with its variables put in. */
function words(command: string, variables: Map<string, string>): string[] {
  return [...command.matchAll(/'([^']*)'|"((?:\\.|[^"\\])*)"|(\S+)/g)].map(
    ([, single, double, plain]) =>
      single ??
      (double ?? plain!).replace(
        /\$(\w+)/g,
        (_, name: string) => variables.get(name) ?? `$${name} is not set`,
      ),
  );
}

/** A curl command of the README, which uses -H, -d and -X. */
async function curl(args: string[]): Promise<Response> {
  const headers = new Headers();
  let method: string | undefined;
  let body: string | undefined;
  let url = "";
  for (let i = 0; i < args.length; i += 1) {
    if (args[i] === "-H") {
      const [name, value] = args[++i]!.split(/:\s*/, 2);
      headers.set(name!, value!);
    } else if (args[i] === "-d") body = args[++i];
    else if (args[i] === "-X") method = args[++i];
    else if (args[i]!.startsWith("-"))
      throw new Error(`${args[i]} is not an option this test knows`);
    else url = args[i]!;
  }
  const { origin } = new URL(url);
  return fetch(url.replace(origin, addresses.get(origin) ?? `${origin} is not started`), {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers,
    body,
  });
}

/** The mock that a command starts, at a free port in place of the one it names. */
async function startMock([command, option, port]: string[]): Promise<Running> {
  const running = await allison.start([command!, option!, "0"], /listening on \S+\n/);
  const [, url] = await running.until(/listening on (\S+)\n/);
  addresses.set(`http://127.0.0.1:${port}`, url!);
  return running;
}

test("its commands work as printed, in their order", async () => {
  const variables = new Map<string, string>();
  const commands = blocks
    .filter((block) => !/^(docker|scripts)/m.test(block))
    .flatMap((block) =>
      block
        .replace(/\\\n\s*/g, "")
        .replace(/\n(?=\s+")/g, "")
        .trim()
        .split("\n"),
    );
  const ran: string[] = [];
  for (const command of commands) {
    const [, name, inner] = /^(\w+)=\$\((.*)\)$/.exec(command) ?? [];
    const [program, ...args] = words(inner ?? command, variables);
    if (program === "echo") {
      expect(args[1]).toBe(">");
      writeFileSync(join(allison.path, args[2]!), `${args[0]}\n`);
    } else if (program === "curl") {
      const answer = await curl(args);
      if (args.some((word) => word.startsWith("X-Mock-Fault: 429")))
        expect(answer.status).toBe(429);
      else
        expect([command, answer.status < 300, await answer.text()]).toEqual([
          command,
          true,
          expect.stringContaining('"data"'),
        ]);
    } else {
      expect(program).toBe("dist/allison");
      if (args[0] === "mock") {
        started.push(await startMock(args));
        continue;
      }
      const { exitCode, stdout } = await allison.run(args);
      expect([command, exitCode]).toEqual([command, 0]);
      if (name) variables.set(name, stdout.trim());
    }
    ran.push(program!);
  }
  expect(ran.filter((program) => program === "curl").length).toBeGreaterThanOrEqual(5);
  expect(ran.length).toBeGreaterThanOrEqual(8);
});

describe("what it names exists", () => {
  test("keys of a mock", () => {
    for (const key of Object.values(MOCK_KEYS)) expect(README).toContain(`\`${key}\``);
  });

  test("paths in the project", () => {
    const paths = [...README.matchAll(/`((?:src|scripts|test)\/[\w./-]*)`/g)].map(
      ([, path]) => path!,
    );
    const layers = README.split("## Architecture\n\n```\n")[1]!.split("```")[0]!;
    const listed = [...layers.matchAll(/^([\w./]+)/gm)].map(([, path]) => `src/${path}`);
    const images = [...README.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, path]) => path!);
    expect(paths.length).toBeGreaterThan(4);
    expect(images.length).toBeGreaterThan(4);
    for (const path of [...paths, ...listed, ...images])
      expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
  });

  test("commands and options", async () => {
    const rows = [...README.matchAll(/^\| `allison ([^`]+)` \|/gm)].map(([, command]) => command!);
    const help = async (...args: string[]) => (await allison.run([...args, "--help"])).stdout;
    const top = await help();
    const named = rows.flatMap((row) => {
      const [command, actions] = row.split(" ");
      return actions?.includes("\\|")
        ? actions.split("\\|").map((action) => [command!, action])
        : [row.split(" ").filter((word) => /^[a-z]+$/.test(word))];
    });
    for (const command of named) {
      expect([command, (await allison.run([...command, "--help"])).exitCode]).toEqual([command, 0]);
    }
    for (const command of top.matchAll(/^ {2}([a-z]+) /gm)) {
      if (command[1] !== "help")
        expect([command[1], rows.some((row) => row.startsWith(command[1]!))]).toEqual([
          command[1],
          true,
        ]);
    }
    const options = new Set([...README.matchAll(/`(--[a-z-]+)/g)].map(([, option]) => option!));
    const known = new Set([
      "--help",
      "--json",
      ...Object.values(SETTINGS).map(({ flag }) => flag.split(" ")[0]!),
    ]);
    for (const option of options) expect([option, known.has(option)]).toEqual([option, true]);
  });

  test("every dependency has its sentence, and no other has", () => {
    const [, table = ""] = /### Dependencies([\s\S]*)/.exec(README) ?? [];
    for (const name of [
      ...Object.keys(manifest.dependencies),
      ...Object.keys(manifest.devDependencies),
    ]) {
      const said =
        table.includes(name) || (name.startsWith("@types/") && table.includes("@types/*"));
      const scoped = table.includes(name.replace("@biomejs/", ""));
      expect([name, said || scoped]).toEqual([name, true]);
    }
    const listed = [...table.matchAll(/^\| ([@\w/.-]+) \|/gm)]
      .map(([, name]) => name!)
      .filter((name) => name !== "Library" && name !== "Bun");
    for (const name of listed) expect([name, name in manifest.dependencies]).toEqual([name, true]);
  });
});
