/** `allison listen`: a webhook receiver for development. It verifies, prints and forwards what it receives. */
import { timingSafeEqual } from "node:crypto";
import { styleText } from "node:util";
import { Command, Option } from "commander";
import { LIMITS, UsageError } from "../config.ts";
import { EVENT_TYPES } from "../contract/event-types.ts";
import { MOCK_KEYS } from "../contract/mock-keys.ts";
import { parseCidr } from "../lib/ip.ts";
import { formatUrl, startListening } from "../server.ts";
import { createEgress, isSuccess } from "../webhooks/egress.ts";
import { SIGNATURE_HEADERS, signedHeaders, TIMESTAMP_HEADERS } from "../webhooks/sign.ts";
import { noServerText, sendRequest } from "./http.ts";
import { MOCK_SERVER } from "./mock.ts";
import { wholeNumberOption } from "./options.ts";
import {
  failWith,
  ignoreOutputErrors,
  jsonText,
  printable,
  printLine,
  printMessage,
  programName,
  quoteForShell,
} from "./terminal.ts";
import { parseEvent, serverOption } from "./trigger.ts";

interface Options {
  server: string;
  key: string;
  events: string[];
  forward?: string;
  host: string;
  port: number;
  json?: true;
}

/** The oldest signature that is accepted. */
const TOLERANCE_SECONDS = 300;
const FORWARDED_HEADERS = [
  "content-type",
  "user-agent",
  "x-allison-event-id",
  "webhook-id",
  ...SIGNATURE_HEADERS,
  ...TIMESTAMP_HEADERS,
];

export function listenCommand(): Command {
  return new Command("listen")
    .description("Receive the webhooks of a server, verify and print them, until Ctrl-C.")
    .addOption(
      new Option("--forward <url>", "forward each webhook to your own receiver")
        .env("ALLISON_FORWARD")
        .argParser(parseForwardUrl),
    )
    .addOption(
      new Option("--events <list>", "only these events, separated by commas")
        .env("ALLISON_EVENTS")
        .default([...EVENT_TYPES], "all")
        .argParser((text) => text.split(",").map((event) => parseEvent(event.trim()))),
    )
    .addOption(serverOption())
    .addOption(
      new Option("--key <key>", "a key with write access")
        .env("ALLISON_KEY")
        .default(MOCK_KEYS.write, "the write key of a mock"),
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
    .addOption(new Option("--json", "print one line of JSON for each webhook"))
    .addHelpText(
      "after",
      "\nExample:\n  allison listen\n  allison listen --events call.ended --forward http://127.0.0.1:3000/hooks",
    )
    .action(listen);
}

function parseForwardUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new UsageError(`--forward must be an http or https address, not "${text}".`);
}

async function listen(options: Options): Promise<void> {
  const { server, host, port, json } = options;
  let secret: string | null = null;
  const receiver = startListening({ host, port }, () =>
    Bun.serve({
      hostname: host,
      port,
      maxRequestBodySize: LIMITS.recordBytes,
      fetch: (request) => receiveWebhook(request, secret, options),
    }),
  );
  const url = formatUrl(host, receiver.port!, false);
  const subscription = await subscribe(url, options).catch(async (error) => {
    await receiver.stop(true);
    throw error;
  });
  secret = subscription.secret;
  ignoreOutputErrors();
  const forwarding = options.forward ? `, forwarding to ${options.forward}` : "";
  printMessage(`Listening at ${url} to ${server}${forwarding}. Press Ctrl-C to stop.`);
  if (!json && options.key === MOCK_KEYS.write) {
    const serverArgument = server === MOCK_SERVER ? "" : ` --server ${server}`;
    const program = quoteForShell(programName());
    printMessage(`Raise an event: ${program} trigger call.ended${serverArgument}`);
  }

  const stop = async () => {
    await unsubscribe(subscription.id, options);
    await receiver.stop(true);
    process.exit(0);
  };
  process.once("SIGINT", () => void stop());
  process.once("SIGTERM", () => void stop());
  process.once("SIGHUP", () => void stop());
}

const headersOf = ({ key }: Options) => ({
  authorization: `Bearer ${key}`,
  "content-type": "application/json",
});

/** Creates the subscription through the API, as the owner of a receiver does. */
async function subscribe(url: string, options: Options): Promise<{ id: string; secret: string }> {
  const { server, events } = options;
  const description = "allison listen";
  const body = JSON.stringify({ url, events, description });
  const path = `${server}/v1/webhook-subscriptions`;
  const request = { method: "POST", headers: headersOf(options), body };
  const response = await sendRequest(path, request).catch(() => failWith(noServerText(server)));
  const { status, body: content } = response;
  if (status === 201) return { id: content.data.id, secret: content.secret };
  if (status === 401)
    return failWith(
      `The server at ${server} does not accept this key; set one with write access with --key.`,
    );
  if (status === 403)
    return failWith("This key has read access only; set one with write access with --key.");
  const issues = Object.entries(content?.details ?? {}).map(
    ([field, issue]) => `${field}: ${issue}`,
  );
  return failWith(
    `The server refused the subscription: ${issues.join("; ") || content?.error || status}.`,
  );
}

/** Deletes the subscription, unless the server has stopped. */
async function unsubscribe(id: string, options: Options): Promise<void> {
  const path = `${options.server}/v1/webhook-subscriptions/${id}`;
  const request = { method: "DELETE", headers: headersOf(options), timeoutMs: 3_000 };
  const status = await sendRequest(path, request).then(
    (response) => response.status,
    () => null,
  );
  if (status !== 204 && status !== 404 && status !== null)
    printMessage(
      `The subscription ${id} could not be deleted (${status}); delete it in the dashboard.`,
    );
}

interface Delivery {
  id: string;
  type: string;
  data: Record<string, unknown>;
}

async function receiveWebhook(
  request: Request,
  secret: string | null,
  options: Options,
): Promise<Response> {
  const body = await request.text();
  if (request.method !== "POST" || secret === null) return new Response(null, { status: 404 });
  const verified = hasValidSignature(request.headers, body, secret);
  const event = verified ? (JSON.parse(body) as Delivery) : null;
  const forwarded =
    event && options.forward ? await forwardWebhook(request, body, options.forward) : null;
  if (options.json) printLine(jsonText({ verified, event: event ?? body, forwarded }));
  else if (event) printDelivery(event, forwarded);
  else printLine(`${timeText()} ${paint("red", "refused a request without a valid signature")}`);
  const status = verified ? (forwarded ? (forwarded.status ?? 502) : 200) : 401;
  return new Response(null, { status });
}

/** Whether both signatures were made with this secret, and recently. */
function hasValidSignature(headers: Headers, body: string, secret: string): boolean {
  const id = headers.get("webhook-id") ?? "";
  const seconds = headers.get(TIMESTAMP_HEADERS[0]) ?? "";
  if (!/^\d+$/.test(seconds) || headers.get(TIMESTAMP_HEADERS[1]) !== seconds) return false;
  if (Math.abs(Date.now() / 1000 - Number(seconds)) > TOLERANCE_SECONDS) return false;
  const expected = signedHeaders(secret, id, body, Number(seconds) * 1000);
  return SIGNATURE_HEADERS.every((name) => {
    const [a, b] = [Buffer.from(headers.get(name) ?? ""), Buffer.from(expected[name]!)];
    return a.length === b.length && timingSafeEqual(a, b);
  });
}

interface ForwardResult {
  /** Null without a response. */
  status: number | null;
  /** Why there was none. */
  error: string | null;
  ms: number;
}

async function forwardWebhook(request: Request, body: string, url: string): Promise<ForwardResult> {
  const headers = Object.fromEntries(
    FORWARDED_HEADERS.map((name) => [name, request.headers.get(name) ?? ""]),
  );
  const { statusCode, error, durationMs } = await forwarder.post(url, { headers, body });
  return { status: statusCode, error, ms: durationMs };
}

/** As a server sends a webhook, but to any network: the URL is the developer's own. */
const forwarder = createEgress({ allow: ["0.0.0.0/0", "::/0"].map(parseCidr) });

type Style = Parameters<typeof styleText>[0];
/** Styles text for a terminal. Other outputs, and NO_COLOR, get plain text. */
const paint = (style: Style, text: string) => styleText(style, text, { stream: process.stdout });
const timeText = () => paint("gray", new Date().toLocaleTimeString("en-GB"));

/** As wide as the time and a space. */
const INDENT = " ".repeat(9);

function printDelivery({ id, type, data }: Delivery, forwarded: ForwardResult | null): void {
  printLine(`${timeText()} ${paint("bold", type)} ${id} ${paint("green", "signature valid")}`);
  const fields = Object.entries(data).filter(([, value]) => value !== null);
  const nameWidth = Math.max(0, ...fields.map(([name]) => name.length));
  const valueWidth = (process.stdout.columns ?? 120) - nameWidth - 13;
  for (const [name, value] of fields) {
    const text = printable(typeof value === "string" ? value : JSON.stringify(value));
    printLine(`${INDENT}${name.padEnd(nameWidth)}  ${truncate(text, valueWidth)}`);
  }
  if (forwarded) {
    const { status, error, ms } = forwarded;
    const text = `forwarded: ${status ?? error}, ${ms} ms`;
    printLine(`${INDENT}${paint(isSuccess(status) ? "green" : "red", text)}`);
  }
}

const truncate = (text: string, width: number) =>
  text.length > width && width > 10 ? `${text.slice(0, width - 1)}…` : text;
