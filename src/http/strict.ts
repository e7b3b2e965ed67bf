/**
 * For a client under test: what it sends that nobody reads. A real server passes over fields and parameters that it does
 * not know, so that a mistyped one looks like one that does nothing.
 */
import { closest, distance } from "fastest-levenshtein";
import { z } from "zod";
import type { Details } from "../contract/errors.ts";
import { invalid } from "./errors.ts";

/** Throws `validation_failed` for each parameter that the path does not take; `schema` undefined: it takes none. */
export function requireKnownParameters(
  schema: z.ZodObject | undefined,
  query: URLSearchParams,
): void {
  const known = Object.keys(schema?.shape ?? {});
  const details: Details = {};
  for (const name of query.keys())
    if (!known.includes(name)) details[name] = complaint("parameter", name, known);
  if (Object.keys(details).length > 0) throw invalid(details);
}

/** Throws `validation_failed` for each field, nested ones with dots, that the body's schema does not have. */
export function requireKnownFields(schema: z.ZodType, body: unknown): void {
  const details = unknownFields(schema, body, "");
  if (Object.keys(details).length > 0) throw invalid(details);
}

function unknownFields(schema: z.ZodType, value: unknown, path: string): Details {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodArray && Array.isArray(value))
    return Object.assign(
      {},
      ...value.map((entry, i) => unknownFields(inner.element as z.ZodType, entry, `${path}${i}.`)),
    );
  if (inner instanceof z.ZodUnion) return fewest(inner.options as z.ZodType[], value, path);
  if (!(inner instanceof z.ZodObject) || value === null || typeof value !== "object") return {};
  const shape = inner.shape as Record<string, z.ZodType>;
  const details: Details = {};
  for (const [name, entry] of Object.entries(value)) {
    const field = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (field) Object.assign(details, unknownFields(field, entry, `${path}${name}.`));
    else details[path + name] = complaint("field", name, Object.keys(shape));
  }
  return details;
}

/** Of a union's alternatives that take the value, else of all, the complaints of the one that knows most of it. */
function fewest(options: z.ZodType[], value: unknown, path: string): Details {
  const taking = options.filter((option) => option.safeParse(value).success);
  const [best = {}] = (taking.length > 0 ? taking : options)
    .map((option) => unknownFields(option, value, path))
    .sort((a, b) => Object.keys(a).length - Object.keys(b).length);
  return best;
}

/** What stands behind "optional", "nullable", defaults and transforms. */
function unwrapped(schema: z.ZodType): z.ZodType {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault
  )
    return unwrapped(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodPipe) {
    const { in: from, out: to } = schema.def;
    return unwrapped((from instanceof z.ZodTransform ? to : from) as z.ZodType);
  }
  return schema;
}

/** More letters than this of a name that are wrong make it another name. */
const farthest = (name: string) => Math.max(2, Math.floor(name.length / 3));

/** The known name that is nearly this one; null where none is. */
export function nearestName(name: string, known: readonly string[]): string | null {
  if (known.length === 0) return null;
  const near = closest(name.toLowerCase(), known);
  return distance(name.toLowerCase(), near) <= farthest(name) ? near : null;
}

function complaint(what: "field" | "parameter", name: string, known: readonly string[]): string {
  if (known.length === 0) return `is not known: nothing of the kind is taken here`;
  const near = nearestName(name, known);
  return near === null
    ? `is not a known ${what}; known are ${known.join(", ")}`
    : `is not a known ${what}; did you mean ${near}?`;
}
