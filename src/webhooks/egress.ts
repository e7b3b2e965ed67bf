/**
 * Egress: the only way out. Every request to a URL that a client supplied is sent from here.
 *
 * Guarantees: https only, except into networks that `--webhook-allow` permits. Every address that a name resolves to is
 * checked, however it is written, and the connection goes to one that is allowed. A refusal names the setting that would
 * permit the address. No redirect is followed, no proxy is used, no connection is reused. Certificates are always
 * verified. Time and memory are bounded, whatever the receiver does.
 */
import { X509Certificate } from "node:crypto";
import { request as httpRequest } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import ipaddr from "ipaddr.js";
import { LIMITS } from "../config.ts";
import { type Cidr, isWithin, parseCidr, plainAddress } from "../lib/ip.ts";
import { createResolver, type ResolveName } from "./resolver.ts";

/** `LIMITS.egress`; a test uses shorter ones. */
export type EgressLimits = Record<keyof typeof LIMITS.egress, number>;

export interface EgressOptions {
  /** Networks that are allowed although they are not public, also by plain http. */
  allow: readonly Cidr[];
  /** PEM text of certificate authorities that are trusted in addition to the bundled ones and the system's. */
  ca?: string | null;
  /** Resolves a name to all its addresses; none or a rejection if it has none. Default: hosts file and DNS. */
  resolve?: ResolveName;
  limits?: Partial<EgressLimits>;
}

/** Why a URL is not allowed: a sentence with the setting that would allow it, if any. */
export interface Refusal {
  message: string;
}

/**
 * The outcome of a POST. Exactly one of `statusCode` and `error` is null: a 2xx status counts as soon as the head of the
 * response is complete, another one only if the whole response was, or if our own size limit cut it. `answer` is the first 4 KiB of the response body as text, "" for an empty
 * one and null without a response. `durationMs` is whole milliseconds.
 */
export interface Outcome {
  statusCode: number | null;
  error: string | null;
  answer: string | null;
  durationMs: number;
}

export interface Egress {
  /** Why `url` is not allowed, or null. A name without a DNS entry is allowed: it may get one later. */
  check(url: string): Promise<Refusal | null>;
  /** Resolves and checks `url` again and sends one POST. Never throws, never retries. */
  post(url: string, message: Message): Promise<Outcome>;
}

export interface Message {
  headers: Record<string, string>;
  body: string | Uint8Array;
}

/** Whether a receiver accepted what was sent. */
export const isSuccess = (statusCode: number | null): boolean =>
  statusCode !== null && statusCode >= 200 && statusCode < 300;

type Target = { url: URL; host: string; addresses: string[] };

/** Link-local addresses, and the cloud metadata services outside of them: these hand out credentials. */
const NEVER_ALLOWED = [
  "169.254.0.0/16",
  "fe80::/10",
  "fd00:ec2::254", // Amazon, by IPv6
  "fd20:ce::254", // Google, by IPv6
  "100.100.100.200", // Alibaba
  "168.63.129.16", // Azure
  "192.0.0.192", // Oracle
].map(parseCidr);

/** The public IPv6 internet. ipaddr.js also calls `::7f00:1` and all unassigned space "unicast". */
const GLOBAL_IPV6 = [parseCidr("2000::/3")];

const RANGE_NAMES: Record<string, string> = {
  loopback: "loopback (this machine itself)",
  private: "private",
  uniqueLocal: "private",
};

/** The options of an egress with their defaults. */
interface Settings {
  allow: readonly Cidr[];
  resolve: ResolveName;
  limits: EgressLimits;
}

/** Creates an egress. Throws when `ca` is not PEM. */
export function createEgress(options: EgressOptions): Egress {
  const { allow, resolve } = options;
  const limits = { ...LIMITS.egress, ...options.limits };
  // One resolver each, so that checks for clients never use up the lookups of deliveries.
  const forChecks: Settings = { allow, resolve: resolve ?? createResolver(), limits };
  const forPosts: Settings = { allow, resolve: resolve ?? createResolver(), limits };
  const secureContext = createTrust(options.ca ?? null);

  return {
    async check(url) {
      const target = await resolveTarget(url, forChecks);
      return "message" in target ? target : null;
    },
    async post(url, message) {
      const started = performance.now();
      const elapsed = () => Math.round(performance.now() - started);
      const failed = (error: string): Outcome => {
        return { statusCode: null, error, answer: null, durationMs: elapsed() };
      };
      try {
        const target = await resolveTarget(url, forPosts);
        if ("message" in target) return failed(target.message);
        if (target.addresses.length === 0) return failed(`no address was found for ${target.host}`);
        const result = await exchange(target, message, secureContext, limits, elapsed());
        return { ...result, durationMs: elapsed() };
      } catch (error) {
        return failed(explain(error));
      }
    },
  };
}

/** Resolves a URL to the addresses it leads to now, or refuses it. */
async function resolveTarget(text: string, settings: Settings): Promise<Target | Refusal> {
  const { allow } = settings;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return { message: "the URL must be a complete https address" };
  }
  if (url.username !== "" || url.password !== "") {
    return { message: "the URL must not contain a user name or password" };
  }
  if (url.port === "0") return { message: "the port must be from 1 to 65535" };
  const isPlainHttp = url.protocol === "http:";
  if (isPlainHttp && allow.length === 0) {
    return { message: "plain http is allowed only into networks of --webhook-allow; use https" };
  }
  const host = url.hostname.replace(/^\[|\]$|\.+$/g, "");
  if (host === "") return { message: "the URL must be a complete https address" };
  const found = await addressesOf(host, settings);
  const refusals = found.map((address) => refusalOf(address, allow, isPlainHttp));
  const allowed = found.filter((_, i) => refusals[i] === null);
  if (allowed.length === 0 && found.length > 0) return { message: refusals[0]! };
  return { url, host, addresses: allowed.map((address) => ipaddr.process(address).toString()) };
}

/** The addresses of a host; none if the name does not resolve yet. `localhost` is this machine, whatever DNS says. */
async function addressesOf(host: string, { resolve, limits }: Settings): Promise<string[]> {
  if (ipaddr.isValid(host)) return [host];
  if (/(^|\.)localhost$/.test(host)) return ["127.0.0.1", "::1"];
  const { promise: tooLate, resolve: giveUp } = Promise.withResolvers<string[]>();
  const timer = setTimeout(() => giveUp([]), limits.connectMs);
  const none = (): string[] => [];
  const found = Promise.resolve(host).then(resolve).catch(none);
  return Promise.race([found, tooLate]).finally(() => clearTimeout(timer));
}

/** Why an address from a URL or from DNS is not allowed; null if it is. */
function refusalOf(address: string, allow: readonly Cidr[], isPlainHttp: boolean): string | null {
  const text = address.includes("%") ? null : plainAddress(address);
  if (text === null) return `the address ${address} cannot be used for webhooks`;
  if (reachableFrom(text).some((candidate) => isWithin(candidate, NEVER_ALLOWED))) {
    return `the address ${text} is link-local or a metadata service; no setting allows it`;
  }
  if (isWithin(text, allow)) return null;
  const parsed = ipaddr.parse(text);
  const setting = `--webhook-allow ${text}/${parsed.kind() === "ipv4" ? 32 : 128} would allow it`;
  const isGlobal = parsed.kind() === "ipv4" || isWithin(text, GLOBAL_IPV6);
  if (parsed.range() === "unicast" && isGlobal) {
    return isPlainHttp ? `plain http to ${text} is refused; use https, or ${setting}` : null;
  }
  return `the address ${text} is ${RANGE_NAMES[parsed.range()] ?? "not public"}; ${setting}`;
}

/**
 * An address and the IPv4 addresses it may be translated or tunneled to (IPv4-compatible, NAT64, 6to4, Teredo), so that
 * allowing such a network does not allow the metadata service behind it. Other IPv6 addresses stand for themselves.
 */
function reachableFrom(address: string): string[] {
  const parsed = ipaddr.parse(address);
  if (parsed.kind() === "ipv4" || parsed.range() === "uniqueLocal") return [address];
  if (parsed.range() === "unicast" && isWithin(address, GLOBAL_IPV6)) return [address];
  const bytes = parsed.toByteArray();
  const at = (indexes: number[], flip = 0) => indexes.map((i) => bytes[i]! ^ flip).join(".");
  const last = [12, 13, 14, 15];
  return [address, at(last), at(last, 255), at([2, 3, 4, 5]), at([6, 7, 9, 10])];
}

/** The trusted certificate authorities: the bundled ones, the system's, and those in `ca`. */
function createTrust(ca: string | null): SecureContext {
  const known = getCACertificates("default");
  return createSecureContext({ ca: ca === null ? known : [...known, ...certificatesIn(ca)] });
}

/** The certificates in a PEM text. Throws if there is none or one is invalid. */
function certificatesIn(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    throw new Error(
      "the file of --webhook-ca contains no PEM certificate (-----BEGIN CERTIFICATE-----)",
    );
  }
  for (const [index, block] of blocks.entries()) {
    if (!isCertificate(block)) {
      throw new Error(`certificate ${index + 1} in the file of --webhook-ca is invalid`);
    }
  }
  return blocks;
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

type ExchangeResult = Omit<Outcome, "durationMs">;

/**
 * Sends one POST over one new connection. Settles at the end of the response, a limit or the first failure; throws only
 * if `message` cannot be sent at all. `spentMs`: the part of the time limits that resolving took.
 */
function exchange(
  target: Target,
  message: Message,
  secureContext: SecureContext,
  limits: EgressLimits,
  spentMs: number,
): Promise<ExchangeResult> {
  const { promise, resolve } = Promise.withResolvers<ExchangeResult>();
  const request = prepareRequest(target, message.headers, secureContext);
  const reader = new ResponseReader(limits);
  const settle = (error: string | null) => {
    clearTimeout(totalTimer);
    clearTimeout(connectTimer);
    clearTimeout(bodyTimer);
    resolve(reader.end(error));
    request.destroy();
  };
  let bodyTimer: Timer | undefined;
  const fail = (error: unknown) => settle(explain(error));
  const expire = (ms: number, what: string) =>
    setTimeout(settle, Math.max(ms - spentMs, 0), `${what} within ${ms / 1000} s`);
  const totalTimer = expire(limits.totalMs, "the receiver did not complete its response");
  const connectTimer = expire(limits.connectMs, "the connection was not established");

  request.on("socket", (socket) => {
    const connected = target.url.protocol === "https:" ? "secureConnect" : "connect";
    socket.once(connected, () => clearTimeout(connectTimer));
  });
  let interim = 0;
  request.on("information", () => {
    interim += 1;
    if (interim > MAX_INTERIM_RESPONSES) settle("the receiver sent too many interim responses");
  });
  request.on("response", (response) => {
    reader.status = response.statusCode ?? null;
    if (isSuccess(reader.status)) bodyTimer = setTimeout(settle, limits.bodyMs, null);
    response.on("data", (chunk: Buffer) => {
      if (!reader.take(chunk)) settle(null);
    });
    response.on("end", () => settle(response.complete ? null : CUT_SHORT));
    response.on("error", fail);
  });
  request.on("upgrade", (response, socket) => {
    reader.status = response.statusCode ?? null;
    settle(null);
    socket.destroy();
  });
  request.on("error", fail);
  request.on("close", () => settle(CUT_SHORT));
  request.end(message.body);
  return promise;
}

/** Responses such as 100 and 103 before the final one; each costs memory. */
const MAX_INTERIM_RESPONSES = 10;

const CUT_SHORT = "the receiver closed the connection before its response was complete";

/** Prepares a request to a checked address. Throws for headers that HTTP cannot carry. */
function prepareRequest(target: Target, headers: Message["headers"], secureContext: SecureContext) {
  const { url, host, addresses } = target;
  const isHttps = url.protocol === "https:";
  const options: RequestOptions & { secureContext: SecureContext } = {
    method: "POST",
    host,
    port: url.port || (isHttps ? 443 : 80),
    path: url.pathname + url.search,
    headers: { ...headers, host: url.host, "accept-encoding": "identity" },
    // Without an agent there is no pool, so no connection to an address that was checked for another request.
    agent: false,
    lookup: pinnedTo(addresses),
    secureContext,
    ...(isHttps && !ipaddr.isValid(host) && { servername: host }),
    // Explicit, because NODE_TLS_REJECT_UNAUTHORIZED=0 would disable verification.
    rejectUnauthorized: true,
  };
  return isHttps ? httpsRequest(options) : httpRequest(options);
}

/**
 * A lookup that returns the checked addresses instead of asking DNS, so that a name cannot resolve to another address
 * between check and connection. With all of them, the socket tries the next address if one does not connect.
 */
function pinnedTo(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    if (options.all) callback(null, all);
    else callback(null, all[0]!.address, all[0]!.family);
  };
}

/** Reads a response within the limits. */
class ResponseReader {
  status: number | null = null;
  #read = 0;
  readonly #kept: Buffer[] = [];
  readonly #limits: EgressLimits;

  constructor(limits: EgressLimits) {
    this.#limits = limits;
  }

  /** Keeps the beginning of the body; false if no more should be read. */
  take(chunk: Buffer): boolean {
    const missing = this.#limits.keptBytes - this.#read;
    // A copy, so that 4 KiB do not keep a whole network buffer in memory.
    if (missing > 0) this.#kept.push(Buffer.from(chunk.subarray(0, missing)));
    this.#read += chunk.length;
    return this.#read < this.#limits.answerBytes;
  }

  /** The result of the exchange. `error`: why it failed, or null. */
  end(error: string | null): ExchangeResult {
    if (this.status === null) return { statusCode: null, error: error ?? CUT_SHORT, answer: null };
    const answer = textOf(Buffer.concat(this.#kept), this.#limits.keptBytes);
    if (error === null || isSuccess(this.status)) {
      return { statusCode: this.status, error: null, answer };
    }
    return {
      statusCode: null,
      error: `${error} (the response had begun with status ${this.status})`,
      answer,
    };
  }
}

/**
 * Decodes bytes to at most `limit` bytes of UTF-8, cut between characters. Invalid bytes and control characters, which
 * could control a terminal, become U+FFFD.
 */
function textOf(bytes: Uint8Array, limit: number): string {
  // As a stream, so that a character that was cut in the middle is left out.
  const text = new TextDecoder().decode(bytes, { stream: true });
  const clean = text.replace(/[^\P{Cc}\t\r\n]/gu, "\uFFFD");
  return clean.slice(0, new TextEncoder().encodeInto(clean, new Uint8Array(limit)).read);
}

/** Explains an error in one sentence of ours, without text from the runtime or the receiver. */
function explain(error: unknown): string {
  const { code = "" } = (error ?? {}) as { code?: string };
  const found = EXPLANATIONS.find(([codes]) => codes.test(code));
  return found?.[1] ?? `the request could not be sent${code && ` (${code})`}`;
}

const EXPLANATIONS: [RegExp, string][] = [
  [/^ECONNREFUSED$/, "the connection was refused"],
  [/^(ECONNRESET|EPIPE|ECONNABORTED)$/, CUT_SHORT],
  [/^(ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|EAFNOSUPPORT)$/, "there is no route to the receiver"],
  [/^ETIMEDOUT$/, "the connection was not established in time"],
  [/^CERT_HAS_EXPIRED$/, "the receiver's certificate has expired"],
  [/^CERT_NOT_YET_VALID$/, "the receiver's certificate is not valid yet"],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, "the receiver's certificate is for another name"],
  [
    /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)/,
    "the receiver's certificate is not signed by a known authority; add the authority with --webhook-ca",
  ],
  [/^(CERT_|INVALID_CA|INVALID_PURPOSE|UNABLE_TO)/, "the receiver's certificate is not valid"],
  [/^(ERR_SSL|EPROTO|ERR_TLS)/, "the TLS handshake with the receiver failed"],
  [/^HPE_HEADER_OVERFLOW$/, "the headers of the response are too large"],
  [/^HPE_/, "the response is not HTTP"],
  [/^ERR_(INVALID_CHAR|HTTP_INVALID_HEADER_VALUE|INVALID_HTTP_TOKEN)$/, "a header cannot be sent"],
];
