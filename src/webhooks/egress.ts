/**
 * The only door out. Everything this product sends to an address it was given leaves through here.
 *
 * Promises: https only, except into networks the owner opened; every address a name resolves to is
 * checked, in whatever spelling, and the connection goes to a checked one; what no rule permits is
 * refused, and the refusal names the setting; no redirect is followed, no proxy used, no connection
 * reused; certificates are always verified; time and memory are bounded whatever the receiver does.
 */
import { X509Certificate } from "node:crypto";
import { lookup as systemLookup } from "node:dns/promises";
import { request as httpRequest } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import ipaddr from "ipaddr.js";
import { LIMITS } from "../config.ts";
import { type Cidr, isWithin, parseCidr, plainAddress } from "../lib/ip.ts";

/** `LIMITS.egress`, or shorter ones in a test. */
export type EgressLimits = Record<keyof typeof LIMITS.egress, number>;

export interface EgressOptions {
  /** Networks that may be reached although they are not public, by plain http too. */
  allow: readonly Cidr[];
  /** PEM text of authorities trusted beside the bundled ones and the system's. */
  ca?: string | null;
  /** All addresses of a name; rejects when there are none. Default: the system's resolver. */
  resolve?: (host: string) => Promise<string[]>;
  limits?: Partial<EgressLimits>;
}

/** Why a URL may not be sent to: a plain sentence with the setting that would allow it, if any. */
export interface Refusal {
  message: string;
}

/**
 * How a post ended. Exactly one of `statusCode` and `error` is null: a status counts only when the
 * answer ended in order or was cut by our own size limit. `answer` is the first 4 KiB of its body
 * as text ("" for an empty one), and null when no answer came. `durationMs` is whole milliseconds.
 */
export interface Outcome {
  statusCode: number | null;
  error: string | null;
  answer: string | null;
  durationMs: number;
}

export interface Egress {
  /** Whether `url` may be sent to, as far as is known now; a name may get its DNS entry later. */
  check(url: string): Promise<Refusal | null>;
  /** Checks `url` as it is at this moment and sends one POST. Never throws, never retries. */
  post(url: string, message: Message): Promise<Outcome>;
}

export interface Message {
  headers: Record<string, string>;
  body: string | Uint8Array;
}

type Target = { url: URL; host: string; addresses: string[] };

/** Link-local, and the metadata services of clouds that live elsewhere: these hand out credentials. */
const NEVER = [
  "169.254.0.0/16",
  "fe80::/10",
  "fd00:ec2::254", // Amazon, by IPv6
  "fd20:ce::254", // Google, by IPv6
  "100.100.100.200", // Alibaba
  "168.63.129.16", // Azure
  "192.0.0.192", // Oracle
].map(parseCidr);

/** ipaddr.js calls `::7f00:1` and all unassigned space "unicast"; the internet is only this. */
const GLOBAL_IPV6 = [parseCidr("2000::/3")];

const RANGE_WORDS: Record<string, string> = {
  loopback: "loopback (this machine itself)",
  private: "private",
  uniqueLocal: "private",
};

/** The settings of one egress, complete. */
interface Settings {
  allow: readonly Cidr[];
  resolve: (host: string) => Promise<string[]>;
  limits: EgressLimits;
}

/** Creates an egress. Throws when `ca` is not PEM. */
export function createEgress(options: EgressOptions): Egress {
  const { allow, resolve = resolveBySystem } = options;
  const limits = { ...LIMITS.egress, ...options.limits };
  const settings: Settings = { allow, resolve, limits };
  const secureContext = trusting(options.ca ?? null);

  return {
    async check(url) {
      const target = await inspect(url, settings);
      return "message" in target ? target : null;
    },
    async post(url, message) {
      const started = performance.now();
      const elapsed = () => Math.round(performance.now() - started);
      const failed = (error: string): Outcome => {
        return { statusCode: null, error, answer: null, durationMs: elapsed() };
      };
      try {
        const target = await inspect(url, settings);
        if ("message" in target) return failed(target.message);
        if (target.addresses.length === 0) return failed(`no address was found for ${target.host}`);
        const end = await exchange(target, message, secureContext, limits, elapsed());
        return { ...end, durationMs: elapsed() };
      } catch (error) {
        return failed(explain(error));
      }
    },
  };
}

/** Where a URL leads at this moment, or why it may not be sent to. */
async function inspect(text: string, settings: Settings): Promise<Target | Refusal> {
  const { allow } = settings;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return { message: "the URL must be a complete https address" };
  }
  if (url.username !== "" || url.password !== "") {
    return { message: "the URL must not contain a user name or password" };
  }
  if (url.port === "0") return { message: "port 0 cannot be connected to" };
  const plain = url.protocol === "http:";
  if (plain && allow.length === 0) {
    return { message: "plain http needs a network opened by --webhook-allow CIDR; use https" };
  }
  const host = url.hostname.replace(/^\[|\]$|\.+$/g, "");
  if (host === "") return { message: "the URL must be a complete https address" };
  const addresses = await addressesOf(host, settings);
  for (const address of addresses) {
    const message = refusalOf(address, allow, plain);
    if (message !== null) return { message };
  }
  return { url, host, addresses: addresses.map((address) => ipaddr.process(address).toString()) };
}

/** None when the name does not resolve (yet). Never asks DNS for `localhost`: it is this machine. */
async function addressesOf(host: string, { resolve, limits }: Settings): Promise<string[]> {
  if (ipaddr.isValid(host)) return [host];
  if (/(^|\.)localhost$/.test(host)) return ["127.0.0.1"];
  const { promise: tooLate, resolve: giveUp } = Promise.withResolvers<string[]>();
  const timer = setTimeout(() => giveUp([]), limits.connectMs);
  const none = (): string[] => [];
  const found = Promise.resolve(host).then(resolve).catch(none);
  return Promise.race([found, tooLate]).finally(() => clearTimeout(timer));
}

/** Why this address, as text from a URL or from DNS, may not be connected to; null when it may. */
function refusalOf(address: string, allow: readonly Cidr[], plain: boolean): string | null {
  const text = address.includes("%") ? null : plainAddress(address);
  if (text === null) return `the address ${address} cannot be used for webhooks`;
  if (leadsTo(text).some((end) => isWithin(end, NEVER))) {
    return `the address ${text} is link-local or a metadata service; no setting allows it`;
  }
  if (isWithin(text, allow)) return null;
  const parsed = ipaddr.parse(text);
  const setting = `--webhook-allow ${text}/${parsed.kind() === "ipv4" ? 32 : 128} would allow it`;
  const global = parsed.kind() === "ipv4" || isWithin(text, GLOBAL_IPV6);
  if (parsed.range() === "unicast" && global) {
    return plain ? `plain http to ${text} is refused; use https, or ${setting}` : null;
  }
  return `the address ${text} is ${RANGE_WORDS[parsed.range()] ?? "not public"}; ${setting}`;
}

/**
 * The address and, for the forms that are translated or tunnelled to IPv4 (IPv4-compatible, NAT64,
 * 6to4, Teredo), where they may lead, so that opening such a network does not open the metadata
 * service behind it. Other IPv6 stands for itself: its bytes look like such an address by chance only.
 */
function leadsTo(address: string): string[] {
  const parsed = ipaddr.parse(address);
  if (parsed.kind() === "ipv4" || parsed.range() === "uniqueLocal") return [address];
  if (parsed.range() === "unicast" && isWithin(address, GLOBAL_IPV6)) return [address];
  const bytes = parsed.toByteArray();
  const at = (indexes: number[], flip = 0) => indexes.map((i) => bytes[i]! ^ flip).join(".");
  const last = [12, 13, 14, 15];
  return [address, at(last), at(last, 255), at([2, 3, 4, 5]), at([6, 7, 9, 10])];
}

/** All addresses of a name, from /etc/hosts and DNS as the machine is set up. Rejects on none. */
async function resolveBySystem(host: string): Promise<string[]> {
  return (await systemLookup(host, { all: true })).map(({ address }) => address);
}

/** The authorities every connection trusts: the bundled, the system's, and `ca` when given. */
function trusting(ca: string | null): SecureContext {
  const known = getCACertificates("default");
  return createSecureContext({ ca: ca === null ? known : [...known, ...certificatesIn(ca)] });
}

/** The certificates of a PEM text. Throws when there is none or one cannot be read. */
function certificatesIn(pem: string): string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    throw new Error(
      "the file of --webhook-ca holds no PEM certificate (-----BEGIN CERTIFICATE-----)",
    );
  }
  for (const [index, block] of blocks.entries()) {
    if (!isCertificate(block)) {
      throw new Error(`certificate ${index + 1} in the file of --webhook-ca cannot be read`);
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

type End = Omit<Outcome, "durationMs">;

/**
 * One POST over one new connection. Settles at the answer's end, a limit, or the first failure;
 * throws only when `message` cannot be sent at all. `spentMs` is what resolving took of the limits.
 */
function exchange(
  target: Target,
  message: Message,
  secureContext: SecureContext,
  limits: EgressLimits,
  spentMs: number,
): Promise<End> {
  const { promise, resolve } = Promise.withResolvers<End>();
  const request = open(target, message.headers, secureContext);
  const answer = new Answer(limits);
  const settle = (error: string | null) => {
    clearTimeout(totalTimer);
    clearTimeout(connectTimer);
    resolve(answer.end(error));
    request.destroy();
  };
  const fail = (error: unknown) => settle(explain(error));
  const expire = (ms: number, what: string) =>
    setTimeout(settle, Math.max(ms - spentMs, 0), `${what} within ${ms / 1000} s`);
  const totalTimer = expire(limits.totalMs, "the receiver did not finish its answer");
  const connectTimer = expire(limits.connectMs, "no connection was made");

  request.on("socket", (socket) => {
    const connected = target.url.protocol === "https:" ? "secureConnect" : "connect";
    socket.once(connected, () => clearTimeout(connectTimer));
  });
  let interim = 0;
  request.on("information", () => {
    interim += 1;
    if (interim > INTERIM_ANSWERS) settle("the receiver sent interim answers without end");
  });
  request.on("response", (response) => {
    answer.status = response.statusCode ?? null;
    response.on("data", (chunk: Buffer) => {
      if (!answer.take(chunk)) settle(null);
    });
    response.on("end", () => settle(response.complete ? null : CUT_SHORT));
    response.on("error", fail);
  });
  request.on("upgrade", (response, socket) => {
    answer.status = response.statusCode ?? null;
    settle(null);
    socket.destroy();
  });
  request.on("error", fail);
  request.on("close", () => settle(CUT_SHORT));
  request.end(message.body);
  return promise;
}

/** Answers such as 100 and 103 before the real one; each costs memory, so they are counted too. */
const INTERIM_ANSWERS = 10;

const CUT_SHORT = "the receiver closed the connection before its answer was complete";

/** A request to a checked address, not yet sent. Throws on headers that HTTP cannot carry. */
function open(target: Target, headers: Message["headers"], secureContext: SecureContext) {
  const { url, host, addresses } = target;
  const secure = url.protocol === "https:";
  const options: RequestOptions & { secureContext: SecureContext } = {
    method: "POST",
    host,
    port: url.port || (secure ? 443 : 80),
    path: url.pathname + url.search,
    headers: { ...headers, host: url.host, "accept-encoding": "identity" },
    // No agent: no pool, so no connection to an address that was checked for another post.
    agent: false,
    lookup: pinnedTo(addresses),
    secureContext,
    ...(secure && !ipaddr.isValid(host) && { servername: host }),
    // Said aloud, or NODE_TLS_REJECT_UNAUTHORIZED=0 would turn verification off.
    rejectUnauthorized: true,
  };
  return secure ? httpsRequest(options) : httpRequest(options);
}

/**
 * Answers with the checked addresses in place of DNS, so that a name cannot change its mind between
 * check and connection. Given all, the socket goes on to the next one when one does not connect.
 */
function pinnedTo(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, callback) => {
    if (options.all) callback(null, all);
    else callback(null, all[0]!.address, all[0]!.family);
  };
}

/** What has come of an answer, within the limits. */
class Answer {
  status: number | null = null;
  #read = 0;
  readonly #kept: Buffer[] = [];
  readonly #limits: EgressLimits;

  constructor(limits: EgressLimits) {
    this.#limits = limits;
  }

  /** Keeps what is wanted of a piece of the body; false when no more should be read. */
  take(chunk: Buffer): boolean {
    const wanted = this.#limits.keptBytes - this.#read;
    // A copy, so that 4 KiB do not keep a whole network buffer in memory.
    if (wanted > 0) this.#kept.push(Buffer.from(chunk.subarray(0, wanted)));
    this.#read += chunk.length;
    return this.#read < this.#limits.answerBytes;
  }

  /** How the exchange ended: well when `error` is null and a status has come. */
  end(error: string | null): End {
    if (this.status === null) return { statusCode: null, error: error ?? CUT_SHORT, answer: null };
    const answer = textOf(Buffer.concat(this.#kept), this.#limits.keptBytes);
    if (error === null) return { statusCode: this.status, error, answer };
    return { statusCode: null, error: `${error} (it had begun to answer ${this.status})`, answer };
  }
}

/**
 * Bytes of unknown kind as text of at most `limit` bytes of UTF-8, cut between characters. What is
 * not UTF-8 and control characters, which could steer a terminal, become U+FFFD.
 */
function textOf(bytes: Uint8Array, limit: number): string {
  // As a stream: a character that our own cut has halved is left out.
  const text = new TextDecoder().decode(bytes, { stream: true });
  const clean = text.replace(/[^\P{Cc}\t\r\n]/gu, "\uFFFD");
  return clean.slice(0, new TextEncoder().encodeInto(clean, new Uint8Array(limit)).read);
}

/** What went wrong in one plain sentence; texts of the runtime and of the receiver stay out of it. */
function explain(error: unknown): string {
  const { code = "" } = (error ?? {}) as { code?: string };
  const found = EXPLANATIONS.find(([codes]) => codes.test(code));
  return found?.[1] ?? `the request could not be sent${code && ` (${code})`}`;
}

const EXPLANATIONS: [RegExp, string][] = [
  [/^ECONNREFUSED$/, "the connection was refused"],
  [/^(ECONNRESET|EPIPE|ECONNABORTED)$/, CUT_SHORT],
  [/^(ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL|EAFNOSUPPORT)$/, "there is no route to the receiver"],
  [/^ETIMEDOUT$/, "no connection was made in time"],
  [/^CERT_HAS_EXPIRED$/, "the receiver's certificate has expired"],
  [/^CERT_NOT_YET_VALID$/, "the receiver's certificate is not valid yet"],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, "the receiver's certificate is for another name"],
  [
    /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)/,
    "the receiver's certificate is signed by no known authority; --webhook-ca adds one",
  ],
  [/^(CERT_|INVALID_CA|INVALID_PURPOSE|UNABLE_TO)/, "the receiver's certificate is not valid"],
  [/^(ERR_SSL|EPROTO|ERR_TLS)/, "the receiver does not speak TLS as it should"],
  [/^HPE_HEADER_OVERFLOW$/, "the headers of the answer are too large"],
  [/^HPE_/, "the answer is not HTTP"],
  [/^ERR_(INVALID_CHAR|HTTP_INVALID_HEADER_VALUE|INVALID_HTTP_TOKEN)$/, "a header cannot be sent"],
];
