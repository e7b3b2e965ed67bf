/** The types that the pages import have exactly the fields of the response bodies. */
import { expect, test } from "bun:test";
import type * as Answers from "../../src/dashboard/answers.ts";
import { callDefinition } from "../../src/resources/calls.ts";
import { contactDefinition } from "../../src/resources/contacts.ts";
import { escalationRuleDefinition } from "../../src/resources/escalation-rules.ts";
import { intentDefinition } from "../../src/resources/intents.ts";
import { factDefinition, faqDefinition, policyDefinition } from "../../src/resources/knowledge.ts";
import { locationDefinition } from "../../src/resources/locations.ts";
import { teamMemberDefinition } from "../../src/resources/team-members.ts";
import { webhookSubscriptionDefinition } from "../../src/resources/webhook-subscriptions.ts";

/** A missing or an extra field is a type error here. */
type FieldsOf<T> = Record<keyof T, 1>;
const base = { id: 1, created_at: 1, updated_at: 1 } as const;

const call: FieldsOf<Answers.Call> = {
  ...base,
  call_id: 1,
  external_id: 1,
  location_id: 1,
  status: 1,
  started_at: 1,
  ended_at: 1,
  duration_seconds: 1,
  direction: 1,
  from_number: 1,
  to_number: 1,
  disposition: 1,
  summary: 1,
  outcome: 1,
  outcome_tags: 1,
  contact_id: 1,
  call_url: 1,
  intent_id: 1,
  intent: 1,
  intent_confidence: 1,
  unscorable: 1,
  spam: 1,
  messages: 1,
  callback_request: 1,
  escalations: 1,
  appointment: 1,
  order_status: 1,
  order: 1,
  recording_url: 1,
};
const contact: FieldsOf<Answers.Contact> = {
  ...base,
  first_name: 1,
  last_name: 1,
  email: 1,
  phone_number: 1,
  custom: 1,
  source: 1,
  agent_notes: 1,
  call_count: 1,
  last_contact_at: 1,
};
const fact: FieldsOf<Answers.Fact> = { ...base, key: 1, value: 1, location_id: 1 };
const faq: FieldsOf<Answers.Faq> = { ...base, question: 1, answer: 1, location_id: 1 };
const policy: FieldsOf<Answers.Policy> = { ...base, policy_key: 1, content: 1, location_id: 1 };
const location: FieldsOf<Answers.Location> = {
  ...base,
  name: 1,
  address: 1,
  city: 1,
  state: 1,
  zip: 1,
  country: 1,
  timezone: 1,
  phone_number: 1,
  hours: 1,
  is_default: 1,
};
const teamMember: FieldsOf<Answers.TeamMember> = {
  ...base,
  name: 1,
  title: 1,
  department: 1,
  tags: 1,
  phone_number: 1,
  email: 1,
  location_id: 1,
  transfer_hours: 1,
  after_hours_transfer: 1,
  active: 1,
};
const rule: FieldsOf<Answers.EscalationRule> = {
  ...base,
  name: 1,
  condition: 1,
  action: 1,
  destination: 1,
  agent_say: 1,
  position: 1,
  active: 1,
  location_id: 1,
};
const intent: FieldsOf<Answers.Intent> = { ...base, name: 1, description: 1, active: 1 };
const subscription: FieldsOf<Answers.WebhookSubscription> = {
  ...base,
  url: 1,
  description: 1,
  events: 1,
  enabled: 1,
  secret_preview: 1,
  auto_disabled_reason: 1,
};

test.each([
  ["Call", callDefinition, call],
  ["Contact", contactDefinition, contact],
  ["Fact", factDefinition, fact],
  ["Faq", faqDefinition, faq],
  ["Policy", policyDefinition, policy],
  ["Location", locationDefinition, location],
  ["TeamMember", teamMemberDefinition, teamMember],
  ["EscalationRule", escalationRuleDefinition, rule],
  ["Intent", intentDefinition, intent],
  ["WebhookSubscription", webhookSubscriptionDefinition, subscription],
])("%s has the fields of the API's response", (_, definition, fields) => {
  expect(Object.keys(fields).sort()).toEqual(Object.keys(definition.object.shape).sort());
});

test("importing a type adds no server code", async () => {
  const text = await Bun.file(new URL("../../src/dashboard/answers.ts", import.meta.url)).text();
  expect(new Bun.Transpiler({ loader: "ts" }).transformSync(text).trim()).toBe("");
});
