/** Which errors a route can answer with, and how the reference shows them. Both follow from the route's own value. */
import { LIMITS } from "../config.ts";
import { type Details, ERRORS, type ErrorCode } from "../contract/errors.ts";
import { ApiError, errorBody } from "../http/errors.ts";
import type { Route, StreamRoute, WriteRoute } from "../http/route.ts";
import { budgetHeaders, json, refs } from "./components.ts";
import type { Budgets } from "./introduction.ts";
import type { Json } from "./json-schema.ts";

/** Every error that a route can answer with, in the order of the catalogue. 405 belongs to paths, not to routes. */
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
  add(route.path.includes(":") && !(isWrite(route) && route.creates), "not_found");
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
    // The Idempotency-Key: too long, or used before with another body.
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

/** The refusals of a route by status, each a component that the routes share. */
export function refusals(route: Route, responses: Map<string, Json>, budgets: Budgets): Json {
  const byStatus = Map.groupBy(errorsOf(route), (code) => ERRORS[code].status);
  const result: Json = {};
  for (const [status, codes] of byStatus) {
    const name = refusalName(route, status, codes);
    const shown = refusal(route, status, codes, budgets);
    if (!Bun.deepEquals(responses.get(name) ?? shown, shown))
      throw new Error(`Two refusals that differ have the name ${name}.`);
    responses.set(name, shown);
    result[status] = { $ref: `#/components/responses/${name}` };
  }
  return result;
}

/** Says everything by which refusals of the same status differ. */
function refusalName(route: Route, status: number, codes: ErrorCode[]): string {
  const plain = codes
    .map((code) => code.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase()))
    .join("Or");
  if (status === 401 || status >= 500) return plain;
  if (status === 429) {
    if (route.access === "platform") return "TooManyFailedAuthentications";
    return route.method === "GET" ? "TooManyReads" : "TooManyWrites";
  }
  const owner = route.access === "platform" ? "Platform" : "";
  if (status === 400 && !hasBody(route)) return route.query ? "BadQuery" : "BadIdempotencyKey";
  if (status === 413 && bytesOf(route) !== LIMITS.bodyBytes) return `${owner}Record${plain}`;
  if (isStream(route)) return `${owner}Ndjson${plain}`;
  if (status !== 409) return owner + plain;
  const idempotent = isWrite(route) && route.method === "POST";
  if (!idempotent) return owner + plain;
  return owner + (route.errors?.includes("conflict") ? "ConflictOrKeyReuse" : "KeyReuse");
}

function refusal(route: Route, status: number, codes: ErrorCode[], budgets: Budgets): Json {
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
  const early = status === 401 || status >= 500;
  const headers = ["X-Request-Id", ...(early ? [] : budgetHeaders(route))];
  if (status === 401) headers.unshift("WWW-Authenticate");
  if (status === 429 || status === 503) headers.unshift("Retry-After");
  return {
    description: codes.map((code) => `\`${code}\`: ${ERRORS[code].meaning}`).join(" "),
    headers: refs(...headers),
    ...json({ $ref: "#/components/schemas/Error" }, { examples: Object.fromEntries(examples) }),
  };
}

/** `details` of each example of an error, as this route would say it; undefined for an error without them. */
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
      const own = route.errors?.includes("conflict") ? [details] : [];
      const reuse = { idempotency_key: "was used before with another body" };
      return isWrite(route) && route.method === "POST" ? [...own, reuse] : own;
    }
    default:
      return [details];
  }
}

export const ERROR_SCHEMA: Json = {
  type: "object",
  description: "Every error. More codes may be added.",
  properties: {
    error: {
      type: "string",
      enum: Object.keys(ERRORS),
      description: "What happened, to decide by.",
    },
    details: {
      type: "object",
      description: "What is wrong, by field, for people. Left out where there is nothing to say.",
      additionalProperties: { type: "string" },
    },
    required: {
      type: "string",
      const: "write",
      description: "Only with `insufficient_scope`: the access that is needed.",
    },
  },
  required: ["error"],
};
