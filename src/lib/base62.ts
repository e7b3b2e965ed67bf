/** Base 62 in the order `0-9A-Za-z`, for key tokens and secrets. */
import type { Random } from "./random.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** `length` uniformly distributed characters: bytes over 247 (4 * 62 - 1) are drawn again, not folded. */
export function randomBase62(random: Random, length: number): string {
  let text = "";
  while (text.length < length) {
    for (const byte of random.bytes(length - text.length)) {
      if (byte < 248) text += ALPHABET[byte % 62];
    }
  }
  return text;
}

/** A non-negative whole number in base 62, padded left with `0` to `length`. */
export function toBase62(value: number, length: number): string {
  let text = "";
  for (let rest = value; rest > 0; rest = Math.floor(rest / 62)) text = ALPHABET[rest % 62] + text;
  return text.padStart(length, "0");
}
