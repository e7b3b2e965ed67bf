/** Key tokens: their form, checksum and randomness, compared with an implementation of the test's own. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  checksum,
  createToken,
  KEY_KINDS,
  tokenHash,
  tokenKind,
  tokenPrefix,
} from "../../src/access/token.ts";
import { randomBase62, toBase62 } from "../../src/lib/base62.ts";
import { systemRandom } from "../../src/lib/random.ts";
import { seededRandom } from "../support/random.ts";

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** CRC-32 bit by bit, as RFC 1952 defines it. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text, "ascii")) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

function base62(value: bigint, length: number): string {
  const digits = Array.from({ length }, (_, i) => {
    const place = 62n ** BigInt(length - 1 - i);
    return DIGITS[Number((value / place) % 62n)];
  });
  return digits.join("");
}

const seeds = fc.nat(2 ** 31);
const kinds = fc.constantFrom(...KEY_KINDS);

describe("a token", () => {
  test("has the documented form: av_, its kind, 32 of [A-Za-z0-9], 40 characters, and is accepted as its kind", () => {
    fc.assert(
      fc.property(kinds, seeds, (kind, seed) => {
        const token = createToken(kind, seededRandom(seed));
        expect(token).toMatch(new RegExp(`^av_${kind}_[A-Za-z0-9]{32}$`));
        expect(token.length).toBe(40);
        expect(tokenKind(token)).toBe(kind);
        expect(tokenPrefix(token)).toBe(`${token.slice(0, 14)}...`);
      }),
    );
  });

  test("ends with the CRC-32 of its first 34 characters, in base 62, padded with 0", () => {
    // The check value of the CRC catalogue.
    expect(crc32("123456789")).toBe(0xcbf43926);
    expect(base62(0xcbf43926n, 6)).toBe("3jZRME");
    expect(checksum("123456789")).toBe("3jZRME");
    fc.assert(
      fc.property(kinds, seeds, (kind, seed) => {
        const token = createToken(kind, seededRandom(seed));
        expect(token.slice(34)).toBe(base62(BigInt(crc32(token.slice(0, 34))), 6));
      }),
    );
  });

  test("base 62 of any CRC-32 has six digits and is reversible", () => {
    for (const [value, text] of [
      [0, "000000"],
      [61, "00000z"],
      [62, "000010"],
      [2 ** 32 - 1, "4gfFC3"],
    ] as const) {
      expect(toBase62(value, 6)).toBe(text);
    }
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 32 - 1 }), (value) => {
        expect(toBase62(value, 6)).toBe(base62(BigInt(value), 6));
      }),
    );
  });

  test("is refused after any change of one character to another printable one", () => {
    const token = createToken("live", systemRandom);
    for (let at = 0; at < token.length; at += 1) {
      for (let code = 32; code < 127; code += 1) {
        const character = String.fromCharCode(code);
        if (character === token[at]) continue;
        expect(tokenKind(token.slice(0, at) + character + token.slice(at + 1))).toBeNull();
      }
    }
  });

  test("is refused with two characters swapped, one missing or one doubled, and with anything around it", () => {
    fc.assert(
      fc.property(seeds, fc.nat(38), (seed, at) => {
        const token = createToken("live", seededRandom(seed));
        const swapped = token.slice(0, at) + token[at + 1] + token[at] + token.slice(at + 2);
        if (swapped !== token) expect(tokenKind(swapped)).toBeNull();
        expect(tokenKind(token.slice(0, at) + token.slice(at + 1))).toBeNull();
        expect(tokenKind(token.slice(0, at) + token[at] + token.slice(at))).toBeNull();
      }),
    );
    const token = createToken("live", systemRandom);
    for (const around of [
      ` ${token}`,
      `${token} `,
      `${token}\n`,
      `${token}\0`,
      "",
      token.toUpperCase(),
    ]) {
      expect(tokenKind(around)).toBeNull();
    }
  });

  test("is not accepted as another kind", () => {
    for (const kind of KEY_KINDS) {
      const token = createToken(kind, systemRandom);
      for (const other of KEY_KINDS.filter((one) => one !== kind)) {
        expect(tokenKind(token.replace(kind, other))).toBeNull();
      }
    }
  });

  test("is stored as the SHA-256 of the whole token", () => {
    const token = createToken("live", systemRandom);
    expect(tokenHash(token)).toBe(new Bun.CryptoHasher("sha256").update(token).digest("hex"));
  });
});

describe("the random part", () => {
  test("uses each of the 62 characters equally often, and discards bytes that would favor some", () => {
    const total = 620_000;
    const counts = new Map<string, number>();
    for (const character of randomBase62(systemRandom, total)) {
      counts.set(character, (counts.get(character) ?? 0) + 1);
    }
    expect([...counts.keys()].sort().join("")).toBe(DIGITS);
    // Chi-squared with 61 degrees of freedom exceeds 140 once in a hundred million times.
    const expected = total / 62;
    const chi = [...counts.values()].reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    expect(chi).toBeLessThan(140);
    const every = { bytes: (length: number) => new Uint8Array(length).fill(bytes.shift() ?? 0) };
    const bytes = [255, 248, 247, 0];
    expect(randomBase62(every, 2)).toBe("zz");
  });

  test("never repeats among many tokens", () => {
    const tokens = new Set(Array.from({ length: 20_000 }, () => createToken("live", systemRandom)));
    expect(tokens.size).toBe(20_000);
  });
});
