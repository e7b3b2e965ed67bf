/** Options of the command line, made from the table of settings, and the data directory opened for a command. */
import { userInfo } from "node:os";
import { type Command, Option } from "commander";
import ms, { type StringValue } from "ms";
import { type Actor, cliActor } from "../access/actor.ts";
import { type Appliance, openAppliance } from "../app.ts";
import { type Config, defaultConfig, SETTINGS, type Setting, UsageError } from "../config.ts";

type SettingName = keyof Config;

/** Adds these settings to a command, each with its environment variable. */
export function withSettings(command: Command, names: readonly SettingName[]): Command {
  for (const name of names) command.addOption(optionOf(SETTINGS[name]));
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

/** The operating system's user; in a bare container, where none has a name, its number. */
function userName(): string {
  const { username, uid } = userInfo();
  return username === "" || username === "unknown" ? `uid ${uid}` : username;
}

export const jsonOption = () => new Option("--json", "print JSON");

/** `90d`, `12h`, `30m` in milliseconds. */
export function duration(name: string): (text: string) => number {
  return (text) => {
    const value = /^\d+(\.\d+)?(s|m|h|d|w|y)$/.test(text) ? ms(text as StringValue) : undefined;
    if (value === undefined)
      throw new UsageError(`${name} must be a time span such as 12h or 90d, not "${text}".`);
    return value;
  };
}

/** A date (`2027-01-31`) or a time in ISO 8601, as ISO 8601 in UTC. */
export function pointInTime(name: string): (text: string) => string {
  return (text) => {
    const time = /^\d{4}-\d{2}-\d{2}(T.+)?$/.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(time)) {
      throw new UsageError(
        `${name} must be a date such as 2027-01-31 or a time such as 2027-01-31T09:00:00Z, not "${text}".`,
      );
    }
    return new Date(time).toISOString();
  };
}
