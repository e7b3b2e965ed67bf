/** The commands of the README work in their order, and what the documents at the top level name exists. */
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
/** Documents whose named paths are checked. */
const DOCUMENTS = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"];
/** Files at the top level are named without a folder. `scripts/test FILE` is a command, not a path. */
const isPath = (code: string) =>
  /^(src|scripts|test|\.github|\.ci)\/[\w./-]*$/.test(code) ||
  /^([A-Z]+\.md|\.editorconfig|package\.json|bun\.lock|Dockerfile)$/.test(code);
const blocks = [...README.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text!);

let allison: Executable;
let server: Serving;
/** Servers that the commands leave running, and the real address of each address in the README. */
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

/** The arguments of a shell command, with the values of its variables. */
function splitCommand(command: string, variables: Map<string, string>): string[] {
  return [...command.matchAll(/'([^']*)'|"((?:\\.|[^"\\])*)"|(\S+)/g)].map(
    ([, single, double, plain]) =>
      single ??
      (double ?? plain!).replace(
        /\$(\w+)/g,
        (_, name: string) => variables.get(name) ?? `$${name} is not set`,
      ),
  );
}

/** Sends the request of a curl command with -H, -d and -X. */
async function runCurl(args: string[]): Promise<Response> {
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
      throw new Error(`this test does not know the option ${args[i]}`);
    else url = args[i]!;
  }
  const { origin } = new URL(url);
  return fetch(url.replace(origin, addresses.get(origin) ?? `${origin} has no server`), {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers,
    body,
  });
}

/** Starts the mock of a command on a free port instead of the named one. */
async function startMock([command, option, port]: string[]): Promise<Running> {
  const running = await allison.start([command!, option!, "0"], /listening on \S+\n/);
  const [, url] = await running.until(/listening on (\S+)\n/);
  addresses.set(`http://127.0.0.1:${port}`, url!);
  return running;
}

test("the commands of the README work as printed, in their order", async () => {
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
    const [program, ...args] = splitCommand(inner ?? command, variables);
    if (program === "echo") {
      expect(args[1]).toBe(">");
      writeFileSync(join(allison.path, args[2]!), `${args[0]}\n`);
    } else if (program === "curl") {
      const answer = await runCurl(args);
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

describe("what the documents name exists", () => {
  test("keys of a mock in the README", () => {
    for (const key of Object.values(MOCK_KEYS)) expect(README).toContain(`\`${key}\``);
  });

  test.each(DOCUMENTS)("paths in %s", (name) => {
    const text = readFileSync(join(ROOT, name), "utf8");
    const tree = text.split("```\nsrc/\n")[1]?.split("```")[0] ?? "";
    const paths = [
      ...[...text.matchAll(/`([^`]*)`/g)]
        .map(([, code]) => code!.replaceAll(/\s+/g, " "))
        .filter(isPath),
      ...[...text.matchAll(/^(?:bun test|scripts\/test) (test\/\S+)/gm)].map(([, path]) => path!),
      ...[...text.matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, path]) => path!),
      ...[...tree.matchAll(/^ {2}([\w./]+)/gm)].map(([, path]) => `src/${path}`),
    ];
    expect(paths.length).toBeGreaterThan(4);
    for (const path of paths) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
  });

  test("names of tests in the commands of CONTRIBUTING.md", () => {
    const text = readFileSync(join(ROOT, "CONTRIBUTING.md"), "utf8");
    const commands = [...text.matchAll(/(test\/\S+\.test\.ts) -t "([^"]+)"/g)];
    expect(commands.length).toBeGreaterThan(0);
    for (const [, path, title] of commands)
      expect(readFileSync(join(ROOT, path!), "utf8")).toContain(`"${title}`);
  });

  test("tests in every row of the table of risks in SECURITY.md", () => {
    const text = readFileSync(join(ROOT, "SECURITY.md"), "utf8");
    const rows = [...text.matchAll(/^\| API(\d+) .*\| (.*) \|$/gm)];
    expect(rows.map(([, number]) => Number(number))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const [, , tests] of rows) expect(tests).toMatch(/^(`test\/[\w/-]+\.test\.ts`(, )?)+$/);
  });

  test("commands and options in the README", async () => {
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
  }, 30_000);

  test("every dependency, and no other, has a sentence in the README", () => {
    const [, table = ""] = /### Dependencies([\s\S]*)/.exec(README) ?? [];
    for (const name of [
      ...Object.keys(manifest.dependencies),
      ...Object.keys(manifest.devDependencies),
    ]) {
      const isNamed =
        table.includes(name) || (name.startsWith("@types/") && table.includes("@types/*"));
      const isNamedWithoutScope = table.includes(name.replace("@biomejs/", ""));
      expect([name, isNamed || isNamedWithoutScope]).toEqual([name, true]);
    }
    const listed = [...table.matchAll(/^\| ([@\w/.-]+) \|/gm)]
      .map(([, name]) => name!)
      .filter((name) => name !== "Library" && name !== "Bun");
    for (const name of listed) expect([name, name in manifest.dependencies]).toEqual([name, true]);
  });
});
