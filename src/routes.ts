/** Every route of the API in the order of the reference. The server, the document and the test matrix use this list. */
import type { Route } from "./http/route.ts";
import { platformRoutes } from "./platform/routes.ts";
import { callRoutes } from "./resources/calls.ts";
import { contactDefinition } from "./resources/contacts.ts";
import { resourceRoutes } from "./resources/define.ts";
import { escalationRuleDefinition } from "./resources/escalation-rules.ts";
import { intentDefinition } from "./resources/intents.ts";
import {
  factDefinition,
  faqDefinition,
  knowledgeRoute,
  policyDefinition,
} from "./resources/knowledge.ts";
import { locationDefinition } from "./resources/locations.ts";
import { meRoute } from "./resources/organization.ts";
import { teamMemberDefinition } from "./resources/team-members.ts";
import { webhookDeliveryRoutes } from "./resources/webhook-deliveries.ts";
import { webhookSubscriptionRoutes } from "./resources/webhook-subscriptions.ts";

export const ROUTES: readonly Route[] = [
  meRoute,
  ...callRoutes,
  ...resourceRoutes(contactDefinition),
  knowledgeRoute,
  ...resourceRoutes(factDefinition),
  ...resourceRoutes(faqDefinition),
  ...resourceRoutes(policyDefinition),
  ...resourceRoutes(locationDefinition),
  ...resourceRoutes(teamMemberDefinition),
  ...resourceRoutes(escalationRuleDefinition),
  ...resourceRoutes(intentDefinition),
  ...webhookSubscriptionRoutes,
  ...webhookDeliveryRoutes,
  ...platformRoutes,
];
