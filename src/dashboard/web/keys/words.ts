/** What a key may do and whether it still works, in words. */
import type { Key } from "../../answers.ts";

export type Access = Key["access"];

/** The least first. */
export const ACCESS: readonly { value: Access; label: string; about: string }[] = [
  {
    value: "read",
    label: "Read",
    about: "Sees calls, contacts and everything else; changes nothing.",
  },
  {
    value: "write",
    label: "Read + Write",
    about: "Also creates, changes and deletes contacts, knowledge, routing and webhooks.",
  },
  {
    value: "platform",
    label: "Platform",
    about: "Only tells of calls. For the voice platform alone.",
  },
];

export const sayAccess = (access: Access): string =>
  ACCESS.find(({ value }) => value === access)!.label;

const DAY_MS = 86_400_000;
/** As many days as the overview warns ahead. */
const SOON_DAYS = 14;

/** How its end is told beside its date; null where there is nothing to tell. */
export function sayExpiry({ expires_at }: Key, now = Date.now()): "Expired" | "Soon" | null {
  if (expires_at === null) return null;
  const left = Date.parse(expires_at) - now;
  if (left <= 0) return "Expired";
  return left <= SOON_DAYS * DAY_MS ? "Soon" : null;
}

/** A command that shows that the key works, and changes nothing. */
export function curlOf(publicUrl: string, access: Access, token: string): string {
  const header = `-H "Authorization: Bearer ${token}"`;
  // The platform's API has nothing to read: an empty list of calls is answered with 200 and stores none.
  return access === "platform"
    ? `curl -i -X POST ${header} -H "Content-Type: application/x-ndjson" --data "" ${publicUrl}/platform/v1/calls`
    : `curl ${header} ${publicUrl}/v1/me`;
}
