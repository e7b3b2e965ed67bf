/** Values as voice platforms send them, read into the form of a call record. A value that cannot be read stays as it is. */
import { isBlank } from "../contract/fields.ts";
import { isoTime } from "../lib/clock.ts";
import { atLocalTime } from "../lib/local-time.ts";
import { toE164 } from "../lib/phone.ts";
import { readTime } from "../lib/text-forms.ts";

/** What a call is read with: the country and the time zone of its location, looked up where they matter. */
export interface CallPlace {
  country(): string | null;
  timeZone(): string;
}

/** Words for a withheld number, and the digits that carriers send in its place. */
const WITHHELD = new Set(
  "anonymous restricted private unavailable unknown withheld blocked 266696687 7378742833 86282452253 2562533 8566696".split(
    " ",
  ),
);

/** Whether a caller's number is withheld. */
export const isWithheld = (text: string): boolean =>
  WITHHELD.has(text.toLowerCase().replace(/[^a-z0-9]/g, ""));

export interface NumberReading {
  /** Null for a withheld number or an address without a number. */
  value: unknown;
  /** What was lost or guessed. */
  reason?: string;
}

const SIP = /^(?:"[^"]*"|[^<]*)<?\s*sips?:([^@;>]*)/i;
const EXTENSION = /[\s;,]*(?:ext\.?|extension|x|#)\s*=?\s*\d{1,8}$/i;
/** Shorter digits without a country code are a national number or an extension. */
const INTERNATIONAL_DIGITS = /^[1-9]\d{10,14}$/;

/** No address is longer. The patterns above take time that grows with the square of the length. */
const LONGEST_ADDRESS = 300;

/** A phone number, a SIP or `tel:` address, or a word for a withheld number. */
export function readNumber(sent: unknown, place: CallPlace): NumberReading {
  const text = typeof sent === "number" ? String(sent) : sent;
  if (typeof text !== "string") return { value: sent };
  if (text.length > LONGEST_ADDRESS) return { value: isBlank(text) ? null : text };
  const user = SIP.exec(text)?.[1];
  const written = (user ?? text.replace(/^(\s*tel:[^;]*);.*$/i, "$1")).trim();
  if (written === "" || isWithheld(written)) return { value: null };
  const number = toE164(written, place.country);
  if (number !== null) return { value: isWithheld(number) ? null : number };
  const digits = written.replace(/[\s().-]/g, "");
  if (INTERNATIONAL_DIGITS.test(digits))
    return { value: `+${digits}`, reason: `was read as +${digits}` };
  const main = toE164(written.replace(EXTENSION, ""), place.country);
  if (main !== null) return { value: main, reason: "has an extension, which was left out" };
  const hasNoNumber = user !== undefined || /^client:/i.test(text);
  return hasNoNumber ? { value: null, reason: "contains no phone number" } : { value: text };
}

const EPOCH = /^\d{9,14}(?:\.\d+)?$/;
/** Epoch times from here on are milliseconds; as seconds they would be after the year 5000. */
const FIRST_MS = 1e11;
const MAIL_TIME =
  /^(?:[a-z]{3}, )?\d{1,2} [a-z]{3} \d{4} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|gmt|utc)$/i;
const LOCAL_TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?$/i;

/** A time as RFC 3339, RFC 2822, epoch seconds or milliseconds, or without a zone in that of the location. */
export function readMoment(sent: unknown, { timeZone }: CallPlace): unknown {
  const text = typeof sent === "number" ? String(sent) : sent;
  if (typeof text !== "string") return sent;
  const written = text.trim();
  if (EPOCH.test(written)) {
    const epoch = Number(written);
    return isoTime(epoch < FIRST_MS ? epoch * 1_000 : epoch);
  }
  const ms = readTime(written) ?? (MAIL_TIME.test(written) ? Date.parse(written) : Number.NaN);
  if (!Number.isNaN(ms)) return isoTime(ms);
  const local = LOCAL_TIME.exec(written);
  if (!local) return text;
  try {
    return isoTime(atLocalTime(local[1]!, local[2] ?? "00:00", timeZone()));
  } catch {
    // Such as the 30th of February.
    return text;
  }
}

/** One of `values`, whatever its case and its separators; `others` are further spellings. */
export function readChoice(
  sent: unknown,
  values: readonly string[],
  others: Readonly<Record<string, string>> = {},
): unknown {
  if (typeof sent !== "string") return sent;
  const letters = sent.toLowerCase().replace(/[^a-z]/g, "");
  if (letters === "") return null;
  return others[letters] ?? values.find((value) => value.replaceAll("_", "") === letters) ?? sent;
}

/** `outbound-api`, `Inbound` and the like. */
export function readDirection(sent: unknown): unknown {
  if (typeof sent !== "string") return sent;
  return /^\s*(in|out)bound/i.exec(sent)?.[1]?.toLowerCase().concat("bound") ?? sent;
}

export function readDecimal(sent: unknown): unknown {
  if (typeof sent !== "string") return sent;
  const text = sent.trim();
  return text === "" ? null : /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : sent;
}

const FLAGS = new Map<unknown, boolean>([
  ["true", true],
  ["false", false],
  ["1", true],
  ["0", false],
  [1, true],
  [0, false],
]);
export const readFlag = (sent: unknown): unknown =>
  FLAGS.get(typeof sent === "string" ? sent.trim().toLowerCase() : sent) ?? sent;
