/** Egresses for tests: one that allows loopback, and one that allows public addresses only. */
import { expect } from "bun:test";
import { parseCidr } from "../../src/lib/ip.ts";
import { createEgress, type Egress, type EgressOptions } from "../../src/webhooks/egress.ts";
import { authority } from "./certificates.ts";

export const LOOPBACK = parseCidr("127.0.0.0/8");
export const PUBLIC_ADDRESS = "93.184.215.14";
export const MESSAGE = { headers: { "content-type": "application/json" }, body: '{"name":"Zoë"}' };
export const SHORT_LIMITS = { totalMs: 500, connectMs: 250, bodyMs: 250 };

export const resolvesTo =
  (...addresses: string[]) =>
  async () =>
    addresses;

/** As a self-hoster configures it for receivers on the same machine. */
export const localEgress = (options: Partial<EgressOptions> = {}): Egress =>
  createEgress({
    allow: [LOOPBACK],
    ca: authority,
    resolve: resolvesTo("127.0.0.1"),
    ...options,
  });

/** Without --webhook-allow. Names resolve to `addresses`, by default to a public one. */
export const publicEgress = (...addresses: string[]): Egress =>
  createEgress({
    allow: [],
    resolve: resolvesTo(...(addresses.length > 0 ? addresses : [PUBLIC_ADDRESS])),
  });

/** Why a URL is refused, or null. Asserts that `check` and `post` agree. */
export async function refusalText(egress: Egress, url: string): Promise<string | null> {
  const refusal = await egress.check(url);
  if (refusal === null) return null;
  const outcome = await egress.post(url, MESSAGE);
  expect(outcome).toMatchObject({ statusCode: null, error: refusal.message, answer: null });
  return refusal.message;
}
