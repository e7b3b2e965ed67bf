/** Calls: read only here, for the voice platform owns them; `platform/` is how they come in. */
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
import type { Route } from "../http/route.ts";
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

/** The parts of a call, as the platform sends them, the API shows them and the events carry them. */
export const parts = {
  turn: z.object({
    role: choice(["agent", "caller"], { doc: "Who speaks.", example: "caller" }),
    text: prose({ doc: "What was said.", example: "I need to move my appointment." }),
    at: decimal({ doc: "Seconds from the start of the call.", example: 8.4 }, 0, 1_000_000),
  }),
  message: z.object({
    message: prose({
      doc: "What the caller wants passed on.",
      example: "Please call back about the invoice.",
    }),
    caller_name: label({ doc: "Who left it.", example: "Maria Ortiz" }).nullable().default(null),
    callback_number: phoneNumber({ doc: "Number to call back.", example: aNumber })
      .nullable()
      .default(null),
    team_member_id: reference({ doc: "For whom it is.", example: EXAMPLE_IDS.teamMember })
      .nullable()
      .default(null),
  }),
  callback: z.object({
    callback_number: phoneNumber({ doc: "Number to call back.", example: aNumber })
      .nullable()
      .default(null),
    requested_window: label({
      doc: "When the caller would like it.",
      example: "tomorrow before noon",
    })
      .nullable()
      .default(null),
    reason: prose({ doc: "What it is about.", example: "A question about an invoice." }, 2_000)
      .nullable()
      .default(null),
  }),
  escalation: z.object({
    rule_id: reference({ doc: "The rule that matched.", example: EXAMPLE_IDS.rule })
      .nullable()
      .default(null),
    rule_name: label({ doc: "Its name at the time.", example: "Emergencies" })
      .nullable()
      .default(null),
    action: choice(ACTIONS, { doc: "What was done.", example: "transfer" }),
    triggered_at: timestamp({ doc: "When it matched.", example: aTime }),
  }),
  appointment: z.object({
    starts_at: timestamp({ doc: "When it begins.", example: aTime }),
    duration_minutes: wholeNumber({ doc: "How long it takes.", example: 30 }, 1, 10_080)
      .nullable()
      .default(null),
    service: label({ doc: "What for.", example: "Check-up" }).nullable().default(null),
    attendee_name: label({ doc: "For whom.", example: "Maria Ortiz" }).nullable().default(null),
  }),
  order: z.object({
    profile_name: label({ doc: "Which kind of order it is.", example: "Takeaway" })
      .nullable()
      .default(null),
    items: z
      .array(
        z.object({
          name: label({ doc: "What was ordered.", example: "Margherita" }),
          quantity: wholeNumber({ doc: "How many.", example: 2 }, 1, 100_000).default(1),
          price_cents: wholeNumber({ doc: "Price of one, in hundredths.", example: 1150 }, 0, 1e9)
            .nullable()
            .default(null),
          notes: prose({ doc: "Wishes.", example: "no onions" }, 1_000).nullable().default(null),
        }),
      )
      .max(LIMITS.listEntries)
      .default([]),
    total_cents: wholeNumber({ doc: "Price of all, in hundredths.", example: 2300 }, 0, 1e12)
      .nullable()
      .default(null),
  }),
};

export type Turn = z.infer<typeof parts.turn>;
type Handled = { handled_at: string | null };
export type Message = z.infer<typeof parts.message> & Handled;
export type CallbackRequest = z.infer<typeof parts.callback> & Handled;
export type Escalation = z.infer<typeof parts.escalation>;
export type Appointment = z.infer<typeof parts.appointment>;
export type Order = z.infer<typeof parts.order>;

/** What has been announced or noted already, so that it happens once however often the platform sends the call. */
export interface Raised {
  ended: boolean;
  messages: number;
  callback: boolean;
  escalations: number;
  appointment: boolean;
  noted: boolean;
  /** The platform named the location itself, so that no number moves the call to another. */
  located: boolean;
}

/**
 * Of calls with a message or callback request that nobody has dealt with. Said in these words, so that the index of just
 * these is used; within a text of the caller's the quotes would be escaped.
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
    // Beside what orders a list: everything that calls are counted by, so that counting reads no row.
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

/** Apart from the calls, so that a list reads none of them. */
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
const handled = timestamp({ doc: "When somebody dealt with it.", example: aTime }).nullable();
const id = (doc: string, example: string) => reference({ doc, example }).nullable();

/** The fields of an order in a call and its events; null, and in the events left out, unless `outcome` is `order`. */
export const ORDER_OUTCOME = "order";

/** A call as the API shows it, field by field. */
export const callFields = {
  call_id: reference({
    doc: "The call, the same as `id`; the name it has in events.",
    example: EXAMPLE_IDS.own,
  }),
  external_id: label({ doc: "The voice platform's own id of the call.", example: "CA7f3e" }, 255),
  location_id: id("The location that was called.", EXAMPLE_IDS.location),
  status: choice(CALL_STATUSES, { doc: "Whether it still runs.", example: "ended" }),
  started_at: time("When it began."),
  ended_at: time("When it ended; null while it runs.", "2026-11-23T10:43:14.000Z").nullable(),
  duration_seconds: wholeNumber(
    { doc: "How long it took; null while it runs.", example: 74 },
    0,
    1e7,
  ).nullable(),
  direction: choice(DIRECTIONS, { doc: "Who called whom.", example: "inbound" }),
  from_number: phoneNumber({
    doc: "Number of the calling party; null when withheld.",
    example: aNumber,
  }).nullable(),
  to_number: phoneNumber({ doc: "Number that was called.", example: "+15550100100" }).nullable(),
  disposition: choice(DISPOSITIONS, {
    doc: "How it ended; null while it runs.",
    example: "completed",
  }).nullable(),
  summary: prose({
    doc: "What it was about.",
    example: "Ordered two pizzas for pick-up at seven.",
  }).nullable(),
  outcome: label({
    doc: "What came of it: `order`, `booked` or another word of the platform.",
    example: "order",
  }).nullable(),
  outcome_tags: tags({ doc: "Labels of what came of it.", example: ["takeaway"] }),
  contact_id: id("The contact at the other end; null for a withheld number.", EXAMPLE_IDS.contact),
  call_url: z.url().meta({
    description: "The call's page in the dashboard.",
    examples: [`https://allison.example/calls/${EXAMPLE_IDS.own}`],
  }),
  intent_id: id("What the caller wanted.", EXAMPLE_IDS.intent),
  intent: label({ doc: "The intent's name.", example: "Order food" }).nullable(),
  intent_confidence: decimal({ doc: "How sure that is, 0 to 1.", example: 0.86 }, 0, 1).nullable(),
  unscorable: flag({
    doc: "A robocall, dialer or wrong number: it raises no `call.ended`, `call.message_taken` or `call.callback_requested`.",
    example: false,
  }),
  spam: flag({ doc: "Taken for unwanted advertising.", example: false }),
  messages: z
    .array(parts.message.extend({ handled_at: handled }))
    .meta({ description: "Messages the caller left." }),
  callback_request: parts.callback
    .extend({ handled_at: handled })
    .nullable()
    .meta({ description: "The wish to be called back." }),
  escalations: z
    .array(parts.escalation)
    .meta({ description: "Escalation rules that matched, in order." }),
  appointment: parts.appointment
    .nullable()
    .meta({ description: "The appointment that was booked." }),
  order_status: choice(ORDER_STATUSES, {
    doc: "How far the order is; null unless `outcome` is `order`.",
    example: "new",
  }).nullable(),
  order: parts.order
    .nullable()
    .meta({ description: "What was ordered; null unless `outcome` is `order`." }),
  recording_url: z
    .url()
    .nullable()
    .meta({
      description: "Where the recording is.",
      examples: ["https://recordings.example/CA7f3e.mp3"],
    }),
};

const transcript = z.array(parts.turn).meta({ description: "The conversation, in order." });

/** A call as the API lists it. `intent` is the name that the intent has now. */
export type CallView = Omit<Call, "seq" | "raised"> & {
  call_id: string;
  call_url: string;
  intent: string | null;
};

export const callDefinition = define<typeof calls>({
  noun: "call",
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
    from: since(calls.started_at, "Only calls that started then or later."),
    to: until(calls.started_at, "Only calls that started earlier than that."),
    disposition: equals(
      calls.disposition,
      choice(DISPOSITIONS, { doc: "Only calls that ended so.", example: "missed" }),
    ),
    outcome: equals(
      calls.outcome,
      label({ doc: "Only calls with this outcome.", example: "booked" }),
    ),
    direction: equals(
      calls.direction,
      choice(DIRECTIONS, { doc: "Only calls in this direction.", example: "inbound" }),
    ),
    contact_id: equals(
      calls.contact_id,
      reference({ doc: "Only calls with this contact.", example: EXAMPLE_IDS.contact }),
    ),
    location_id: locationFilter(calls.location_id),
    intent_id: equals(
      calls.intent_id,
      reference({ doc: "Only calls with this intent.", example: EXAMPLE_IDS.intent }),
    ),
    status: equals(
      calls.status,
      choice(CALL_STATUSES, { doc: "Only calls that run, or only ended ones.", example: "ended" }),
    ),
    unscorable: isTrue(calls.unscorable, "Only unscorable calls, or only the others."),
    spam: isTrue(calls.spam, "Only spam, or only the others."),
    q: fullText(
      callEntity.search,
      calls.seq,
      "Words to find in summary and transcript, each from its beginning.",
    ),
  },
});

/** Gives each call as a client sees it, with the address of its page in the dashboard. */
export function callView(publicUrl: () => string) {
  return ({ seq: _seq, raised: _raised, ...row }: Call & { intent?: string | null }): CallView => {
    const ordered = row.outcome === ORDER_OUTCOME;
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
 * Notes that somebody dealt with a message of a call, or with its callback request where `message` is null; or takes that
 * back. What is noted already stays as it is. Throws `not_found` where the call has no such thing.
 */
export function setHandled<C extends Call>(
  tx: Transaction,
  call: C,
  message: number | null,
  handled: boolean,
): C {
  const mark = <T extends Handled>(item: T): T =>
    handled === (item.handled_at !== null) ? item : { ...item, handled_at: handled ? tx.at : null };
  if (message === null) {
    if (call.callback_request === null) throw new ApiError("not_found");
    return tx.update(callEntity, call, { callback_request: mark(call.callback_request) }) as C;
  }
  if (call.messages[message] === undefined) throw new ApiError("not_found");
  const messages = call.messages.map((each, i) => (i === message ? mark(each) : each));
  return tx.update(callEntity, call, { messages }) as C;
}

const prepareTurns = oncePerDatabase((db) =>
  db
    .select({ turns: transcripts.turns })
    .from(transcripts)
    .where(eq(transcripts.call_seq, sql.placeholder("seq")))
    .prepare(),
);

/** List and get; only the single call carries its transcript. */
export const callRoutes: readonly Route[] = [
  {
    ...listRoute(callDefinition),
    read: ({ db, publicUrl }, { query }) =>
      bindResource(callDefinition, db).list(query, callView(publicUrl)),
  },
  {
    ...getRoute(callDefinition),
    description: "The call with its transcript, which lists leave out.",
    answers: { kind: "one", data: CallWithTranscript },
    read({ db, publicUrl }, { params }) {
      const row = bindResource(callDefinition, db).find(params.id ?? "");
      if (!row) return null;
      const transcript = prepareTurns(db).get({ seq: row.seq })?.turns ?? [];
      return { ...callView(publicUrl)(row), transcript };
    },
  },
];
