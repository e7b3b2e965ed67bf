/**
 * The hosts that a server serves. A page of another site can let its own name resolve to a loopback address (DNS
 * rebinding), and its requests then have that name as `Host`. So a server that listens on loopback only serves loopback
 * names and the host of its public URL.
 */
import { isLoopbackHost } from "../lib/ip.ts";
import { ApiError } from "./errors.ts";

/** Throws `misdirected_request` for a request to a host that is not served. */
export type RequireServedHost = (request: Request) => void;

/** `address`: where the server listens. */
export function createHostCheck(address: string, publicUrl: () => string): RequireServedHost {
  if (!isLoopbackHost(address)) return () => {};
  let served: string | null = null;
  return ({ headers }) => {
    const host = headers.get("host");
    // A browser always sends one; HTTP/1.0 has none.
    if (!host || host === served) return;
    const name = hostnameOf(`http://${host}`);
    if (name === null || !(isLoopbackHost(name) || name === hostnameOf(publicUrl())))
      throw new ApiError("misdirected_request", {
        details: { host: "must be a loopback name, or the host of --public-url" },
      });
    served = host;
  };
}

const hostnameOf = (url: string): string | null =>
  URL.canParse(url) ? new URL(url).hostname : null;
