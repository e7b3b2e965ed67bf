/** The shared pieces of the OpenAPI document: headers, parameters, keys, and how JSON content is written down. */
import { LIMITS } from "../config.ts";
import { EXAMPLE_IDS } from "../contract/example.ts";
import type { Route } from "../http/route.ts";
import type { Json } from "./json-schema.ts";

/** The id that examples are of. */
/** Content of one form; `examples` is `example` or `examples` with what it holds. */
export const json = (schema: Json, examples: Json): Json => ({
  content: { "application/json": { schema, ...examples } },
});

/** An object whose fields are all there. */
export const object = (properties: Record<string, Json>): Json => ({
  type: "object",
  properties,
  required: Object.keys(properties),
});

/** Headers of an answer, by the names they have in HEADERS. */
export const refs = (...names: string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** The headers that tell a key what is left of its budget; the platform's keys have none. */
export const budgetHeaders = (route: Route) =>
  route.access === "key" ? ["RateLimit", "RateLimit-Policy"] : [];

/**
 * The example of a parameter that may be left out. The extension keeps the reference from sending it along with every
 * test request, where an If-Match that is only an example would be refused each time.
 */
export const unsentExample = (value: unknown): Json => ({
  examples: { default: { value, "x-disabled": true } },
});

/** A header of a request, to be told beside what is said of its value. */
const requestHeader = (name: string, description: string, schema: Json, example: string): Json => ({
  name,
  in: "header",
  required: false,
  description,
  schema: { type: "string", ...schema },
  ...unsentExample(example),
});

export const PARAMETERS: Record<string, Json> = {
  IdempotencyKey: requestHeader(
    "Idempotency-Key",
    `Makes the request safe to repeat: for ${LIMITS.idempotencyHours} hours the same key on this path is answered with the first answer. With another body it is 409.`,
    { minLength: 1, maxLength: LIMITS.idempotencyKeyLength },
    "5f0c7a52-2f0e-4d9b-8a43-1d1f0c1f7a11",
  ),
  IfMatch: requestHeader(
    "If-Match",
    "The `ETag` of the object as you read it. If it has changed meanwhile, the answer is 412 and nothing is written.",
    {},
    '"1k2m3n4p5q6r7"',
  ),
  IfNoneMatch: requestHeader(
    "If-None-Match",
    "The `ETag` of the object as you have it. If it is still the same, the answer is 304 without a body.",
    {},
    '"1k2m3n4p5q6r7"',
  ),
  RequestId: requestHeader(
    "X-Request-Id",
    "Your own name for this request. It comes back in the answer and stands in the server's log; without it the server makes one.",
    { pattern: "^[A-Za-z0-9._-]{1,128}$" },
    "order-sync-7",
  ),
};

export const answerHeader = (description: string, example: string | number): Json => ({
  description,
  schema: { type: typeof example === "number" ? "integer" : "string" },
  example,
});

export const HEADERS: Record<string, Json> = {
  ETag: answerHeader("Names this version of the object.", '"1k2m3n4p5q6r7"'),
  "Idempotent-Replayed": answerHeader(
    "`true` when this is the answer of an earlier request with the same Idempotency-Key.",
    "true",
  ),
  Location: answerHeader("The path of what was made.", `/v1/contacts/${EXAMPLE_IDS.own}`),
  RateLimit: answerHeader(
    "What is left of the key's budget (`r`), and in how many seconds it is whole again (`t`).",
    '"reads";r=99;t=1',
  ),
  "RateLimit-Policy": answerHeader(
    "The budget: `q` requests in `w` seconds.",
    '"reads";q=100;w=60',
  ),
  "Retry-After": answerHeader("Seconds to wait before the next try.", 2),
  "WWW-Authenticate": answerHeader("How to authenticate.", "Bearer"),
  "X-Request-Id": answerHeader("The request's own id, also in the server's log.", EXAMPLE_IDS.own),
};

export const bearer = (description: string): Json => ({
  type: "http",
  scheme: "bearer",
  description,
});
export const SECURITY_SCHEMES = {
  apiKey: bearer("An API key, `av_live_` and 32 letters and digits. Reading keys open GET only."),
  platformKey: bearer("A key of the voice platform, `av_plat_` and 32 letters and digits."),
};
