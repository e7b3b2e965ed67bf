/** Examples of schemas, composed of the examples of their fields. */
import { z } from "zod";

const id = (last: string) => `019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e${last}`;

/** The id of each resource in examples, so that they are consistent. `own` is the id of the object itself. */
export const EXAMPLE_IDS = {
  own: id("10"),
  location: id("11"),
  intent: id("12"),
  contact: id("13"),
  teamMember: id("14"),
  rule: id("15"),
  delivery: id("16"),
};

/** The example of a schema, or one composed of the examples of its parts. Undefined if there is none. */
export function exampleOf(schema: z.ZodType): unknown {
  const own = z.globalRegistry.get(schema)?.examples as unknown[] | undefined;
  if (own?.[0] !== undefined) return own[0];
  if (schema instanceof z.ZodObject) {
    const entries = Object.entries(schema.shape as Record<string, z.ZodType>)
      .map(([name, field]) => [name, exampleOf(field)] as const)
      .filter(([, value]) => value !== undefined);
    return Object.fromEntries(entries);
  }
  if (schema instanceof z.ZodArray) return [exampleOf(schema.element as z.ZodType)];
  if (schema instanceof z.ZodUnion) return exampleOf(schema.options[0] as z.ZodType);
  if (schema instanceof z.ZodPipe && schema.in instanceof z.ZodTransform)
    return exampleOf(schema.out as z.ZodType);
  if (schema instanceof z.ZodEnum) return schema.options[0];
  if (schema instanceof z.ZodLiteral) return schema.value;
  if (
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault
  ) {
    return exampleOf(schema.unwrap() as z.ZodType);
  }
  return undefined;
}
