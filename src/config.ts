/**
 * Every setting once (option, environment variable, default, bounds, why) and LIMITS, every bound in the product.
 * The command line is made from SETTINGS; code reads the checked Config only.
 */
import { existsSync } from "node:fs";
import { parseCidr } from "./lib/ip.ts";
import { LOG_LEVELS, type LogLevel } from "./lib/log.ts";

/** Every bound in the product. Documented in the OpenAPI description, tested at the edge. */
export const LIMITS = {
  /** A JSON body of the API. */
  bodyBytes: 1024 * 1024,
  /** One call record of the ingest, alone or as a line of NDJSON. */
  recordBytes: 8 * 1024 * 1024,
  pageDefault: 50,
  pageMax: 100,
  nameLength: 200,
  textLength: 20_000,
  urlLength: 2_000,
  searchLength: 200,
  listEntries: 100,
  customEntries: 50,
  customLength: 500,
  transcriptTurns: 5_000,
  idempotencyKeyLength: 255,
  idempotencyHours: 24,
  /** Failed authentications an address may make in a minute before it gets 429 in place of 401. */
  failedAuthPerMinute: 60,
  /** Characters of a User-Agent that the audit log keeps. */
  userAgentLength: 500,
  /** Characters of a dashboard account's password. */
  passwordMin: 10,
  passwordMax: 200,
  /** Passwords worked on at once, 19 MiB each, and how many may wait for their turn. */
  passwordsAtOnce: 2,
  passwordsWaiting: 50,
  /** A dashboard session ends after so many days without a request, and after so many in any case. */
  sessionIdleDays: 7,
  sessionDays: 30,
  recoveryCodes: 10,
  /** Attempts to sign in within so many minutes: at one account, from one address, in a browser known to the account. */
  signIn: { minutes: 15, account: 10, address: 30, device: 10 },
  /** Wrong answers to "confirm it is you" within so many minutes, and how long the proof of a right one holds. */
  confirm: { tries: 5, minutes: 15, proofMinutes: 5 },
  /** Buckets and cached key records held in memory; the least recently used one goes first. */
  keysInMemory: 20_000,
  /** Of each list: statements kept prepared, one for each set of filters. */
  preparedLists: 100,
  /** The dashboard's overview: days of its range, … */
  overviewDays: 400,
  /** … calls counted before other requests have their turn, … */
  callsCountedAtOnce: 5_000,
  /** … outcomes and intents that it ranks, the others being summed, … */
  rankedOutcomes: 20,
  rankedIntents: 10,
  /** … and calls whose open messages and callback requests are counted, the newest. */
  openCallsCounted: 1_000,
  /** Made-up calls of a mock. */
  mockCalls: 100_000,
  /** Audit rows that a page may be behind and still be told what has changed; beyond that it reads everything anew. */
  changesBehind: 1_000,
  /** Writes that share one commit, and how long their transaction may be held open. */
  groupOperations: 256,
  groupMs: 25,
  /** How long a stop waits for requests in flight; for how long none must come, … */
  shutdownMs: 10_000,
  quietMs: 100,
  /** … and how long it goes on answering those that come all the same. */
  latecomersMs: 1_000,
  /** Events and deliveries are kept this long. */
  deliveryDays: 30,
  /** Deliveries that a healthy subscription has claimed at once, to be sent one by one, … */
  deliveriesClaimed: 32,
  /** … and that are tried at once for one that fails. */
  deliveriesAtOnce: 16,
  /** Failed deliveries that one request sends again. */
  sentAgainAtOnce: 1_000,
  /** One delivery attempt: all of it and its connecting, in ms; how much of the answer is read, and how much kept. */
  egress: { totalMs: 10_000, connectMs: 5_000, answerBytes: 64 * 1024, keptBytes: 4 * 1024 },
} as const;

export interface Config {
  data: string;
  port: number;
  host: string;
  publicUrl: string | null;
  organization: string | null;
  readsPerMinute: number;
  writesPerMinute: number;
  trustProxy: string[];
  webhookAllow: string[];
  webhookCa: string | null;
  tlsCert: string | null;
  tlsKey: string | null;
  logLevel: LogLevel;
}

/** A setting's value is not one it can have. The message is one plain sentence that says what is allowed. */
export class UsageError extends Error {}

export interface Setting<T = unknown> {
  /** As commander writes it: `--port <number>`. */
  flag: string;
  env: string;
  default: T;
  help: string;
  /** May be given more than once; in the environment, separated by commas. */
  repeatable?: boolean;
  parse(text: string): unknown;
}

function wholeNumber(name: string, min: number, max: number) {
  return (text: string) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new UsageError(`${name} must be a whole number from ${min} to ${max}, not "${text}".`);
    }
    return value;
  };
}

function network(name: string) {
  return (text: string) => {
    try {
      parseCidr(text);
    } catch {
      throw new UsageError(
        `${name} must be a network such as 10.0.0.0/8 or an address such as 10.1.2.3, not "${text}".`,
      );
    }
    return text;
  };
}

function existingFile(name: string) {
  return (text: string) => {
    if (!existsSync(text))
      throw new UsageError(`${name} names a file that does not exist: "${text}".`);
    return text;
  };
}

function webAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username) {
    throw new UsageError(
      `--public-url must be a plain http or https address such as https://allison.example, not "${text}".`,
    );
  }
  return url.href.replace(/\/+$/, "");
}

function nonBlank(name: string, maxLength: number) {
  return (text: string) => {
    const value = text.trim();
    if (value === "" || [...value].length > maxLength) {
      throw new UsageError(`${name} must be 1 to ${maxLength} characters.`);
    }
    return value;
  };
}

function logLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (!level)
    throw new UsageError(`--log-level must be one of ${LOG_LEVELS.join(", ")}, not "${text}".`);
  return level;
}

export const SETTINGS: { readonly [K in keyof Config]: Setting<Config[K]> } = {
  data: {
    flag: "--data <dir>",
    env: "ALLISON_DATA",
    default: "./allison-data",
    help: "where everything is kept; made if missing",
    parse: (text) => {
      if (text.trim() === "") throw new UsageError("--data must name a directory.");
      if (text === ":memory:")
        throw new UsageError(
          "--data must name a directory; for a server in memory start allison mock.",
        );
      return text;
    },
  },
  port: {
    flag: "--port <number>",
    env: "ALLISON_PORT",
    default: 8080,
    help: "port to listen on; 0 picks a free one",
    parse: wholeNumber("--port", 0, 65_535),
  },
  host: {
    flag: "--host <address>",
    env: "ALLISON_HOST",
    default: "127.0.0.1",
    help: "address to listen on; 0.0.0.0 for every network this machine is on",
    parse: (text) => nonBlank("--host", 253)(text).replace(/^\[(.*)\]$/, "$1"),
  },
  publicUrl: {
    flag: "--public-url <url>",
    env: "ALLISON_PUBLIC_URL",
    default: null,
    help: "the address people and programs reach this server by; used in links",
    parse: webAddress,
  },
  organization: {
    flag: "--organization <name>",
    env: "ALLISON_ORGANIZATION",
    default: null,
    help: "the business's name, taken at the first start",
    parse: nonBlank("--organization", LIMITS.nameLength),
  },
  readsPerMinute: {
    flag: "--reads-per-minute <number>",
    env: "ALLISON_READS_PER_MINUTE",
    default: 100,
    help: "GET requests a key may make in a minute",
    parse: wholeNumber("--reads-per-minute", 1, 10_000_000),
  },
  writesPerMinute: {
    flag: "--writes-per-minute <number>",
    env: "ALLISON_WRITES_PER_MINUTE",
    default: 30,
    help: "writing requests a key may make in a minute",
    parse: wholeNumber("--writes-per-minute", 1, 10_000_000),
  },
  trustProxy: {
    flag: "--trust-proxy <cidr>",
    env: "ALLISON_TRUST_PROXY",
    default: [],
    help: "network of a reverse proxy whose X-Forwarded-For is believed; repeatable",
    repeatable: true,
    parse: network("--trust-proxy"),
  },
  webhookAllow: {
    flag: "--webhook-allow <cidr>",
    env: "ALLISON_WEBHOOK_ALLOW",
    default: [],
    help: "private network that webhooks may be sent to, by plain http too; repeatable",
    repeatable: true,
    parse: network("--webhook-allow"),
  },
  webhookCa: {
    flag: "--webhook-ca <file>",
    env: "ALLISON_WEBHOOK_CA",
    default: null,
    help: "PEM file of a private authority that webhook receivers' certificates may be signed by",
    parse: existingFile("--webhook-ca"),
  },
  tlsCert: {
    flag: "--tls-cert <file>",
    env: "ALLISON_TLS_CERT",
    default: null,
    help: "PEM certificate; with --tls-key the server speaks https",
    parse: existingFile("--tls-cert"),
  },
  tlsKey: {
    flag: "--tls-key <file>",
    env: "ALLISON_TLS_KEY",
    default: null,
    help: "PEM private key for --tls-cert",
    parse: existingFile("--tls-key"),
  },
  logLevel: {
    flag: "--log-level <level>",
    env: "ALLISON_LOG_LEVEL",
    default: "info",
    help: `${LOG_LEVELS.join(", ")}; the log goes to stderr, a JSON object a line`,
    parse: logLevel,
  },
};

/** Every setting at its default, with `overrides`; what tests and the mock start from. */
export function defaultConfig(overrides: Partial<Config> = {}): Config {
  const defaults = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, setting]) => [name, setting.default]),
  ) as unknown as Config;
  return { ...defaults, ...overrides };
}
