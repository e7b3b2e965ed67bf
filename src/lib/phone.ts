/** Phone numbers as people and programs write them, read into E.164 (ITU-T E.164: `+` and at most 15 digits). */
import {
  type CountryCode,
  getCountries,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from "libphonenumber-js/min";

/** `+` and 7 to 15 digits. Whether the number is assigned is not checked. */
const E164 = /^\+[1-9][0-9]{6,14}$/;
export const E164_PATTERN = E164.source;
export const isE164 = (text: string): boolean => E164.test(text);

/** A phone number is never longer; the library reads much longer texts. */
const LONGEST = 100;
const INVISIBLE = /\p{Cf}/gu;
const SEPARATORS = /[\s().\-/\u2010-\u2015\u2212]/g;

/**
 * The number in E.164, or null. Accepts separators, brackets, invisible formatting characters, the prefix `00`, `tel:`
 * and, with a country (ISO 3166-1 alpha-2), the national form. `country` is called for a national number only.
 */
export function toE164(text: string, country: () => string | null): string | null {
  if (isE164(text)) return text;
  if (text.length > LONGEST) return null;
  const written = text
    .normalize("NFKC")
    .replace(INVISIBLE, "")
    .trim()
    .replace(/^tel:/i, "")
    .replace(/^\(?00\)?/, "+");
  const isInternational = written.startsWith("+");
  const defaultCountry = isInternational ? undefined : ((country() ?? undefined) as CountryCode);
  if (!isInternational && defaultCountry === undefined) return null;
  const parsed = parsePhoneNumberFromString(written, { defaultCountry, extract: false });
  if (parsed?.isPossible() && !parsed.ext) return isE164(parsed.number) ? parsed.number : null;
  // A number of a country that the library does not know is as valid with separators as without them.
  const digits = written.replace(SEPARATORS, "");
  return isInternational && isE164(digits) ? digits : null;
}

const ALIASES: Readonly<Record<string, string>> = { USA: "US", UK: "GB" };
let namedCountries: Map<string, string> | null = null;

/** The code of a country (ISO 3166-1 alpha-2) from its code or its English name, or null. */
export function toCountryCode(text: string): string | null {
  const name = text.trim().toUpperCase();
  if (isSupportedCountry(name)) return name;
  if (namedCountries === null) {
    const names = new Intl.DisplayNames(["en"], { type: "region" });
    namedCountries = new Map(getCountries().map((code) => [names.of(code)!.toUpperCase(), code]));
  }
  return ALIASES[name] ?? namedCountries.get(name) ?? null;
}

/** Every country whose national numbers can be read, by code. */
export const COUNTRIES: readonly string[] = getCountries();
