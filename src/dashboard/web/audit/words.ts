/** An audit row as a person reads it. */
import type { AuditEntry } from "../../answers.ts";

/** "api_key" as it is said. */
export const sayEntity = (type: string) =>
  type === "api_key" ? "API key" : type === "faq" ? "FAQ" : type.replaceAll("_", " ");

const ACTORS: Record<string, string> = {
  key: "key",
  platform: "platform key",
  user: "in the dashboard",
  cli: "at the command line",
  system: "the server itself",
};
/** "Zapier (key)". */
export const sayActor = ({ actor }: AuditEntry) =>
  `${actor.name ?? actor.id ?? "Unknown"} (${ACTORS[actor.type] ?? actor.type})`;

/** Field by field; nothing where the row was altered into what cannot be read. */
export const changesOf = ({ changes }: AuditEntry): [string, [unknown, unknown]][] =>
  typeof changes === "string" ? [] : Object.entries(changes);

/** A value as text: as it is, in words where it is hidden or none. */
export function sayValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (typeof value === "string") return value;
  return JSON.stringify(value, null, 2);
}

const PAGES: Record<string, string> = {
  call: "/calls",
  contact: "/contacts",
  fact: "/knowledge/fact",
  faq: "/knowledge/faq",
  policy: "/knowledge/policy",
  location: "/locations",
  team_member: "/team",
  escalation_rule: "/rules",
  intent: "/intents",
  webhook_subscription: "/webhooks",
};
/** The page of what a row is about, where it has one. */
export const pageOf = ({ entity_type, entity_id }: AuditEntry) =>
  entity_type in PAGES && entity_id ? `${PAGES[entity_type]}/${entity_id}` : null;
