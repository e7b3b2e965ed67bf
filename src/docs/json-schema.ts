/**
 * JSON Schema of the contract's zod schemas, as an OpenAPI 3.1 document wants it: every schema with an `id` is a
 * component of its own, references resolve from the document's root, and what a reader need not see is left out.
 */
import { z } from "zod";

export type Json = Record<string, unknown>;
/** `input`: what a client sends, where fields with a default may be left out. `output`: what it gets. */
export type Direction = "input" | "output";

export interface SchemaBook {
  /** The schema, or a reference to it where it has an `id`. */
  of(schema: z.ZodType, direction: Direction): Json;
  /** All components that were referred to, by name. */
  components(): Record<string, Json>;
}

/**
 * Where one `id` means different things in both directions, the input's has the suffix `Input`. Outputs are to be asked
 * for first, so that it never depends on the order of the routes which of the two has the plain name.
 */
export function createSchemaBook(): SchemaBook {
  const components = new Map<string, Json>();
  const made = { input: new Map<z.ZodType, Json>(), output: new Map<z.ZodType, Json>() };

  function of(schema: z.ZodType, direction: Direction): Json {
    const known = made[direction].get(schema) ?? make(schema, direction);
    made[direction].set(schema, known);
    return known;
  }

  function make(schema: z.ZodType, direction: Direction): Json {
    const { $defs, $schema: _dialect, ...root } = z.toJSONSchema(schema, { io: direction }) as Json;
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

/** Formats that say all that their pattern says, at a length that can be read. */
const SPEAKING_FORMATS = new Set(["uuid", "email", "date-time", "date", "uri"]);
const FIRST = ["$ref", "type", "format", "enum", "const", "description"];
const LAST = ["default", "examples"];

/** One node and all below it. `names`: of each component in the document. */
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
  if (SPEAKING_FORMATS.has(node.format as string)) delete result.pattern;
  // An answer may have more fields tomorrow; a document that forbade them would make an addition a break.
  if (direction === "output" && node.additionalProperties === false)
    delete result.additionalProperties;
  // A default out of bounds stands for "the last place", which the sentence says.
  if (Number(node.default) > Number(node.maximum)) delete result.default;
  if (direction === "input") defaultInWords(result);
  return inOrder(withNull(result));
}

/**
 * What a field of a request is where it is left out, as a sentence. Generators of types take a field with the keyword
 * for one that is always there, and would demand it of who sends it. Null goes without saying.
 */
function defaultInWords(node: Json): void {
  const { default: value, description } = node as { default?: unknown; description?: string };
  delete node.default;
  if (value === undefined || value === null) return;
  const sentence = `Where left out: \`${typeof value === "string" ? value : JSON.stringify(value)}\`.`;
  node.description = description === undefined ? sentence : `${description} ${sentence}`;
}

/** `anyOf: [X, null]` as the one type it is, so that it is read as "text or null" and not as a choice. */
function withNull(node: Json): Json {
  const { anyOf, ...rest } = node as { anyOf?: Json[] } & Json;
  if (anyOf?.length !== 2 || anyOf[1]?.type !== "null") return node;
  const [value] = anyOf as [Json];
  if (Array.isArray(value.oneOf))
    return { ...value, ...rest, oneOf: [...value.oneOf, { type: "null" }] };
  if (typeof value.type !== "string") return node;
  const enumeration = Array.isArray(value.enum) ? { enum: [...value.enum, null] } : {};
  return { ...value, ...rest, type: [value.type, "null"], ...enumeration };
}

function inOrder(node: Json): Json {
  const rank = (keyword: string) =>
    FIRST.includes(keyword)
      ? FIRST.indexOf(keyword)
      : 100 + (LAST.includes(keyword) ? 1 + LAST.indexOf(keyword) : 0);
  return Object.fromEntries(Object.entries(node).sort(([a], [b]) => rank(a) - rank(b)));
}
