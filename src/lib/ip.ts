/** IP addresses and networks, and the address of a client behind trusted proxies. */
import { isIPv4 } from "node:net";
import ipaddr from "ipaddr.js";

export type Cidr = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** `10.0.0.0/8`, or a single address as its own network. Throws on anything else, such as `10/8`. */
export function parseCidr(text: string): Cidr {
  // The library reads `10` as 0.0.0.10 and `010.0.0.1` as 8.0.0.1, as old C libraries do.
  const [written = ""] = text.split("/");
  if (!written.includes(":") && !ipaddr.IPv4.isValidFourPartDecimal(written)) {
    throw new Error(`${written} is not an address`);
  }
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

/** The address in canonical form: IPv4 in IPv6 (`::ffff:10.0.0.1`) becomes IPv4. Null if `text` is not an address. */
export function plainAddress(text: string): string | null {
  // Most addresses are canonical already.
  if (isIPv4(text)) return text;
  return ipaddr.isValid(text) ? ipaddr.process(text).toString() : null;
}

/** The network that one client controls: its IPv4 address, or the /64 network of its IPv6 address. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv4") return parsed.toString();
  return `${(parsed as ipaddr.IPv6).parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(":")}::/64`;
}

export function isWithin(address: string, networks: readonly Cidr[]): boolean {
  const parsed = ipaddr.process(address);
  return networks.some(
    ([network, bits]) => network.kind() === parsed.kind() && parsed.match([network, bits] as never),
  );
}

/**
 * The client's address: the peer itself unless the peer is a trusted proxy; then the right-most entry of
 * X-Forwarded-For that is not a trusted proxy. Entries before an untrusted hop are ignored, since anybody can send them.
 */
export function clientAddress(
  peer: string,
  forwardedFor: string | null,
  trusted: readonly Cidr[],
): string {
  let address = plainAddress(peer);
  if (address === null) return peer;
  if (trusted.length === 0 || !forwardedFor) return address;
  for (const hop of forwardedFor.split(",").reverse()) {
    if (!isWithin(address, trusted)) break;
    const next = plainAddress(withoutPort(hop.trim()));
    if (next === null) break;
    address = next;
  }
  return address;
}

/** Some proxies append the port: `203.0.113.7:1234`, `[2001:db8::1]:1234`. */
const withoutPort = (hop: string): string =>
  hop.replace(/^\[(.*)\](?::\d+)?$/, "$1").replace(/^([\d.]+):\d+$/, "$1");

/** The URL for clients on this machine: an address that means all interfaces becomes the loopback address. */
export const loopbackUrl = (url: string): string =>
  url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");

/** The addresses of this machine itself, as CIDR. */
export const LOOPBACK = ["127.0.0.0/8", "::1/128"];
const LOOPBACK_NETWORKS = LOOPBACK.map(parseCidr);

/** Whether a host name or address, as in a URL, always means this machine (RFC 6761 section 6.3 for `localhost`). */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$|\.+$/g, "");
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  const address = plainAddress(name);
  return address !== null && isWithin(address, LOOPBACK_NETWORKS);
}
