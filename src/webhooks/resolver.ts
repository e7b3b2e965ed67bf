/**
 * Resolves the names of receivers by the hosts file and by DNS, on the event loop. The system's resolver would hold
 * threads that password hashing and file reads need, for as long as a nameserver does not answer. c-ares asks the
 * nameservers of /etc/resolv.conf (over TCP after a truncated response), but reads no hosts file and applies no search
 * domains; both are done here.
 */
import { Resolver } from "node:dns/promises";
import { readFileSync, statSync } from "node:fs";
import { LIMITS } from "../config.ts";
import { plainAddress } from "../lib/ip.ts";

/** `LIMITS.lookup`; a test uses others. */
type LookupLimits = Record<keyof typeof LIMITS.lookup, number>;

export interface ResolverOptions {
  /** Addresses as `192.0.2.1` or `192.0.2.1:5353`. Default: those of the system. */
  nameservers?: readonly string[];
  /** Default: the hosts file of the system. */
  hostsFile?: string;
  /** The file with search domains; see resolv.conf(5). */
  configFile?: string;
  limits?: Partial<LookupLimits>;
}

/** Returns all addresses of a name, or none. Rejects if too many other names are being resolved. */
export type ResolveName = (host: string) => Promise<string[]>;

const HOSTS_FILE =
  process.platform === "win32"
    ? `${process.env.SystemRoot ?? "C:\\Windows"}\\System32\\drivers\\etc\\hosts`
    : "/etc/hosts";

/** Creates a resolver. Concurrent calls for one name share a lookup. */
export function createResolver(options: ResolverOptions = {}): ResolveName {
  const limits = { ...LIMITS.lookup, ...options.limits };
  const readHosts = cacheParsedFile(options.hostsFile ?? HOSTS_FILE, parseHosts);
  const readSearch = cacheParsedFile(options.configFile ?? "/etc/resolv.conf", parseSearch);
  const underWay = new Map<string, Promise<string[]>>();

  return async (host) => {
    const known = readHosts().get(host.toLowerCase());
    if (known) return known;
    let lookup = underWay.get(host);
    if (!lookup) {
      if (underWay.size >= limits.atOnce) throw new Error("too many names to resolve");
      const names = namesToAsk(host, readSearch()).slice(0, 1 + limits.searchDomains);
      lookup = askFirstKnown(names, options.nameservers, limits).finally(() =>
        underWay.delete(host),
      );
      underWay.set(host, lookup);
    }
    return lookup;
  };
}

/** The addresses of the first of `names` that has any. Ends after `limits.totalMs`. */
async function askFirstKnown(
  names: readonly string[],
  nameservers: readonly string[] | undefined,
  limits: LookupLimits,
): Promise<string[]> {
  // A new one for each lookup reads the nameservers that the system has now.
  const resolver = new Resolver({ timeout: limits.tryMs, tries: limits.tries });
  if (nameservers) resolver.setServers(nameservers);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    resolver.cancel();
  }, limits.totalMs);
  try {
    for (const name of names) {
      const addresses = await askBothFamilies(resolver, name);
      if (addresses.length > 0 || isLate) return addresses;
    }
    return [];
  } finally {
    clearTimeout(timer);
  }
}

/** A family that fails or does not answer leaves the addresses of the other. */
async function askBothFamilies(resolver: Resolver, name: string): Promise<string[]> {
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  return answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
}

/** Search domains, and how many dots a name needs to be asked for without one first. */
interface Search {
  domains: string[];
  dots: number;
}

/** The names to ask for in turn, in the order of resolv.conf(5). */
function namesToAsk(host: string, { domains, dots }: Search): string[] {
  const extended = domains.map((domain) => `${host}.${domain}`);
  return host.split(".").length > dots ? [host, ...extended] : [...extended, host];
}

function parseSearch(text: string): Search {
  const search: Search = { domains: [], dots: 1 };
  for (const [keyword, ...values] of linesOf(text, /[#;].*/)) {
    if (keyword === "search" || keyword === "domain") {
      search.domains = values.map((value) => value.replace(/\.+$/, "")).filter(Boolean);
    }
    if (keyword !== "options") continue;
    for (const value of values)
      search.dots = Number(/^ndots:(\d+)$/.exec(value)?.[1] ?? search.dots);
  }
  return search;
}

function parseHosts(text: string): Map<string, string[]> {
  const hosts = new Map<string, string[]>();
  for (const [address = "", ...names] of linesOf(text, /#.*/)) {
    if (plainAddress(address) === null) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      hosts.set(key, [...(hosts.get(key) ?? []), address]);
    }
  }
  return hosts;
}

/** The words of each line that is not empty without its comment. */
function linesOf(text: string, comment: RegExp): string[][] {
  const lines = text.split("\n").map((line) => line.replace(comment, "").trim());
  return lines.filter((line) => line !== "").map((line) => line.split(/\s+/));
}

/** Returns a reader of a file that parses it again when it has changed. A missing file is empty. */
function cacheParsedFile<T>(path: string, parse: (text: string) => T): () => T {
  let parsedVersion: string | null = null;
  let value = parse("");
  return () => {
    try {
      const { mtimeMs, size } = statSync(path);
      const version = `${mtimeMs} ${size}`;
      // Synchronous: an asynchronous read would wait for the thread pool.
      if (version !== parsedVersion) value = parse(readFileSync(path, "utf8"));
      parsedVersion = version;
    } catch {
      parsedVersion = null;
      value = parse("");
    }
    return value;
  };
}
