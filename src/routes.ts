/** Every route of the API in the order of the reference. The server, the document and the test matrix come from it. */
import type { Keys } from "./access/keys.ts";
import type { Route } from "./http/route.ts";
import type { Log } from "./lib/log.ts";
import { createIngest } from "./platform/ingest.ts";
import { platformRoutes } from "./platform/routes.ts";
import { callRoutes } from "./resources/calls.ts";
import { contactDefinition } from "./resources/contacts.ts";
import { bindResource, resourceRoutes } from "./resources/define.ts";
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
import {
  type SubscriptionServices,
  webhookSubscriptionRoutes,
} from "./resources/webhook-subscriptions.ts";
import type { Store } from "./store/change.ts";

export interface RouteServices extends SubscriptionServices {
  store: Store;
  keys: Keys;
  log: Log;
  /** Where people reach the dashboard; known once the server listens. */
  publicUrl(): string;
}

export function createRoutes(services: RouteServices): Route[] {
  const { db, keys, publicUrl } = services;
  const fact = bindResource(factDefinition, db);
  const faq = bindResource(faqDefinition, db);
  const policy = bindResource(policyDefinition, db);
  return [
    meRoute(db, keys),
    ...callRoutes(db, publicUrl),
    ...resourceRoutes(bindResource(contactDefinition, db)),
    knowledgeRoute(db, { fact, faq, policy }),
    ...resourceRoutes(fact),
    ...resourceRoutes(faq),
    ...resourceRoutes(policy),
    ...resourceRoutes(bindResource(locationDefinition, db)),
    ...resourceRoutes(bindResource(teamMemberDefinition, db)),
    ...resourceRoutes(bindResource(escalationRuleDefinition, db)),
    ...resourceRoutes(bindResource(intentDefinition, db)),
    ...webhookSubscriptionRoutes(services),
    ...webhookDeliveryRoutes(services),
    ...platformRoutes({ ...services, ingest: createIngest(services) }),
  ];
}
