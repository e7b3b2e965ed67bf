/**
 * Ingest: a record of the voice platform becomes a call with its contact, intent, location and events, all
 * in one transaction. Sending a record again updates the call; sending it unchanged writes nothing.
 */
import { eq, sql } from "drizzle-orm";
import { conflict } from "../http/errors.ts";
import { checkBody } from "../http/validate.ts";
import {
  type Call,
  type CallView,
  callEntity,
  calls,
  callView,
  ORDER_OUTCOME,
  type OrderStatus,
  type Turn,
  transcripts,
} from "../resources/calls.ts";
import type { Db } from "../store/database.ts";
import { oncePerDatabase } from "../store/database.ts";
import type { Transaction } from "../store/transaction.ts";
import { announceChanges, announceOrder, NOTHING_RAISED, nextRaised } from "./announce.ts";
import { updateContact } from "./call-contacts.ts";
import { mergeRecord, reconcile, requireOrderStep, versionOf } from "./merge.ts";
import { createWarnings, normalizeRecord, type Warning } from "./normalize.ts";
import { type CallRecord, callIdentifier } from "./record.ts";
import {
  intentName,
  placeOf,
  resolveIntent,
  resolveLocation,
  resolveReferences,
} from "./references.ts";

export interface Stored {
  call: CallView;
  /** `unchanged`: nothing was written. */
  outcome: "created" | "updated" | "unchanged";
  /** What was lost or guessed of the record. */
  warnings: Warning[];
}

export interface Ingest {
  /** The call with this `external_id`, or null. */
  find(externalId: string): Call | null;
  view(call: Call): CallView;
  /** Stores a record as it was sent. Throws `validation_failed` for one without id, direction or start. */
  put(tx: Transaction, sent: unknown): Stored;
  /** Moves a call's order on. Throws `conflict` for a step back, and for a call that shows no order. */
  moveOrder(tx: Transaction, call: Call, status: OrderStatus): CallView;
}

export interface IngestServices {
  db: Db;
  /** The address of the dashboard, for `call_url`. */
  publicUrl(): string;
}

/** Cheap enough to call for each request: the statements are prepared once for each database. */
export function createIngest({ db, publicUrl }: IngestServices): Ingest {
  const show = callView(publicUrl);
  const view = (call: Call) =>
    show({ ...call, intent: call.intent_id === null ? null : intentName(db, call.intent_id) });
  return {
    find: (externalId) => findCall(db, externalId),
    view,
    put: (tx, sent) => putRecord(tx, sent, view),
    moveOrder: (tx, call, status) => moveOrder(tx, call, status, view),
  };
}

type View = Ingest["view"];

function putRecord(tx: Transaction, sent: unknown, view: View): Stored {
  const { db } = tx;
  const { list: warnings, warn } = createWarnings();
  const { external_id } = checkBody(callIdentifier, sent);
  const previous = findCall(db, external_id);
  const place = placeOf(db, previous, sent);
  const normalized = normalizeRecord(sent, previous !== null, place, warn);
  const hasTurns = () => previous !== null && storedTurns(db, previous).length > 0;
  const record = reconcile(previous, normalized, hasTurns, warn);
  resolveReferences(db, previous, record, warn);
  return { ...storeRecord(tx, previous, record, view), warnings };
}

function storeRecord(
  tx: Transaction,
  previous: Call | null,
  record: CallRecord,
  view: View,
): Omit<Stored, "warnings"> {
  const merged = mergeRecord(previous, record);
  const raisedBefore = previous?.raised ?? NOTHING_RAISED;
  const located =
    record.location_id === undefined ? raisedBefore.located : record.location_id !== null;
  const intent_id = resolveIntent(tx, previous, record);
  const location_id = resolveLocation(tx.db, previous, merged, located, record);
  const contact = updateContact(tx, previous, merged, raisedBefore, record.caller);
  const { contact_id, noted } = contact;
  const version = maxVersion(raisedBefore.version ?? null, versionOf(record));
  const raised = { ...nextRaised(raisedBefore, merged), noted, located, version };
  const fields: CallFields = { ...merged, intent_id, location_id, contact_id, raised };
  const turns = turnsOf(tx.db, previous, record);
  if (previous === null) {
    const call = view(insertCall(tx, record.external_id, fields, turns?.current ?? []));
    announceChanges(tx, call, raisedBefore, raised);
    return { call, outcome: "created" };
  }
  const updated = updateCall(tx, previous, fields, turns);
  const call = view(updated);
  if (updated === previous) return { call, outcome: contact.written ? "updated" : "unchanged" };
  announceChanges(tx, call, raisedBefore, raised);
  announceOrder(tx, call, showsOrder(previous) ? previous.order_status : null);
  return { call, outcome: "updated" };
}

function moveOrder(tx: Transaction, call: Call, status: OrderStatus, view: View): CallView {
  if (call.outcome !== ORDER_OUTCOME || call.order === null || call.order_status === null)
    throw conflict({ status: "cannot be set: the call has no order" });
  requireOrderStep(call.order_status, status, "status");
  const moved = view(tx.update(callEntity, call, { order_status: status }));
  announceOrder(tx, moved, call.order_status);
  return moved;
}

/** The fields of a call that a record determines. */
type CallFields = Omit<Call, "seq" | "id" | "created_at" | "updated_at" | "external_id">;

interface Turns {
  previous: Turn[];
  current: Turn[];
}

/** The stored turns and those of the record; null for a record without a transcript. */
function turnsOf(db: Db, call: Call | null, { transcript }: CallRecord): Turns | null {
  if (transcript === undefined) return null;
  return { previous: call === null ? [] : storedTurns(db, call), current: transcript ?? [] };
}

const storedTurns = (db: Db, { seq }: Call): Turn[] =>
  callQueries(db).turns.get({ seq })?.turns ?? [];

const maxVersion = (a: number | null, b: number | null) =>
  a === null || b === null ? (a ?? b) : Math.max(a, b);

const showsOrder = ({ outcome, order }: Call): boolean =>
  outcome === ORDER_OUTCOME && order !== null;

function insertCall(
  tx: Transaction,
  external_id: string,
  fields: CallFields,
  transcript: Turn[],
): Call {
  const id = tx.newId();
  const row = { id, created_at: tx.at, updated_at: tx.at, external_id, ...fields };
  const withTranscript = transcript.length === 0 ? row : { ...row, transcript };
  return { ...row, seq: tx.insert(callEntity, withTranscript) };
}

/** Returns `previous` itself for a call that stays unchanged. */
function updateCall(
  tx: Transaction,
  previous: Call,
  fields: CallFields,
  turns: Turns | null,
): Call {
  const stored = turns ? { ...previous, transcript: turns.previous } : previous;
  const changes = turns ? { ...fields, transcript: turns.current } : fields;
  const updated = tx.update(callEntity, stored, changes);
  if (updated !== stored) return updated;
  // Who named the location, and the version, are internal, so they are no update of the call.
  const { located, version = null } = previous.raised;
  if (located !== fields.raised.located || version !== fields.raised.version)
    tx.follow(callEntity, previous, { raised: fields.raised });
  return previous;
}

const findCall = (db: Db, externalId: string): Call | null =>
  callQueries(db).call.get({ external_id: externalId }) ?? null;

const callQueries = oncePerDatabase((db: Db) => ({
  call: db
    .select()
    .from(calls)
    .where(eq(calls.external_id, sql.placeholder("external_id")))
    .prepare(),
  turns: db
    .select({ turns: transcripts.turns })
    .from(transcripts)
    .where(eq(transcripts.call_seq, sql.placeholder("seq")))
    .prepare(),
}));
