/** Canonical JSON: sorted object keys, so that equal values have equal text and equal hashes. */

/** JSON text with the keys of every object in code-unit order (the ordering rule of RFC 8785). */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** SHA-256 as lower-case hex. */
export const sha256Hex = (text: string): string => Bun.SHA256.hash(text, "hex");

/** HMAC-SHA-256 (RFC 2104) as lower-case hex. */
export const hmacSha256Hex = (key: Uint8Array, text: string): string =>
  new Bun.CryptoHasher("sha256", key).update(text).digest("hex");
