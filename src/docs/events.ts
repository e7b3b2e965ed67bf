/** How the reference shows events: an example delivery, its headers, and the section `webhooks` of the document. */

import { EVENT_TYPES, type EventType } from "../contract/event-types.ts";
import { EVENTS, sampleOf } from "../resources/events.ts";
import { signedHeaders } from "../webhooks/sign.ts";
import { json, object } from "./components.ts";
import type { Json, SchemaBook } from "./json-schema.ts";

const EVENT_ID = "evt_5c1f0c5f7f6a4b3c9d2e1f0a9b8c7d6e";
const EVENT_TIME = "2026-11-23T10:44:10.000Z";

/** The envelope of an event with a sample of its data, as it is sent. */
export const eventExample = (type: EventType): object => ({
  id: EVENT_ID,
  type,
  created_at: EVENT_TIME,
  api_version: "v1",
  data: sampleOf(type),
});

/** The secret of the example delivery, so that a reader can try verification on it. */
export const EXAMPLE_SECRET = "whsec_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6";

/** A whole delivery whose signatures are true ones. */
export const EXAMPLE_DELIVERY = (() => {
  // Its data is short, so that the body fits on the page.
  const body = JSON.stringify({ ...eventExample("call.callback_requested") });
  return {
    body,
    headers: signedHeaders(EXAMPLE_SECRET, EVENT_ID, body, Date.parse(EVENT_TIME)),
  };
})();

const MEANINGS: Record<string, string> = {
  "X-Allison-Timestamp": "When this attempt was signed, in Unix seconds.",
  "X-Allison-Event-Id": "The event's id: the same for every attempt and every subscription.",
  "X-Allison-Signature":
    "`v1=` and the HMAC-SHA256 of timestamp, dot and raw body, keyed with the whole secret, in lower-case hex.",
  "webhook-id": "The event's id, as Standard Webhooks has it.",
  "webhook-timestamp": "When this attempt was signed, as Standard Webhooks has it.",
  "webhook-signature": "The signature of Standard Webhooks: any of its libraries verifies it.",
};

/** What each delivery carries beside its body, in the order it is told. */
export const DELIVERY_HEADERS = Object.entries(MEANINGS).map(([name, meaning]) => ({
  name,
  meaning,
  example: EXAMPLE_DELIVERY.headers[name]!,
}));

/** The section `webhooks` of the document. */
export const webhooks = (book: SchemaBook): Json =>
  Object.fromEntries(EVENT_TYPES.map((type) => [type, { post: delivery(type, book) }]));

const camel = (type: string) =>
  type.replace(/[._](\w)/g, (_, letter: string) => letter.toUpperCase());

function delivery(type: EventType, book: SchemaBook): Json {
  return {
    operationId: camel(type),
    tags: ["Webhook subscriptions"],
    summary: type,
    description: `${EVENTS[type].meaning} Retries, signatures and code that checks them are at [/docs/webhooks](/docs/webhooks).`,
    security: [],
    parameters: DELIVERY_HEADERS.map(({ name, meaning, example }) => ({
      name,
      in: "header",
      required: true,
      description: meaning,
      schema: { type: "string" },
      example,
    })),
    requestBody: { required: true, ...json(envelope(type, book), { example: eventExample(type) }) },
    responses: {
      "2XX": {
        description: "Received. Anything else, or no answer in 10 seconds, is tried again.",
      },
    },
  };
}

function envelope(type: EventType, book: SchemaBook): Json {
  const always = object({
    id: { type: "string", pattern: "^evt_[0-9a-f]{32}$", description: "Identifies the event." },
    type: { type: "string", const: type, description: "What happened." },
    created_at: { type: "string", format: "date-time", description: "When it happened." },
    api_version: { type: "string", const: "v1", description: "The version of this contract." },
    data: book.of(EVENTS[type].data, "output"),
  });
  const test = { type: "boolean", const: true, description: "Only of a sample sent by `/test`." };
  return { ...always, properties: { ...(always.properties as Json), test } };
}
