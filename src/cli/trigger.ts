/** `allison trigger`: makes an event happen on a mock or a demo that is running. */
import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { UsageError } from "../config.ts";
import { EVENT_TYPES } from "../contract/event-types.ts";
import { nearestName } from "../http/strict.ts";
import { ask, type Reply } from "./http.ts";
import { MOCK_SERVER } from "./mock.ts";
import { Failed, jsonText, print, programName, say, shellWord } from "./terminal.ts";

/** Where the mock is. */
export const serverOption = () =>
  new Option("--server <url>", "where the server is")
    .env("ALLISON_SERVER")
    .default(MOCK_SERVER)
    .argParser((text) => {
      const url = URL.canParse(text) ? new URL(text) : null;
      if (url === null || !/^https?:$/.test(url.protocol))
        throw new UsageError(`--server must be an http or https address, not "${text}".`);
      return url.origin;
    });

export function triggerCommand(): Command {
  return new Command("trigger")
    .description("Make an event happen on a running mock or demo, and so its webhooks.")
    .argument("<event>", `one of ${EVENT_TYPES.join(", ")}`, eventOf)
    .option("--set <path=value>", "a field of the payload; repeatable", setting, {})
    .option("--json <file>", "the payload's data from a file, or - for stdin")
    .addOption(serverOption())
    .addHelpText(
      "after",
      '\nExample:\n  allison trigger call.ended\n  allison trigger call.message_taken --set caller_name="Ada King" --set message="Please call back."\n  allison trigger call_order.status_changed --set order.items.0.name="Night guard" --set order_status=fulfilled',
    )
    .action(async (event: string, options: Options) => {
      const data = options.json === undefined ? undefined : dataOf(options.json, event);
      const { server } = options;
      const body = JSON.stringify({ event, set: options.set, data });
      const { event: happened, deliveries } = answered(await post(server, body), server);
      print(jsonText(happened, 2));
      say(`${happened.type} happened; ${sentence(deliveries, server)}`);
    });
}

interface Options {
  set: Record<string, string>;
  json?: string;
  server: string;
}

/** Throws a UsageError for an event that there is not. */
export function eventOf(text: string): string {
  if (EVENT_TYPES.some((known) => known === text)) return text;
  const near = nearestName(text, EVENT_TYPES);
  throw new UsageError(
    `There is no event "${text}"${near === null ? "" : ` (did you mean ${near}?)`}; there are ${EVENT_TYPES.join(", ")}.`,
  );
}

function setting(text: string, before: Record<string, string>): Record<string, string> {
  const split = text.indexOf("=");
  if (split < 1)
    throw new UsageError(
      `--set must be a field and its value, such as message=Hello, not "${text}".`,
    );
  return { ...before, [text.slice(0, split)]: text.slice(split + 1) };
}

/** A payload's data, or that of a whole delivery. */
function dataOf(file: string, event: string): object {
  let value: { type?: unknown; data?: unknown };
  try {
    value = JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8"));
  } catch (error) {
    throw new UsageError(`--json ${file} cannot be read as JSON: ${(error as Error).message}.`);
  }
  const isObject = (what: unknown): what is object => Object(what) === what && !Array.isArray(what);
  if (!isObject(value)) throw new UsageError(`--json ${file} must hold an object.`);
  if (!("type" in value) || !isObject(value.data)) return value;
  if (value.type !== event)
    throw new UsageError(`--json ${file} holds the event ${String(value.type)}, not ${event}.`);
  // A copy makes another such event, of a call of its own.
  const { call_id: _, ...data } = value.data as { call_id?: unknown };
  return data;
}

async function post(server: string, body: string): Promise<Reply> {
  try {
    const headers = { "content-type": "application/json" };
    return await ask(`${server}/mock/trigger`, { method: "POST", headers, body });
  } catch {
    say(`No server answers at ${server}; start one with allison mock, or name it with --server.`);
    throw new Failed();
  }
}

function answered({ status, body }: Reply, server: string) {
  if (status === 200) return body.data;
  const details = Object.entries(body?.details ?? {}).map(([field, issue]) => `${field} ${issue}`);
  if (status === 404)
    say(
      `The server at ${server} is no mock: events happen there by themselves. Start allison mock.`,
    );
  else say(`Refused: ${details.join("; ") || body?.error || `it answered ${status}`}.`);
  throw new Failed();
}

function sentence(deliveries: number, server: string): string {
  if (deliveries > 0) return `it goes to ${deliveries} subscription${deliveries === 1 ? "" : "s"}.`;
  const where = server === MOCK_SERVER ? "" : ` --server ${server}`;
  return `no subscription listens to it. To see it arrive: ${shellWord(programName())} listen${where}`;
}
