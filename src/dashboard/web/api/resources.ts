/** The nouns of the product: where each is found, what it is, and of which changes its lists tell. */
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

/** A resource of the API. `T` is the object that it answers with. */
export interface Resource<T extends object> {
  path: string;
  noun: string;
  /** As the audit log and `changes` call it. */
  entity: string;
  /** The schemas of its bodies in the OpenAPI document: `Contact` for `ContactCreate` and `ContactUpdate`. */
  schema: string;
  /** Never there: it carries the type. */
  object?: T;
}

const resource = <T extends object>(
  path: string,
  noun: string,
  entity: string,
  schema: string,
): Resource<T> => ({ path, noun, entity, schema });

export const calls = resource<Call>("/v1/calls", "call", "call", "Call");
export const contacts = resource<Contact>("/v1/contacts", "contact", "contact", "Contact");
export const facts = resource<Fact>("/v1/knowledge/facts", "fact", "fact", "Fact");
export const faqs = resource<Faq>("/v1/knowledge/faqs", "FAQ", "faq", "Faq");
export const policies = resource<Policy>("/v1/knowledge/policies", "policy", "policy", "Policy");
export const locations = resource<Location>("/v1/locations", "location", "location", "Location");
export const teamMembers = resource<TeamMember>(
  "/v1/team-members",
  "team member",
  "team_member",
  "TeamMember",
);
export const escalationRules = resource<EscalationRule>(
  "/v1/escalation-rules",
  "escalation rule",
  "escalation_rule",
  "EscalationRule",
);
export const intents = resource<Intent>("/v1/intents", "intent", "intent", "Intent");
export const subscriptions = resource<WebhookSubscription>(
  "/v1/webhook-subscriptions",
  "webhook subscription",
  "webhook_subscription",
  "WebhookSubscription",
);
