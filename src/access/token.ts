/**
 * Key tokens: `av_live_`, `av_test_` or `av_plat_`, 26 random characters of base 62 and 6 of checksum, the scheme of
 * GitHub's tokens: a mistyped key is refused without a database lookup, and secret scanners recognize a real one.
 */
import { randomBase62, toBase62 } from "../lib/base62.ts";
import { sha256Hex } from "../lib/json.ts";
import type { Random } from "../lib/random.ts";

export const KEY_KINDS = ["live", "test", "plat"] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

const TOKEN = /^av_(live|test|plat)_[A-Za-z0-9]{32}$/;
const RANDOM_LENGTH = 26;
const CHECKSUM_LENGTH = 6;

/** CRC-32 (zlib's) of the token's first 34 characters, in base 62, padded left with `0`. */
export const checksum = (text: string): string => toBase62(Bun.hash.crc32(text), CHECKSUM_LENGTH);

export function createToken(kind: KeyKind, random: Random): string {
  const text = `av_${kind}_${randomBase62(random, RANDOM_LENGTH)}`;
  return text + checksum(text);
}

/** The token's kind, or null when it is malformed or its checksum is wrong. */
export function tokenKind(token: string): KeyKind | null {
  const match = TOKEN.exec(token);
  if (match === null) return null;
  const split = token.length - CHECKSUM_LENGTH;
  return checksum(token.slice(0, split)) === token.slice(split) ? (match[1] as KeyKind) : null;
}

/** The stored hash of a token. A fast hash is enough: the token holds 155 random bits. */
export const tokenHash = (token: string): string => sha256Hex(token);

/** The part of a token that is shown after its creation: `av_live_abc123...`. */
export const tokenPrefix = (token: string): string => `${token.slice(0, 14)}...`;
