/** Signatures of a delivery: the documented header and the Standard Webhooks headers, with the same secret. */
import { createHmac } from "node:crypto";
import { VERSION } from "../lib/version.ts";

export const SECRET_PREFIX = "whsec_";

/** The headers that depend on the secret. */
export const SIGNATURE_HEADERS = ["X-Allison-Signature", "webhook-signature"] as const;
/** The headers that contain the time of signing. */
export const TIMESTAMP_HEADERS = ["X-Allison-Timestamp", "webhook-timestamp"] as const;

/**
 * The headers of one attempt, signed at `at` (milliseconds since the epoch).
 *
 * `X-Allison-Signature`: HMAC-SHA256 over `timestamp.body`, keyed with the whole secret as text, in lower-case hex.
 * `webhook-signature` (standardwebhooks.com): HMAC-SHA256 over `id.timestamp.body`, keyed with what follows `whsec_`,
 * base64-decoded, in base64.
 */
export function signedHeaders(
  secret: string,
  eventId: string,
  body: string,
  at: number,
): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000));
  const standardKey = Buffer.from(secret.slice(SECRET_PREFIX.length), "base64");
  return {
    "Content-Type": "application/json",
    // Firewalls refuse requests without one.
    "User-Agent": `Allison/${VERSION}`,
    "X-Allison-Timestamp": timestamp,
    "X-Allison-Event-Id": eventId,
    "X-Allison-Signature": `v1=${hmac(secret, `${timestamp}.${body}`).toString("hex")}`,
    "webhook-id": eventId,
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${hmac(standardKey, `${eventId}.${timestamp}.${body}`).toString("base64")}`,
  };
}

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac("sha256", key).update(text).digest();
