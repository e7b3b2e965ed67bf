/** The objects that a record refers to: a location, an intent, team members and escalation rules. */
import { eq, sql } from "drizzle-orm";
import type { Details } from "../contract/errors.ts";
import type { Call } from "../resources/calls.ts";
import { missingReference } from "../resources/define.ts";
import { escalationRules } from "../resources/escalation-rules.ts";
import { intentEntity, intents } from "../resources/intents.ts";
import { isDefault, locations } from "../resources/locations.ts";
import { teamMembers } from "../resources/team-members.ts";
import type { Db } from "../store/database.ts";
import { oncePerDatabase } from "../store/database.ts";
import type { Transaction } from "../store/transaction.ts";
import type { Merged } from "./merge.ts";
import type { CallRecord } from "./record.ts";

/** The ids in a record that name no object, by field. An id that the stored call has already is not checked again. */
export function findDanglingReferences(db: Db, previous: Call | null, record: CallRecord): Details {
  const { location, teamMember, rule } = referenceQueries(db);
  const problems: Details = {};
  const { location_id, messages, escalations } = record;
  if (location_id && location_id !== previous?.location_id && !location.get({ id: location_id }))
    problems.location_id = missingReference("location");
  const members = new Set(previous?.messages.map((message) => message.team_member_id));
  messages?.forEach(({ team_member_id: id }, i) => {
    if (id === null || members.has(id) || teamMember.get({ id })) return;
    problems[`messages.${i}.team_member_id`] = missingReference("team_member");
  });
  const rules = new Set(previous?.escalations.map((escalation) => escalation.rule_id));
  escalations?.forEach(({ rule_id: id }, i) => {
    if (id === null || rules.has(id) || rule.get({ id })) return;
    problems[`escalations.${i}.rule_id`] = missingReference("escalation_rule");
  });
  return problems;
}

/** The id of the intent that a record names; creates an intent of a new name. */
export function resolveIntent(
  tx: Transaction,
  previous: Call | null,
  { intent: name }: CallRecord,
): string | null {
  if (name === undefined) return previous?.intent_id ?? null;
  if (name === null) return null;
  const known = referenceQueries(tx.db).intent.get({ name });
  if (known) return known.id;
  const row = { id: tx.newId(), created_at: tx.at, updated_at: tx.at };
  tx.insert(intentEntity, { ...row, name, description: null, active: true });
  return row.id;
}

/**
 * The id of the location of a call: the one that the platform names, else the one with the business's number, else the
 * default. A location found earlier stays until the number changes. `located`: the platform has named the location.
 */
export function resolveLocation(
  db: Db,
  previous: Call | null,
  call: Merged,
  located: boolean,
  record: CallRecord,
): string | null {
  if (record.location_id) return record.location_id;
  const number = businessNumber(call);
  const settled =
    previous !== null &&
    previous.location_id !== null &&
    (located || (!previous.raised.located && businessNumber(previous) === number));
  if (settled) return previous.location_id;
  const { locationByNumber, defaultLocation } = referenceQueries(db);
  const found = number === null ? undefined : locationByNumber.get({ number });
  return (found ?? defaultLocation.get())?.id ?? null;
}

/** The current name of an intent. */
export const intentName = (db: Db, id: string): string =>
  referenceQueries(db).intentName.get({ id })!.name;

const businessNumber = (call: Merged) =>
  call.direction === "inbound" ? call.to_number : call.from_number;

const referenceQueries = oncePerDatabase((db: Db) => {
  const { placeholder } = sql;
  const id = placeholder("id");
  const selectLocation = () => db.select({ id: locations.id }).from(locations);
  return {
    intent: db
      .select({ id: intents.id })
      .from(intents)
      .where(eq(intents.name, placeholder("name")))
      .prepare(),
    intentName: db.select({ name: intents.name }).from(intents).where(eq(intents.id, id)).prepare(),
    location: selectLocation().where(eq(locations.id, id)).prepare(),
    locationByNumber: selectLocation()
      .where(eq(locations.phone_number, placeholder("number")))
      .prepare(),
    defaultLocation: selectLocation().where(isDefault).prepare(),
    teamMember: db
      .select({ id: teamMembers.id })
      .from(teamMembers)
      .where(eq(teamMembers.id, id))
      .prepare(),
    rule: db
      .select({ id: escalationRules.id })
      .from(escalationRules)
      .where(eq(escalationRules.id, id))
      .prepare(),
  };
});
