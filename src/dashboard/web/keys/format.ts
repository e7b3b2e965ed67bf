/** Formats API keys for people: access, expiry, and a command to try a key. */
import type { Key } from "../../answers.ts";

export type Access = Key["access"];

/** From the least to the most access; the platform's own last. */
export const ACCESS: readonly { value: Access; label: string; about: string }[] = [
  {
    value: "read",
    label: "Read",
    about: "Can read calls, contacts and everything else.",
  },
  {
    value: "write",
    label: "Read and write",
    about: "Can also create, update and delete contacts, knowledge, routing and webhooks.",
  },
  {
    value: "platform",
    label: "Platform",
    about: "Can only report calls. For the voice platform.",
  },
];

export const formatAccess = (access: Access): string =>
  ACCESS.find(({ value }) => value === access)!.label;

const DAY_MS = 86_400_000;
/** The overview warns of an expiring key for the same number of days. */
const WARNING_DAYS = 14;

/** A warning to show beside the expiry date; null where none is due. */
export function expiryWarning(
  { expires_at }: Key,
  now = Date.now(),
): "Expired" | "Expires soon" | null {
  if (expires_at === null) return null;
  const remaining = Date.parse(expires_at) - now;
  if (remaining <= 0) return "Expired";
  return remaining <= WARNING_DAYS * DAY_MS ? "Expires soon" : null;
}

/** A curl command that shows that the key works and changes nothing. */
export function curlOf(publicUrl: string, access: Access, token: string): string {
  const header = `-H "Authorization: Bearer ${token}"`;
  // The platform's API has no route to read. Importing an empty list of calls answers 200 and stores nothing.
  return access === "platform"
    ? `curl -i -X POST ${header} -H "Content-Type: application/x-ndjson" --data "" ${publicUrl}/platform/v1/calls`
    : `curl ${header} ${publicUrl}/v1/me`;
}
