/** `allison mock`: a server with temporary data, for developers of API clients. */
import { readFileSync, statSync } from "node:fs";
import { Command, Option } from "commander";
import { type Config, LIMITS, UsageError } from "../config.ts";
import { MOCK_KEYS } from "../contract/mock-keys.ts";
import { createLog } from "../lib/log.ts";
import { VERSION } from "../lib/version.ts";
import { MOCK_ACCOUNT } from "../mock/account.ts";
import type { MockTime } from "../mock/clock.ts";
import { parseFaultFile } from "../mock/faults.ts";
import { fillFromFile, fillWithBusiness } from "../mock/fill.ts";
import type { MockOptions } from "../mock/instance.ts";
import { type Mock, startMock } from "../mock/server.ts";
import { configOf, timeParser, wholeNumberOption, withSettings } from "./options.ts";
import { keepRunning, logUncaughtErrors } from "./serve.ts";
import { printLine, printMessage, programName, quoteForShell } from "./terminal.ts";

export const DEFAULT_SEED = 1;
const DEFAULT_CALLS = 100;
const DAYS = 30;
/** The start time with a chosen seed, so that the same seed gives the same times on every day. */
const SEEDED_START = "2026-01-15T15:00:00.000Z";

/** The default of `--server`. */
export const MOCK_SERVER = "http://127.0.0.1:8080";

/** `--seed`: what made-up data is generated from. */
export const seedOption = () =>
  wholeNumberOption("--seed <number>", "same seed, same ids, names and times", [
    0,
    2 ** 31 - 1,
  ]).env("ALLISON_MOCK_SEED");

export function mockCommand(): Command {
  const command = new Command("mock")
    .description(
      "Run a mock server: the whole server with temporary data, fixed keys and faults on demand.",
    )
    .addOption(seedOption())
    .addOption(
      new Option("--now <time>", "current time of the mock; it stands still unless --speed is set")
        .env("ALLISON_MOCK_NOW")
        .argParser(timeParser("--now")),
    )
    .addOption(
      wholeNumberOption(
        "--speed <factor>",
        "seconds on the clock of the mock per second",
        [1, 100_000],
      ).env("ALLISON_MOCK_SPEED"),
    )
    .addOption(
      wholeNumberOption("--calls <number>", `number of calls (default: ${DEFAULT_CALLS})`, [
        0,
        LIMITS.mockCalls,
      ]).env("ALLISON_MOCK_CALLS"),
    )
    .addOption(
      new Option("--data <file>", "NDJSON file with call records, instead of made-up ones").env(
        "ALLISON_MOCK_DATA",
      ),
    )
    .addOption(
      new Option("--faults <file>", "JSON file with rules for requests that fail").env(
        "ALLISON_MOCK_FAULTS",
      ),
    )
    .addOption(
      new Option("--strict", "refuse unknown fields and parameters").env("ALLISON_MOCK_STRICT"),
    )
    .addOption(new Option("--limits", "apply the rate limits").env("ALLISON_MOCK_LIMITS"))
    .addOption(new Option("--json", "print one line of JSON when ready"))
    .addHelpText(
      "after",
      "\nExample:\n  allison mock\n  allison mock --port 0 --json --seed 7 --now 2026-11-23T10:00:00Z\n  allison mock --limits --speed 60",
    );
  return withSettings(command, MOCK_SETTINGS, { logLevel: "warn" }).action(
    async (options: Options) => {
      const mockOptions = optionsOf(options);
      logUncaughtErrors(mockOptions.log);
      const mock = await startMock(mockOptions);
      await keepRunning(mock, () => {
        if (options.json) {
          printLine(JSON.stringify({ url: mock.url, ...KEY_FIELDS, pid: process.pid }));
          return;
        }
        printWelcome(mock, options);
        printLine(`listening on ${mock.url}`);
      });
    },
  );
}

const MOCK_SETTINGS = [
  "port",
  "host",
  "organization",
  "readsPerMinute",
  "writesPerMinute",
  "webhookAllow",
  "logLevel",
] as const;

interface Options extends Partial<Config> {
  seed?: number;
  now?: string;
  speed?: number;
  calls?: number;
  /** A file with call records, not the data directory. */
  data?: string;
  faults?: string;
  strict?: true;
  limits?: true;
  json?: true;
}

function optionsOf(options: Options): MockOptions {
  const { seed = DEFAULT_SEED, strict = false, limits = false } = options;
  const { data: file, ...settings } = options;
  if (file !== undefined && options.calls !== undefined)
    throw new UsageError("--calls and --data cannot be combined; give one of them.");
  if (file !== undefined) requireFile("--data", file);
  const config = configOf(settings);
  return {
    config,
    seed,
    strict,
    limits,
    time: readTime(options),
    log: createLog(config.logLevel),
    email: MOCK_ACCOUNT.email,
    faults: options.faults === undefined ? null : readFaults(options.faults),
    fill: (instance) =>
      file === undefined
        ? fillWithBusiness(instance, {
            seed,
            calls: options.calls ?? DEFAULT_CALLS,
            days: DAYS,
            organization: config.organization,
          })
        : fillFromFile(instance, file, config.organization ?? "My business"),
  };
}

/** A chosen seed has a fixed start time. A chosen time stands still unless a speed is set too. */
function readTime({ seed, now, speed }: Options): MockTime {
  if (now !== undefined) return { start: Date.parse(now), speed: speed ?? 0 };
  return { start: seed === undefined ? null : Date.parse(SEEDED_START), speed: speed ?? 1 };
}

function requireFile(setting: string, file: string): void {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new UsageError(`${setting} names a file that does not exist: "${file}".`);
}

function readFaults(file: string): unknown {
  requireFile("--faults", file);
  return parseFaultFile(readFileSync(file, "utf8"), file);
}

const KEY_FIELDS = {
  read_key: MOCK_KEYS.read,
  write_key: MOCK_KEYS.write,
  platform_key: MOCK_KEYS.platform,
};

function printWelcome({ url, instance, signInLink }: Mock, { data }: Options): void {
  const { appliance } = instance();
  const calls = appliance.db.$client
    .query<{ n: number }, []>("select count(*) as n from calls")
    .get()!.n;
  const server = url === MOCK_SERVER ? "" : ` --server ${url}`;
  const program = quoteForShell(programName());
  printMessage(`Allison ${VERSION}, mock server. All data is temporary and is deleted when it stops.

  Address       ${url}/v1
  Read key      ${MOCK_KEYS.read}
  Write key     ${MOCK_KEYS.write}
  Platform key  ${MOCK_KEYS.platform}
  Data          ${calls} calls ${data === undefined ? "of a made-up business" : `from ${data}`}

  Mock page     ${url}/mock
  Dashboard     ${signInLink()}
                (works once; after that sign in as ${MOCK_ACCOUNT.email}, password "${MOCK_ACCOUNT.password}")
  Reference     ${url}/docs

  Read calls    curl -H "Authorization: Bearer ${MOCK_KEYS.read}" "${url}/v1/calls?limit=2"
  Fail twice    add -H "X-Mock-Fault: 429;times=2"; also 500, slow=3000, drop, truncate
  Raise events  ${program} trigger call.message_taken${server}
  Webhooks      ${program} listen${server}
  Reset         curl -X POST ${url}/mock/reset
`);
}
