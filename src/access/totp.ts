/** The second factor: codes of six digits from an authenticator app (RFC 6238), and recovery codes for a lost one. */
import { Secret, TOTP } from "otpauth";
import { sha256Hex } from "../lib/json.ts";
import type { Random } from "../lib/random.ts";

/** The parameters that every authenticator app supports: SHA-1, six digits, 30 seconds. */
const PARAMETERS = { algorithm: "SHA1", digits: 6, period: 30 } as const;
const SECRET_BYTES = 20;
/** A client's clock may be off by this many steps in either direction. */
const WINDOW = 1;

/** A new secret in base 32, as authenticator apps expect it. */
export const newTotpSecret = (random: Random): string =>
  new Secret({ buffer: Uint8Array.from(random.bytes(SECRET_BYTES)).buffer }).base32;

/** The otpauth URL for the QR code. */
export const otpauthUrl = (secret: string, account: string, issuer: string): string =>
  new TOTP({ ...PARAMETERS, issuer, label: account, secret: Secret.fromBase32(secret) }).toString();

/** The time step of a code, at most one away from `now` (ms); null for a wrong code. */
export function totpStep(code: string, secret: string, now: number): number | null {
  if (!/^\d{6}$/.test(code)) return null;
  const delta = TOTP.validate({
    ...PARAMETERS,
    token: code,
    secret: Secret.fromBase32(secret),
    timestamp: now,
    window: WINDOW,
  });
  return delta === null ? null : Math.floor(now / 1000 / PARAMETERS.period) + delta;
}

/** Crockford's base 32 in lower case: no letters and digits that look alike. */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const GROUPS = 3;
const GROUP_LENGTH = 5;

/** Such as `k3v9q-0xw2t-8hd4m`: 75 random bits, so a fast hash protects it well enough. */
export function newRecoveryCode(random: Random): string {
  const letters = [...random.bytes(GROUPS * GROUP_LENGTH)].map((byte) => ALPHABET[byte & 31]);
  return Array.from({ length: GROUPS }, (_, group) =>
    letters.slice(group * GROUP_LENGTH, (group + 1) * GROUP_LENGTH).join(""),
  ).join("-");
}

/** The stored hash of a recovery code; case, spaces and dashes do not matter. */
export const recoveryHash = (code: string): string =>
  sha256Hex(code.toLowerCase().replace(/[\s-]/g, ""));
