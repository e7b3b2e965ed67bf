/**
 * How a call gets in: a record of the voice platform becomes a call with its contact, intent, location and events, all
 * in the transaction that is handed in. Sent again it updates the call; sent again unchanged it writes nothing.
 */
import { eq, sql } from "drizzle-orm";
import type { Details } from "../contract/errors.ts";
import { conflict, invalid } from "../http/errors.ts";
import {
  type Call,
  type CallView,
  callEntity,
  calls,
  callView,
  ORDER_OUTCOME,
  type OrderStatus,
  type Raised,
  type Turn,
  transcripts,
} from "../resources/calls.ts";
import { escalationRules } from "../resources/escalation-rules.ts";
import { intentEntity, intents } from "../resources/intents.ts";
import { isDefault, locations } from "../resources/locations.ts";
import { teamMembers } from "../resources/team-members.ts";
import type { Db } from "../store/database.ts";
import { oncePerDatabase } from "../store/database.ts";
import type { Transaction } from "../store/transaction.ts";
import { announce, announceOrder, NOTHING_RAISED, raisedBy } from "./announce.ts";
import { createCallers, noteLine, otherNumber } from "./callers.ts";
import { type Merged, merge, problemsOf, requireForward } from "./merge.ts";
import type { CallRecord } from "./record.ts";

export interface Stored {
  call: CallView;
  /** `unchanged`: nothing was written at all. */
  outcome: "created" | "updated" | "unchanged";
}

export interface Ingest {
  /** The call of this `external_id`, or null. */
  find(externalId: string): Call | null;
  view(call: Call): CallView;
  /** Stores what a record says. Throws `validation_failed`, and `conflict` for an order that would go back. */
  put(tx: Transaction, record: CallRecord): Stored;
  /** Moves a call's order on. Throws `conflict` for a step back, and for a call that shows no order. */
  moveOrder(tx: Transaction, call: Call, status: OrderStatus): CallView;
}

export interface IngestServices {
  db: Db;
  /** Where the dashboard is reached, for `call_url`. */
  publicUrl(): string;
}

export function createIngest({ db, publicUrl }: IngestServices): Ingest {
  const look = lookUps(db);
  const callers = createCallers(db);
  const show = callView(publicUrl);
  const view = (call: Call) =>
    show({
      ...call,
      intent: call.intent_id === null ? null : look.intentName.get({ id: call.intent_id })!.name,
    });
  const find = (externalId: string) => look.call.get({ external_id: externalId }) ?? null;

  /** Ids in a record that name nothing, by their field. What is stored already was right once and stays so. */
  function danglingReferences(before: Call | null, record: CallRecord): Details {
    const problems: Details = {};
    const { location_id, messages, escalations } = record;
    if (
      location_id &&
      location_id !== before?.location_id &&
      !look.location.get({ id: location_id })
    )
      problems.location_id = "names no location that exists";
    const members = new Set(before?.messages.map((message) => message.team_member_id));
    messages?.forEach(({ team_member_id: id }, i) => {
      if (id === null || members.has(id) || look.teamMember.get({ id })) return;
      problems[`messages.${i}.team_member_id`] = "names no team member that exists";
    });
    const rules = new Set(before?.escalations.map((escalation) => escalation.rule_id));
    escalations?.forEach(({ rule_id: id }, i) => {
      if (id === null || rules.has(id) || look.rule.get({ id })) return;
      problems[`escalations.${i}.rule_id`] = "names no escalation rule that exists";
    });
    return problems;
  }

  function intentOf(tx: Transaction, before: Call | null, { intent: name }: CallRecord) {
    if (name === undefined) return before?.intent_id ?? null;
    if (name === null) return null;
    const known = look.intent.get({ name });
    if (known) return known.id;
    const row = { id: tx.newId(), created_at: tx.at, updated_at: tx.at };
    tx.insert(intentEntity, { ...row, name, description: null, active: true });
    return row.id;
  }

  /** The location that the platform named, else the one found; what was found once stays while the number does. */
  function locationOf(before: Call | null, call: Merged, located: boolean, record: CallRecord) {
    if (record.location_id) return record.location_id;
    const number = businessNumber(call);
    const settled =
      before !== null &&
      before.location_id !== null &&
      (located || (!before.raised.located && businessNumber(before) === number));
    if (settled) return before.location_id;
    const found = number === null ? undefined : look.locationByNumber.get({ number });
    return (found ?? look.defaultLocation.get())?.id ?? null;
  }

  /** The contact of the call as it is now; the one it was counted for before lets go of it. */
  function contactOf(
    tx: Transaction,
    before: Call | null,
    call: Merged,
    raised: Raised,
    caller: CallRecord["caller"],
  ) {
    const number = otherNumber(call);
    const moved = before !== null && number !== otherNumber(before);
    if (moved && before.contact_id !== null) {
      const note = raised.noted ? noteLine(before.started_at, before.summary ?? "") : null;
      callers.leave(tx, before.contact_id, before.id, note);
    }
    const noted = raised.noted && !moved;
    const worthANote = number !== null && call.status === "ended" && !call.unscorable;
    const { started_at, summary } = call;
    const note = !noted && worthANote && summary !== null ? noteLine(started_at, summary) : null;
    const was = before && {
      call_id: before.id,
      contact_id: before.contact_id,
      started_at: before.started_at,
    };
    const { contact_id, written } = callers.visit(tx, {
      number,
      started_at,
      caller,
      note,
      before: was,
    });
    return { contact_id, written, noted: noted || note !== null };
  }

  /** The stored turns, and those of the record; neither where the record has none to tell. */
  function turnsOf(before: Call | null, { transcript }: CallRecord): [Turn[], Turn[]] | null {
    if (transcript === undefined) return null;
    const stored = before === null ? undefined : look.turns.get({ seq: before.seq })?.turns;
    return [stored ?? [], transcript ?? []];
  }

  function put(tx: Transaction, record: CallRecord): Stored {
    const before = find(record.external_id);
    const merged = merge(before, record);
    const problems = { ...problemsOf(merged, record), ...danglingReferences(before, record) };
    if (Object.keys(problems).length > 0) throw invalid(problems);
    if (before?.order_status && merged.order_status)
      requireForward(before.order_status, merged.order_status, "order.status");

    const was = before?.raised ?? NOTHING_RAISED;
    const located = record.location_id === undefined ? was.located : record.location_id !== null;
    const intent_id = intentOf(tx, before, record);
    const location_id = locationOf(before, merged, located, record);
    const contact = contactOf(tx, before, merged, was, record.caller);
    const raised = { ...raisedBy(was, merged), noted: contact.noted, located };
    const turns = turnsOf(before, record);
    const told = { ...merged, intent_id, location_id, contact_id: contact.contact_id, raised };
    if (before === null) {
      const call = insert(tx, record.external_id, told, turns?.[1] ?? []);
      const shown = view(call);
      announce(tx, shown, was, raised);
      return { call: shown, outcome: "created" };
    }
    const call = update(tx, before, told, turns);
    const shown = view(call);
    if (call === before) return { call: shown, outcome: contact.written ? "updated" : "unchanged" };
    announce(tx, shown, was, raised);
    announceOrder(tx, shown, before.outcome === ORDER_OUTCOME ? before.order_status : null);
    return { call: shown, outcome: "updated" };
  }

  return {
    find,
    view,
    put,
    moveOrder(tx, call, status) {
      if (call.outcome !== ORDER_OUTCOME || call.order === null || call.order_status === null)
        throw conflict({ status: "cannot be set: the call has no order" });
      requireForward(call.order_status, status, "status");
      const shown = view(tx.update(callEntity, call, { order_status: status }));
      announceOrder(tx, shown, call.order_status);
      return shown;
    },
  };
}

type Told = Omit<Call, "seq" | "id" | "created_at" | "updated_at" | "external_id">;

function insert(tx: Transaction, external_id: string, told: Told, transcript: Turn[]): Call {
  const id = tx.newId();
  const row = { id, created_at: tx.at, updated_at: tx.at, external_id, ...told };
  const whole = transcript.length === 0 ? row : { ...row, transcript };
  return { ...row, seq: tx.insert(callEntity, whole) };
}

/** Returns the same object for a call that stays as it is. */
function update(tx: Transaction, before: Call, told: Told, turns: [Turn[], Turn[]] | null): Call {
  const stored = turns ? { ...before, transcript: turns[0] } : before;
  const changes = turns ? { ...told, transcript: turns[1] } : told;
  const after = tx.update(callEntity, stored, changes);
  if (after !== stored) return after;
  // Only who named the location changed: nothing that anybody sees.
  if (before.raised.located !== told.raised.located)
    tx.follow(callEntity, before, { raised: told.raised });
  return before;
}

/** The number that is the business's own. */
const businessNumber = (call: Merged) =>
  call.direction === "inbound" ? call.to_number : call.from_number;

/** The queries of ingest, prepared once for each database. */
const lookUps = oncePerDatabase(prepareLookUps);

function prepareLookUps(db: Db) {
  const { placeholder } = sql;
  const id = placeholder("id");
  return {
    call: db
      .select()
      .from(calls)
      .where(eq(calls.external_id, placeholder("external_id")))
      .prepare(),
    turns: db
      .select({ turns: transcripts.turns })
      .from(transcripts)
      .where(eq(transcripts.call_seq, placeholder("seq")))
      .prepare(),
    intent: db
      .select({ id: intents.id })
      .from(intents)
      .where(eq(intents.name, placeholder("name")))
      .prepare(),
    intentName: db.select({ name: intents.name }).from(intents).where(eq(intents.id, id)).prepare(),
    location: db.select({ id: locations.id }).from(locations).where(eq(locations.id, id)).prepare(),
    locationByNumber: db
      .select({ id: locations.id })
      .from(locations)
      .where(eq(locations.phone_number, placeholder("number")))
      .prepare(),
    defaultLocation: db
      .select({ id: locations.id })
      .from(locations)
      // Said in full, so that the index of the one default serves it.
      .where(isDefault)
      .prepare(),
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
}
