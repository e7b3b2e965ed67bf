/**
 * Admission: whether a request may go on at all. Key, rate limit and scope are checked in this order; where a gate is
 * given, it decides instead of the key (the dashboard's asks for a session).
 */
import type { ApiKey, Keys } from "../access/keys.ts";
import type { KeyKind } from "../access/token.ts";
import { LIMITS } from "../config.ts";
import type { Clock } from "../lib/clock.ts";
import { networkOf } from "../lib/ip.ts";
import type { Log } from "../lib/log.ts";
import type { Actor, RequestOrigin } from "../store/actor.ts";
import { ApiError, invalid, rateLimited, STOPPING, unauthorized } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import type { RequireServedHost } from "./hosts.ts";
import type { RateLimiter } from "./rate-limit.ts";
import type { Route } from "./route.ts";
import { isDecodable, targetOf } from "./target.ts";

export interface AdmissionServices {
  keys: Keys;
  /** The kinds of keys that `/v1` accepts. */
  apiKeyKinds: readonly KeyKind[];
  reads: RateLimiter;
  writes: RateLimiter;
  /** By the client's network. */
  failedAuthentications: RateLimiter;
  /** Request headers that are refused, by name in lower case, each with its error text. */
  refusedHeaders: Readonly<Record<string, string>>;
  clock: Clock;
  log: Log;
  /** The client's address; behind a trusted proxy, the one that the proxy names. */
  addressOf(request: Request): string;
  requireServedHost: RequireServedHost;
  /** Whether the server is stopping and takes no more work. */
  draining(): boolean;
}

/** Who makes the request. `key` is null for somebody who came through a gate. */
export interface Principal {
  key: ApiKey | null;
  actor(): Actor;
  /** Inside the transaction, before the write: throws if the write needs a confirmation that the request lacks. */
  requireConfirmed?(body: unknown, target: unknown): void;
}

/** Lets a request in, or throws. */
export type Gate = (exchange: Exchange) => Principal;

export interface Admission {
  /** Throws `misdirected_request` for a host that is not served, and `unavailable` while the server stops. */
  requireOpen(exchange: Exchange): void;
  /** Throws 421, 503, 401, 429, 403, 400 for a refused header, and 404 for a path that cannot be decoded, in this order. */
  admit(exchange: Exchange, access: Route["access"], gate?: Gate): Principal;
  originOf(exchange: Exchange): RequestOrigin;
}

const WRITING_METHODS = new Set(["POST", "PUT", "PATCH", "DELETE"]);

export function createAdmission(services: AdmissionServices): Admission {
  const { clock, addressOf } = services;
  const refusedHeaders = Object.entries(services.refusedHeaders);

  function requireOpen({ request, headers }: Exchange): void {
    services.requireServedHost(request);
    if (!services.draining()) return;
    // Only a new connection can reach the process that takes over.
    headers.Connection = "close";
    throw new ApiError("unavailable", { headers: { "Retry-After": "1" }, reason: STOPPING });
  }

  const originOf = ({ request, id }: Exchange): RequestOrigin => ({
    ip: addressOf(request),
    user_agent: request.headers.get("user-agent")?.slice(0, LIMITS.userAgentLength) ?? null,
    request_id: id,
  });

  /** Takes a token from the key's read or write budget and reports in the headers what is left. */
  function spend({ request, headers }: Exchange, key: ApiKey): void {
    const isWrite = WRITING_METHODS.has(request.method);
    const name = isWrite ? "writes" : "reads";
    const limiter = isWrite ? services.writes : services.reads;
    const { allowed, left, nextSeconds } = limiter.spend(key.id, clock.monotonic());
    headers["RateLimit-Policy"] = `"${name}";q=${limiter.limit};w=60`;
    headers.RateLimit = `"${name}";r=${left};t=${nextSeconds}`;
    if (!allowed) throw rateLimited(nextSeconds, `${limiter.limit} ${name} per minute`);
  }

  function admitByKey(exchange: Exchange, access: Route["access"]): Principal {
    const key = authenticate(
      services,
      exchange,
      access === "platform" ? ["plat"] : services.apiKeyKinds,
    );
    if (access === "key") {
      spend(exchange, key);
      if (key.scope !== "write" && WRITING_METHODS.has(exchange.request.method))
        throw new ApiError("insufficient_scope");
    }
    return { key, actor: () => actorOf(services.keys, key, originOf(exchange)) };
  }

  return {
    requireOpen,
    originOf,
    admit(exchange, access, gate) {
      requireOpen(exchange);
      const principal = gate ? gate(exchange) : admitByKey(exchange, access);
      const { url, headers } = exchange.request;
      for (const [name, issue] of refusedHeaders)
        if (headers.has(name)) throw invalid({ [name]: issue });
      if (url.includes("%") && !isDecodable(targetOf(exchange.request).path))
        throw new ApiError("not_found");
      return principal;
    },
  };
}

function actorOf(keys: Keys, key: ApiKey, origin: RequestOrigin): Actor {
  const { kind, id, name, prefix } = key;
  const type = kind === "plat" ? "platform" : "key";
  return { type, id, name, prefix, ...origin, requireValid: () => keys.requireActive(key) };
}

/** The key of the request. Throws `unauthorized`, or `rate_limited` for an address that failed too often. */
function authenticate(
  { keys, clock, log, addressOf, failedAuthentications }: AdmissionServices,
  { request, id }: Exchange,
  kinds: readonly KeyKind[],
): ApiKey {
  const header = request.headers.get("authorization");
  const token = header?.startsWith("Bearer ") ? header.slice(7) : null;
  const key = token === null ? "missing" : keys.authenticate(token, kinds);
  if (typeof key !== "string") {
    keys.recordUse(key, () => addressOf(request));
    return key;
  }
  const ip = addressOf(request);
  // Whoever holds a key that has ended is told at once, and guesses nothing.
  if (key !== "inactive" && key !== "expired") {
    const { allowed, nextSeconds } = failedAuthentications.spend(networkOf(ip), clock.monotonic());
    if (!allowed) {
      const { limit } = failedAuthentications;
      throw rateLimited(nextSeconds, `${limit} failed authentications per minute`);
    }
  }
  log.info({ request_id: id, ip, reason: key }, "key refused");
  throw unauthorized("key");
}
