/** The resources of the API as the pages use them. */

import { ENTITY_NOUNS, type EntityType } from "../../../contract/entities.ts";
import type {
  Call,
  Contact,
  EscalationRule,
  Fact,
  Faq,
  Intent,
  Location,
  Policy,
  TeamMember,
  WebhookSubscription,
} from "../../answers.ts";
import { type PageName, pagePath } from "../../page-paths.ts";

/** A resource of the API. `T` is the object that it returns. */
export interface Resource<T extends object> {
  path: string;
  entity: EntityType;
  noun: string;
  /** The name of its schema in the OpenAPI document: `Contact` for `ContactCreate` and `ContactUpdate`. */
  schema: string;
  /** The page of one object. */
  page: PageName;
  /** Never set; carries the type. */
  object?: T;
}

const resource = <T extends object>(
  path: string,
  entity: EntityType,
  schema: string,
  page: PageName,
): Resource<T> => ({ path, entity, noun: ENTITY_NOUNS[entity], schema, page });

export const calls = resource<Call>("/v1/calls", "call", "Call", "call");
export const contacts = resource<Contact>("/v1/contacts", "contact", "Contact", "contact");
export const facts = resource<Fact>("/v1/knowledge/facts", "fact", "Fact", "knowledgeEntry");
export const faqs = resource<Faq>("/v1/knowledge/faqs", "faq", "Faq", "knowledgeEntry");
export const policies = resource<Policy>(
  "/v1/knowledge/policies",
  "policy",
  "Policy",
  "knowledgeEntry",
);
export const locations = resource<Location>("/v1/locations", "location", "Location", "location");
export const teamMembers = resource<TeamMember>(
  "/v1/team-members",
  "team_member",
  "TeamMember",
  "teamMember",
);
export const escalationRules = resource<EscalationRule>(
  "/v1/escalation-rules",
  "escalation_rule",
  "EscalationRule",
  "rule",
);
export const intents = resource<Intent>("/v1/intents", "intent", "Intent", "intent");
export const subscriptions = resource<WebhookSubscription>(
  "/v1/webhook-subscriptions",
  "webhook_subscription",
  "WebhookSubscription",
  "webhook",
);

const RESOURCES: readonly Resource<object>[] = [
  calls,
  contacts,
  facts,
  faqs,
  policies,
  locations,
  teamMembers,
  escalationRules,
  intents,
  subscriptions,
];

/** The path of an entity's page; null for an entity type without pages. */
export function entityPath(type: string, id: string): string | null {
  const found = RESOURCES.find(({ entity }) => entity === type);
  return found ? pagePath(found.page, { type, id }) : null;
}
