/**
 * The contact of a call: found by the other party's number, or created. It counts its calls once each, takes the names
 * it lacks from them and gets a line of notes for each call that ended.
 */
import { and, eq, max, ne, sql } from "drizzle-orm";
import { LIMITS } from "../config.ts";
import { type Call, calls, type Raised } from "../resources/calls.ts";
import { type Contact, contactDefinition, contactEntity, contacts } from "../resources/contacts.ts";
import type { Db } from "../store/database.ts";
import { oncePerDatabase } from "../store/database.ts";
import type { Transaction } from "../store/transaction.ts";
import type { Merged } from "./merge.ts";
import type { CallRecord } from "./record.ts";

/** The part of a call that its contact depends on. */
interface CallOfContact {
  started_at: string;
  caller: CallRecord["caller"];
  /** The line of the call in the notes; null for none. */
  note: string | null;
  /** The line that the notes have of the call; null for none. */
  notedLine: string | null;
  /** The stored call; null for a new one. */
  previous: Call | null;
}

export interface ContactOfCall {
  /** Null for a withheld number. */
  contact_id: string | null;
  /** Whether the contact was created or updated. */
  written: boolean;
  /** Whether the notes have their line for this call. */
  noted: boolean;
}

/** Updates or creates the contact of a call. A call whose other number changed leaves its previous contact. */
export function updateContact(
  tx: Transaction,
  previous: Call | null,
  call: Merged,
  raised: Raised,
  caller: CallRecord["caller"],
): ContactOfCall {
  const number = otherNumber(call);
  const moved = previous !== null && number !== otherNumber(previous);
  const storedLine = previous !== null && raised.noted ? noteOf(previous) : null;
  if (moved && previous.contact_id !== null)
    removeCall(tx, previous.contact_id, previous, storedLine);
  const { started_at } = call;
  if (number === null) return { contact_id: null, written: false, noted: false };
  const known = contactQueries(tx.db).byNumber.get({ number });
  const note = noteOf(call);
  const change: CallOfContact = {
    started_at,
    caller,
    note,
    notedLine: moved ? null : storedLine,
    previous,
  };
  const contact_id = known?.id ?? createContact(tx, number, change);
  const written = known === undefined || addCall(tx, known, change);
  return { contact_id, written, noted: note !== null };
}

/** The caller's number of an inbound call, the called number of an outbound one; null when withheld. */
const otherNumber = (call: Pick<Call, "direction" | "from_number" | "to_number">) =>
  call.direction === "inbound" ? call.from_number : call.to_number;

type NotedCall = Pick<Call, "status" | "unscorable" | "started_at" | "summary">;

/** The line of a call in the notes; null for a call that still runs, has no summary or is unscorable. */
function noteOf({ status, unscorable, started_at, summary }: NotedCall): string | null {
  const complete = status === "ended" && !unscorable && summary !== null;
  return complete ? noteLine(started_at, summary) : null;
}

/** The day, in UTC, and the summary on one line, within the limit of the notes. */
function noteLine(started_at: string, summary: string): string {
  const line = `${started_at.slice(0, 10)} ${summary.trim().replace(/\s+/g, " ")}`;
  return line.length <= LIMITS.textLength ? line : [...line].slice(0, LIMITS.textLength).join("");
}

function createContact(
  tx: Transaction,
  number: string,
  { caller, note, started_at }: CallOfContact,
): string {
  const row = {
    id: tx.newId(),
    created_at: tx.at,
    updated_at: tx.at,
    first_name: caller?.first_name ?? null,
    last_name: caller?.last_name ?? null,
    email: caller?.email ?? null,
    phone_number: number,
    source: "call" as const,
    agent_notes: note === null ? null : appendLine(null, note),
    call_count: 1,
    last_contact_at: started_at,
    custom: {},
  };
  const seq = tx.insert(contactEntity, row);
  tx.emit("contact.created", contactDefinition.view({ ...row, seq }));
  return row.id;
}

/** Returns whether the contact changed. */
function addCall(tx: Transaction, contact: Contact, call: CallOfContact): boolean {
  const { caller, previous } = call;
  const updated = tx.update(contactEntity, contact, {
    first_name: contact.first_name ?? caller?.first_name ?? null,
    last_name: contact.last_name ?? caller?.last_name ?? null,
    email: contact.email ?? caller?.email ?? null,
    agent_notes: correctNote(contact.agent_notes, call),
    call_count: contact.call_count + (previous?.contact_id === contact.id ? 0 : 1),
    last_contact_at: lastContactAt(tx, contact, call),
  });
  return updated !== contact;
}

/** The notes with the line of a call as it is now, in its place. A line that the notes no longer have is added. */
function correctNote(notes: string | null, { note, notedLine }: CallOfContact): string | null {
  if (note === notedLine) return notes;
  if (note === null) return removeLine(notes, notedLine!);
  const lines = (notes ?? "").split("\n");
  const index = notedLine === null ? -1 : lines.lastIndexOf(notedLine);
  if (index < 0) return appendLine(notes, note);
  lines[index] = note;
  return keepNewest(lines.join("\n"));
}

/** When the latest call of a contact started, `call` included. */
function lastContactAt(
  tx: Transaction,
  contact: Contact,
  { previous, started_at }: CallOfContact,
): string {
  const counted = previous?.contact_id === contact.id;
  if (counted && previous.started_at === started_at) return contact.last_contact_at ?? started_at;
  // A call whose start changed may have been the latest itself.
  const other = counted
    ? contactQueries(tx.db).latestOther.get({ contact: contact.id, call: previous.id })?.started_at
    : contact.last_contact_at;
  return other && other > started_at ? other : started_at;
}

/** Removes a call from the contact that it was counted for, with its line in the notes. */
function removeCall(
  tx: Transaction,
  contactId: string,
  call: Call,
  storedLine: string | null,
): void {
  const { byId, latestOther } = contactQueries(tx.db);
  const contact = byId.get({ id: contactId })!;
  const { agent_notes } = contact;
  tx.update(contactEntity, contact, {
    agent_notes: storedLine === null ? agent_notes : removeLine(agent_notes, storedLine),
    call_count: contact.call_count - 1,
    last_contact_at: latestOther.get({ contact: contactId, call: call.id })?.started_at ?? null,
  });
}

/** Adds a line at the end of the notes and removes the oldest lines that exceed the limit. */
export const appendLine = (notes: string | null, line: string): string =>
  keepNewest(notes === null ? line : `${notes}\n${line}`);

function keepNewest(notes: string): string {
  let text = notes;
  // The number of code units is never below that of characters, so characters are seldom counted.
  while (text.length > LIMITS.textLength && [...text].length > LIMITS.textLength) {
    const end = text.indexOf("\n");
    if (end < 0) return [...text].slice(0, LIMITS.textLength).join("");
    text = text.slice(end + 1);
  }
  return text;
}

function removeLine(notes: string | null, line: string): string | null {
  const lines = (notes ?? "").split("\n");
  const index = lines.lastIndexOf(line);
  if (index >= 0) lines.splice(index, 1);
  return lines.join("\n") || null;
}

const contactQueries = oncePerDatabase((db: Db) => {
  const { placeholder } = sql;
  const select = () => db.select().from(contacts);
  return {
    byNumber: select()
      .where(eq(contacts.phone_number, placeholder("number")))
      .prepare(),
    byId: select()
      .where(eq(contacts.id, placeholder("id")))
      .prepare(),
    latestOther: db
      .select({ started_at: max(calls.started_at) })
      .from(calls)
      .where(and(eq(calls.contact_id, placeholder("contact")), ne(calls.id, placeholder("call"))))
      .prepare(),
  };
});
