/** Formats audit rows for people. */
import type { AuditEntry } from "../../answers.ts";
import { entityPath } from "../api/resources.ts";

const ACTORS: Record<AuditEntry["actor"]["type"], string> = {
  key: "API key",
  platform: "platform key",
  user: "dashboard",
  cli: "command line",
  system: "server",
};

/** "Zapier (API key)". */
export const formatActor = ({ actor }: AuditEntry): string =>
  `${actor.name ?? actor.id ?? "Unknown"} (${ACTORS[actor.type] ?? actor.type})`;

/** `phone_number` with spaces. */
export const formatField = (field: string): string => field.replaceAll("_", " ");

/** The changes by field; none where the row was altered into text that cannot be read. */
export const changesOf = ({ changes }: AuditEntry): [string, [unknown, unknown]][] =>
  typeof changes === "string" ? [] : Object.entries(changes);

export function formatValue(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (typeof value === "string") return value;
  if (isDigest(value)) return formatDigest(value);
  return JSON.stringify(value, null, 2);
}

/** The digest of a value that is too long to store; `characters` in rows of version 0.1. */
type Digest = { sha256: string } & ({ length: number } | { characters: number });

function isDigest(value: unknown): value is Digest {
  if (typeof value !== "object" || value === null) return false;
  const { sha256, length, characters, ...others } = value as Record<string, unknown>;
  return (
    typeof sha256 === "string" &&
    typeof (length ?? characters) === "number" &&
    Object.keys(others).length === 0
  );
}

/** "Not stored: 12,345 bytes, SHA-256 9f86d081…". */
function formatDigest(digest: Digest): string {
  const size =
    "length" in digest
      ? `${digest.length.toLocaleString()} bytes`
      : `${digest.characters.toLocaleString()} characters`;
  return `Not stored in the log: ${size}, SHA-256 ${digest.sha256}`;
}

/** The page of the row's entity; null where it has none or no longer exists. */
export const pageOf = ({ action, entity_type, entity_id }: AuditEntry): string | null =>
  action === "deleted" || !entity_id ? null : entityPath(entity_type, entity_id);
