/**
 * The vocabulary of fields. Each is a zod schema with its bounds, an example and a description: validation, types and the
 * OpenAPI document are derived from it.
 */
import { z } from "zod";
import { LIMITS } from "../config.ts";
import { isoTime } from "../lib/clock.ts";

interface About<T> {
  doc: string;
  example: T;
}

/** Description and examples of a schema, for a variant of it. The name of its component stays with the schema itself. */
export function metaOf(schema: z.ZodType): { description?: string; examples?: unknown[] } {
  const { id: _, ...meta } = z.globalRegistry.get(schema) ?? {};
  return meta as ReturnType<typeof metaOf>;
}

/** Why a text cannot be stored unchanged; null if it can. */
function encodingProblem(text: string): string | null {
  if (!text.isWellFormed()) return "must be valid Unicode, without lone surrogates";
  return text.includes("\0") ? "must not contain the NUL character" : null;
}

/** A message about the form of a value. A missing value keeps the default message "is required". */
const formError = (message: string) => (issue: { input?: unknown }) =>
  issue.input === undefined || issue.input === null ? undefined : message;

/** Text with a maximum length in Unicode code points, like `maxLength` of JSON Schema and unlike `String.length`. */
function boundedText(max: number, base = z.string()) {
  return base
    .superRefine((text, context) => {
      const refuse = (message: string) => context.addIssue({ code: "custom", message });
      const problem = encodingProblem(text);
      if (problem) refuse(problem);
      else if (text.trim() === "") refuse("must not be blank");
      else if ([...text].length > max) refuse(`must be at most ${max} characters`);
    })
    .meta({ minLength: 1, maxLength: max });
}

/** A name or another short text: trimmed, not blank. */
export const label = (about: About<string>, max: number = LIMITS.nameLength) =>
  boundedText(max, z.string().trim()).meta({
    description: about.doc,
    examples: [about.example],
    minLength: 1,
    maxLength: max,
  });

/** Longer text, stored exactly as sent. */
export const prose = (about: About<string>, max: number = LIMITS.textLength) =>
  boundedText(max).meta({
    description: about.doc,
    examples: [about.example],
    minLength: 1,
    maxLength: max,
  });

export const flag = (about: About<boolean>) =>
  z.boolean().meta({ description: about.doc, examples: [about.example] });

export const wholeNumber = (about: About<number>, min: number, max: number) =>
  z
    .number()
    .min(min)
    .max(max)
    .int()
    .meta({ description: about.doc, examples: [about.example] });

export const decimal = (about: About<number>, min: number, max: number) =>
  z
    .number()
    .min(min)
    .max(max)
    .meta({ description: about.doc, examples: [about.example] });

export const choice = <const T extends readonly [string, ...string[]]>(
  values: T,
  about: About<T[number]>,
) => z.enum(values).meta({ description: about.doc, examples: [about.example] });

/** Converts a time to UTC. Returns an invalid time unchanged, because the check of its form reports it. */
function toUtc(text: string): string {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? text : isoTime(ms);
}

/** The text of another year has a sign and more digits, so it would sort in the wrong place. */
const hasPlainYear = (text: string): boolean => /^\d{4}-/.test(text);

/** A point in time: ISO 8601 with an offset or `Z`, stored and sent as UTC with milliseconds. */
export const timestamp = (about: About<string>) =>
  z.iso
    .datetime({
      offset: true,
      error: formError("must be an ISO 8601 time such as 2026-11-23T10:42:00.000Z"),
    })
    .overwrite(toUtc)
    .refine(hasPlainYear, "must be in the years 0000 to 9999 (UTC)")
    .meta({ description: about.doc, examples: [about.example] });

/** E.164: `+` and 7 to 15 digits. Whether the number is assigned is not checked. */
export const phoneNumber = (about: About<string>) =>
  z
    .string()
    .regex(/^\+[1-9][0-9]{6,14}$/, "must be in E.164 form, for example +15550100123")
    .meta({ description: about.doc, examples: [about.example] });

export const email = (about: About<string>) =>
  z
    .email({ error: formError("must be an email address such as maria@example.com") })
    .max(254, "must be at most 254 characters")
    .meta({ description: about.doc, examples: [about.example] });

/** The id of another object. The object must exist when the id is sent. */
export const reference = (about: About<string>) =>
  z
    .guid({ error: formError("must be a UUID") })
    .toLowerCase()
    .meta({ description: about.doc, examples: [about.example] });

const TIME_ZONES = new Map(
  [...Intl.supportedValuesOf("timeZone"), "UTC"].map((name) => [name.toLowerCase(), name]),
);

/** An IANA time zone name or an old name that links to one, stored in the spelling of the database if it is known. */
export const timeZone = (about: About<string>) =>
  z
    .string()
    .overwrite((name) => TIME_ZONES.get(name.toLowerCase()) ?? name)
    .refine((name) => TIME_ZONES.has(name.toLowerCase()) || isZoneLink(name), {
      error: "must be an IANA time zone such as America/New_York",
    })
    .meta({ description: about.doc, examples: [about.example] });

function isZoneLink(name: string): boolean {
  // Intl also accepts offsets such as +02:00, which have no daylight saving time.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Whether an address has no white space, no control character and no lone surrogate. */
export const isPlainUrl = (text: string): boolean =>
  text.isWellFormed() && !/[\s\p{Cc}]/u.test(text) && URL.canParse(text);

const clockTime = z
  .string()
  .regex(/^(?:[01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$/, {
    error: "must be a time such as 09:00, up to 24:00",
    abort: true,
  })
  .meta({ examples: ["09:00"] });

const period = z
  .object({ open: clockTime, close: clockTime })
  .refine(({ open, close }) => open < close, {
    path: ["close"],
    error:
      "must be later than open; for hours past midnight, end one day at 24:00 and start the next at 00:00",
  });

const day = z.array(period).max(10).default([]);

/** Opening hours by day of the week; a day without periods is closed. */
export const weeklyHours = z
  .object({
    monday: day,
    tuesday: day,
    wednesday: day,
    thursday: day,
    friday: day,
    saturday: day,
    sunday: day,
  })
  .meta({
    id: "WeeklyHours",
    examples: [
      {
        monday: [{ open: "09:00", close: "17:30" }],
        tuesday: [{ open: "09:00", close: "17:30" }],
        wednesday: [{ open: "09:00", close: "12:00" }],
        thursday: [{ open: "09:00", close: "17:30" }],
        friday: [{ open: "09:00", close: "16:00" }],
        saturday: [],
        sunday: [],
      },
    ],
  });
export type WeeklyHours = z.infer<typeof weeklyHours>;

/** Short labels without duplicates, in the order sent. */
export const tags = (about: About<string[]>) =>
  z
    .array(boundedText(100, z.string().trim()))
    .max(LIMITS.listEntries)
    .overwrite((list) => [...new Set(list)])
    .meta({ description: about.doc, examples: [about.example] });

/** A query parameter that is `true` or `false`. */
export const queryFlag = (about: About<boolean>) =>
  z
    .enum(["true", "false"], { error: "must be true or false" })
    .meta({ description: about.doc, examples: [String(about.example)] });

/** A query parameter that is a time, or a date for its start in UTC. */
export const queryTime = (about: About<string>) =>
  z
    .union(
      [
        z.iso.datetime({ offset: true }).overwrite(toUtc).refine(hasPlainYear),
        z.iso.date().overwrite((text) => `${text}T00:00:00.000Z`),
      ],
      { error: "must be an ISO 8601 time such as 2026-11-23T10:42:00.000Z, or a date" },
    )
    .meta({ description: about.doc, examples: [about.example] });

/** A query parameter with search words. */
export const search = (doc: string) =>
  z
    .string()
    .trim()
    .min(1, "must not be blank")
    .max(LIMITS.searchLength, `must be at most ${LIMITS.searchLength} characters`)
    .refine(
      (text) => encodingProblem(text) === null,
      "must be valid Unicode, without the NUL character",
    )
    .meta({ description: doc, examples: ["reschedule"] });
