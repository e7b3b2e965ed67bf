/**
 * Compares the sizes of texts, lists and objects with their schema before the schema runs. Zod checks a length after the
 * pattern, and the number of entries after each entry, so that a body at its limit could occupy the event loop for seconds.
 */
import { z } from "zod";
import { LIMITS } from "../config.ts";
import type { Details } from "../contract/errors.ts";

/** Adds what is too large to `details`; `path` is empty or ends with a dot. */
type SizeCheck = (value: unknown, path: string, details: Details) => void;

/** Null: nothing in the schema has a size. */
const checks = new WeakMap<z.ZodType, SizeCheck | null>();

/** Returns an entry for each value that is longer than its schema allows, by field. */
export function findOversized(schema: z.ZodType, value: unknown): Details {
  const details: Details = {};
  sizeCheckOf(schema)?.(value, "", details);
  return details;
}

function sizeCheckOf(schema: z.ZodType): SizeCheck | null {
  let check = checks.get(schema);
  if (check === undefined) {
    check = createSizeCheck(schema);
    checks.set(schema, check);
  }
  return check;
}

function createSizeCheck(schema: z.ZodType): SizeCheck | null {
  const inner = innerOf(schema);
  if (inner) return sizeCheckOf(inner);
  if (schema instanceof z.ZodString || schema instanceof z.ZodStringFormat)
    return checkText(sizeOf(schema));
  if (schema instanceof z.ZodArray) return checkList(schema);
  if (schema instanceof z.ZodRecord) return checkRecord(schema);
  if (schema instanceof z.ZodObject) return checkObject(schema);
  if (schema instanceof z.ZodUnion) return checkOptions(schema.options as z.ZodType[]);
  return null;
}

/** The schema behind "optional", "nullable", a default or a transform. */
function innerOf(schema: z.ZodType): z.ZodType | null {
  if (schema instanceof z.ZodPipe) {
    const { in: input, out } = schema.def;
    return (input instanceof z.ZodTransform ? out : input) as z.ZodType;
  }
  return "innerType" in schema.def ? (schema.def.innerType as z.ZodType) : null;
}

/** The bound that a check of the schema has, or its metadata. */
function sizeOf(schema: z.ZodType): number | undefined {
  for (const { _zod } of schema.def.checks ?? []) {
    const { check, maximum } = _zod.def as { check: string; maximum?: number };
    if (check === "max_length") return maximum;
  }
  return z.globalRegistry.get(schema)?.maxLength as number | undefined;
}

/** A code point has at most two units; the schema itself counts those of a text that may fit. */
function checkText(max: number | undefined): SizeCheck | null {
  if (max === undefined) return null;
  return (value, path, details) => {
    if (typeof value === "string" && value.length > 2 * max)
      details[path.slice(0, -1)] = `must be at most ${max} characters`;
  };
}

/** For a list without a bound of its own, such as one whose duplicates are merged. */
const UNBOUNDED_ENTRIES = 1_000;

function checkList(schema: z.ZodArray): SizeCheck | null {
  const maximum = sizeOf(schema) ?? UNBOUNDED_ENTRIES;
  const checkEntry = sizeCheckOf(schema.element as z.ZodType);
  return (value, path, details) => {
    if (!Array.isArray(value)) return;
    if (value.length > maximum) details[path.slice(0, -1)] = `must have at most ${maximum} entries`;
    else if (checkEntry)
      for (const [i, entry] of value.entries()) checkEntry(entry, `${path}${i}.`, details);
  };
}

function checkRecord(schema: z.ZodRecord): SizeCheck {
  const max = LIMITS.customEntries;
  const checkValue = sizeCheckOf(schema.valueType as z.ZodType);
  return (value, path, details) => {
    if (!isObject(value)) return;
    const entries = Object.entries(value);
    if (entries.length > max) details[path.slice(0, -1)] = `must have at most ${max} entries`;
    else for (const [name, entry] of entries) checkValue?.(entry, `${path}${name}.`, details);
  };
}

function checkObject(schema: z.ZodObject): SizeCheck | null {
  const fields = Object.entries(schema.shape).flatMap(([name, field]) => {
    const check = sizeCheckOf(field as z.ZodType);
    return check ? [{ name, check }] : [];
  });
  if (fields.length === 0) return null;
  return (value, path, details) => {
    if (!isObject(value)) return;
    for (const { name, check } of fields) {
      const field = value[name];
      if (field !== undefined && field !== null) check(field, `${path}${name}.`, details);
    }
  };
}

/** Alternatives have a field of the same name with the same bound. */
function checkOptions(options: z.ZodType[]): SizeCheck | null {
  const found = options.map(sizeCheckOf).filter((check) => check !== null);
  if (found.length === 0) return null;
  return (value, path, details) => {
    for (const check of found) check(value, path, details);
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
