/** Examples from the contract: what a schema's fields say of themselves, put together. */
import { z } from "zod";

/** An example of a schema: its own, or one made of its parts. Undefined where nothing is known. */
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
