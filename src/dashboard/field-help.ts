/** What the dashboard's forms say below their inputs, from the definitions of the resources. */
import { contactDefinition } from "../resources/contacts.ts";
import { escalationRuleDefinition } from "../resources/escalation-rules.ts";
import { intentDefinition } from "../resources/intents.ts";
import { factDefinition, faqDefinition, policyDefinition } from "../resources/knowledge.ts";
import { locationDefinition } from "../resources/locations.ts";
import { teamMemberDefinition } from "../resources/team-members.ts";
import { webhookSubscriptionDefinition } from "../resources/webhook-subscriptions.ts";
import type { FieldHelp } from "./answers.ts";
import { type DashboardRoute, dataResponse, sessionRoute } from "./dashboard-route.ts";

const DEFINITIONS = [
  contactDefinition,
  factDefinition,
  faqDefinition,
  policyDefinition,
  locationDefinition,
  teamMemberDefinition,
  escalationRuleDefinition,
  intentDefinition,
  webhookSubscriptionDefinition,
];
const HELP: FieldHelp = Object.fromEntries(
  DEFINITIONS.flatMap(({ createBody, updateBody, help = {} }) =>
    [createBody, updateBody].map((body) => [body.meta()!.id, help]),
  ),
);

export const fieldHelpRoutes: readonly DashboardRoute[] = [
  sessionRoute({ method: "GET", path: "/field-help", handle: () => dataResponse(HELP) }),
];
