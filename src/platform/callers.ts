/**
 * Contacts as calls make them: found by the other party's number or made, their calls counted once each, their empty
 * names filled in, a line of notes for each call that ended.
 */
import { and, eq, max, ne, sql } from "drizzle-orm";
import { LIMITS } from "../config.ts";
import { calls } from "../resources/calls.ts";
import { type Contact, contactDefinition, contactEntity, contacts } from "../resources/contacts.ts";
import { viewOf } from "../resources/define.ts";
import type { Db } from "../store/database.ts";
import { oncePerDatabase } from "../store/database.ts";
import type { Transaction } from "../store/transaction.ts";
import type { CallRecord } from "./record.ts";

/** What a contact needs to know of a call. */
export interface Visit {
  /** The other party's number; null when withheld. */
  number: string | null;
  started_at: string;
  caller: CallRecord["caller"];
  /** The line that the call adds to the notes; null for none. */
  note: string | null;
  /** The same call as it is stored; null for a new one. */
  before: { call_id: string; contact_id: string | null; started_at: string } | null;
}

/** Who is on the other end: the caller, or who was called. */
export const otherNumber = (call: {
  direction: "inbound" | "outbound";
  from_number: string | null;
  to_number: string | null;
}) => (call.direction === "inbound" ? call.from_number : call.to_number);

/** A line for the notes: the day, in UTC, and the summary on one line. */
export const noteLine = (started_at: string, summary: string): string =>
  `${started_at.slice(0, 10)} ${summary.trim().replace(/\s+/g, " ")}`;

export interface Callers {
  /** Keeps the contact of a call. Returns the contact's id, null for none, and whether anything was written. */
  visit(tx: Transaction, visit: Visit): { contact_id: string | null; written: boolean };
  /** Takes a call from a contact that turned out to be the wrong one, and `note` from its notes. */
  leave(tx: Transaction, contactId: string, callId: string, note: string | null): void;
}

export const createCallers = oncePerDatabase(prepareCallers);

function prepareCallers(db: Db): Callers {
  const { placeholder } = sql;
  const byNumber = db
    .select()
    .from(contacts)
    .where(eq(contacts.phone_number, placeholder("number")))
    .prepare();
  const byId = db
    .select()
    .from(contacts)
    .where(eq(contacts.id, placeholder("id")))
    .prepare();
  const latestOther = db
    .select({ started_at: max(calls.started_at) })
    .from(calls)
    .where(and(eq(calls.contact_id, placeholder("contact")), ne(calls.id, placeholder("call"))))
    .prepare();
  const inOrder = viewOf<Contact>(contactDefinition.object);

  function make(tx: Transaction, number: string, { caller, note, started_at }: Visit): string {
    const row = {
      id: tx.newId(),
      created_at: tx.at,
      updated_at: tx.at,
      first_name: caller?.first_name ?? null,
      last_name: caller?.last_name ?? null,
      email: caller?.email ?? null,
      phone_number: number,
      source: "call" as const,
      agent_notes: note === null ? null : withLine(null, note),
      call_count: 1,
      last_contact_at: started_at,
      custom: {},
    };
    const seq = tx.insert(contactEntity, row);
    tx.emit("contact.created", inOrder({ ...row, seq }));
    return row.id;
  }

  /** When the contact's latest call started, the visit among them. */
  function lastContact(contact: Contact, { before, started_at }: Visit): string {
    const known = before?.contact_id === contact.id;
    if (known && before.started_at === started_at) return contact.last_contact_at ?? started_at;
    // A call whose start moved may have been the latest itself.
    const other = known
      ? latestOther.get({ contact: contact.id, call: before.call_id })?.started_at
      : contact.last_contact_at;
    return other && other > started_at ? other : started_at;
  }

  function keep(tx: Transaction, contact: Contact, visit: Visit): boolean {
    const { caller, note, before } = visit;
    const after = tx.update(contactEntity, contact, {
      first_name: contact.first_name ?? caller?.first_name ?? null,
      last_name: contact.last_name ?? caller?.last_name ?? null,
      email: contact.email ?? caller?.email ?? null,
      agent_notes: note === null ? contact.agent_notes : withLine(contact.agent_notes, note),
      call_count: contact.call_count + (before?.contact_id === contact.id ? 0 : 1),
      last_contact_at: lastContact(contact, visit),
    });
    return after !== contact;
  }

  return {
    visit(tx, visit) {
      if (visit.number === null) return { contact_id: null, written: false };
      const contact = byNumber.get({ number: visit.number });
      if (!contact) return { contact_id: make(tx, visit.number, visit), written: true };
      return { contact_id: contact.id, written: keep(tx, contact, visit) };
    },
    leave(tx, contactId, callId, note) {
      const contact = byId.get({ id: contactId })!;
      tx.update(contactEntity, contact, {
        agent_notes: note === null ? contact.agent_notes : withoutLine(contact.agent_notes, note),
        call_count: contact.call_count - 1,
        last_contact_at: latestOther.get({ contact: contactId, call: callId })?.started_at ?? null,
      });
    },
  };
}

/** The notes with one more line at their end, without the oldest lines where they grew too long. */
export function withLine(notes: string | null, line: string): string {
  let all = notes === null ? line : `${notes}\n${line}`;
  // Code units are at least as many as characters, so that counting these is seldom needed.
  while (all.length > LIMITS.textLength && [...all].length > LIMITS.textLength) {
    const end = all.indexOf("\n");
    if (end < 0) return [...all].slice(0, LIMITS.textLength).join("");
    all = all.slice(end + 1);
  }
  return all;
}

function withoutLine(notes: string | null, line: string): string | null {
  const lines = (notes ?? "").split("\n");
  const place = lines.lastIndexOf(line);
  if (place >= 0) lines.splice(place, 1);
  return lines.join("\n") || null;
}
