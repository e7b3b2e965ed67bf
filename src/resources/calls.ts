/** Calls. They are read-only here, because the voice platform owns them; `platform/` stores them. */
import { eq, sql } from "drizzle-orm";
import { index, integer, real, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { z } from "zod";
import { LIMITS } from "../config.ts";
import { EXAMPLE_IDS } from "../contract/example.ts";
import {
  choice,
  decimal,
  flag,
  label,
  phoneNumber,
  prose,
  reference,
  tags,
  timestamp,
  wholeNumber,
} from "../contract/fields.ts";
import { ApiError } from "../http/errors.ts";
import type { OneRoute, PageRoute, Route } from "../http/route.ts";
import { rowColumns } from "../store/columns.ts";
import { oncePerDatabase } from "../store/database.ts";
import type { Entity } from "../store/entity.ts";
import type { Transaction } from "../store/transaction.ts";
import { contacts } from "./contacts.ts";
import { bindResource, define, getRoute, listRoute, viewOf } from "./define.ts";
import { ACTIONS } from "./escalation-rules.ts";
import { equals, fullText, isTrue, since, until } from "./filters.ts";
import { intents } from "./intents.ts";
import { locationFilter, locations } from "./locations.ts";

export const DIRECTIONS = ["inbound", "outbound"] as const;
export const DISPOSITIONS = ["completed", "hangup", "transferred", "escalated", "missed"] as const;
export const CALL_STATUSES = ["in_progress", "ended"] as const;
export const ORDER_STATUSES = ["new", "in_progress", "fulfilled", "canceled"] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

const aTime = "2026-11-23T10:42:00.000Z";
const aNumber = "+15550100123";

/** The parts of a call in the records of the platform, in the API and in events. */
export const parts = {
  turn: z.object({
    role: choice(["agent", "caller"], { doc: "The speaker.", example: "caller" }),
    text: prose({ doc: "The spoken text.", example: "I need to move my appointment." }),
    at: decimal({ doc: "Seconds since the start of the call.", example: 8.4 }, 0, 1_000_000),
  }),
  message: z.object({
    message: prose({
      doc: "The message.",
      example: "Please call back about the invoice.",
    }),
    caller_name: label({ doc: "Name of the person who left the message.", example: "Maria Ortiz" })
      .nullable()
      .default(null),
    callback_number: phoneNumber({ doc: "Phone number to call back.", example: aNumber })
      .nullable()
      .default(null),
    team_member_id: reference({
      doc: "The team member whom the message is for.",
      example: EXAMPLE_IDS.teamMember,
    })
      .nullable()
      .default(null),
  }),
  callback: z.object({
    callback_number: phoneNumber({ doc: "Phone number to call back.", example: aNumber })
      .nullable()
      .default(null),
    requested_window: label({
      doc: "When the caller would like to be called back.",
      example: "tomorrow before noon",
    })
      .nullable()
      .default(null),
    reason: prose(
      { doc: "Reason for the callback.", example: "A question about an invoice." },
      2_000,
    )
      .nullable()
      .default(null),
  }),
  escalation: z.object({
    rule_id: reference({ doc: "The rule that matched.", example: EXAMPLE_IDS.rule })
      .nullable()
      .default(null),
    rule_name: label({ doc: "Name of the rule when it matched.", example: "Emergencies" })
      .nullable()
      .default(null),
    action: choice(ACTIONS, { doc: "The action that was taken.", example: "transfer" }),
    triggered_at: timestamp({ doc: "When the rule matched.", example: aTime }),
  }),
  appointment: z
    .object({
      starts_at: timestamp({ doc: "When the appointment starts.", example: aTime }),
      duration_minutes: wholeNumber({ doc: "Duration in minutes.", example: 30 }, 1, 10_080)
        .nullable()
        .default(null),
      service: label({ doc: "The booked service.", example: "Check-up" }).nullable().default(null),
      attendee_name: label({ doc: "Name of the attendee.", example: "Maria Ortiz" })
        .nullable()
        .default(null),
    })
    .meta({ id: "Appointment" }),
  order: z
    .object({
      profile_name: label({ doc: "Kind of order.", example: "Takeaway" }).nullable().default(null),
      items: z
        .array(
          z.object({
            name: label({ doc: "Name of the item.", example: "Margherita" }),
            quantity: wholeNumber({ doc: "Quantity.", example: 2 }, 1, 100_000).default(1),
            price_cents: wholeNumber({ doc: "Unit price in cents.", example: 1150 }, 0, 1e9)
              .nullable()
              .default(null),
            notes: prose({ doc: "Special instructions.", example: "no onions" }, 1_000)
              .nullable()
              .default(null),
          }),
        )
        .max(LIMITS.listEntries)
        .default([]),
      total_cents: wholeNumber({ doc: "Total price in cents.", example: 2300 }, 0, 1e12)
        .nullable()
        .default(null),
    })
    .meta({ id: "Order" }),
};

export type Turn = z.infer<typeof parts.turn>;
type Handled = { handled_at: string | null };
export type Message = z.infer<typeof parts.message> & Handled;
export type CallbackRequest = z.infer<typeof parts.callback> & Handled;
export type Escalation = z.infer<typeof parts.escalation>;
export type Appointment = z.infer<typeof parts.appointment>;
export type Order = z.infer<typeof parts.order>;

/** What has been announced and noted of a call, so that it happens once however often the platform sends the call. */
export interface Raised {
  ended: boolean;
  messages: number;
  callback: boolean;
  escalations: number;
  appointment: boolean;
  noted: boolean;
  /** The platform has named the location, so no change of a number changes it. */
  located: boolean;
  /** The highest version of the platform's records; a time in milliseconds. Null for records without one. */
  version?: number | null;
}

/**
 * The condition for calls with an open message or callback request. It must equal the condition of the partial index
 * `calls_open`. A caller's own text cannot match, because its quotes are escaped.
 */
export const HAS_OPEN_ITEMS = `unscorable = 0 and (instr(messages, '"handled_at":null') > 0 or instr(callback_request, '"handled_at":null') > 0)`;

export const calls = sqliteTable(
  "calls",
  {
    ...rowColumns(),
    external_id: text().notNull().unique(),
    location_id: text().references(() => locations.id),
    status: text({ enum: CALL_STATUSES }).notNull(),
    started_at: text().notNull(),
    ended_at: text(),
    duration_seconds: integer(),
    direction: text({ enum: DIRECTIONS }).notNull(),
    from_number: text(),
    to_number: text(),
    disposition: text({ enum: DISPOSITIONS }),
    summary: text(),
    outcome: text(),
    outcome_tags: text({ mode: "json" }).$type<string[]>().notNull(),
    contact_id: text().references(() => contacts.id),
    intent_id: text().references(() => intents.id),
    intent_confidence: real(),
    unscorable: integer({ mode: "boolean" }).notNull(),
    spam: integer({ mode: "boolean" }).notNull(),
    messages: text({ mode: "json" }).$type<Message[]>().notNull(),
    callback_request: text({ mode: "json" }).$type<CallbackRequest>(),
    escalations: text({ mode: "json" }).$type<Escalation[]>().notNull(),
    appointment: text({ mode: "json" }).$type<Appointment>(),
    order_status: text({ enum: ORDER_STATUSES }),
    order: text({ mode: "json" }).$type<Order>(),
    recording_url: text(),
    raised: text({ mode: "json" }).$type<Raised>().notNull(),
  },
  (table) => [
    // Includes all columns that calls are counted by, so that counting reads the index only.
    index("calls_started").on(
      table.started_at,
      table.id,
      table.location_id,
      table.intent_id,
      table.outcome,
      table.unscorable,
      table.spam,
      table.duration_seconds,
    ),
    index("calls_open").on(table.started_at, table.id).where(sql.raw(HAS_OPEN_ITEMS)),
    index("calls_contact").on(table.contact_id, table.started_at, table.id),
    index("calls_location").on(table.location_id, table.started_at, table.id),
    index("calls_intent").on(table.intent_id, table.started_at, table.id),
    index("calls_disposition").on(table.disposition, table.started_at, table.id),
    index("calls_outcome").on(table.outcome, table.started_at, table.id),
  ],
);
export type Call = typeof calls.$inferSelect;

/** A separate table, so that lists of calls read no transcripts. */
export const transcripts = sqliteTable("transcripts", {
  call_seq: integer()
    .primaryKey()
    .references(() => calls.seq),
  turns: text({ mode: "json" }).$type<Turn[]>().notNull(),
});

export const callEntity = {
  type: "call",
  table: calls,
  ignored: ["raised"],
  digested: ["transcript"],
  sideTables: { transcript: { table: transcripts, seq: "call_seq", value: "turns" } },
  search: {
    index: "calls_search",
    fields: ["summary", "transcript"],
    text: `coalesce(summary, '') || ' ' || coalesce((
      select group_concat(turn.value ->> 'text', ' ')
      from transcripts, json_each(transcripts.turns) as turn where transcripts.call_seq = calls.seq
    ), '')`,
  },
} satisfies Entity;

const time = (doc: string, example = aTime) => timestamp({ doc, example });
const handled = timestamp({
  doc: "When it was marked as handled; null while it is open.",
  example: aTime,
}).nullable();
const id = (doc: string, example: string) => reference({ doc, example }).nullable();

/** The outcome of a call with an order. With any other outcome the order is null, and events leave it out. */
export const ORDER_OUTCOME = "order";

/** The fields of a call in the API. */
export const callFields = {
  call_id: reference({
    doc: "Id of the call. Equals `id`; events use this name.",
    example: EXAMPLE_IDS.own,
  }),
  external_id: label({ doc: "Id of the call at the voice platform.", example: "CA7f3e" }, 255),
  location_id: id("The location that was called.", EXAMPLE_IDS.location),
  status: choice(CALL_STATUSES, {
    doc: "Whether the call is in progress or has ended.",
    example: "ended",
  }),
  started_at: time("When the call started."),
  ended_at: time(
    "When the call ended; null while it is in progress.",
    "2026-11-23T10:43:14.000Z",
  ).nullable(),
  duration_seconds: wholeNumber(
    { doc: "Duration in seconds; null while the call is in progress.", example: 74 },
    0,
    1e7,
  ).nullable(),
  direction: choice(DIRECTIONS, {
    doc: "`inbound`: the business was called. `outbound`: the business called.",
    example: "inbound",
  }),
  from_number: phoneNumber({
    doc: "Phone number of the calling party; null if withheld.",
    example: aNumber,
  }).nullable(),
  to_number: phoneNumber({
    doc: "Phone number that was called.",
    example: "+15550100100",
  }).nullable(),
  disposition: choice(DISPOSITIONS, {
    doc: "How the call ended; null while it is in progress.",
    example: "completed",
  }).nullable(),
  summary: prose({
    doc: "Summary of the call.",
    example: "Ordered two pizzas for pick-up at seven.",
  }).nullable(),
  outcome: label({
    doc: "Result of the call: `order`, `booked` or another value from the voice platform.",
    example: "order",
  }).nullable(),
  outcome_tags: tags({ doc: "Labels for the result.", example: ["takeaway"] }),
  contact_id: id("The contact at the other end; null for a withheld number.", EXAMPLE_IDS.contact),
  call_url: z.url().meta({
    description: "Address of the call in the dashboard.",
    examples: [`https://allison.example/calls/${EXAMPLE_IDS.own}`],
  }),
  intent_id: id("The recognized intent.", EXAMPLE_IDS.intent),
  intent: label({ doc: "Name of the intent.", example: "Order food" }).nullable(),
  intent_confidence: decimal(
    { doc: "Confidence of the intent, from 0 to 1.", example: 0.86 },
    0,
    1,
  ).nullable(),
  unscorable: flag({
    doc: "A robocall, dialer or wrong number. Such a call raises no `call.ended`, `call.message_taken` or `call.callback_requested`.",
    example: false,
  }),
  spam: flag({ doc: "Flagged as spam.", example: false }),
  messages: z
    .array(parts.message.extend({ handled_at: handled }))
    .meta({ description: "Messages from the caller." }),
  callback_request: parts.callback
    .extend({ handled_at: handled })
    .meta({ id: "CallbackRequest" })
    .nullable()
    .meta({ description: "The request for a callback." }),
  escalations: z
    .array(parts.escalation)
    .meta({ description: "Escalation rules that matched, in order." }),
  appointment: parts.appointment.nullable().meta({ description: "The booked appointment." }),
  order_status: choice(ORDER_STATUSES, {
    doc: "Status of the order; null unless `outcome` is `order`.",
    example: "new",
  }).nullable(),
  order: parts.order
    .nullable()
    .meta({ description: "The order; null unless `outcome` is `order`." }),
  recording_url: z
    .url()
    .nullable()
    .meta({
      description: "Address of the recording.",
      examples: ["https://recordings.example/CA7f3e.mp3"],
    }),
};

const transcript = z.array(parts.turn).meta({ description: "The conversation, in order." });

/** A call in the API. `intent` is the current name of the intent. */
export type CallView = Omit<Call, "seq" | "raised"> & {
  call_id: string;
  call_url: string;
  intent: string | null;
};

export const callDefinition = define<typeof calls>({
  plural: "calls",
  schema: "Call",
  path: "/v1/calls",
  tag: "Calls",
  entity: callEntity,
  operations: ["list", "get"],
  fields: {},
  readOnly: callFields,
  extras: {
    intent: sql`(select name from intents where intents.id = ${calls.intent_id})`.as(
      "intent",
    ) as never,
  },
  order: { by: sql`${calls.started_at}`, of: (row) => row.started_at },
  filters: {
    from: since(calls.started_at, "Return only calls that started at or after this time."),
    to: until(calls.started_at, "Return only calls that started before this time."),
    disposition: equals(
      calls.disposition,
      choice(DISPOSITIONS, { doc: "Return only calls with this disposition.", example: "missed" }),
    ),
    outcome: equals(
      calls.outcome,
      label({ doc: "Return only calls with this outcome.", example: "booked" }),
    ),
    direction: equals(
      calls.direction,
      choice(DIRECTIONS, { doc: "Return only calls in this direction.", example: "inbound" }),
    ),
    contact_id: equals(
      calls.contact_id,
      reference({ doc: "Return only calls with this contact.", example: EXAMPLE_IDS.contact }),
    ),
    location_id: locationFilter(calls.location_id),
    intent_id: equals(
      calls.intent_id,
      reference({ doc: "Return only calls with this intent.", example: EXAMPLE_IDS.intent }),
    ),
    status: equals(
      calls.status,
      choice(CALL_STATUSES, { doc: "Return only calls with this status.", example: "ended" }),
    ),
    unscorable: isTrue(
      calls.unscorable,
      "`true`: return only unscorable calls. `false`: return only scorable calls.",
    ),
    spam: isTrue(calls.spam, "`true`: return only spam. `false`: exclude spam."),
    q: fullText(
      callEntity.search,
      calls.seq,
      "Search words in summary and transcript. Each word matches from its beginning.",
    ),
  },
});

/** Returns a function that shows a call as a client sees it, with its address in the dashboard. */
export function callView(publicUrl: () => string) {
  return ({ seq: _seq, raised: _raised, ...row }: Call & { intent?: string | null }): CallView => {
    const ordered = row.outcome === ORDER_OUTCOME && row.order !== null;
    return inOrder({
      ...row,
      call_id: row.id,
      order_status: ordered ? row.order_status : null,
      order: ordered ? row.order : null,
      call_url: `${publicUrl()}/calls/${row.id}`,
      intent: row.intent ?? null,
    }) as CallView;
  };
}
const inOrder = viewOf<CallView>(callDefinition.object);

const CallWithTranscript = callDefinition.object
  .extend({ transcript })
  .meta({ id: "CallWithTranscript" });

/**
 * Marks a message of a call as handled or open; its callback request if `message` is null. An item that is marked already
 * stays unchanged. Throws `not_found` for an item that the call does not have.
 */
export function setHandled<C extends Call>(
  tx: Transaction,
  call: C,
  message: number | null,
  isHandled: boolean,
): C {
  const mark = <T extends Handled>(item: T): T =>
    isHandled === (item.handled_at !== null)
      ? item
      : { ...item, handled_at: isHandled ? tx.at : null };
  if (message === null) {
    if (call.callback_request === null) throw new ApiError("not_found");
    return tx.update(callEntity, call, { callback_request: mark(call.callback_request) }) as C;
  }
  if (call.messages[message] === undefined) throw new ApiError("not_found");
  const messages = call.messages.map((item, i) => (i === message ? mark(item) : item));
  return tx.update(callEntity, call, { messages }) as C;
}

const prepareTurns = oncePerDatabase((db) =>
  db
    .select({ turns: transcripts.turns })
    .from(transcripts)
    .where(eq(transcripts.call_seq, sql.placeholder("seq")))
    .prepare(),
);

const listCalls: PageRoute = {
  ...listRoute(callDefinition),
  read: ({ db, publicUrl }, { query }) =>
    bindResource(callDefinition, db).list(query, callView(publicUrl)),
};

const getCall: OneRoute = {
  ...getRoute(callDefinition),
  description: "Returns the call with its transcript. Lists leave the transcript out.",
  answers: { kind: "one", data: CallWithTranscript },
  read({ db, publicUrl }, { params }) {
    const row = bindResource(callDefinition, db).find(params.id ?? "");
    if (!row) return null;
    const transcript = prepareTurns(db).get({ seq: row.seq })?.turns ?? [];
    return { ...callView(publicUrl)(row), transcript };
  },
};

/** List and get. Only the single call includes its transcript. */
export const callRoutes: readonly Route[] = [listCalls, getCall];
