/**
 * Faults on demand: a request that asks for one by its header, or that a rule is for, fails as the real thing could fail.
 * Only a mock has them.
 */
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

const MOST_TIMES = 1_000_000;
const SLOWEST_MS = 600_000;
/** The first code of each status: the one that most requests can meet. */
const CODES = new Map<string, ErrorCode>();
for (const [code, { status }] of Object.entries(ERRORS))
  if (!CODES.has(String(status))) CODES.set(String(status), code as ErrorCode);

export const FAULT_FORMS = `${[...CODES.keys()].sort().join(", ")}, slow=MILLISECONDS, drop or truncate, with ;times=N for the first N requests only`;

/** Reads `500`, `429;times=2;retry-after=3`, `slow=3000`, `drop` or `truncate`. Null for anything else. */
export function parseFault(text: string): Fault | null {
  const [what = "", ...rest] = text.split(";").map((part) => part.trim());
  const parameters = new Map<string, number>();
  for (const parameter of rest) {
    const [, name, number] = /^(times|retry-after)=(\d{1,7})$/.exec(parameter) ?? [];
    if (name === undefined || parameters.has(name)) return null;
    parameters.set(name, Number(number));
  }
  const times = parameters.get("times") ?? null;
  if (times !== null && (times < 1 || times > MOST_TIMES)) return null;
  const code = CODES.get(what);
  const retrySeconds = parameters.get("retry-after");
  if (retrySeconds !== undefined && code === undefined) return null;
  const common = { text, times };
  if (code) return { ...common, kind: "error", code, retrySeconds: retrySeconds ?? 1 };
  if (what === "drop" || what === "truncate") return { ...common, kind: what };
  const [, ms] = /^slow=(\d{1,6})$/.exec(what) ?? [];
  return ms !== undefined && Number(ms) <= SLOWEST_MS
    ? { ...common, kind: "slow", ms: Number(ms) }
    : null;
}

const FaultRule = z.object({
  route: z.string().default("*"),
  key: z.string().nullable().default(null),
  fault: z.string(),
  probability: z.number().gt(0).max(1).default(1),
});
export const FaultRules = z.object({ rules: z.array(FaultRule).max(100) });
type FaultRule = z.infer<typeof FaultRule>;

interface Armed extends FaultState {
  parsed: Fault;
  matches(request: Seen): boolean;
}

/** What of a request decides whether it fails. */
export interface Seen {
  method: string;
  path: string;
  key: ApiKey | null;
}

export interface Faults {
  /** The fault of this request, or null. Throws `validation_failed` for a header that asks for none there is. */
  of(request: Request, seen: Seen): Fault | null;
  rules(): FaultState[];
  /** Takes these in place of those before. Throws `validation_failed`, and changes nothing then. */
  set(rules: unknown): void;
}

/** `chance`: a number from 0 to 1 at each call. */
export function createFaults(routes: readonly Route[], chance: () => number): Faults {
  let armed: Armed[] = [];
  /** Of headers with `times`: how often the request that carries it has failed. */
  const failed = new LRUCache<string, number>({ max: 10_000 });

  function byHeader(request: Request, text: string): Fault | null {
    const fault = parseFault(text);
    if (fault === null) throw invalid({ [FAULT_HEADER]: `must be one of ${FAULT_FORMS}` });
    if (fault.times === null) return fault;
    const name = [request.method, request.url, request.headers.get("authorization"), text].join(
      " ",
    );
    const before = failed.get(name) ?? 0;
    // Once it got through, the next one is another request, which fails as often.
    if (before >= fault.times) failed.delete(name);
    else failed.set(name, before + 1);
    return before >= fault.times ? null : fault;
  }

  function byRule(seen: Seen): Fault | null {
    for (const rule of armed) {
      if (rule.left === 0 || !rule.matches(seen) || chance() >= rule.probability) continue;
      rule.met += 1;
      if (rule.left !== null) rule.left -= 1;
      return rule.parsed;
    }
    return null;
  }

  return {
    of(request, seen) {
      const text = request.headers.get(FAULT_HEADER);
      return text === null ? byRule(seen) : byHeader(request, text);
    },
    rules: () => armed.map(({ parsed: _parsed, matches: _matches, ...state }) => state),
    set(given) {
      requireKnownFields(FaultRules, given);
      const { rules } = checkBody(FaultRules, given);
      const details: Details = {};
      const next = rules.map((rule, i) => arm(rule, routes, `rules.${i}.`, details));
      if (Object.keys(details).length > 0) throw invalid(details);
      armed = next as Armed[];
    },
  };
}

function arm(
  rule: FaultRule,
  routes: readonly Route[],
  at: string,
  details: Details,
): Armed | null {
  const parsed = parseFault(rule.fault);
  if (parsed === null) details[`${at}fault`] = `must be one of ${FAULT_FORMS}`;
  const onRoute = matcherOf(rule.route, routes);
  if (typeof onRoute === "string") details[`${at}route`] = onRoute;
  if (parsed === null || typeof onRoute === "string") return null;
  const { key } = rule;
  return {
    ...rule,
    ...{ parsed, met: 0, left: parsed.times },
    matches: (seen) => onRoute(seen) && (key === null || isMeant(key, seen.key)),
  };
}

/** `key` is a scope, `platform`, or a key's name, id or shown prefix. */
const isMeant = (key: string, given: ApiKey | null): boolean =>
  given !== null && [given.scope ?? "platform", given.name, given.id, given.prefix].includes(key);

/** `*`, a route's path as in the reference, or that with its method before it; a sentence for what names no route. */
function matcherOf(text: string, routes: readonly Route[]): ((seen: Seen) => boolean) | string {
  if (text === "*") return () => true;
  const [, method, path] = /^(?:([A-Z]+) +)?(\/\S*)$/.exec(text) ?? [];
  const asInReference = path?.replaceAll(/\{(\w+)\}/g, ":$1");
  const meant = routes.filter(
    (route) => route.path === asInReference && (method === undefined || route.method === method),
  );
  if (meant.length === 0) {
    const known = routes.flatMap((route) => [route.path, `${route.method} ${route.path}`]);
    const near = nearestName(text, known);
    return `must be *, or a route such as POST /v1/contacts or /v1/contacts/:id${near === null ? "" : `; did you mean ${near}?`}`;
  }
  const pattern = new RegExp(`^${asInReference!.replace(/:\w+/g, "[^/]+")}$`);
  return (seen) => (method === undefined || seen.method === method) && pattern.test(seen.path);
}

/** Rules from the text of a file that `--faults` names: `{"rules": [...]}`, or the list alone. */
export function readFaultFile(text: string, file: string): unknown {
  try {
    const value = JSON.parse(text);
    return Array.isArray(value) ? { rules: value } : value;
  } catch (error) {
    throw new UsageError(`--faults ${file} is not JSON: ${(error as Error).message}.`);
  }
}

/** What a client sees of a fault. `next` answers as if there were none; `headers` are those of every answer. */
export async function suffer(
  fault: Fault,
  next: () => Response | Promise<Response>,
  headers: Record<string, string>,
): Promise<Response> {
  switch (fault.kind) {
    case "error":
      return refusal(fault.code, fault.retrySeconds, headers);
    case "slow":
      await Bun.sleep(fault.ms);
      return next();
    case "drop":
      return brokenOff(null, headers);
    case "truncate": {
      const whole = await next();
      const bytes = await whole.bytes();
      return brokenOff(bytes.slice(0, bytes.length / 2), whole.headers, whole.status);
    }
  }
}

function refusal(code: ErrorCode, retrySeconds: number, headers: Record<string, string>): Response {
  const { status, details } = ERRORS[code] as (typeof ERRORS)[ErrorCode] & { details?: Details };
  const waits = status === 429 || status === 503;
  return new Response(errorBody(new ApiError(code, details && { details })), {
    status,
    headers: {
      ...headers,
      "Content-Type": "application/json",
      ...(waits && { "Retry-After": String(retrySeconds) }),
    },
  });
}

/** An answer that ends before its end: after these bytes, or, with null, before its first line. */
function brokenOff(
  bytes: Uint8Array<ArrayBuffer> | null,
  headers: Record<string, string> | Headers,
  status = 200,
): Response {
  let sent = bytes === null || bytes.length === 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    // An error that is nothing: Bun would write any other to the log.
    start(controller) {
      if (sent) controller.error();
    },
    async pull(controller) {
      if (!sent) controller.enqueue(bytes!);
      else {
        // Else the bytes would be thrown away with the connection.
        await Bun.sleep(10);
        controller.error();
      }
      sent = true;
    },
  });
  return new Response(body, { status: status === 204 ? 200 : status, headers });
}
