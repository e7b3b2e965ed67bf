/** ETags (RFC 9110, 8.8.3): a hash of the representation itself, so it changes exactly when what is shown changes. */

/** A strong entity tag for a representation's text. */
export const etagOf = (text: string): string => `"${Bun.hash.rapidhash(text).toString(36)}"`;

/** Whether a list of entity tags (If-Match, If-None-Match) names this one. `*` names any. */
export function namesTag(header: string, etag: string): boolean {
  return header
    .split(",")
    .map((entry) => entry.trim().replace(/^W\//, ""))
    .some((entry) => entry === "*" || entry === etag);
}
