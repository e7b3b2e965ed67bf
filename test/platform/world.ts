/** A store with ingest for the tests of the platform: records in, calls and events out. */
import { expect } from "bun:test";
import type { EventType } from "../../src/contract/event-types.ts";
import { ApiError } from "../../src/http/errors.ts";
import { checkBody } from "../../src/http/validate.ts";
import { createIngest } from "../../src/platform/ingest.ts";
import { ingestLines, type LineResult, splitLines } from "../../src/platform/lines.ts";
import type { OrderStatus } from "../../src/resources/calls.ts";
import type { Contact } from "../../src/resources/contacts.ts";
import { bindResource } from "../../src/resources/define.ts";
import { escalationRuleDefinition } from "../../src/resources/escalation-rules.ts";
import { EVENTS } from "../../src/resources/events.ts";
import { intentDefinition } from "../../src/resources/intents.ts";
import { locationDefinition } from "../../src/resources/locations.ts";
import { teamMemberDefinition } from "../../src/resources/team-members.ts";
import { ACTOR, openTestStore } from "../support/store.ts";

/** A record as sent, before validation. */
export type Sent = Record<string, unknown>;
export interface Raised {
  type: EventType;
  // biome-ignore lint/suspicious/noExplicitAny: tests read payloads of different types.
  data: any;
}

export const STARTED = "2026-11-23T10:00:00.000Z";
export const ENDED = "2026-11-23T10:01:14.400Z";
export const CALLER = "+15550100123";
export const BUSINESS = "+15550100100";
/** A UUID of no object. */
export const NOWHERE = "019a9f3e-0000-7000-8000-000000000000";

let calls = 0;
export function freshName(): string {
  calls += 1;
  return `CA${calls}`;
}

/** The record of a call that ended, with `fields` merged in. */
export const ended = (fields: Sent = {}): Sent => ({
  external_id: freshName(),
  direction: "inbound",
  from_number: CALLER,
  to_number: BUSINESS,
  started_at: STARTED,
  ended_at: ENDED,
  disposition: "completed",
  summary: "Asked about parking.",
  ...fields,
});

/** The record of a call in progress, with `fields` merged in. */
export const running = (fields: Sent = {}): Sent => ({
  external_id: freshName(),
  direction: "inbound",
  from_number: CALLER,
  to_number: BUSINESS,
  started_at: STARTED,
  ...fields,
});

export type World = ReturnType<typeof openWorld>;

export function openWorld() {
  const it = openTestStore();
  const { db, store } = it;
  const ingest = createIngest({ db, publicUrl: () => "https://allison.example" });
  const resources = {
    location: bindResource(locationDefinition, db),
    teamMember: bindResource(teamMemberDefinition, db),
    rule: bindResource(escalationRuleDefinition, db),
    intent: bindResource(intentDefinition, db),
  };
  let eventsSeen = 0;

  const world = {
    ...it,
    ingest,
    /** Validates and stores a record like a request. */
    put: (sent: Sent) => store.change(ACTOR, (tx) => ingest.put(tx, sent)),
    /** The error code and details of a record that is refused. */
    refusal: async (sent: Sent) => refusalOf(async () => world.put(sent)),
    moveOrder: (external_id: string, status: OrderStatus) =>
      store.change(ACTOR, (tx) => ingest.moveOrder(tx, ingest.find(external_id)!, status)),
    /** Creates an object of another resource like the API. */
    make: (kind: keyof typeof resources, body: Sent) =>
      store.change(ACTOR, (tx) => {
        const resource = resources[kind];
        return resource.create(tx, checkBody(resource.definition.createBody, body)) as {
          id: string;
        };
      }),
    update: (kind: keyof typeof resources, id: string, body: Sent) =>
      store.change(ACTOR, (tx) => {
        const resource = resources[kind];
        resource.update(tx, resource.find(id) as never, body);
      }),
    contacts: () =>
      it
        .rows<Contact & { custom: string }>("select * from contacts order by seq")
        .map(({ custom, ...row }) => ({ ...row, custom: JSON.parse(custom) as object })),
    contact: (number = CALLER) => world.contacts().find((row) => row.phone_number === number),
    /** The events since the last call of this function, each validated against the catalogue. */
    raised(): Raised[] {
      const rows = it.rows<{ seq: number; type: EventType; body: string }>(
        "select seq, type, body from events where seq > ? order by seq",
        eventsSeen,
      );
      eventsSeen = rows.at(-1)?.seq ?? eventsSeen;
      return rows.map(({ type, body }) => {
        const { data } = JSON.parse(body) as Raised;
        expect([type, EVENTS[type].data.strict().safeParse(data).error]).toEqual([type, undefined]);
        return { type, data };
      });
    },
    raisedTypes: (): string[] => world.raised().map(({ type }) => type),
    /** Everything that a write changes: the numbers of audit rows and events, and the times of updates. */
    traces: () => ({
      audit: it.value("select count(*) from audit") as number,
      events: it.value("select count(*) from events") as number,
      calls: it.rows("select id, updated_at, raised from calls order by seq"),
      contacts: it.rows("select id, updated_at from contacts order by seq"),
    }),
    /** The `external_id` of each call that contains the words. */
    search: (words: string) =>
      it
        .rows<{ external_id: string }>(
          "select external_id from calls where seq in (select rowid from calls_search where calls_search match ?) order by seq",
          words,
        )
        .map(({ external_id }) => external_id),
    /** Imports NDJSON and returns the result of each line. */
    async import(text: string | Uint8Array | ReadableStream<Uint8Array>): Promise<LineResult[]> {
      const results = [];
      const bytes =
        text instanceof ReadableStream
          ? text
          : new Blob([text as Uint8Array<ArrayBuffer>]).stream();
      const onUnexpected = (error: unknown) => {
        throw error;
      };
      const services = { store, ingest, actor: ACTOR, onUnexpected };
      for await (const result of ingestLines(services, splitLines(bytes))) results.push(result);
      return results;
    },
  };
  return world;
}

export async function refusalOf(work: () => Promise<unknown>) {
  try {
    await work();
  } catch (error) {
    if (error instanceof ApiError) return { code: error.code, details: error.details };
    throw error;
  }
  throw new Error("was stored");
}

/** NDJSON of records. */
export const lines = (records: readonly object[]) =>
  records.map((record) => `${JSON.stringify(record)}\n`).join("");
