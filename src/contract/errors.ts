/** The catalogue of every error that the server answers with: its status, meaning and remedy. */

interface CatalogueEntry {
  status: number;
  /** What happened, for the page /docs/errors and the OpenAPI document. */
  meaning: string;
  /** What the caller does about it. */
  cure: string;
  /** An example of `details`; absent where the error has none. */
  details?: Record<string, string>;
}

export const ERRORS = {
  validation_failed: {
    status: 400,
    meaning: "A field of the body or a query parameter has an invalid value.",
    cure: "Read `details`: it has one entry for each invalid field, which says what is wrong. Nested fields are named with dots, as in `condition.type` or `tags.0`.",
    details: { phone_number: "must be in E.164 form, for example +15550100123" },
  },
  invalid_json: {
    status: 400,
    meaning: "The body is not JSON in UTF-8.",
    cure: "Send one JSON value. Most often a quote or a comma is missing, or the body is empty.",
    details: { body: "is not valid JSON" },
  },
  unauthorized: {
    status: 401,
    meaning:
      "The API key is missing, mistyped, unknown, disabled, deleted or expired. The response does not say which; the server's log does. In the dashboard: there is no session.",
    cure: "Send `Authorization: Bearer av_live_…` with a key that is active. Create one with `allison keys create`. In the dashboard, sign in.",
  },
  insufficient_scope: {
    status: 403,
    meaning: "A key with read access was used for a request that writes.",
    cure: "Use a key with write access for POST, PUT, PATCH and DELETE.",
  },
  forbidden_origin: {
    status: 403,
    meaning:
      "A request that changes something in the dashboard did not come from the dashboard's own page.",
    cure: "Open the dashboard at its own address. Behind a proxy, forward `Host`, or set the address with `--public-url`.",
  },
  confirmation_required: {
    status: 403,
    meaning:
      "The action in `details` requires a proof that you have just confirmed it with your password or code. The proof is missing, used, expired or belongs to another action.",
    cure: "Confirm your identity in the dashboard and send the action again with the new proof.",
    details: { action: "keys.create" },
  },
  insufficient_role: {
    status: 403,
    meaning: "A member of the dashboard tried what only an owner may do.",
    cure: "Ask an owner. `allison admin list` names the accounts and their roles.",
    details: { role: "must be owner" },
  },
  not_found: {
    status: 404,
    meaning: "There is no such path, or no object with this id.",
    cure: "Check the path and the id. An id that is not a UUID is also answered with 404.",
  },
  method_not_allowed: {
    status: 405,
    meaning: "The path exists, but not with this method.",
    cure: "Use one of the methods in the `Allow` header.",
  },
  conflict: {
    status: 409,
    meaning:
      "The request is well formed but clashes with what is stored: a value that must be unique is taken, the object is not in a state that allows it, or there are as many objects as the limit allows.",
    cure: "Read `details`: it names the field that clashes or the limit. With `idempotency_key`, the same key was used before with another body: use a new key for a new request.",
    details: { phone_number: "is already used by another contact" },
  },
  precondition_failed: {
    status: 412,
    meaning: "The object has changed since the version named in `If-Match`.",
    cure: "Read the object again, apply your change to the current version and send its ETag.",
  },
  payload_too_large: {
    status: 413,
    meaning: "The body is larger than the limit.",
    cure: "Send a smaller body. `details` contains the limit.",
    details: { body: "must be at most 1 MiB" },
  },
  unsupported_media_type: {
    status: 415,
    meaning: "The body has a content type that this path does not accept.",
    cure: "Send `Content-Type: application/json` (`application/x-ndjson` where many call records are sent at once).",
    details: { "content-type": "must be application/json" },
  },
  misdirected_request: {
    status: 421,
    meaning:
      "The server listens on a loopback address, and the request names another host. Pages of other sites could otherwise reach the server through the browser.",
    cure: "Use `127.0.0.1` or `localhost`. For another name, such as that of a reverse proxy, start the server with `--public-url`.",
    details: { host: "must be a loopback name, or the host of --public-url" },
  },
  rate_limited: {
    status: 429,
    meaning:
      "The key, or for failed authentications the address, exceeded its limit. In the dashboard: too many wrong passwords or codes.",
    cure: "Wait for the number of seconds in `Retry-After`, then continue. The `RateLimit` header of each response says how many requests are left.",
    details: { limit: "100 reads per minute" },
  },
  internal_error: {
    status: 500,
    meaning: "The server failed unexpectedly. Nothing was stored.",
    cure: "Try again later. The owner of the server finds the cause in the log by the `X-Request-Id` of the response.",
  },
  unavailable: {
    status: 503,
    meaning:
      "The server is shutting down, its storage is full or failing, or a search or filtered list took longer than 2 seconds. Nothing was stored.",
    cure: "Try again after the number of seconds in `Retry-After`. `details.storage` is there while the storage accepts no writes, and says why. If a search took too long, send fewer or longer words, or more filters.",
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof ERRORS;
export type Details = Record<string, string>;
