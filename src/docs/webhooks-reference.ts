/** Events in the reference: an example delivery, its headers, and the section `webhooks` of the OpenAPI document. */
import { LIMITS } from "../config.ts";
import { EVENT_TYPES, type EventType } from "../contract/event-types.ts";
import { EVENTS, sampleOf } from "../resources/events.ts";
import { signedHeaders } from "../webhooks/sign.ts";
import { EVENTS_SECTION } from "./introduction.ts";
import type { Json, SchemaBook } from "./json-schema.ts";
import { json, object } from "./openapi-components.ts";

const EVENT_ID = "evt_5c1f0c5f7f6a4b3c9d2e1f0a9b8c7d6e";
const EVENT_TIME = "2026-11-23T10:44:10.000Z";

/** An example of an event as it is sent: its envelope with sample data. */
export const eventExample = (type: EventType): object => ({
  id: EVENT_ID,
  type,
  created_at: EVENT_TIME,
  api_version: "v1",
  data: sampleOf(type),
});

/** The secret of the example delivery. Readers verify the example with it. */
export const EXAMPLE_SECRET = "whsec_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6";

// This event has little data, so the body fits on the page.
const EXAMPLE_BODY = JSON.stringify(eventExample("call.callback_requested"));

/** A complete delivery with valid signatures. */
export const EXAMPLE_DELIVERY = {
  body: EXAMPLE_BODY,
  headers: signedHeaders(EXAMPLE_SECRET, EVENT_ID, EXAMPLE_BODY, Date.parse(EVENT_TIME)),
};

/** The headers of a delivery in their order on the page. */
const MEANINGS: Record<string, string> = {
  "X-Allison-Timestamp": "Time at which this attempt was signed, in Unix seconds.",
  "X-Allison-Event-Id": "Id of the event. It is the same for every attempt and every subscription.",
  "X-Allison-Signature":
    "`v1=` and the HMAC-SHA256 of the timestamp, a dot and the raw body, in lowercase hex. The key is the whole secret, including `whsec_`.",
  "webhook-id": "Id of the event, for Standard Webhooks.",
  "webhook-timestamp": "Time at which this attempt was signed, for Standard Webhooks.",
  "webhook-signature": "Signature for Standard Webhooks. Any of its libraries verifies it.",
};

/** The headers of a delivery, with the values of the example delivery. */
export const DELIVERY_HEADERS = Object.entries(MEANINGS).map(([name, meaning]) => ({
  name,
  meaning,
  example: EXAMPLE_DELIVERY.headers[name]!,
}));

/** Returns the section `webhooks` of the document. */
export const describeWebhooks = (book: SchemaBook): Json =>
  Object.fromEntries(EVENT_TYPES.map((type) => [type, { post: describeDelivery(type, book) }]));

const camelCase = (type: string) =>
  type.replace(/[._](\w)/g, (_, letter: string) => letter.toUpperCase());

function describeDelivery(type: EventType, book: SchemaBook): Json {
  return {
    operationId: camelCase(type),
    tags: [EVENTS_SECTION],
    summary: type,
    description: EVENTS[type].meaning,
    security: [],
    parameters: DELIVERY_HEADERS.map(({ name, meaning, example }) => ({
      name,
      in: "header",
      required: true,
      description: meaning,
      schema: { type: "string" },
      example,
    })),
    requestBody: {
      required: true,
      ...json(envelopeSchema(type, book), { example: eventExample(type) }),
    },
    responses: {
      "2XX": {
        description: `Received. Any other status, or no response within ${LIMITS.egress.totalMs / 1_000} seconds, is retried.`,
      },
    },
  };
}

function envelopeSchema(type: EventType, book: SchemaBook): Json {
  const schema = object({
    id: { type: "string", pattern: "^evt_[0-9a-f]{32}$", description: "Id of the event." },
    type: { type: "string", const: type, description: "Type of the event." },
    created_at: {
      type: "string",
      format: "date-time",
      description: "Time at which the event happened.",
    },
    api_version: { type: "string", const: "v1", description: "Version of the API." },
    data: book.of(EVENTS[type].data, "output"),
  });
  const test = { type: "boolean", const: true, description: "Only in a sample that `/test` sent." };
  return { ...schema, properties: { ...(schema.properties as Json), test } };
}
