/** The input of a request, checked against the schemas of its route. `strict` refuses what the schemas do not name. */
import type { z } from "zod";
import { type BodyLimits, readBody } from "./body.ts";
import type { Query } from "./route.ts";
import { requireKnownFields, requireKnownParameters } from "./strict.ts";
import { targetOf } from "./target.ts";
import { checkBody, checkQuery, requireObject } from "./validate.ts";

/** The checked query parameters; none where the route takes none. Throws `validation_failed`. */
export function readQuery(
  request: Request,
  schema: z.ZodObject | undefined,
  strict = false,
  country: () => string | null = () => null,
): Query {
  if (!schema && !strict) return {};
  const { query } = targetOf(request);
  if (strict) requireKnownParameters(schema, query);
  return schema ? checkQuery(schema, query, country) : {};
}

/** The checked body; undefined where the route takes none. Throws 413, 415, `invalid_json` or `validation_failed`. */
export async function readInput<Body>(
  request: Request,
  route: BodyLimits & { body?: z.ZodType<Body>; normalizes?: boolean },
  strict = false,
  country: (body: unknown) => string | null = () => null,
): Promise<Body | undefined> {
  const { body: schema } = route;
  const value = schema && (await readBody(request, route));
  if (strict) {
    requireKnownParameters(undefined, targetOf(request).query);
    if (schema) requireKnownFields(schema, value);
  }
  if (schema && route.normalizes && !strict) return requireObject(value) as Body;
  return schema && checkBody(schema, value, () => country(value));
}
