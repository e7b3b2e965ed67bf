/** The second factor: codes of six digits from an authenticator app (RFC 6238), and recovery codes for a lost one. */
import { Secret, TOTP } from "otpauth";
import { sha256Hex } from "../lib/json.ts";
import type { Random } from "../lib/random.ts";

/** What every authenticator app understands: SHA-1, six digits, half a minute. */
const FORM = { algorithm: "SHA1", digits: 6, period: 30 } as const;
const SECRET_BYTES = 20;
/** A clock may be this many steps off, either way. */
const WINDOW = 1;

/** A new secret, in base 32 as apps take it. */
export const newTotpSecret = (random: Random): string =>
  new Secret({ buffer: Uint8Array.from(random.bytes(SECRET_BYTES)).buffer }).base32;

/** The address behind the QR code that an app reads. */
export const otpauthUrl = (secret: string, account: string, issuer: string): string =>
  new TOTP({ ...FORM, issuer, label: account, secret: Secret.fromBase32(secret) }).toString();

/** The step of time that a code belongs to, at most one away from `now` (ms); null for a wrong code. */
export function totpStep(code: string, secret: string, now: number): number | null {
  if (!/^\d{6}$/.test(code)) return null;
  const delta = TOTP.validate({
    ...FORM,
    token: code,
    secret: Secret.fromBase32(secret),
    timestamp: now,
    window: WINDOW,
  });
  return delta === null ? null : Math.floor(now / 1000 / FORM.period) + delta;
}

/** Without letters and digits that look alike (Crockford's base 32, small). */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const GROUPS = 3;
const GROUP_LENGTH = 5;

/** `k3v9q-0xw2t-8hd4m`: 75 random bits, so that a fast hash keeps it well. */
export function newRecoveryCode(random: Random): string {
  const letters = [...random.bytes(GROUPS * GROUP_LENGTH)].map((byte) => ALPHABET[byte & 31]);
  return Array.from({ length: GROUPS }, (_, group) =>
    letters.slice(group * GROUP_LENGTH, (group + 1) * GROUP_LENGTH).join(""),
  ).join("-");
}

/** What is stored of a recovery code; capitals, spaces and dashes do not matter. */
export const recoveryHash = (code: string): string =>
  sha256Hex(code.toLowerCase().replace(/[\s-]/g, ""));
