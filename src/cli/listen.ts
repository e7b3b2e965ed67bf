/** `allison listen`: a receiver of webhooks for whoever builds one: it verifies, tells, and hands on. */
import { timingSafeEqual } from "node:crypto";
import { styleText } from "node:util";
import { Command, Option } from "commander";
import { LIMITS, UsageError } from "../config.ts";
import { EVENT_TYPES } from "../contract/event-types.ts";
import { MOCK_KEYS } from "../contract/mock-keys.ts";
import { beginToListen, urlOf } from "../server.ts";
import { SIGNATURE_HEADERS, signedHeaders, TIMESTAMP_HEADERS } from "../webhooks/sign.ts";
import { ask } from "./http.ts";
import { MOCK_SERVER } from "./mock.ts";
import { wholeNumberOption } from "./options.ts";
import {
  Failed,
  goOnWithoutOutput,
  jsonText,
  print,
  printable,
  programName,
  say,
  shellWord,
} from "./terminal.ts";
import { eventOf, serverOption } from "./trigger.ts";

interface Options {
  server: string;
  key: string;
  events: string[];
  forward?: string;
  host: string;
  port: number;
  json?: true;
}

/** Receivers refuse what was signed longer ago. */
const TOLERANCE_SECONDS = 300;
const FORWARD_MS = 10_000;
const PASSED_ON = ["content-type", "x-allison-event-id", "webhook-id"];

export function listenCommand(): Command {
  return new Command("listen")
    .description("Receive the webhooks of a server, verify and print them, until Ctrl-C.")
    .addOption(
      new Option("--forward <url>", "hand each on to your own receiver")
        .env("ALLISON_FORWARD")
        .argParser(forwardTo),
    )
    .addOption(
      new Option("--events <list>", "only these, separated by commas")
        .env("ALLISON_EVENTS")
        .default([...EVENT_TYPES], "all")
        .argParser((text) => text.split(",").map((event) => eventOf(event.trim()))),
    )
    .addOption(serverOption())
    .addOption(
      new Option("--key <key>", "a key with write access (default: the mock's)")
        .env("ALLISON_KEY")
        .default(MOCK_KEYS.write, "the mock's"),
    )
    .addOption(
      wholeNumberOption("--port <number>", "port to receive on; 0 picks a free one", [0, 65_535])
        .env("ALLISON_LISTEN_PORT")
        .default(0),
    )
    .addOption(
      new Option("--host <address>", "address to receive on")
        .env("ALLISON_LISTEN_HOST")
        .default("127.0.0.1"),
    )
    .addOption(new Option("--json", "print a line of JSON for each"))
    .addHelpText(
      "after",
      "\nExample:\n  allison listen\n  allison listen --events call.ended --forward http://127.0.0.1:3000/hooks",
    )
    .action(listen);
}

function forwardTo(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new UsageError(`--forward must be an http or https address, not "${text}".`);
}

async function listen(options: Options): Promise<void> {
  const { server, host, port, json } = options;
  let secret: string | null = null;
  const receiver = beginToListen({ host, port }, () =>
    Bun.serve({
      ...{ hostname: host, port, maxRequestBodySize: LIMITS.recordBytes },
      fetch: (request) => receive(request, secret, options),
    }),
  );
  const url = urlOf(host, receiver.port!, false);
  const subscription = await subscribe(url, options).catch(async (error) => {
    await receiver.stop(true);
    throw error;
  });
  secret = subscription.secret;
  goOnWithoutOutput();
  const program = shellWord(programName());
  const where = server === MOCK_SERVER ? "" : ` --server ${server}`;
  say(
    `Listening at ${url} to ${server}${options.forward ? `, handing on to ${options.forward}` : ""}. Ctrl-C ends it.`,
  );
  if (!json && options.key === MOCK_KEYS.write)
    say(`Make something happen: ${program} trigger call.ended${where}`);

  const end = async () => {
    await unsubscribe(subscription.id, options);
    await receiver.stop(true);
    process.exit(0);
  };
  process.once("SIGINT", () => void end());
  process.once("SIGTERM", () => void end());
}

const authorized = ({ key }: Options) => ({
  authorization: `Bearer ${key}`,
  "content-type": "application/json",
});

/** Through the API, as any receiver's owner does. */
async function subscribe(url: string, options: Options): Promise<{ id: string; secret: string }> {
  const { server, events } = options;
  const description = "allison listen";
  const body = JSON.stringify({ url, events, description });
  const path = `${server}/v1/webhook-subscriptions`;
  const { status, body: answer } = await ask(path, {
    ...{ method: "POST", headers: authorized(options), body },
  }).catch(() =>
    failed(
      `No server answers at ${server}; start one with allison mock, or name it with --server.`,
    ),
  );
  if (status === 201) return { id: answer.data.id, secret: answer.secret };
  if (status === 401)
    return failed(
      `The server at ${server} does not take this key; give one with write access by --key.`,
    );
  if (status === 403) return failed("This key may only read; give one with write access by --key.");
  const issues = Object.entries(answer?.details ?? {}).map(
    ([field, issue]) => `${field}: ${issue}`,
  );
  return failed(
    `The server refused to send here: ${issues.join("; ") || answer?.error || status}.`,
  );
}

function failed(text: string): never {
  say(text);
  throw new Failed();
}

/** A server that has ended has no subscription any more, or one that can be deleted later. */
async function unsubscribe(id: string, options: Options): Promise<void> {
  const path = `${options.server}/v1/webhook-subscriptions/${id}`;
  const ended = { method: "DELETE", headers: authorized(options), withinMs: 3_000 };
  const status = await ask(path, ended).then(
    (reply) => reply.status,
    () => null,
  );
  if (status !== 204 && status !== 404 && status !== null)
    say(`The subscription ${id} could not be deleted (${status}); delete it in the dashboard.`);
}

interface Delivery {
  id: string;
  type: string;
  data: Record<string, unknown>;
}

async function receive(
  request: Request,
  secret: string | null,
  options: Options,
): Promise<Response> {
  const body = await request.text();
  if (request.method !== "POST" || secret === null) return new Response(null, { status: 404 });
  const verified = isGenuine(request.headers, body, secret);
  const event = verified ? (JSON.parse(body) as Delivery) : null;
  const forwarded = event && options.forward ? await forward(request, body, options.forward) : null;
  if (options.json) print(jsonText({ verified, event: event ?? body, forwarded }));
  else if (event) tell(event, forwarded);
  else print(`${clock()} ${paint("red", "a request that is not signed as it should be; refused")}`);
  const status = verified ? (forwarded ? (forwarded.status ?? 502) : 200) : 401;
  return new Response(null, { status });
}

/** Whether both signatures are those of this secret, and fresh. */
function isGenuine(headers: Headers, body: string, secret: string): boolean {
  const id = headers.get("webhook-id") ?? "";
  const seconds = headers.get(TIMESTAMP_HEADERS[0]) ?? "";
  if (!/^\d+$/.test(seconds) || headers.get(TIMESTAMP_HEADERS[1]) !== seconds) return false;
  if (Math.abs(Date.now() / 1000 - Number(seconds)) > TOLERANCE_SECONDS) return false;
  const expected = signedHeaders(secret, id, body, Number(seconds) * 1000);
  return SIGNATURE_HEADERS.every((name) => {
    const [given, right] = [Buffer.from(headers.get(name) ?? ""), Buffer.from(expected[name]!)];
    return given.length === right.length && timingSafeEqual(given, right);
  });
}

interface Forwarded {
  /** Null where nobody answered. */
  status: number | null;
  ms: number;
}

async function forward(request: Request, body: string, url: string): Promise<Forwarded> {
  const started = performance.now();
  const names = [...PASSED_ON, ...SIGNATURE_HEADERS, ...TIMESTAMP_HEADERS];
  const headers = Object.fromEntries(names.map((name) => [name, request.headers.get(name) ?? ""]));
  const status = await ask(url, { method: "POST", headers, body, withinMs: FORWARD_MS }).then(
    (reply) => reply.status,
    () => null,
  );
  return { status, ms: Math.round(performance.now() - started) };
}

type Colour = Parameters<typeof styleText>[0];
/** With colours on a terminal only, and none where NO_COLOR says so. */
const paint = (colour: Colour, text: string) => styleText(colour, text, { stream: process.stdout });
const clock = () => paint("gray", new Date().toLocaleTimeString("en-GB"));

function tell({ id, type, data }: Delivery, forwarded: Forwarded | null): void {
  print(`${clock()} ${paint("bold", type)} ${id} ${paint("green", "signature right")}`);
  const fields = Object.entries(data).filter(([, value]) => value !== null);
  const widest = Math.max(0, ...fields.map(([name]) => name.length));
  const room = (process.stdout.columns ?? 120) - widest - 13;
  for (const [name, value] of fields)
    print(
      `         ${name.padEnd(widest)}  ${cut(printable(typeof value === "string" ? value : JSON.stringify(value)), room)}`,
    );
  if (forwarded)
    print(
      `         ${paint(forwarded.status !== null && forwarded.status < 300 ? "green" : "red", `handed on: ${forwarded.status ?? "nobody answered"}, ${forwarded.ms} ms`)}`,
    );
}

const cut = (text: string, room: number) =>
  text.length > room && room > 10 ? `${text.slice(0, room - 1)}…` : text;
