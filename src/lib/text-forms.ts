/** Times and email addresses as people and programs write them. */
import { domainToASCII } from "node:url";
import { z } from "zod";

/** The usual form of RFC 3339, with checked days of the month. */
const USUAL_TIME = z.regexes.datetime({ offset: true });
export const isUsualTime = (text: string): boolean => USUAL_TIME.test(text);
/** What else RFC 3339 allows (lower case, a blank for the T, second 60), no seconds, and an offset without a colon. */
const ANY_TIME =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)([.,]\d+)?)?(?: ?(Z|UTC|GMT)| ?([+-]\d\d):?(\d\d)?)$/i;

/** The point in time in milliseconds, or null for a text that is no time with its zone. */
export function readTime(text: string): number | null {
  if (USUAL_TIME.test(text)) return Date.parse(text);
  const parts = ANY_TIME.exec(text.trim());
  if (!parts) return null;
  const [, date, minutes, seconds = "00", fraction = "", utc, hours, rest = "00"] = parts;
  // A leap second is the first moment of the next minute.
  const isLeap = seconds === "60";
  const time = `${minutes}:${isLeap ? "59" : seconds}${fraction.replace(",", ".")}`;
  const usual = `${date}T${time}${utc ? "Z" : `${hours}:${rest}`}`;
  return USUAL_TIME.test(usual) ? Date.parse(usual) + (isLeap ? 1_000 : 0) : null;
}

const USUAL_EMAIL = z.regexes.email;
const BROWSER_EMAIL = z.regexes.html5Email;

export const isEmail = (text: string): boolean =>
  USUAL_EMAIL.test(text) || BROWSER_EMAIL.test(text);

/** The address with its domain in ASCII (RFC 5891), or null for a text that is no email address. */
export function readEmail(text: string): string | null {
  if (USUAL_EMAIL.test(text)) return text;
  const written = text.trim();
  const at = written.lastIndexOf("@");
  const domain = written.slice(at + 1);
  const address =
    at < 0 || BROWSER_EMAIL.test(written)
      ? written
      : `${written.slice(0, at)}@${domainToASCII(domain)}`;
  return BROWSER_EMAIL.test(address) ? address : null;
}
