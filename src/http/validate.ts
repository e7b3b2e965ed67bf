/** Checks input against its zod schema and says what is wrong in plain words, by field, without repeating the input. */
import type { z } from "zod";
import type { Details } from "../contract/errors.ts";
import { withCountry } from "../contract/fields.ts";
import { invalid } from "./errors.ts";
import type { Query } from "./route.ts";
import { findOversized } from "./sizes.ts";

type Issue = z.core.$ZodIssue;
/** A name in a body may be of any length; a field in `details` is only told this much of it. */
const LONGEST_NAME = 200;

const KINDS: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  null: "null",
};

/** One issue as the end of a sentence that begins with the field's name. */
function describe(issue: Issue): string {
  if (issue.input === undefined && issue.code !== "custom") return "is required";
  switch (issue.code) {
    case "invalid_type":
      return `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case "too_small":
      if (issue.origin === "string") return "must not be blank";
      if (issue.origin === "array")
        return `must have at least ${issue.minimum} ${Number(issue.minimum) === 1 ? "entry" : "entries"}`;
      return `must be at least ${issue.minimum}`;
    case "too_big":
      if (issue.origin === "string") return `must be at most ${issue.maximum} characters`;
      if (issue.origin === "array") return `must have at most ${issue.maximum} entries`;
      return `must be at most ${issue.maximum}`;
    case "invalid_value":
      return `must be ${issue.values.length > 1 ? "one of " : ""}${issue.values.map(String).join(", ")}`;
    case "invalid_key":
      return issue.issues[0]?.message ?? "is not a name that can be used";
    case "invalid_union":
      return "has no known form";
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    default:
      return issue.message;
  }
}

/** The messages that schemas carry themselves win; `describe` speaks for the rest. */
const errorMap = (issue: z.core.$ZodRawIssue): string => describe(issue as unknown as Issue);

function detailsOf(error: z.ZodError, whole: string): Details {
  const details: Details = {};
  for (const issue of error.issues) {
    const union = issue.code === "invalid_union" ? nearest(issue) : null;
    for (const { path, message } of union ?? [issue]) {
      const name =
        [...(union ? issue.path : []), ...path].join(".").slice(0, LONGEST_NAME) || whole;
      details[name] ??= message;
    }
  }
  return details;
}

/** Of a union's alternatives, the complaints of the one that the input came nearest to. */
function nearest(issue: Issue & { code: "invalid_union" }): Issue[] | null {
  const depth = (issues: Issue[]) => Math.max(...issues.map((inner) => inner.path.length));
  const [best] = issue.errors
    .filter((issues) => issues.length > 0)
    .sort((a, b) => depth(b as Issue[]) - depth(a as Issue[]));
  return best && depth(best as Issue[]) > 0 ? (best as Issue[]) : null;
}

const noCountry = () => null;

/** The checked body. Throws `validation_failed` with an entry for each bad field. `country`: of national phone numbers. */
export function checkBody<T>(
  schema: z.ZodType<T>,
  body: unknown,
  country: () => string | null = noCountry,
): T {
  const oversized = findOversized(schema, body);
  if (Object.keys(oversized).length > 0) throw invalid(oversized);
  const result = withCountry(country, () => schema.safeParse(body, { error: errorMap }));
  if (result.success) return result.data;
  throw invalid(detailsOf(result.error, "body"));
}

/** The value, which must be an object. Throws `validation_failed`. */
export function requireObject(value: unknown): object {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
  throw invalid({ body: "must be an object" });
}

/** The checked value, or what is wrong with it, by path. Patterns and entries are checked only where the sizes fit. */
export function tryBody<T>(
  schema: z.ZodType<T>,
  value: unknown,
): { data: T } | { issues: readonly { path: PropertyKey[]; message: string }[] } {
  const oversized = Object.entries(findOversized(schema, value));
  if (oversized.length > 0)
    return { issues: oversized.map(([field, message]) => ({ path: field.split("."), message })) };
  const { data, error } = schema.safeParse(value, { error: errorMap });
  return error ? { issues: error.issues } : { data: data as T };
}

/** The checked query. Unknown and empty parameters are passed over; a known one sent twice is refused. */
export function checkQuery(
  schema: z.ZodObject,
  search: URLSearchParams,
  country: () => string | null = noCountry,
): Query {
  const input: Record<string, string> = {};
  const details: Details = {};
  for (const name of Object.keys(schema.shape)) {
    const values = search.getAll(name);
    if (values.length > 1) details[name] = "is given more than once";
    if (values[0]) input[name] = values[0];
  }
  const result = withCountry(country, () => schema.safeParse(input, { error: errorMap }));
  if (!result.success) Object.assign(details, detailsOf(result.error, "query"));
  if (Object.keys(details).length > 0) throw invalid(details);
  return result.data as Query;
}
