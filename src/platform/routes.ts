/** The API of the voice platform, `/platform/v1`: it stores calls, one or many at a time, and updates their orders. */
import { z } from "zod";
import { LIMITS } from "../config.ts";
import { EXAMPLE_IDS } from "../contract/example.ts";
import { invalid } from "../http/errors.ts";
import type { Params, Route, StreamRoute, WriteRoute } from "../http/route.ts";
import { checkBody } from "../http/validate.ts";
import { type Call, callDefinition } from "../resources/calls.ts";
import { createIngest } from "./ingest.ts";
import { ingestLines, splitLines } from "./lines.ts";
import { callIdentifier, callRecord, namedCallRecord, orderMove } from "./record.ts";

const common = { tag: "Platform", access: "platform" as const };
const params = callIdentifier.shape;
const CALL = { kind: "one" as const, data: callDefinition.object };

const recordWarnings = z
  .array(
    z.object({
      field: z.string().meta({
        description: "The field of the record.",
        examples: ["transcript.3.role"],
      }),
      reason: z.string().meta({
        description: "What was lost or guessed, and why.",
        examples: ["must be one of agent, caller"],
      }),
    }),
  )
  .meta({
    description: `What of the record could not be stored as it was sent; at most ${LIMITS.recordWarnings} entries.`,
  });

const callRecordResult = z
  .object({
    external_id: z
      .string()
      .nullable()
      .meta({
        description: "`external_id` of the record; null if it has none.",
        examples: ["CA7f3e"],
      }),
    id: z
      .uuid()
      .nullable()
      .meta({
        description: "Id of the call; null if the record was refused.",
        examples: [EXAMPLE_IDS.own],
      }),
    status: z.enum(["created", "updated", "unchanged", "error"]).meta({
      description: "Result for the record. `unchanged`: it contained nothing new.",
      examples: ["created"],
    }),
    warnings: recordWarnings.optional(),
    details: z
      .record(z.string(), z.string())
      .optional()
      .meta({
        description:
          "Only with `error`: what is wrong, by field; `record` for the line as a whole.",
        examples: [{ "messages.0.message": "must not be blank" }],
      }),
  })
  .meta({ id: "CallRecordResult" });

/** The id of the call in the path, checked like in a record. */
const externalIdOf = ({ external_id }: Params): string =>
  checkBody(callIdentifier, { external_id }).external_id;

const putCallRecord: WriteRoute<Call | null, z.infer<typeof namedCallRecord>> = {
  ...common,
  method: "PUT",
  operation: "putCallRecord",
  path: "/platform/v1/calls/:external_id",
  params,
  summary: "Report a call",
  description:
    "Stores the known data of a call. Send it as often as it changes: when the call starts, when something happens, when it ends. A field that is left out keeps its stored value, null clears it, and a list or an object is replaced as a whole. Sending the same record again changes nothing, and each event is raised once. The response is 201 for a new call, otherwise 200. A call is not refused for a detail: what cannot be used is normalized or left out, and `warnings` says what was lost. Only an id, a direction and a start are required.",
  body: namedCallRecord,
  bodyBytes: LIMITS.recordBytes,
  normalizes: true,
  status: 200,
  answers: { ...CALL, warnings: recordWarnings },
  errors: ["conflict"],
  find: (services, path) => createIngest(services).find(externalIdOf(path)),
  creates: true,
  view: (services, call) => createIngest(services).view(call!),
  write(services, tx, { params: path, body }) {
    const external_id = externalIdOf(path);
    if (body.external_id !== undefined && body.external_id !== external_id)
      throw invalid({ external_id: "must equal the id in the path, or be left out" });
    const { call, outcome, warnings } = createIngest(services).put(tx, { ...body, external_id });
    if (outcome !== "created") return { data: call, warnings };
    return { data: call, warnings, status: 201, location: `/v1/calls/${call.id}` };
  },
};

const importCallRecords: StreamRoute = {
  ...common,
  method: "POST",
  operation: "importCallRecords",
  path: "/platform/v1/calls",
  summary: "Report many calls",
  description:
    "Accepts records as NDJSON, one per line, and responds with one line for each line that is not blank, in the same order, as soon as the record is stored. Each record is stored by itself, so an invalid record affects no other. The whole file can be sent again.",
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
  summary: "Update the status of an order",
  description:
    "Moves an order from `new` to `in_progress` to `fulfilled`, or from one of the first two to `canceled`. Steps can be skipped; an order never moves back. A change raises `call_order.status_changed`; sending the current status changes nothing.",
  body: orderMove,
  status: 200,
  answers: CALL,
  errors: ["conflict"],
  find: (services, path) => createIngest(services).find(externalIdOf(path)),
  view: (services, call) => createIngest(services).view(call),
  write: (services, tx, { body, target }) => ({
    data: createIngest(services).moveOrder(tx, target, body.status),
  }),
};

export const platformRoutes: readonly Route[] = [putCallRecord, importCallRecords, moveCallOrder];
