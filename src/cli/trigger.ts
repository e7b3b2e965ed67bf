/** `allison trigger`: raises an event on a running mock or demo. */
import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import { UsageError } from "../config.ts";
import { EVENT_TYPES } from "../contract/event-types.ts";
import { nearestName } from "../http/strict.ts";
import { noServerText, type ServerResponse, sendRequest } from "./http.ts";
import { MOCK_SERVER } from "./mock.ts";
import {
  failWith,
  jsonText,
  printLine,
  printMessage,
  programName,
  quoteForShell,
} from "./terminal.ts";

/** `--server`: the address of the server. */
export const serverOption = () =>
  new Option("--server <url>", "address of the server")
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
    .description("Raise an event on a running mock or demo, and send its webhooks.")
    .argument("<event>", `one of ${EVENT_TYPES.join(", ")}`, parseEvent)
    .option("--set <path=value>", "a field of the payload; repeatable", parseField, {})
    .option("--json <file>", "read the payload from a file, or - for stdin")
    .addOption(serverOption())
    .addHelpText(
      "after",
      '\nExample:\n  allison trigger call.ended\n  allison trigger call.message_taken --set caller_name="Ada King" --set message="Please call back."\n  allison trigger call_order.status_changed --set order.items.0.name="Night guard" --set order_status=fulfilled',
    )
    .action(async (event: string, options: Options) => {
      const data = options.json === undefined ? undefined : readPayload(options.json, event);
      const { server } = options;
      const body = JSON.stringify({ event, set: options.set, data });
      const response = await sendTrigger(server, body);
      const { event: raised, deliveries } = requireSuccess(response, server);
      printLine(jsonText(raised, 2));
      printMessage(`${raised.type} was raised; ${describeDeliveries(deliveries, server)}`);
    });
}

interface Options {
  set: Record<string, string>;
  json?: string;
  server: string;
}

/** Throws a UsageError for an unknown event type. */
export function parseEvent(text: string): string {
  if (EVENT_TYPES.some((known) => known === text)) return text;
  const near = nearestName(text, EVENT_TYPES);
  throw new UsageError(
    `There is no event "${text}"${near === null ? "" : ` (did you mean ${near}?)`}; use one of ${EVENT_TYPES.join(", ")}.`,
  );
}

function parseField(text: string, previous: Record<string, string>): Record<string, string> {
  const split = text.indexOf("=");
  if (split < 1)
    throw new UsageError(
      `--set must be a field and its value, such as message=Hello, not "${text}".`,
    );
  return { ...previous, [text.slice(0, split)]: text.slice(split + 1) };
}

/** Reads a payload, or the payload of a whole delivery. */
function readPayload(file: string, event: string): object {
  let value: { type?: unknown; data?: unknown };
  try {
    value = JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8"));
  } catch (error) {
    throw new UsageError(`--json ${file} cannot be read as JSON: ${(error as Error).message}.`);
  }
  const isObject = (input: unknown): input is object =>
    Object(input) === input && !Array.isArray(input);
  if (!isObject(value)) throw new UsageError(`--json ${file} must contain an object.`);
  if (!("type" in value) || !isObject(value.data)) return value;
  if (value.type !== event)
    throw new UsageError(`--json ${file} contains the event ${String(value.type)}, not ${event}.`);
  // Without the id, the copy raises the event for a new call.
  const { call_id: _, ...data } = value.data as { call_id?: unknown };
  return data;
}

async function sendTrigger(server: string, body: string): Promise<ServerResponse> {
  try {
    const headers = { "content-type": "application/json" };
    return await sendRequest(`${server}/mock/trigger`, { method: "POST", headers, body });
  } catch {
    return failWith(noServerText(server));
  }
}

function requireSuccess({ status, body }: ServerResponse, server: string) {
  if (status === 200) return body.data;
  if (status === 404)
    return failWith(`The server at ${server} is not a mock; start one with allison mock.`);
  const issues = Object.entries(body?.details ?? {}).map(([field, issue]) => `${field} ${issue}`);
  return failWith(`Refused: ${issues.join("; ") || body?.error || `it answered ${status}`}.`);
}

function describeDeliveries(deliveries: number, server: string): string {
  if (deliveries === 1) return "1 subscription receives it.";
  if (deliveries > 1) return `${deliveries} subscriptions receive it.`;
  const serverArgument = server === MOCK_SERVER ? "" : ` --server ${server}`;
  return `no subscription receives it. To receive it: ${quoteForShell(programName())} listen${serverArgument}`;
}
