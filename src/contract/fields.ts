/**
 * The vocabulary of fields. Each is a zod schema with its bounds, an example and a description: validation, types and the
 * OpenAPI document are derived from it. Input is accepted in the usual spellings and becomes the canonical one; where the
 * spellings have no common pattern, `outputPattern` is the pattern of responses only.
 */
import { z } from "zod";
import { LIMITS } from "../config.ts";
import { isoTime } from "../lib/clock.ts";
import { E164_PATTERN, isE164, toCountryCode, toE164 } from "../lib/phone.ts";
import { isEmail, isUsualTime, readEmail, readTime } from "../lib/text-forms.ts";

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

/** A character that shows: no white space, control or formatting character, filler or blank. */
const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u;

/** Most texts have one of these, which are found several times faster. */
const VISIBLE_ASCII = /[!-~]/;

/** Whether a text shows nothing. */
export const isBlank = (text: string): boolean => !VISIBLE_ASCII.test(text) && !VISIBLE.test(text);

const comparable = (name: string) => name.normalize("NFC").toLowerCase();
/** Whether two names are the same in Unicode NFC without case. */
export const isSameName = (a: string, b: string): boolean => comparable(a) === comparable(b);

/** Changes a value before its field checks it; `context` takes what is wrong with it. */
export type Prepare = (value: unknown, context: z.RefinementCtx) => unknown;
const unchanged: Prepare = (value) => value;

/**
 * A field that accepts what forms send for an empty input: a blank text is null where null is allowed, and null is the
 * default where the field has another one.
 */
export function lenient(field: z.ZodType, prepare = unchanged): z.ZodType {
  if (!(field instanceof z.ZodDefault)) return field;
  const isNullable = field.unwrap() instanceof z.ZodNullable;
  const fill: Prepare = isNullable ? blankToNull : (value) => value ?? undefined;
  return prepared(field, (value, context) => prepare(fill(value, context), context));
}

/** The same for an update, where a field that is left out stays unchanged. */
export function lenientUpdate(field: z.ZodType, prepare = unchanged): z.ZodType {
  if (!(field instanceof z.ZodDefault)) return field.optional();
  const inner = field.unwrap() as z.ZodType;
  const isNullable = inner instanceof z.ZodNullable;
  const fill: Prepare = isNullable ? blankToNull : (value) => value ?? field.def.defaultValue;
  return prepared(
    inner,
    (value, context) => prepare(fill(value, context), context),
    field,
  ).optional();
}

const prepared = (schema: z.ZodType, prepare: Prepare, described = schema) =>
  z.preprocess(prepare, schema).meta(metaOf(described));

/** Null for a blank text; anything else as it is. */
export const blankToNull = (value: unknown): unknown =>
  typeof value === "string" && isBlank(value) ? null : value;

/** Text with a maximum length in Unicode code points, like `maxLength` of JSON Schema and unlike `String.length`. */
function boundedText(
  max: number,
  base = z.string(),
  isEmpty = (text: string) => text.trim() === "",
) {
  return base
    .superRefine((text, context) => {
      const refuse = (message: string) => context.addIssue({ code: "custom", message });
      const problem = encodingProblem(text);
      if (problem) refuse(problem);
      else if (isEmpty(text)) refuse("must not be blank");
      // A code point has at most two units.
      else if (text.length > 2 * max || (text.length > max && [...text].length > max))
        refuse(`must be at most ${max} characters`);
    })
    .meta({ minLength: 1, maxLength: max });
}

/** A name or another short text: trimmed, not blank. */
export const label = (about: About<string>, max: number = LIMITS.nameLength) =>
  boundedText(max, z.string().trim(), isBlank).meta({
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
  const ms = readTime(text);
  return ms === null ? text : isoTime(ms);
}

/** Whether `toUtc` has read the time; the year may be any. */
const isUtc = (text: string): boolean => isUsualTime(text) || /^[+-]\d{6}-/.test(text);

/** The text of another year has a sign and more digits, so it would sort in the wrong place. */
const hasPlainYear = (text: string): boolean => /^\d{4}-/.test(text);

/** A point in time: RFC 3339, stored and sent as UTC with milliseconds. */
export const timestamp = (about: About<string>) =>
  z
    .string()
    .overwrite(toUtc)
    .refine(isUtc, {
      error: "must be an ISO 8601 time such as 2026-11-23T10:42:00.000Z",
      abort: true,
    })
    .refine(hasPlainYear, "must be in the years 0000 to 9999 (UTC)")
    .meta({ description: about.doc, examples: [about.example], format: "date-time" });

const noCountry = () => null;
/** The country of national phone numbers, for one synchronous parse: zod passes no context to a schema. */
let readCountry: () => string | null = noCountry;

/** Runs `parse` with a country whose national phone numbers are read; `country` is called where one is met. */
export function withCountry<T>(country: () => string | null, parse: () => T): T {
  const outer = readCountry;
  readCountry = country;
  try {
    return parse();
  } finally {
    readCountry = outer;
  }
}

/** E.164: `+` and 7 to 15 digits. Whether the number is assigned is not checked. */
export const phoneNumber = (about: About<string>) => phoneNumberIn(z.string(), about);

/** A query parameter that is a phone number; an unencoded `+` arrives as a blank. */
export const queryPhoneNumber = (about: About<string>) =>
  phoneNumberIn(
    z.string().overwrite((text) => text.replace(/^ (?=\d)/, "+")),
    about,
  );

const phoneNumberIn = (base: z.ZodString, about: About<string>) =>
  base
    .overwrite((text) => toE164(text, readCountry) ?? text)
    .refine(isE164, "must be in E.164 form, for example +15550100123")
    .meta({ description: about.doc, examples: [about.example], outputPattern: E164_PATTERN });

/** A country, by its two letters (ISO 3166-1 alpha-2) or its English name. */
export const country = (about: About<string>) =>
  z
    .string()
    .overwrite((text) => toCountryCode(text) ?? text)
    .refine((text) => toCountryCode(text) === text, "must be a country such as US")
    .meta({ description: about.doc, examples: [about.example] });

/** An email address as browsers accept it (HTML, input type=email); an international domain is stored in ASCII. */
export const email = (about: About<string>) =>
  z
    .string()
    .overwrite((text) => readEmail(text) ?? text)
    .refine(isEmail, {
      error: "must be an email address such as maria@example.com",
      abort: true,
    })
    .max(254, "must be at most 254 characters")
    .meta({ description: about.doc, examples: [about.example], format: "email" });

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

const CLOCK_TIME = /^(?:[01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$/;
/** A time of day; `9:00` and `09:00:00` become `09:00`. */
const clockTime = z
  .string()
  .overwrite((text) =>
    text
      .trim()
      .replace(/^(\d):/, "0$1:")
      .replace(/^(\d\d:\d\d):00$/, "$1"),
  )
  .refine((text) => CLOCK_TIME.test(text), {
    error: "must be a time such as 09:00, up to 24:00",
    abort: true,
  })
  .meta({ examples: ["09:00"], outputPattern: CLOCK_TIME.source });

const period = z
  .object({ open: clockTime, close: clockTime })
  .refine(({ open, close }) => open < close, {
    path: ["close"],
    error:
      "must be later than open; for hours past midnight, end one day at 24:00 and start the next at 00:00",
  });

const day = lenient(z.array(period).max(10).default([])) as z.ZodType<
  z.infer<typeof period>[],
  z.input<typeof period>[] | null | undefined
>;

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
    .array(boundedText(100, z.string().trim(), isBlank))
    .max(LIMITS.listEntries)
    .overwrite((list) => [...new Set(list)])
    .meta({ description: about.doc, examples: [about.example] });

/** A query parameter that is `true` or `false`. */
export const queryFlag = (about: About<boolean>) =>
  z
    .enum(["true", "false"], { error: "must be true or false" })
    .meta({ description: about.doc, examples: [String(about.example)] });

/** The `+` of an offset that was sent unencoded, so that it arrived as a blank. */
const DECODED_PLUS = /^(.*T.*) (\d\d:?\d\d)$/i;

/** A query parameter that is a time, or a date for its start in UTC. */
export const queryTime = (about: About<string>) =>
  z
    .union(
      [
        z
          .string()
          .overwrite((text) => toUtc(text.replace(DECODED_PLUS, "$1+$2")))
          .refine((text) => isUtc(text) && hasPlainYear(text))
          .meta({ format: "date-time" }),
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
