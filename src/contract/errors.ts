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
    meaning: "A field of the body or a query parameter has a value it cannot have.",
    cure: "Read `details`: it has one entry for each bad field, with what is wrong with it. Nested fields are named with dots, as in `condition.type` or `tags.0`.",
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
      "The API key is missing, mistyped, unknown, switched off, deleted or expired. The answer does not say which; the server's log does. In the dashboard: nobody is signed in.",
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
    cure: "Open the dashboard at the address it is served at. Behind a proxy, pass `Host` on, or name the address with `--public-url`.",
  },
  confirmation_required: {
    status: 403,
    meaning:
      "The action named in `details` needs a proof that you have just given your password or code for it. There was none, or it was used, has expired or belongs to another action.",
    cure: "Confirm in the dashboard that it is you, and send the action again with the new proof.",
    details: { action: "keys.create" },
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
      "The request is well formed but clashes with what is stored: a value that must be unique is taken, or the object is not in a state that allows it.",
    cure: "Read `details`: it names the field that clashes. With `idempotency_key`, the same key was used before with another body: use a new key for a new request.",
    details: { phone_number: "is already used by another contact" },
  },
  precondition_failed: {
    status: 412,
    meaning: "The object has changed since the version named in `If-Match`.",
    cure: "Read the object again, apply your change to what it is now and send the new ETag.",
  },
  payload_too_large: {
    status: 413,
    meaning: "The body is larger than the limit.",
    cure: "Send less at once. `details` says how much is allowed.",
    details: { body: "must be at most 1 MiB" },
  },
  unsupported_media_type: {
    status: 415,
    meaning: "The body is of a type this path does not read.",
    cure: "Send `Content-Type: application/json` (`application/x-ndjson` where many call records are sent at once).",
    details: { "content-type": "must be application/json" },
  },
  rate_limited: {
    status: 429,
    meaning:
      "The key, or for failed authentications the address, made more requests than it may. In the dashboard: too many wrong passwords or codes.",
    cure: "Wait as many seconds as `Retry-After` says, then go on. The `RateLimit` header of each answer says how many requests are left.",
    details: { limit: "100 reads per minute" },
  },
  internal_error: {
    status: 500,
    meaning: "Something broke on the server. Nothing was stored.",
    cure: "Try again a little later. The owner of the server finds the cause in the log by the `X-Request-Id` of the answer.",
  },
  unavailable: {
    status: 503,
    meaning: "The server is shutting down, or its storage is full or failing. Nothing was stored.",
    cure: "Try again after as many seconds as `Retry-After` says.",
  },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof ERRORS;
export type Details = Record<string, string>;
