/** The objects that a record refers to: a location, an intent, team members and escalation rules. */
import { eq, sql } from "drizzle-orm";
import { isSameName } from "../contract/fields.ts";
import type { Call } from "../resources/calls.ts";
import { countryOf } from "../resources/country.ts";
import { missingReference } from "../resources/define.ts";
import { escalationRules } from "../resources/escalation-rules.ts";
import { intentEntity, intents } from "../resources/intents.ts";
import { isDefault, locations } from "../resources/locations.ts";
import { teamMembers } from "../resources/team-members.ts";
import type { Db } from "../store/database.ts";
import { oncePerDatabase } from "../store/database.ts";
import type { Transaction } from "../store/transaction.ts";
import type { Merged } from "./merge.ts";
import type { Warn } from "./normalize.ts";
import { type CallPlace, readDirection, readNumber } from "./readings.ts";
import type { CallRecord } from "./record.ts";

/**
 * Replaces the ids of a record that name no object: null, and a location that is not found is as if it were left out. An id
 * that the stored call has already is not checked again.
 */
export function resolveReferences(
  db: Db,
  previous: Call | null,
  record: CallRecord,
  warn: Warn,
): void {
  const { location, teamMember, rule } = referenceQueries(db);
  const { location_id, messages, escalations } = record;
  if (location_id && location_id !== previous?.location_id && !location.get({ id: location_id })) {
    warn("location_id", missingReference("location"));
    delete record.location_id;
  }
  if (messages) {
    const members = new Set(previous?.messages.map((message) => message.team_member_id));
    record.messages = messages.map((message, i) => {
      const { team_member_id: id } = message;
      if (id === null || members.has(id) || teamMember.get({ id })) return message;
      warn(`messages.${i}.team_member_id`, missingReference("team_member"));
      return { ...message, team_member_id: null };
    });
  }
  if (!escalations) return;
  const rules = new Set(previous?.escalations.map((escalation) => escalation.rule_id));
  record.escalations = escalations.map((escalation, i) => {
    const { rule_id: id } = escalation;
    if (id === null || rules.has(id) || rule.get({ id })) return escalation;
    warn(`escalations.${i}.rule_id`, missingReference("escalation_rule"));
    return { ...escalation, rule_id: null };
  });
}

/** The country and the time zone of the location of a record that is not checked yet. */
export function placeOf(db: Db, previous: Call | null, sent: unknown): CallPlace {
  const find = () => {
    const { placeById, placeByNumber, defaultPlace } = referenceQueries(db);
    const { location_id, direction, to_number, from_number } = Object(sent) as Values;
    const isOutbound = readDirection(direction ?? previous?.direction) === "outbound";
    const number = readNumber(isOutbound ? from_number : to_number, {
      country: () => countryOf(db, {}),
      timeZone: () => "UTC",
    }).value;
    return (
      (typeof location_id === "string" ? placeById.get({ id: location_id }) : undefined) ??
      (typeof number === "string" ? placeByNumber.get({ number }) : undefined) ??
      (previous?.location_id ? placeById.get({ id: previous.location_id }) : undefined) ??
      defaultPlace.get()
    );
  };
  let found: { place: ReturnType<typeof find> } | undefined;
  const place = () => {
    found ??= { place: find() };
    return found.place;
  };
  return {
    country: () => countryOf(db, { country: place()?.country }),
    timeZone: () => place()?.timezone ?? "UTC",
  };
}

/** The id of the intent that a record names; creates an intent of a new name. */
export function resolveIntent(
  tx: Transaction,
  previous: Call | null,
  { intent: name }: CallRecord,
): string | null {
  if (name === undefined) return previous?.intent_id ?? null;
  if (name === null) return null;
  const { intent, intentNames } = referenceQueries(tx.db);
  const known =
    intent.get({ name }) ?? intentNames.all().find((other) => isSameName(other.name, name));
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

type Values = Record<string, unknown>;

const referenceQueries = oncePerDatabase((db: Db) => {
  const { placeholder } = sql;
  const id = placeholder("id");
  const selectPlace = () =>
    db.select({ country: locations.country, timezone: locations.timezone }).from(locations);
  const selectLocation = () => db.select({ id: locations.id }).from(locations);
  return {
    intent: db
      .select({ id: intents.id })
      .from(intents)
      .where(eq(intents.name, placeholder("name")))
      .prepare(),
    intentNames: db.select({ id: intents.id, name: intents.name }).from(intents).prepare(),
    intentName: db.select({ name: intents.name }).from(intents).where(eq(intents.id, id)).prepare(),
    placeById: selectPlace().where(eq(locations.id, id)).prepare(),
    placeByNumber: selectPlace()
      .where(eq(locations.phone_number, placeholder("number")))
      .prepare(),
    defaultPlace: selectPlace().where(isDefault).prepare(),
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
