/** The error responses of a route, derived from the route itself. */
import { LIMITS } from "../config.ts";
import { type Details, ERRORS, type ErrorCode } from "../contract/errors.ts";
import { ApiError, errorBody } from "../http/errors.ts";
import type { Route, StreamRoute, WriteRoute } from "../http/route.ts";
import type { Budgets } from "./introduction.ts";
import type { Json } from "./json-schema.ts";
import { headerRefs, json, rateLimitHeaders } from "./openapi-components.ts";

/** Every error that a route can return, in the order of the catalogue. 405 belongs to paths, not to routes. */
export function errorsOf(route: Route): ErrorCode[] {
  const codes = new Set<ErrorCode>([
    "unauthorized",
    "rate_limited",
    "internal_error",
    "unavailable",
  ]);
  const add = (condition: boolean, ...more: ErrorCode[]) => {
    if (condition) for (const code of more) codes.add(code);
  };
  add(route.method !== "GET" && route.access === "key", "insufficient_scope");
  add(route.params !== undefined && !(isWrite(route) && route.creates), "not_found");
  add(route.query !== undefined, "validation_failed");
  add(isStream(route), "unsupported_media_type");
  if (isWrite(route)) {
    add(route.before !== undefined, "validation_failed");
    add(
      hasBody(route),
      "invalid_json",
      "validation_failed",
      "payload_too_large",
      "unsupported_media_type",
    );
    add(route.view !== undefined, "precondition_failed");
    // The Idempotency-Key is too long, or was used with another body.
    add(route.method === "POST", "validation_failed", "conflict");
  }
  add(true, ...(route.errors ?? []));
  return (Object.keys(ERRORS) as ErrorCode[]).filter((code) => codes.has(code));
}

export const isStream = (route: Route): route is StreamRoute => "stream" in route;
export const isWrite = (route: Route): route is WriteRoute => "write" in route;
const hasBody = (route: Route) => isWrite(route) && route.body !== undefined;

const bytesOf = (route: Route) =>
  (isWrite(route) ? route.bodyBytes : undefined) ?? LIMITS.bodyBytes;

/** References to the error responses of a route, by status. Adds each to `responses`, which all routes share. */
export function errorResponses(route: Route, responses: Map<string, Json>, budgets: Budgets): Json {
  const byStatus = Map.groupBy(errorsOf(route), (code) => ERRORS[code].status);
  const result: Json = {};
  for (const [status, codes] of byStatus) {
    const name = responseName(route, status, codes);
    const response = errorResponse(route, status, codes, budgets);
    if (!Bun.deepEquals(responses.get(name) ?? response, response))
      throw new Error(`Two different error responses have the name ${name}.`);
    responses.set(name, response);
    result[status] = { $ref: `#/components/responses/${name}` };
  }
  return result;
}

/** The name of a response. It must differ wherever responses with the same status differ. */
function responseName(route: Route, status: number, codes: ErrorCode[]): string {
  const base = codes
    .map((code) => code.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase()))
    .join("Or");
  if (status === 401 || status >= 500) return base;
  if (status === 429) {
    if (route.access === "platform") return "TooManyFailedAuthentications";
    return route.method === "GET" ? "TooManyReads" : "TooManyWrites";
  }
  const owner = route.access === "platform" ? "Platform" : "";
  if (status === 400 && !hasBody(route)) return route.query ? "BadQuery" : "BadIdempotencyKey";
  if (status === 413 && bytesOf(route) !== LIMITS.bodyBytes) return `${owner}Record${base}`;
  if (isStream(route)) return `${owner}Ndjson${base}`;
  if (status !== 409) return owner + base;
  const idempotent = isWrite(route) && route.method === "POST";
  if (!idempotent) return owner + base;
  return owner + (route.errors?.includes("conflict") ? "ConflictOrKeyReuse" : "KeyReuse");
}

/** One response for all errors with a status, with an example for each. */
function errorResponse(route: Route, status: number, codes: ErrorCode[], budgets: Budgets): Json {
  const examples = codes.flatMap((code) =>
    errorDetails(code, route, budgets).map((details, index) => [
      index === 0 ? code : `${code}_${index + 1}`,
      {
        summary: code,
        description: `${ERRORS[code].meaning} ${ERRORS[code].cure}`,
        value: JSON.parse(errorBody(new ApiError(code, details && { details }))),
      },
    ]),
  );
  const isSentBeforeLimit = status === 401 || status >= 500;
  const headers = ["X-Request-Id", ...(isSentBeforeLimit ? [] : rateLimitHeaders(route))];
  if (status === 401) headers.unshift("WWW-Authenticate");
  if (status === 429 || status === 503) headers.unshift("Retry-After");
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].meaning}`).join(" "),
    headers: headerRefs(...headers),
    ...json({ $ref: "#/components/schemas/Error" }, { examples: Object.fromEntries(examples) }),
  };
}

/** `details` of each example of an error on this route; undefined for an error without details. */
function errorDetails(code: ErrorCode, route: Route, budgets: Budgets): (Details | undefined)[] {
  const { details } = ERRORS[code] as { details?: Details };
  switch (code) {
    case "validation_failed":
      if (isWrite(route) && route.body) return [details];
      if (route.query) return [{ limit: `must be a whole number from 1 to ${LIMITS.pageMax}` }];
      return [{ idempotency_key: `must be 1 to ${LIMITS.idempotencyKeyLength} characters` }];
    case "rate_limited": {
      if (route.access === "platform")
        return [{ limit: `${LIMITS.failedAuthPerMinute} failed authentications per minute` }];
      const reading = route.method === "GET";
      const limit = reading ? budgets.readsPerMinute : budgets.writesPerMinute;
      return [{ limit: `${limit} ${reading ? "reads" : "writes"} per minute` }];
    }
    case "payload_too_large":
      return [{ body: `must be at most ${bytesOf(route) / 1024 / 1024} MiB` }];
    case "unsupported_media_type":
      return isStream(route) ? [{ "content-type": "must be application/x-ndjson" }] : [details];
    case "conflict": {
      const clashes = route.errors?.includes("conflict") ? [details] : [];
      const reuse = { idempotency_key: "was used before with another body" };
      return isWrite(route) && route.method === "POST" ? [...clashes, reuse] : clashes;
    }
    default:
      return [details];
  }
}

export const ERROR_SCHEMA: Json = {
  type: "object",
  description: "The body of every error. More codes may be added.",
  properties: {
    error: {
      type: "string",
      enum: Object.keys(ERRORS),
      description: "Error code for programs to act on.",
    },
    details: {
      type: "object",
      description: "What is wrong, by field, for people. Absent when there is nothing to say.",
      additionalProperties: { type: "string" },
    },
    required: {
      type: "string",
      const: "write",
      description: "Only with `insufficient_scope`: the required access.",
    },
  },
  required: ["error"],
};
