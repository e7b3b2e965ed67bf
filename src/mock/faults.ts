/** Faults on demand: a request with the fault header, or one that matches a rule, fails as a real server could fail. */
import { LRUCache } from "lru-cache";
import { z } from "zod";
import type { ApiKey } from "../access/keys.ts";
import { UsageError } from "../config.ts";
import { type Details, ERRORS, type ErrorCode } from "../contract/errors.ts";
import { FAULT_HEADER } from "../contract/fault-header.ts";
import type { FaultState } from "../dashboard/mock-answers.ts";
import { ApiError, errorBody, invalid } from "../http/errors.ts";
import type { Route } from "../http/route.ts";
import { nearestName, requireKnownFields } from "../http/strict.ts";
import { checkBody } from "../http/validate.ts";

export type Fault = { text: string; times: number | null } & (
  | { kind: "error"; code: ErrorCode; retrySeconds: number }
  | { kind: "slow"; ms: number }
  | { kind: "drop" }
  | { kind: "truncate" }
);

const MAX_TIMES = 1_000_000;
const MAX_SLOW_MS = 600_000;
/** The first error code of each status, which is the most common one. */
const CODES = new Map<string, ErrorCode>();
for (const [code, { status }] of Object.entries(ERRORS))
  if (!CODES.has(String(status))) CODES.set(String(status), code as ErrorCode);

const FAULT_SYNTAX = `${[...CODES.keys()].sort().join(", ")}, slow=MILLISECONDS, drop or truncate, with ;times=N for the first N requests only`;

/** Reads `500`, `429;times=2;retry-after=3`, `slow=3000`, `drop` or `truncate`. Null for anything else. */
export function parseFault(text: string): Fault | null {
  const [kind = "", ...rest] = text.split(";").map((part) => part.trim());
  const parameters = new Map<string, number>();
  for (const parameter of rest) {
    const [, name, number] = /^(times|retry-after)=(\d{1,7})$/.exec(parameter) ?? [];
    if (name === undefined || parameters.has(name)) return null;
    parameters.set(name, Number(number));
  }
  const times = parameters.get("times") ?? null;
  if (times !== null && (times < 1 || times > MAX_TIMES)) return null;
  const code = CODES.get(kind);
  const retrySeconds = parameters.get("retry-after");
  if (retrySeconds !== undefined && code === undefined) return null;
  const common = { text, times };
  if (code) return { ...common, kind: "error", code, retrySeconds: retrySeconds ?? 1 };
  if (kind === "drop" || kind === "truncate") return { ...common, kind };
  const [, ms] = /^slow=(\d{1,6})$/.exec(kind) ?? [];
  return ms !== undefined && Number(ms) <= MAX_SLOW_MS
    ? { ...common, kind: "slow", ms: Number(ms) }
    : null;
}

const FaultRule = z.object({
  route: z.string().default("*"),
  key: z.string().nullable().default(null),
  fault: z.string(),
  probability: z.number().gt(0).max(1).default(1),
});
const FaultRules = z.object({ rules: z.array(FaultRule).max(100) });
type FaultRule = z.infer<typeof FaultRule>;

interface ActiveRule extends FaultState {
  parsed: Fault;
  matches(subject: FaultSubject): boolean;
}

/** The parts of a request that rules match. */
interface FaultSubject {
  method: string;
  path: string;
  key: ApiKey | null;
}

export interface Faults {
  /** The fault of this request, or null. Throws `validation_failed` for a header that names no fault. */
  find(request: Request, subject: FaultSubject): Fault | null;
  rules(): FaultState[];
  /** Replaces all rules. Throws `validation_failed` for a bad rule, and then keeps the current ones. */
  set(rules: unknown): void;
}

/** `chance`: returns a number from 0 to 1 at each call. */
export function createFaults(routes: readonly Route[], chance: () => number): Faults {
  let active: ActiveRule[] = [];
  /** Failures so far of each request whose header has `times`. */
  const failures = new LRUCache<string, number>({ max: 10_000 });

  function findByHeader(request: Request, text: string): Fault | null {
    const fault = parseFault(text);
    if (fault === null) throw invalid({ [FAULT_HEADER]: `must be one of ${FAULT_SYNTAX}` });
    if (fault.times === null) return fault;
    const name = [request.method, request.url, request.headers.get("authorization"), text].join(
      " ",
    );
    const failed = failures.get(name) ?? 0;
    if (failed < fault.times) {
      failures.set(name, failed + 1);
      return fault;
    }
    // The request succeeds. The same request fails `times` times again after that.
    failures.delete(name);
    return null;
  }

  function findByRule(subject: FaultSubject): Fault | null {
    for (const rule of active) {
      if (rule.left === 0 || !rule.matches(subject) || chance() >= rule.probability) continue;
      rule.met += 1;
      if (rule.left !== null) rule.left -= 1;
      return rule.parsed;
    }
    return null;
  }

  return {
    find(request, subject) {
      const text = request.headers.get(FAULT_HEADER);
      return text === null ? findByRule(subject) : findByHeader(request, text);
    },
    rules: () => active.map(({ parsed: _parsed, matches: _matches, ...state }) => state),
    set(input) {
      requireKnownFields(FaultRules, input);
      const { rules } = checkBody(FaultRules, input);
      const details: Details = {};
      const next = rules.map((rule, i) => activate(rule, routes, `rules.${i}.`, details));
      if (Object.keys(details).length > 0) throw invalid(details);
      active = next as ActiveRule[];
    },
  };
}

/** Parses a rule. Adds its errors to `details`, under field names that start with `prefix`, and returns null then. */
function activate(
  rule: FaultRule,
  routes: readonly Route[],
  prefix: string,
  details: Details,
): ActiveRule | null {
  const parsed = parseFault(rule.fault);
  if (parsed === null) details[`${prefix}fault`] = `must be one of ${FAULT_SYNTAX}`;
  const matchesRoute = parseRoute(rule.route, routes);
  if (typeof matchesRoute === "string") details[`${prefix}route`] = matchesRoute;
  if (parsed === null || typeof matchesRoute === "string") return null;
  return {
    ...rule,
    parsed,
    met: 0,
    left: parsed.times,
    matches: (subject) =>
      matchesRoute(subject) && (rule.key === null || matchesKey(rule.key, subject.key)),
  };
}

/** `text` is a scope, `platform`, or a key's name, id or displayed prefix. */
const matchesKey = (text: string, key: ApiKey | null): boolean =>
  key !== null && [key.scope ?? "platform", key.name, key.id, key.prefix].includes(text);

/** Reads `*`, a path as in the reference, or a method and a path. Returns an error text for an unknown route. */
function parseRoute(
  text: string,
  routes: readonly Route[],
): ((subject: FaultSubject) => boolean) | string {
  if (text === "*") return () => true;
  const [, method, path] = /^(?:([A-Z]+) +)?(\/\S*)$/.exec(text) ?? [];
  const routePath = path?.replaceAll(/\{(\w+)\}/g, ":$1");
  const isKnown = routes.some(
    (route) => route.path === routePath && (method === undefined || route.method === method),
  );
  if (!isKnown) {
    const known = routes.flatMap((route) => [route.path, `${route.method} ${route.path}`]);
    const near = nearestName(text, known);
    return `must be *, or a route such as POST /v1/contacts or /v1/contacts/:id${near === null ? "" : `; did you mean ${near}?`}`;
  }
  const pattern = new RegExp(`^${routePath!.replace(/:\w+/g, "[^/]+")}$`);
  return (subject) =>
    (method === undefined || subject.method === method) && pattern.test(subject.path);
}

/** Parses the text of a `--faults` file: `{"rules": [...]}`, or only the list. */
export function parseFaultFile(text: string, file: string): unknown {
  try {
    const value = JSON.parse(text);
    return Array.isArray(value) ? { rules: value } : value;
  } catch (error) {
    throw new UsageError(`--faults ${file} is not valid JSON: ${(error as Error).message}.`);
  }
}

/** The response to a request with a fault. `next` gives the response without it; `headers` go on every response. */
export async function applyFault(
  fault: Fault,
  next: () => Response | Promise<Response>,
  headers: Record<string, string>,
): Promise<Response> {
  switch (fault.kind) {
    case "error":
      return respondWithError(fault.code, fault.retrySeconds, headers);
    case "slow":
      await Bun.sleep(fault.ms);
      return next();
    case "drop":
      return breakResponse(null, headers);
    case "truncate": {
      const response = await next();
      const bytes = await response.bytes();
      return breakResponse(bytes.slice(0, bytes.length / 2), response.headers, response.status);
    }
  }
}

function respondWithError(
  code: ErrorCode,
  retrySeconds: number,
  headers: Record<string, string>,
): Response {
  const { status, details } = ERRORS[code] as (typeof ERRORS)[ErrorCode] & { details?: Details };
  const hasRetryAfter = status === 429 || status === 503;
  return new Response(errorBody(new ApiError(code, details && { details })), {
    status,
    headers: {
      ...headers,
      "Content-Type": "application/json",
      ...(hasRetryAfter && { "Retry-After": String(retrySeconds) }),
    },
  });
}

/** A response whose connection closes after these bytes, or, with null, before the status line. */
function breakResponse(
  bytes: Uint8Array<ArrayBuffer> | null,
  headers: Record<string, string> | Headers,
  status = 200,
): Response {
  let sent = bytes === null || bytes.length === 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    // The error has no value, because Bun logs any other.
    start(controller) {
      if (sent) controller.error();
    },
    async pull(controller) {
      if (!sent) controller.enqueue(bytes!);
      else {
        // Bun discards bytes that are not yet sent when the stream fails.
        await Bun.sleep(10);
        controller.error();
      }
      sent = true;
    },
  });
  return new Response(body, { status: status === 204 ? 200 : status, headers });
}
