/**
 * SETTINGS declares each setting once: option, environment variable, default, bounds and help. LIMITS holds every bound
 * of the product. The command line is generated from SETTINGS; other code reads the validated Config only.
 */
import { existsSync } from "node:fs";
import { parseCidr } from "./lib/ip.ts";
import { LOG_LEVELS, type LogLevel } from "./lib/log.ts";
import { COUNTRIES } from "./lib/phone.ts";

/** Every bound in the product. Documented in the OpenAPI description, tested at the edge. */
export const LIMITS = {
  /** A JSON body of the API. */
  bodyBytes: 1024 * 1024,
  /** A JSON body where neither a key nor a session is required; such requests per minute and address. */
  openBodyBytes: 8 * 1024,
  openBodiesPerMinute: 120,
  /** One call record of the ingest, alone or as a line of NDJSON. */
  recordBytes: 8 * 1024 * 1024,
  pageDefault: 50,
  pageMax: 100,
  nameLength: 200,
  textLength: 20_000,
  urlLength: 2_000,
  searchLength: 200,
  /** Different words of a search; further ones are ignored. */
  searchWords: 8,
  listEntries: 100,
  customEntries: 50,
  customLength: 500,
  transcriptTurns: 5_000,
  /** Warnings that the answer to a call record lists; the last one counts the rest. */
  recordWarnings: 100,
  idempotencyKeyLength: 255,
  idempotencyHours: 24,
  /** Failed authentications per minute and address; further ones get 429 instead of 401. */
  failedAuthPerMinute: 60,
  /** Characters of a User-Agent that the audit log stores. */
  userAgentLength: 500,
  /** Characters of a value, as JSON unless it is a text, up to which the audit log stores it; else a digest. */
  auditValueLength: 1_000,
  /** Characters of a dashboard account's password. */
  passwordMin: 10,
  passwordMax: 200,
  /** Passwords hashed concurrently (19 MiB each), and the number that may wait. */
  passwordsAtOnce: 2,
  passwordsWaiting: 50,
  /** Of these places, those kept for browsers that are known to the account, and for users who are signed in. */
  passwordsReserved: 10,
  /** A dashboard session expires after this many days without a request, and after this many days in total. */
  sessionIdleDays: 7,
  sessionDays: 30,
  /** How long the link of an invitation is valid. */
  invitationDays: 7,
  /** Sessions of an account; a further sign-in ends the oldest. */
  sessionsPerAccount: 50,
  recoveryCodes: 10,
  /** Sign-in attempts per `minutes`: for one account, from one address, and from a browser known to the account. */
  signIn: { minutes: 15, account: 10, address: 30, device: 10 },
  /** Failed step-up confirmations per `minutes`, and how long a successful confirmation is valid. */
  confirm: { tries: 5, minutes: 15, proofMinutes: 5 },
  /** Buckets and cached key records held in memory; the least recently used one is evicted first. */
  keysInMemory: 20_000,
  /** Threads of the background reader, … */
  backgroundThreads: 2,
  /** … the jobs that wait for one: those of one caller, such as a key, and those of all, … */
  backgroundWaiting: { ofCaller: 100, total: 1_000 },
  /** … how long a job may take, waiting included: one that a request of the API waits for, and a report or check, … */
  backgroundMs: { request: 2_000, report: 30_000 },
  /** … how much longer the job that a new thread starts with, … */
  backgroundStartMs: 5_000,
  /** … and how long a shutdown waits for the threads to end. */
  backgroundEndMs: 500,
  /** Prepared statements cached for each list, one for each set of filters. */
  preparedLists: 100,
  /** The dashboard's overview: days of its range, … */
  overviewDays: 400,
  /** … outcomes and intents that it ranks (it sums the others), … */
  rankedOutcomes: 20,
  rankedIntents: 10,
  /** … and the newest calls whose open messages and callback requests it counts. */
  openCallsCounted: 1_000,
  /** Sample calls of a mock. */
  mockCalls: 100_000,
  /** Bytes of the audit log read at once by an export or a verification, the last row in addition, … */
  auditPageBytes: 1024 * 1024,
  /** … and how long the dashboard waits for a verification before it shows its progress. */
  auditStateMs: 1_000,
  /** Audit rows that a page may be behind and still receive the changes; beyond that it reloads everything. */
  changesBehind: 1_000,
  /** Writes that share one commit, and how long their transaction may stay open. */
  groupOperations: 256,
  groupMs: 25,
  /** Free disk space below which clients cannot write; on a volume under 2.5 GiB, a tenth of it. */
  diskReserveBytes: 256 * 1024 * 1024,
  /** Size of the write-ahead log at which the server warns and closes its own long reads; again at each doubling. */
  logWarnBytes: 256 * 1024 * 1024,
  /** A command beside a running server: how long its transactions stay open, its pause after each, … */
  yieldingGroupMs: 5,
  yieldingPauseMs: 15,
  /** … and its pause without a server, so that other commands can write. */
  commandPauseMs: 2,
  /** How long a write, or the start of a process, waits for another process; and how often a write tries again. */
  writeLockMs: 5_000,
  writeLockRetryMs: 4,
  /** How long a shutdown waits for requests in flight; how long it waits for a period without requests, … */
  shutdownMs: 10_000,
  quietMs: 100,
  /** … and how long it still answers late requests. */
  latecomersMs: 1_000,
  /** Retention period of events and deliveries. */
  deliveryDays: 30,
  /** Webhook subscriptions; creating another one is refused. */
  webhookSubscriptions: 100,
  /** Deliveries attempted concurrently for all subscriptions together, and for all failing ones. */
  deliveriesInFlight: 64,
  deliveriesInFlightFailing: 32,
  /** How long a healthy subscription keeps its place while other healthy ones wait for one. */
  deliveryTurnMs: 1_000,
  /** Deliveries claimed at once for a healthy subscription, which are sent one by one, … */
  deliveriesClaimed: 32,
  /** … and deliveries attempted concurrently for a failing subscription. */
  deliveriesAtOnce: 16,
  /** Pauses before the dispatcher repeats a write that the storage refused; they double. */
  storageRetry: { firstMs: 1_000, longestMs: 30_000 },
  /** Failed deliveries that one request resends. */
  sentAgainAtOnce: 1_000,
  /** Lookups of receivers' names: at once, timeout (at least 1 s in Bun) and tries of a query, and time in total. */
  lookup: { atOnce: 64, tryMs: 1_000, tries: 2, totalMs: 4_000, searchDomains: 6 },
  /**
   * One delivery attempt: timeouts in total, for connecting, and for the body after a 2xx head; bytes of the response that
   * are read and stored.
   */
  egress: {
    totalMs: 10_000,
    connectMs: 5_000,
    bodyMs: 1_000,
    answerBytes: 64 * 1024,
    keptBytes: 4 * 1024,
  },
} as const;

export interface Config {
  data: string;
  port: number;
  host: string;
  publicUrl: string | null;
  organization: string | null;
  country: string | null;
  readsPerMinute: number;
  writesPerMinute: number;
  trustProxy: string[];
  webhookAllow: string[];
  webhookCa: string | null;
  tlsCert: string | null;
  tlsKey: string | null;
  logLevel: LogLevel;
  newDatabase: boolean;
  discardDamagedLog: boolean;
}

/** An invalid setting. The message says in one sentence what is wrong and what is allowed. */
export class UsageError extends Error {}

export interface Setting<T = unknown> {
  /** In the syntax of commander: `--port <number>`. */
  flag: string;
  env: string;
  default: T;
  help: string;
  /** May be repeated; in the environment variable, values are separated by commas. */
  repeatable?: boolean;
  parse(text: string): unknown;
}

function parseWholeNumber(name: string, min: number, max: number) {
  return (text: string) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) {
      throw new UsageError(`${name} must be a whole number from ${min} to ${max}, not "${text}".`);
    }
    return value;
  };
}

function parseNetwork(name: string) {
  return (text: string) => {
    try {
      parseCidr(text);
    } catch {
      throw new UsageError(
        `${name} must be a network in CIDR notation or an IP address, for example 10.0.0.0/8 or 10.1.2.3, not "${text}".`,
      );
    }
    return text;
  };
}

function parseExistingFile(name: string) {
  return (text: string) => {
    if (!existsSync(text))
      throw new UsageError(`${name} names a file that does not exist: "${text}".`);
    return text;
  };
}

function parsePublicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search || url.hash || url.username) {
    throw new UsageError(
      `--public-url must be an http or https URL without query or fragment, for example https://allison.example, not "${text}".`,
    );
  }
  return url.href.replace(/\/+$/, "");
}

function parseNonBlank(name: string, maxLength: number) {
  return (text: string) => {
    const value = text.trim();
    if (value === "" || [...value].length > maxLength) {
      throw new UsageError(`${name} must be 1 to ${maxLength} characters.`);
    }
    return value;
  };
}

function parseCountry(text: string): string {
  const code = text.trim().toUpperCase();
  if (!COUNTRIES.includes(code)) {
    throw new UsageError(
      `--country must be the two letters of a country, for example US or DE, not "${text}".`,
    );
  }
  return code;
}

function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (!level)
    throw new UsageError(`--log-level must be one of ${LOG_LEVELS.join(", ")}, not "${text}".`);
  return level;
}

/** For a setting without a value on the command line. */
function parseSwitch(env: string) {
  return (text: string) => {
    if (text === "true" || text === "1") return true;
    if (text === "false" || text === "0") return false;
    throw new UsageError(`${env} must be true or false, not "${text}".`);
  };
}

export const SETTINGS: { readonly [K in keyof Config]: Setting<Config[K]> } = {
  data: {
    flag: "--data <dir>",
    env: "ALLISON_DATA",
    default: "./allison-data",
    help: "directory for the data; created if it does not exist",
    parse: (text) => {
      if (text.trim() === "") throw new UsageError("--data must name a directory.");
      if (text === ":memory:")
        throw new UsageError(
          "--data must name a directory; to run a server with temporary data, use allison mock.",
        );
      return text;
    },
  },
  port: {
    flag: "--port <number>",
    env: "ALLISON_PORT",
    default: 8080,
    help: "port to listen on; 0 picks a free one",
    parse: parseWholeNumber("--port", 0, 65_535),
  },
  host: {
    flag: "--host <address>",
    env: "ALLISON_HOST",
    default: "127.0.0.1",
    help: "IP address or host name to listen on; 0.0.0.0 listens on all interfaces",
    parse: (text) => parseNonBlank("--host", 253)(text).replace(/^\[(.*)\]$/, "$1"),
  },
  publicUrl: {
    flag: "--public-url <url>",
    env: "ALLISON_PUBLIC_URL",
    default: null,
    help: "public URL of this server; used in links",
    parse: parsePublicUrl,
  },
  organization: {
    flag: "--organization <name>",
    env: "ALLISON_ORGANIZATION",
    default: null,
    help: "name of the business; applied on the first start only",
    parse: parseNonBlank("--organization", LIMITS.nameLength),
  },
  country: {
    flag: "--country <code>",
    env: "ALLISON_COUNTRY",
    default: null,
    help: "country whose national phone numbers are read, such as US; applied on the first start only",
    parse: parseCountry,
  },
  readsPerMinute: {
    flag: "--reads-per-minute <number>",
    env: "ALLISON_READS_PER_MINUTE",
    default: 100,
    help: "read requests (GET) allowed per API key and minute",
    parse: parseWholeNumber("--reads-per-minute", 1, 10_000_000),
  },
  writesPerMinute: {
    flag: "--writes-per-minute <number>",
    env: "ALLISON_WRITES_PER_MINUTE",
    default: 30,
    help: "write requests allowed per API key and minute",
    parse: parseWholeNumber("--writes-per-minute", 1, 10_000_000),
  },
  trustProxy: {
    flag: "--trust-proxy <cidr>",
    env: "ALLISON_TRUST_PROXY",
    default: [],
    help: "network of a reverse proxy whose X-Forwarded-For header is trusted; repeatable",
    repeatable: true,
    parse: parseNetwork("--trust-proxy"),
  },
  webhookAllow: {
    flag: "--webhook-allow <cidr>",
    env: "ALLISON_WEBHOOK_ALLOW",
    default: [],
    help: "private network that may receive webhooks, over plain http too; repeatable",
    repeatable: true,
    parse: parseNetwork("--webhook-allow"),
  },
  webhookCa: {
    flag: "--webhook-ca <file>",
    env: "ALLISON_WEBHOOK_CA",
    default: null,
    help: "PEM file with a private CA to trust for webhook receivers",
    parse: parseExistingFile("--webhook-ca"),
  },
  tlsCert: {
    flag: "--tls-cert <file>",
    env: "ALLISON_TLS_CERT",
    default: null,
    help: "PEM file with the TLS certificate; requires --tls-key and enables https",
    parse: parseExistingFile("--tls-cert"),
  },
  tlsKey: {
    flag: "--tls-key <file>",
    env: "ALLISON_TLS_KEY",
    default: null,
    help: "PEM file with the private key of --tls-cert",
    parse: parseExistingFile("--tls-key"),
  },
  logLevel: {
    flag: "--log-level <level>",
    env: "ALLISON_LOG_LEVEL",
    default: "info",
    help: `log level: ${LOG_LEVELS.join(", ")}; logs go to stderr, one JSON object per line`,
    parse: parseLogLevel,
  },
  newDatabase: {
    flag: "--new-database",
    env: "ALLISON_NEW_DATABASE",
    default: false,
    help: "start with an empty database although the directory had one, which is lost; for one start",
    parse: parseSwitch("ALLISON_NEW_DATABASE"),
  },
  discardDamagedLog: {
    flag: "--discard-damaged-log",
    env: "ALLISON_DISCARD_DAMAGED_LOG",
    default: false,
    help: "keep a copy of a damaged write-ahead log and start without the changes behind the damage; for one start",
    parse: parseSwitch("ALLISON_DISCARD_DAMAGED_LOG"),
  },
};

/** Returns the default of every setting, replaced by `overrides`. Tests and the mock start from it. */
export function defaultConfig(overrides: Partial<Config> = {}): Config {
  const defaults = Object.fromEntries(
    Object.entries(SETTINGS).map(([name, setting]) => [name, setting.default]),
  ) as unknown as Config;
  return { ...defaults, ...overrides };
}
