/**
 * Converts the zod schemas of the contract to JSON Schema for an OpenAPI 3.1 document. Every schema with an `id` becomes
 * a component, references resolve from the root of the document, and keywords that no reader needs are removed.
 */
import { z } from "zod";

export type Json = Record<string, unknown>;
/** `input` is what a client sends: fields with a default are optional. `output` is what it receives. */
export type Direction = "input" | "output";

export interface SchemaBook {
  /** Returns the schema, or a reference to it if it has an `id`. */
  of(schema: z.ZodType, direction: Direction): Json;
  /** Returns all components that were referred to, by name. */
  components(): Record<string, Json>;
}

/**
 * Creates an empty book. If the schemas of one `id` differ by direction, the name of the input gets the suffix `Input`.
 * Convert outputs first: then the plain name does not depend on the order of the routes.
 */
export function createSchemaBook(): SchemaBook {
  const components = new Map<string, Json>();
  const converted = { input: new Map<z.ZodType, Json>(), output: new Map<z.ZodType, Json>() };

  function of(schema: z.ZodType, direction: Direction): Json {
    const known = converted[direction].get(schema) ?? convert(schema, direction);
    converted[direction].set(schema, known);
    return known;
  }

  function convert(schema: z.ZodType, direction: Direction): Json {
    const {
      $defs,
      $schema: _dialect,
      ...root
    } = z.toJSONSchema(schema, {
      io: direction,
      override: keepExamples,
    }) as Json;
    const named = Object.entries(($defs ?? {}) as Record<string, Json>);
    const names = new Map(named.map(([id]) => [id, id]));
    for (const [id, definition] of named) {
      const known = components.get(id);
      const same = known && Bun.deepEquals(known, tidy(definition, direction, names));
      if (known && !same && direction === "input") names.set(id, `${id}Input`);
    }
    for (const [id, definition] of named) {
      components.set(names.get(id)!, tidy(definition, direction, names));
    }
    return tidy(root, direction, names);
  }

  return {
    of,
    components: () => Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** A schema that prepares its input loses its examples in zod, although they are valid input too. */
function keepExamples({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: Json }) {
  const examples = z.globalRegistry.get(zodSchema)?.examples;
  if (examples !== undefined && jsonSchema.$ref === undefined) jsonSchema.examples ??= examples;
}

/** Formats that make their pattern redundant. */
const SELF_EXPLANATORY_FORMATS = new Set(["uuid", "email", "date-time", "date", "uri"]);
const FIRST = ["$ref", "type", "format", "enum", "const", "description"];
const LAST = ["default", "examples"];

/** Cleans a node and all nodes below it. `names` maps each `id` to the name of its component. */
function tidy(node: Json, direction: Direction, names: ReadonlyMap<string, string>): Json {
  const below = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(below);
    return value !== null && typeof value === "object"
      ? tidy(value as Json, direction, names)
      : value;
  };
  const result: Json = {};
  for (const [keyword, value] of Object.entries(node)) {
    if (keyword === "properties") {
      result[keyword] = Object.fromEntries(
        Object.entries(value as Json).map(([name, property]) => [name, below(property)]),
      );
    } else if (keyword === "examples" || keyword === "default" || keyword === "id") {
      if (keyword !== "id") result[keyword] = value;
    } else result[keyword] = below(value);
  }
  if (typeof node.$ref === "string") {
    const id = node.$ref.replace("#/$defs/", "");
    result.$ref = `#/components/schemas/${names.get(id) ?? id}`;
  }
  // A request may spell the value in other ways.
  if (result.outputPattern !== undefined) {
    if (direction === "output") result.pattern = result.outputPattern;
    delete result.outputPattern;
  }
  if (SELF_EXPLANATORY_FORMATS.has(node.format as string)) delete result.pattern;
  // A response may get more fields. If the document forbade them, an addition would be a breaking change.
  if (direction === "output" && node.additionalProperties === false)
    delete result.additionalProperties;
  // A default out of bounds stands for "the last position", which the description states.
  if (Number(node.default) > Number(node.maximum)) delete result.default;
  if (direction === "input") describeDefault(result);
  return orderKeywords(mergeNull(result));
}

/**
 * Replaces the keyword `default` of a request field by a sentence. Type generators treat a field with the keyword as
 * always present, and would require it from clients. A default of null needs no sentence.
 */
function describeDefault(node: Json): void {
  const { default: value, description } = node as { default?: unknown; description?: string };
  delete node.default;
  if (value === undefined || value === null) return;
  const sentence = `Defaults to \`${typeof value === "string" ? value : JSON.stringify(value)}\`.`;
  node.description = description === undefined ? sentence : `${description} ${sentence}`;
}

/**
 * Merges `anyOf: [X, null]` into one nullable type, which readers understand better than a choice. A component stays a
 * choice between a reference and null: generators of clients lose the null of an inline object.
 */
function mergeNull(node: Json): Json {
  const { anyOf, ...rest } = node as { anyOf?: Json[] } & Json;
  if (anyOf?.length !== 2 || anyOf[1]?.type !== "null") return node;
  const [value] = anyOf as [Json];
  if (typeof value.type !== "string") return node;
  const enumeration = Array.isArray(value.enum) ? { enum: [...value.enum, null] } : {};
  return { ...value, ...rest, type: [value.type, "null"], ...enumeration };
}

/** Sorts keywords: type and description first, examples last. */
function orderKeywords(node: Json): Json {
  const rank = (keyword: string) =>
    FIRST.includes(keyword)
      ? FIRST.indexOf(keyword)
      : 100 + (LAST.includes(keyword) ? 1 + LAST.indexOf(keyword) : 0);
  return Object.fromEntries(Object.entries(node).sort(([a], [b]) => rank(a) - rank(b)));
}
