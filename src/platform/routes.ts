/** The voice platform's own door, `/platform/v1`: calls come in here, one or many at a time, and their orders move on. */
import { z } from "zod";
import { LIMITS } from "../config.ts";
import { EXAMPLE_IDS } from "../contract/example.ts";
import { invalid } from "../http/errors.ts";
import type { Params, Route, StreamRoute, WriteRoute } from "../http/route.ts";
import { checkBody } from "../http/validate.ts";
import { type Call, callDefinition } from "../resources/calls.ts";
import { createIngest } from "./ingest.ts";
import { ingestLines, splitLines } from "./lines.ts";
import { callName, callRecord, namedCallRecord, orderMove } from "./record.ts";

const common = { tag: "Platform", access: "platform" as const };
const params = { external_id: "The voice platform's own id of the call, 1 to 255 characters." };
const CALL = { kind: "one" as const, data: callDefinition.object };

const callRecordResult = z
  .object({
    external_id: z
      .string()
      .nullable()
      .meta({ description: "The record's; null where it has none.", examples: ["CA7f3e"] }),
    id: z
      .uuid()
      .nullable()
      .meta({
        description: "The call's id; null where the record was refused.",
        examples: [EXAMPLE_IDS.own],
      }),
    status: z.enum(["created", "updated", "unchanged", "error"]).meta({
      description: "What became of the record; `unchanged` where it told nothing new.",
      examples: ["created"],
    }),
    details: z
      .record(z.string(), z.string())
      .optional()
      .meta({
        description:
          "Only of an `error`: what is wrong, by field; `record` where it is the line as a whole.",
        examples: [{ "messages.0.message": "must not be blank" }],
      }),
  })
  .meta({ id: "CallRecordResult" });

/** The call's name in the path, checked as in a record. */
const nameIn = ({ external_id }: Params): string =>
  checkBody(callName, { external_id }).external_id;

const putCallRecord: WriteRoute<Call | null, z.infer<typeof namedCallRecord>> = {
  ...common,
  method: "PUT",
  operation: "putCallRecord",
  path: "/platform/v1/calls/:external_id",
  params,
  summary: "Tell of a call",
  description:
    "Send what is known of the call, as often as there is news: when it begins, when something happens, when it ends. A field that is left out keeps what is stored, null clears it, a list or an object is replaced whole. The same record again changes nothing, and each event is raised once. 201 for a call that was not known yet, else 200.",
  body: namedCallRecord,
  bodyBytes: LIMITS.recordBytes,
  status: 200,
  answers: CALL,
  errors: ["conflict"],
  find: (services, path) => createIngest(services).find(nameIn(path)),
  creates: true,
  view: (services, call) => createIngest(services).view(call!),
  write(services, tx, { params: path, body }) {
    const external_id = nameIn(path);
    if (body.external_id !== undefined && body.external_id !== external_id)
      throw invalid({ external_id: "must be the one in the path, or left out" });
    const { call, outcome } = createIngest(services).put(tx, { ...body, external_id });
    if (outcome !== "created") return { data: call };
    return { data: call, status: 201, location: `/v1/calls/${call.id}` };
  },
};

const importCallRecords: StreamRoute = {
  ...common,
  method: "POST",
  operation: "importCallRecords",
  path: "/platform/v1/calls",
  summary: "Tell of many calls",
  description:
    "Takes records as NDJSON, one a line, and answers with a line for each that is not blank, in the same order, as soon as it is stored. A record does what it does by itself, so a bad one spoils no other, and the whole can be sent again.",
  line: callRecord,
  answers: { kind: "lines", data: callRecordResult },
  async *stream(services, { actor, body, requireKnown }) {
    if (body === null) return;
    const { store, log } = services;
    const onUnexpected = (err: unknown, line: number) =>
      log.error({ request_id: actor.request_id, line, err }, "record not stored");
    const importing = { store, ingest: createIngest(services), actor, onUnexpected, requireKnown };
    for await (const { answer } of ingestLines(importing, splitLines(body))) yield answer;
  },
};

const moveCallOrder: WriteRoute<Call, z.infer<typeof orderMove>> = {
  ...common,
  method: "PATCH",
  operation: "moveCallOrder",
  path: "/platform/v1/calls/:external_id/order",
  params,
  summary: "Move an order on",
  description:
    "From `new` to `in_progress` to `fulfilled`, skipping allowed, or from either of the first two to `canceled`; never back. A step raises `call_order.status_changed`; the status it has already changes nothing.",
  body: orderMove,
  status: 200,
  answers: CALL,
  errors: ["conflict"],
  find: (services, path) => createIngest(services).find(nameIn(path)),
  view: (services, call) => createIngest(services).view(call),
  write: (services, tx, { body, target }) => ({
    data: createIngest(services).moveOrder(tx, target, body.status),
  }),
};

export const platformRoutes: readonly Route[] = [putCallRecord, importCallRecords, moveCallOrder];
