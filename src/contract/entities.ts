/**
 * The types of entities that the audit log records, each with its noun. Declared once: definitions refer to a type, the
 * dashboard's filters and forms take the noun. Imports nothing, because the browser loads it too.
 */
export const ENTITY_NOUNS = {
  api_key: "API key",
  user: "user",
  invitation: "invitation",
  session: "session",
  recovery_code: "recovery code",
  organization: "organization",
  call: "call",
  contact: "contact",
  fact: "fact",
  faq: "FAQ",
  policy: "policy",
  location: "location",
  team_member: "team member",
  escalation_rule: "escalation rule",
  intent: "intent",
  webhook_subscription: "webhook subscription",
} as const;

export type EntityType = keyof typeof ENTITY_NOUNS;
export const ENTITY_TYPES = Object.keys(ENTITY_NOUNS) as EntityType[];

/** The noun of a type; an unknown type, as an altered audit row may have, with spaces in place of underscores. */
export const nounOf = (type: string): string =>
  Object.hasOwn(ENTITY_NOUNS, type) ? ENTITY_NOUNS[type as EntityType] : type.replaceAll("_", " ");
