/** Options of the command line, some derived from the table of settings, and the data directory of a command. */
import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import ms, { type StringValue } from "ms";
import { z } from "zod";
import { type Appliance, openAppliance } from "../appliance.ts";
import {
  type Config,
  defaultConfig,
  LIMITS,
  SETTINGS,
  type Setting,
  UsageError,
} from "../config.ts";
import { type Actor, cliActor } from "../store/actor.ts";
import type { Pace } from "../store/group-commit.ts";
import { readRunning } from "../store/lock.ts";

type SettingName = keyof Config;

/** Adds options for these settings to a command. `defaults` replaces defaults for this command only. */
export function withSettings(
  command: Command,
  names: readonly SettingName[],
  defaults: Partial<Config> = {},
): Command {
  for (const name of names) {
    const option = optionOf(SETTINGS[name]);
    command.addOption(name in defaults ? option.default(defaults[name]) : option);
  }
  return command;
}

function optionOf(setting: Setting): Option {
  const option = new Option(setting.flag, setting.help).env(setting.env);
  if (setting.repeatable) {
    // The environment variable holds all values, separated by commas; the command line gives one at a time.
    option.argParser((text: string, previous: unknown) => [
      ...(Array.isArray(previous) ? previous : []),
      ...text.split(",").map((part) => setting.parse(part.trim())),
    ]);
    return option;
  }
  if (setting.default === false) return optionOfSwitch(setting);
  if (setting.default !== null) option.default(setting.default);
  return option.argParser((text: string) => setting.parse(text));
}

/** An option without a value. Commander takes its environment variable for true whatever it holds, empty included. */
function optionOfSwitch(setting: Setting): Option {
  const text = process.env[setting.env];
  const option = new Option(setting.flag, setting.help).default(false);
  if (text === "" || text === "false" || text === "0") return option;
  return option.env(setting.env).argParser(() => text === undefined || setting.parse(text));
}

/** The configuration of a command: its options, and defaults for other settings. */
export function configOf(options: Record<string, unknown>): Config {
  const known = Object.entries(options).filter(([name]) => name in SETTINGS);
  return defaultConfig(Object.fromEntries(known) as Partial<Config>);
}

/** Opens the data directory for `work`, and closes it afterwards. */
export async function withData<T>(
  options: Record<string, unknown>,
  work: (appliance: Appliance, actor: Actor) => Promise<T>,
): Promise<T> {
  const config = configOf(options);
  const appliance = openAppliance(config, { pace: () => paceBeside(config.data) }, false);
  try {
    return await work(appliance, cliActor(userName(), appliance.ids.uuid()));
  } finally {
    await appliance.close();
  }
}

/** Read before each group of writes: a server may start or stop while a command runs. */
function paceBeside(data: string): Pace {
  if (readRunning(data) === null)
    return { groupMs: LIMITS.groupMs, pauseMs: LIMITS.commandPauseMs };
  return { groupMs: LIMITS.yieldingGroupMs, pauseMs: LIMITS.yieldingPauseMs };
}

/** The name of the user who runs the command. Looked up by user id, because environment variables can be forged. */
function userName(): string {
  const uid = String(process.getuid?.() ?? "");
  try {
    const entries = readFileSync("/etc/passwd", "utf8").split("\n");
    const entry = entries.map((line) => line.split(":")).find((fields) => fields[2] === uid);
    if (entry?.[0]) return entry[0];
  } catch {
    // A minimal container may have no such file.
  }
  return `uid ${uid}`;
}

/** `--json`. */
export const jsonOption = () => new Option("--json", "print JSON");

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 10_000;

/** An option whose value is a whole number within these bounds. */
export const wholeNumberOption = (flag: string, help: string, [min, max]: [number, number]) =>
  new Option(flag, help).argParser((text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      const [name] = flag.split(" ");
      throw new UsageError(`${name} must be a whole number from ${min} to ${max}, not "${text}".`);
    }
    return value;
  });

/** `--limit`: the maximum number of rows to print. */
export const limitOption = () =>
  wholeNumberOption("--limit <number>", "maximum number of rows", [1, MAX_LIMIT]).default(
    DEFAULT_LIMIT,
  );

const MAX_SPAN_MS = ms("100y");

/** Creates a parser of spans such as `90d`, `12h` or `30m`, as milliseconds. `name`: the option, for its errors. */
export function durationParser(name: string): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?(s|m|h|d|w|y)$/.test(text) ? ms(text as StringValue) : undefined;
    if (value === undefined || value > MAX_SPAN_MS) {
      throw new UsageError(
        `${name} must be a time span such as 12h or 90d, up to 100y, not "${text}".`,
      );
    }
    return value;
  };
}

const Time = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

/** Creates a parser of dates (their start in UTC) and of ISO 8601 times with a zone, as ISO 8601 in UTC. */
export function timeParser(name: string): (text: string) => string {
  return (text) => {
    if (!Time.safeParse(text).success) {
      throw new UsageError(
        `${name} must be a date such as 2027-01-31 or a time with its zone such as 2027-01-31T09:00:00Z, not "${text}".`,
      );
    }
    return new Date(text).toISOString();
  };
}
