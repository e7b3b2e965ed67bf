/**
 * The vocabulary of fields: each is a zod schema that carries its bounds, an example and a sentence, so that checking,
 * types and the OpenAPI document all come from the one declaration.
 */
import { z } from "zod";
import { LIMITS } from "../config.ts";
import { isoTime } from "../lib/clock.ts";

interface About<T> {
  doc: string;
  example: T;
}

/** Why a text cannot be stored as it is and come back the same; null when it can. */
function unsound(text: string): string | null {
  if (!text.isWellFormed()) return "must be valid Unicode, without half of a surrogate pair";
  return text.includes("\0") ? "must not contain the NUL character" : null;
}

/** A message about the form of a value; one that is not there at all is told to be required. */
const says = (message: string) => (issue: { input?: unknown }) =>
  issue.input === undefined || issue.input === null ? undefined : message;

/** Text whose length counts Unicode code points, as JSON Schema's `maxLength` does and `String.length` does not. */
function boundedText(max: number, base = z.string()) {
  return base
    .superRefine((text, context) => {
      const refuse = (message: string) => context.addIssue({ code: "custom", message });
      const problem = unsound(text);
      if (problem) refuse(problem);
      else if (text.trim() === "") refuse("must not be blank");
      else if ([...text].length > max) refuse(`must be at most ${max} characters`);
    })
    .meta({ minLength: 1, maxLength: max });
}

/** A name or other short label: trimmed at its ends, not blank. */
export const label = (about: About<string>, max: number = LIMITS.nameLength) =>
  boundedText(max, z.string().trim()).meta({
    description: about.doc,
    examples: [about.example],
    minLength: 1,
    maxLength: max,
  });

/** Longer text, kept exactly as it was sent. */
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

/** The same time in UTC; what is no time is left for the check of its form, which runs beside this. */
function inUtc(text: string): string {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? text : isoTime(ms);
}

/** In another year the text would sort wrongly: its form has a sign and more digits. */
const hasPlainYear = (text: string): boolean => /^\d{4}-/.test(text);

/** A point in time: ISO 8601 with an offset or `Z`; stored and sent as UTC with milliseconds. */
export const timestamp = (about: About<string>) =>
  z.iso
    .datetime({
      offset: true,
      error: says("must be an ISO 8601 time such as 2026-11-23T10:42:00.000Z"),
    })
    .overwrite(inUtc)
    .refine(hasPlainYear, "must be in the years 0000 to 9999, in UTC")
    .meta({ description: about.doc, examples: [about.example] });

/** E.164: `+` and 7 to 15 digits, checked as possible, not as assigned. */
export const phoneNumber = (about: About<string>) =>
  z
    .string()
    .regex(/^\+[1-9][0-9]{6,14}$/, "must be in E.164 form, for example +15550100123")
    .meta({ description: about.doc, examples: [about.example] });

export const email = (about: About<string>) =>
  z
    .email({ error: says("must be an email address such as maria@example.com") })
    .max(254, "must be at most 254 characters")
    .meta({ description: about.doc, examples: [about.example] });

/** The id of another object, which has to exist when it is sent. */
export const reference = (about: About<string>) =>
  z
    .guid({ error: says("must be a UUID") })
    .toLowerCase()
    .meta({ description: about.doc, examples: [about.example] });

const TIME_ZONES = new Map(
  [...Intl.supportedValuesOf("timeZone"), "UTC"].map((name) => [name.toLowerCase(), name]),
);

/** An IANA time zone name, old names (links) included; stored in the spelling of the database where that is known. */
export const timeZone = (about: About<string>) =>
  z
    .string()
    .overwrite((name) => TIME_ZONES.get(name.toLowerCase()) ?? name)
    .refine((name) => TIME_ZONES.has(name.toLowerCase()) || isZoneLink(name), {
      error: "must be an IANA time zone such as America/New_York",
    })
    .meta({ description: about.doc, examples: [about.example] });

function isZoneLink(name: string): boolean {
  // Intl takes offsets such as +02:00 too, which know no summer time.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** An address as it can be stored and sent again: no white space, no control character, no half of a surrogate pair. */
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
      "must be later than open; for hours past midnight end one day at 24:00 and start the next at 00:00",
  });

const day = z.array(period).max(10).default([]);

/** Opening hours by day of the week; a day without periods is closed. */
export const weeklyHours = (doc: string) =>
  z
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
      description: doc,
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
export type WeeklyHours = z.infer<ReturnType<typeof weeklyHours>>;

/** Short labels without repeats, in the order sent. */
export const tags = (about: About<string[]>) =>
  z
    .array(boundedText(100, z.string().trim()))
    .max(LIMITS.listEntries)
    .overwrite((list) => [...new Set(list)])
    .meta({ description: about.doc, examples: [about.example] });

/** Query parameters are text; these read the two kinds that are not. */
export const queryFlag = (about: About<boolean>) =>
  z
    .enum(["true", "false"], { error: "must be true or false" })
    .meta({ description: about.doc, examples: [String(about.example)] });

export const queryTime = (about: About<string>) =>
  z
    .union(
      [
        z.iso.datetime({ offset: true }).overwrite(inUtc).refine(hasPlainYear),
        z.iso.date().overwrite((text) => `${text}T00:00:00.000Z`),
      ],
      { error: "must be an ISO 8601 time such as 2026-11-23T10:42:00.000Z, or a date" },
    )
    .meta({ description: about.doc, examples: [about.example] });

export const search = (doc: string) =>
  z
    .string()
    .trim()
    .min(1, "must not be blank")
    .max(LIMITS.searchLength, `must be at most ${LIMITS.searchLength} characters`)
    .refine((text) => unsound(text) === null, "must be valid text, without the NUL character")
    .meta({ description: doc, examples: ["reschedule"] });
