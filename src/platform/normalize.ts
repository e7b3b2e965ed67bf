/**
 * A record as a platform sends it becomes a call record: a call is never lost to a detail. What cannot be used is left out
 * and reported as a warning; a change of form alone is none.
 */
import { LIMITS } from "../config.ts";
import { blankToNull, isBlank } from "../contract/fields.ts";
import { invalid } from "../http/errors.ts";
import { checkBody, tryBody } from "../http/validate.ts";
import { DIRECTIONS, DISPOSITIONS, ORDER_STATUSES } from "../resources/calls.ts";
import { ACTIONS } from "../resources/escalation-rules.ts";
import {
  type CallPlace,
  isWithheld,
  readChoice,
  readDecimal,
  readDirection,
  readFlag,
  readMoment,
  readNumber,
} from "./readings.ts";
import { type CallRecord, callIdentifier, callRecord } from "./record.ts";

/** What was lost or guessed of a record. */
export interface Warning {
  /** As in the record, such as `transcript.3.text`. */
  field: string;
  reason: string;
}
export type Warn = (field: string, reason: string) => void;

/** Collects warnings up to the limit, and counts the rest in the last one. */
export function createWarnings(): { list: Warning[]; warn: Warn } {
  const list: Warning[] = [];
  let more = 0;
  const warn: Warn = (field, reason) => {
    if (list.length < LIMITS.recordWarnings) list.push({ field, reason });
    else {
      more += 1;
      list[LIMITS.recordWarnings - 1] = {
        field: "record",
        reason: `has ${more + 1} more warnings`,
      };
    }
  };
  return { list, warn };
}

type Values = Record<string, unknown>;
/** `at`: the path of the value. */
type Read = (value: unknown, at: string, reading: Reading) => unknown;
interface Reading {
  place: CallPlace;
  warn: Warn;
  /** The index that each entry of a list had in the record. */
  origins: Map<unknown, number[]>;
  /** For times of turns. */
  startedAt: number;
}

/** Throws `validation_failed` for a record without an id and, unless the call is `known`, a direction and a start. */
export function normalizeRecord(
  sent: unknown,
  known: boolean,
  place: CallPlace,
  warn: Warn,
): CallRecord {
  const strict = tryBody(callRecord, sent);
  if ("data" in strict) return withoutWithheld(strict.data);
  if (sent === null || typeof sent !== "object" || Array.isArray(sent))
    return checkBody(callRecord, sent);
  checkBody(callIdentifier, sent);
  const reading: Reading = { place, warn, origins: new Map(), startedAt: Number.NaN };
  const draft = readObject(FIELDS)(sent, "", reading) as Values;
  return withoutWithheld(leaveOut(draft, known, reading));
}

function withoutWithheld(record: CallRecord): CallRecord {
  const { from_number, to_number } = record;
  if (from_number && isWithheld(from_number)) record.from_number = null;
  if (to_number && isWithheld(to_number)) record.to_number = null;
  return record;
}

const text =
  (max: number, trimmed = false): Read =>
  (value, at, { warn }) => {
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    if (typeof value !== "string") return value;
    if (isBlank(value)) return null;
    let clean = trimmed ? value.trim() : value;
    if (!clean.isWellFormed() || clean.includes("\0")) {
      clean = clean.toWellFormed().replaceAll("\0", "");
      warn(at, "contained characters that are not valid Unicode text, which were replaced");
    }
    if (clean.length <= max) return clean;
    // A code point has at most two units, so that the rest of a much longer text is never looked at.
    const points = [...clean.slice(0, 2 * max + 1)];
    if (points.length <= max) return clean;
    warn(at, `is longer than ${max} characters and was cut`);
    return points.slice(0, max).join("");
  };
const name = text(LIMITS.nameLength, true);
const moment: Read = (value, _at, { place }) => blankToNull(readMoment(value, place));
const number: Read = (value, at, { place, warn }) => {
  const reading = readNumber(value, place);
  if (reading.reason) warn(at, reading.reason);
  return reading.value;
};
const whole: Read = (value, at, { warn }) => {
  const read = readDecimal(value);
  if (typeof read !== "number" || Number.isInteger(read)) return read;
  // A price such as 1149.9999999999998 is a whole number that went through a multiplication.
  if (Math.abs(read - Math.round(read)) > 1e-6) warn(at, `was rounded to ${Math.round(read)}`);
  return Math.round(read);
};
const reference: Read = (value) => blankToNull(value);

/** Changes the fields that it names, and keeps the others. */
const readObject =
  (fields: Readonly<Record<string, Read>>): Read =>
  (value, at, reading) => {
    if (blankToNull(value) === null) return null;
    if (typeof value !== "object" || Array.isArray(value)) return value;
    const result: Values = { ...value };
    for (const [field, read] of Object.entries(fields)) {
      if (result[field] === undefined) continue;
      result[field] = read(result[field], at === "" ? field : `${at}.${field}`, reading);
    }
    return result;
  };

/** Reads each entry, skips those that become null, and cuts the list to its limit. */
const readList =
  (entry: Read, max: number): Read =>
  (value, at, reading) => {
    if (blankToNull(value) === null) return null;
    if (!Array.isArray(value)) return value;
    const entries: unknown[] = [];
    const origin: number[] = [];
    for (const [index, sent] of value.entries()) {
      const read = entry(sent, `${at}.${index}`, reading);
      if (read === null) continue;
      if (entries.length === max) {
        reading.warn(at, `has more than ${max} entries; the first ${max} were stored`);
        break;
      }
      entries.push(read);
      origin.push(index);
    }
    reading.origins.set(entries, origin);
    return entries;
  };

/** Null for an entry whose text is blank. */
const unlessBlank =
  (field: string, read: Read): Read =>
  (value, at, reading) => {
    const entry = read(value, at, reading) as Values | null;
    return entry?.[field] === null ? null : entry;
  };

const ROLES = new Map([
  ...["user", "human", "customer", "caller"].map((role) => [role, "caller"] as const),
  ...["assistant", "bot", "ai", "agent"].map((role) => [role, "agent"] as const),
]);
/** Turns that nobody spoke. */
const UNSPOKEN = /^(?:system|developer|tool|function)/;
const LAST_SECOND = 1_000_000;

/** A conversation. A turn without a time has that of the turn before it. */
const transcript: Read = (value, at, reading) => {
  let previous = 0;
  const turn: Read = (sent, where, { warn, place, startedAt }) => {
    if (sent === null || typeof sent !== "object") return sent;
    const { role, text: spoken, at: seconds, ...rest } = sent as Values;
    const kind = typeof role === "string" ? role.trim().toLowerCase() : "";
    if (UNSPOKEN.test(kind)) return null;
    const words = text(LIMITS.textLength)(spoken, `${where}.text`, reading);
    if (words === null) return null;
    let time = readDecimal(seconds ?? null);
    if (typeof time === "string" || (typeof time === "number" && time >= 1e9)) {
      time = (Date.parse(String(readMoment(time, place))) - startedAt) / 1_000;
    }
    const isUsable = typeof time === "number" && time <= LAST_SECOND;
    if (isUsable) previous = Math.max(0, time as number);
    else if (time !== null) warn(`${where}.at`, `was replaced by the time of the turn before`);
    return { ...rest, role: ROLES.get(kind) ?? role, text: words, at: previous };
  };
  return readList(turn, LIMITS.transcriptTurns)(value, at, reading);
};

const MISSED = "noanswer busy failed voicemail canceled cancelled dialnoanswer dialbusy dialfailed";
const DISPOSITION_WORDS = Object.fromEntries(MISSED.split(" ").map((word) => [word, "missed"]));

const FIELDS: Readonly<Record<string, Read>> = {
  direction: (value) => readChoice(readDirection(value), DIRECTIONS) ?? value,
  started_at(value, _at, reading) {
    const read = readMoment(value, reading.place);
    reading.startedAt = Date.parse(String(read));
    return read;
  },
  from_number: number,
  to_number: number,
  location_id: reference,
  ended_at: moment,
  disposition: (value) => readChoice(value, DISPOSITIONS, DISPOSITION_WORDS),
  summary: text(LIMITS.textLength),
  outcome: name,
  outcome_tags: readList(text(100, true), LIMITS.listEntries),
  intent: name,
  intent_confidence: readDecimal,
  transcript,
  unscorable: readFlag,
  spam: readFlag,
  caller: readObject({ first_name: name, last_name: name, email: reference }),
  messages: readList(
    unlessBlank(
      "message",
      readObject({
        message: text(LIMITS.textLength),
        caller_name: name,
        callback_number: number,
        team_member_id: reference,
      }),
    ),
    LIMITS.listEntries,
  ),
  callback_request: readObject({
    callback_number: number,
    requested_window: name,
    reason: text(2_000),
  }),
  escalations: readList(
    readObject({
      rule_id: reference,
      rule_name: name,
      action: (value) => readChoice(value, ACTIONS),
      triggered_at: moment,
    }),
    LIMITS.listEntries,
  ),
  appointment: readObject({
    starts_at: moment,
    duration_minutes: whole,
    service: name,
    attendee_name: name,
  }),
  order: readObject({
    profile_name: name,
    items: (value, at, reading) =>
      readList(
        readObject({
          name,
          quantity: (quantity, where, inner) => whole(quantity, where, inner) ?? undefined,
          price_cents: whole,
          notes: text(1_000),
        }),
        LIMITS.listEntries,
      )(value, at, reading) ?? undefined,
    total_cents: whole,
    status: (value) => readChoice(value, ORDER_STATUSES, { cancelled: "canceled" }) ?? undefined,
  }),
  recording_url: reference,
  version: (value, _at, { place }) => {
    const read = readDecimal(value);
    return typeof read === "string" ? readMoment(read, place) : read;
  },
};

/** The fields without which an entry or an object means nothing. */
const NEEDED = new Set([
  "role",
  "text",
  "at",
  "message",
  "action",
  "triggered_at",
  "starts_at",
  "name",
]);
const FIRST_FIELDS = new Set(["direction", "started_at"]);
/** Each round removes what the previous one found, at most from the innermost field to the outermost. */
const ROUNDS = 6;

/** Removes what the schema refuses, with a warning each. */
function leaveOut(draft: Values, known: boolean, { warn, origins }: Reading): CallRecord {
  const warned = new Set<string>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const checked = tryBody(callRecord, draft);
    if ("data" in checked) return checked.data;
    const { issues } = checked;
    const refused = issues.filter(({ path }) => FIRST_FIELDS.has(String(path[0])) && !known);
    if (refused.length > 0)
      throw invalid(
        Object.fromEntries(refused.map(({ path, message }) => [path.join("."), message])),
      );
    const dropped = new Map<unknown[], Set<number>>();
    for (const { path, message } of issues) {
      const unit = unitAt(draft, path, origins);
      // An issue inside an object that another issue has removed.
      if (unit === null) continue;
      const { container, key, names } = unit;
      if (!warned.has(names)) warn(names, message);
      warned.add(names);
      if (!Array.isArray(container)) delete container[String(key)];
      else dropped.set(container, (dropped.get(container) ?? new Set()).add(Number(key)));
    }
    for (const [list, indexes] of dropped) removeEntries(list, indexes, origins);
  }
  return checkBody(callRecord, draft);
}

/** The smallest part around an issue that can be left out, and the name of the issue in the record as sent. */
function unitAt(draft: Values, path: PropertyKey[], origins: Reading["origins"]) {
  const names: string[] = [];
  let container: Values | unknown[] | undefined = draft;
  let unit: { container: Values | unknown[]; key: PropertyKey } = { container, key: path[0]! };
  for (const [depth, key] of path.entries()) {
    if (container === undefined) return null;
    if (!(depth > 0 && typeof key === "string" && NEEDED.has(key))) unit = { container, key };
    names.push(
      String(Array.isArray(container) ? (origins.get(container)?.[Number(key)] ?? key) : key),
    );
    container = (container as Values)[String(key)] as Values | unknown[] | undefined;
  }
  return { ...unit, names: names.join(".") };
}

function removeEntries(list: unknown[], indexes: Set<number>, origins: Reading["origins"]): void {
  const isKept = (_: unknown, index: number) => !indexes.has(index);
  const origin = origins.get(list)?.filter(isKept);
  const kept = list.filter(isKept);
  list.length = 0;
  for (const entry of kept) list.push(entry);
  if (origin) origins.set(list, origin);
}
