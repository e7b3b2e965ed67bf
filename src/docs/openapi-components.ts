/** The components that operations of the OpenAPI document share: headers, parameters and security schemes. */
import { LIMITS } from "../config.ts";
import { EXAMPLE_IDS } from "../contract/example.ts";
import type { Route } from "../http/route.ts";
import type { Json } from "./json-schema.ts";

/** JSON content with its schema. `examples` has the property `example` or `examples`. */
export const json = (schema: Json, examples: Json): Json => ({
  content: { "application/json": { schema, ...examples } },
});

/** The schema of an object whose fields are all required. */
export const object = (properties: Record<string, Json>): Json => ({
  type: "object",
  properties,
  required: Object.keys(properties),
});

/** References to response headers, by their names in HEADERS. */
export const headerRefs = (...names: string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** Names of the headers that report the rate limit. Platform keys have no rate limit. */
export const rateLimitHeaders = (route: Route) =>
  route.access === "key" ? ["RateLimit", "RateLimit-Policy"] : [];

/**
 * The example of an optional parameter. The extension keeps the reference from sending the example with every test
 * request: an If-Match that is only an example would always be refused.
 */
export const unsentExample = (value: unknown): Json => ({
  examples: { default: { value, "x-disabled": true } },
});

/** An optional request header. */
const requestHeader = (name: string, description: string, schema: Json, example: string): Json => ({
  name,
  in: "header",
  required: false,
  description,
  schema: { type: "string", ...schema },
  ...unsentExample(example),
});

/** Request headers, by the names of their components. */
export const PARAMETERS: Record<string, Json> = {
  IdempotencyKey: requestHeader(
    "Idempotency-Key",
    `Makes the request safe to repeat. For ${LIMITS.idempotencyHours} hours, a request with the same key and path returns the first response. With a different body it returns 409.`,
    { minLength: 1, maxLength: LIMITS.idempotencyKeyLength },
    "5f0c7a52-2f0e-4d9b-8a43-1d1f0c1f7a11",
  ),
  IfMatch: requestHeader(
    "If-Match",
    "The `ETag` of the object that you read. If the object has changed since then, the response is 412 and nothing is written.",
    {},
    '"1k2m3n4p5q6r7"',
  ),
  IfNoneMatch: requestHeader(
    "If-None-Match",
    "The `ETag` of the object that you have. If the object is unchanged, the response is 304 without a body.",
    {},
    '"1k2m3n4p5q6r7"',
  ),
  RequestId: requestHeader(
    "X-Request-Id",
    "Your own id for this request. The response and the server's log contain it. Without it, the server generates one.",
    { pattern: "^[A-Za-z0-9._-]{1,128}$" },
    "order-sync-7",
  ),
};

const responseHeader = (description: string, example: string | number): Json => ({
  description,
  schema: { type: typeof example === "number" ? "integer" : "string" },
  example,
});

/** Response headers. */
export const HEADERS: Record<string, Json> = {
  ETag: responseHeader("Identifies this version of the object.", '"1k2m3n4p5q6r7"'),
  "Idempotent-Replayed": responseHeader(
    "`true` when this is the response to an earlier request with the same Idempotency-Key.",
    "true",
  ),
  Location: responseHeader("Path of the created object.", `/v1/contacts/${EXAMPLE_IDS.own}`),
  RateLimit: responseHeader(
    "Requests left in the budget of the key (`r`), and seconds until there is one more (`t`; 0 when the budget is full).",
    '"reads";r=99;t=1',
  ),
  "RateLimit-Policy": responseHeader(
    "Budget of the key: `q` requests in `w` seconds.",
    '"reads";q=100;w=60',
  ),
  "Retry-After": responseHeader("Seconds to wait before the next attempt.", 2),
  "WWW-Authenticate": responseHeader("How to authenticate.", "Bearer"),
  "X-Request-Id": responseHeader(
    "Id of the request. The server's log contains it too.",
    EXAMPLE_IDS.own,
  ),
};

const bearer = (description: string): Json => ({
  type: "http",
  scheme: "bearer",
  description,
});
/** The two kinds of keys. */
export const SECURITY_SCHEMES = {
  apiKey: bearer(
    "An API key: `av_live_` and 32 letters and digits. A key with read access allows GET only.",
  ),
  platformKey: bearer("A key of the voice platform: `av_plat_` and 32 letters and digits."),
};
