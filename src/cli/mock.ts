/** `allison mock`: a server in memory for whoever builds against the API. */
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
import { configOf, pointInTime, wholeNumberOption, withSettings } from "./options.ts";
import { stopOnSignals } from "./serve.ts";
import { goOnWithoutOutput, print, programName, say, shellWord } from "./terminal.ts";

const USUAL_SEED = 1;
const USUAL_CALLS = 100;
const DAYS = 30;
/** When the clock starts for a chosen seed, so that its times are the same on every day. */
const SEEDED_START = "2026-01-15T15:00:00.000Z";

/** Where a mock is looked for when nothing is said. */
export const MOCK_SERVER = "http://127.0.0.1:8080";

export const seedOption = () =>
  wholeNumberOption("--seed <number>", "same seed, same ids, names and times", [
    0,
    2 ** 31 - 1,
  ]).env("ALLISON_MOCK_SEED");

export function mockCommand(): Command {
  const command = new Command("mock")
    .description(
      "Run a mock server: the real thing in memory, with data, fixed keys and faults on demand.",
    )
    .addOption(seedOption())
    .addOption(
      new Option("--now <time>", "the time it is, which stands still unless --speed is given")
        .env("ALLISON_MOCK_NOW")
        .argParser(pointInTime("--now")),
    )
    .addOption(
      wholeNumberOption(
        "--speed <factor>",
        "seconds of its clock in one of yours",
        [1, 100_000],
      ).env("ALLISON_MOCK_SPEED"),
    )
    .addOption(
      wholeNumberOption("--calls <number>", `how many calls it has (default: ${USUAL_CALLS})`, [
        0,
        LIMITS.mockCalls,
      ]).env("ALLISON_MOCK_CALLS"),
    )
    .addOption(
      new Option("--data <file>", "call records of your own, NDJSON, in place of made-up ones").env(
        "ALLISON_MOCK_DATA",
      ),
    )
    .addOption(
      new Option("--faults <file>", "JSON file with rules of which requests fail").env(
        "ALLISON_MOCK_FAULTS",
      ),
    )
    .addOption(
      new Option("--strict", "refuse unknown fields and parameters").env("ALLISON_MOCK_STRICT"),
    )
    .addOption(new Option("--limits", "keep the rate limits").env("ALLISON_MOCK_LIMITS"))
    .addOption(new Option("--json", "print one line of JSON when ready"))
    .addHelpText(
      "after",
      "\nExample:\n  allison mock\n  allison mock --port 0 --json --seed 7 --now 2026-11-23T10:00:00Z\n  allison mock --limits --speed 60",
    );
  return withSettings(command, SETTINGS_OF_MOCK, { logLevel: "warn" }).action(
    async (options: Options) => {
      const mock = await startMock(optionsOf(options));
      goOnWithoutOutput();
      stopOnSignals(mock);
      if (options.json) {
        print(JSON.stringify({ url: mock.url, ...keysAsFields(), pid: process.pid }));
        return;
      }
      welcome(mock, options);
      print(`listening on ${mock.url}`);
    },
  );
}

const SETTINGS_OF_MOCK = [
  ...(["port", "host", "organization", "readsPerMinute", "writesPerMinute"] as const),
  ...(["webhookAllow", "logLevel"] as const),
];

interface Options extends Partial<Config> {
  seed?: number;
  now?: string;
  speed?: number;
  calls?: number;
  /** The file, not the data directory. */
  data?: string;
  faults?: string;
  strict?: true;
  limits?: true;
  json?: true;
}

function optionsOf(options: Options): MockOptions {
  const { seed = USUAL_SEED, strict = false, limits = false } = options;
  const { data: file, ...settings } = options;
  if (file !== undefined && options.calls !== undefined)
    throw new UsageError("--calls makes up calls, and --data brings your own; give one of them.");
  if (file !== undefined) requireFile("--data", file);
  const config = configOf(settings);
  return {
    ...{ config, seed, strict, limits },
    time: timeOf(options),
    log: createLog(config.logLevel),
    email: MOCK_ACCOUNT.email,
    faults: options.faults === undefined ? null : faultsOf(options.faults),
    fill: (instance) =>
      file === undefined
        ? fillWithBusiness(instance, {
            seed,
            calls: options.calls ?? USUAL_CALLS,
            days: DAYS,
            organization: config.organization,
          })
        : fillFromFile(instance, file, config.organization ?? "My business"),
  };
}

/** A chosen seed starts at a time of its own; a chosen time stands still unless a speed is chosen too. */
function timeOf({ seed, now, speed }: Options): MockTime {
  if (now !== undefined) return { start: Date.parse(now), speed: speed ?? 0 };
  return { start: seed === undefined ? null : Date.parse(SEEDED_START), speed: speed ?? 1 };
}

function requireFile(setting: string, file: string): void {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile())
    throw new UsageError(`${setting} names a file that does not exist: "${file}".`);
}

function faultsOf(file: string): unknown {
  requireFile("--faults", file);
  return parseFaultFile(readFileSync(file, "utf8"), file);
}

const keysAsFields = () => ({
  read_key: MOCK_KEYS.read,
  write_key: MOCK_KEYS.write,
  platform_key: MOCK_KEYS.platform,
});

function welcome({ url, instance, signInLink }: Mock, { data }: Options): void {
  const { appliance } = instance();
  const calls = appliance.db.$client
    .query<{ n: number }, []>("select count(*) as n from calls")
    .get()!.n;
  const server = url === MOCK_SERVER ? "" : ` --server ${url}`;
  const program = shellWord(programName());
  say(`Allison ${VERSION}, a mock server: in memory, gone when it stops.

  Address       ${url}/v1
  Read key      ${MOCK_KEYS.read}
  Write key     ${MOCK_KEYS.write}
  Platform key  ${MOCK_KEYS.platform}
  Data          ${calls} calls ${data === undefined ? "of a made-up business" : `from ${data}`}

  Its own page  ${url}/mock
  Dashboard     ${signInLink()}
                (works once; later ${MOCK_ACCOUNT.email}, password "${MOCK_ACCOUNT.password}")
  Reference     ${url}/docs

  Read calls    curl -H "Authorization: Bearer ${MOCK_KEYS.read}" "${url}/v1/calls?limit=2"
  Fail twice    add -H "X-Mock-Fault: 429;times=2"; also 500, slow=3000, drop, truncate
  Raise events  ${program} trigger call.message_taken${server}
  See webhooks  ${program} listen${server}
  Start anew    curl -X POST ${url}/mock/reset
`);
}
