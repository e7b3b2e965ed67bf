/** Options of the command line, made from the table of settings, and the data directory opened for a command. */
import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import ms, { type StringValue } from "ms";
import { z } from "zod";
import { type Appliance, openAppliance } from "../appliance.ts";
import { type Config, defaultConfig, SETTINGS, type Setting, UsageError } from "../config.ts";
import { type Actor, cliActor } from "../store/actor.ts";

type SettingName = keyof Config;

/** Adds these settings to a command, each with its environment variable; `usual` are defaults of this command's own. */
export function withSettings(
  command: Command,
  names: readonly SettingName[],
  usual: Partial<Config> = {},
): Command {
  for (const name of names) {
    const option = optionOf(SETTINGS[name]);
    command.addOption(name in usual ? option.default(usual[name]) : option);
  }
  return command;
}

function optionOf(setting: Setting): Option {
  const option = new Option(setting.flag, setting.help).env(setting.env);
  if (setting.repeatable) {
    // From the environment all come at once, separated by commas; on the command line one at a time.
    option.argParser((text: string, before: unknown) => [
      ...(Array.isArray(before) ? before : []),
      ...text.split(",").map((part) => setting.parse(part.trim())),
    ]);
    return option;
  }
  if (setting.default !== null) option.default(setting.default);
  return option.argParser((text: string) => setting.parse(text));
}

/** The checked configuration: what the command line and the environment say, and the defaults for the rest. */
export function configOf(options: Record<string, unknown>): Config {
  const known = Object.entries(options).filter(([name]) => name in SETTINGS);
  return defaultConfig(Object.fromEntries(known) as Partial<Config>);
}

/** Opens the data directory for one command and closes it whatever happens. */
export async function withData<T>(
  options: Record<string, unknown>,
  work: (appliance: Appliance, actor: Actor) => Promise<T>,
): Promise<T> {
  const appliance = openAppliance(configOf(options), {}, false);
  try {
    return await work(appliance, cliActor(userName(), appliance.ids.uuid()));
  } finally {
    await appliance.close();
  }
}

/** The operating system's user, by its number: the environment may say anything. */
function userName(): string {
  const uid = String(process.getuid?.() ?? "");
  try {
    const entries = readFileSync("/etc/passwd", "utf8").split("\n");
    const entry = entries.map((line) => line.split(":")).find((fields) => fields[2] === uid);
    if (entry?.[0]) return entry[0];
  } catch {
    // A bare container may have no such file.
  }
  return `uid ${uid}`;
}

export const jsonOption = () => new Option("--json", "print JSON");

const FEW = 50;
const MANY = 10_000;

/** An option that takes a whole number within these bounds. */
export const wholeNumberOption = (flag: string, help: string, [least, most]: [number, number]) =>
  new Option(flag, help).argParser((text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      const [name] = flag.split(" ");
      throw new UsageError(
        `${name} must be a whole number from ${least} to ${most}, not "${text}".`,
      );
    }
    return value;
  });

/** `--limit`: how many of the newest to print. */
export const limitOption = () =>
  wholeNumberOption("--limit <number>", "how many at most", [1, MANY]).default(FEW);

const LONGEST_SPAN_MS = ms("100y");

/** `90d`, `12h`, `30m` in milliseconds. */
export function duration(name: string): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?(s|m|h|d|w|y)$/.test(text) ? ms(text as StringValue) : undefined;
    if (value === undefined || value > LONGEST_SPAN_MS) {
      throw new UsageError(
        `${name} must be a time span such as 12h or 90d, up to 100y, not "${text}".`,
      );
    }
    return value;
  };
}

const Time = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);

/** A date (`2027-01-31`, its beginning in UTC) or a time in ISO 8601 with its zone, as ISO 8601 in UTC. */
export function pointInTime(name: string): (text: string) => string {
  return (text) => {
    if (!Time.safeParse(text).success) {
      throw new UsageError(
        `${name} must be a date such as 2027-01-31 or a time with its zone such as 2027-01-31T09:00:00Z, not "${text}".`,
      );
    }
    return new Date(text).toISOString();
  };
}
