/**
 * Import of many records, one per line. An invalid line is reported by its number and affects no other. Memory holds one
 * line and the records that are being stored, for a file of any length.
 */

import { LIMITS } from "../config.ts";
import type { Details } from "../contract/errors.ts";
import { ApiError, requireNoWarnings, toApiError } from "../http/errors.ts";
import { requireObject } from "../http/validate.ts";
import type { Actor } from "../store/actor.ts";
import type { Store } from "../store/change.ts";
import type { Ingest, Stored } from "./ingest.ts";
import type { Warning } from "./normalize.ts";
import { callIdentifier } from "./record.ts";

/** A line that is not blank, with its number from 1, or why it cannot be read. */
export type Line =
  | { number: number; text: string }
  | { number: number; tooLong: true }
  | { number: number; notText: true };

const NEWLINE = 10;
const RETURN = 13;
const BYTE_ORDER_MARK = "\ufeff";

/** Lines without a record never wait for the disk, so other requests get a turn of the event loop after this many. */
const LINES_PER_TURN = 256;
const yieldTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Splits bytes into lines of at most `LIMITS.recordBytes`, without LF or CRLF. A longer line is skipped to its end. */
export async function* splitLines(bytes: ReadableStream<Uint8Array>): AsyncGenerator<Line> {
  const pending = createLineBuffer(LIMITS.recordBytes);
  let number = 0;
  for await (const chunk of bytes) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      number += 1;
      if (number % LINES_PER_TURN === 0) await yieldTurn();
      const line = readLine(number, pending.finish(chunk.subarray(start, end)));
      if (line) yield line;
      start = end + 1;
    }
    pending.add(chunk.subarray(start));
  }
  const last = readLine(number + 1, pending.finish(new Uint8Array(0)));
  if (last) yield last;
}

/** Holds the beginning of an incomplete line in one block that doubles, so that many small chunks stay cheap. */
function createLineBuffer(limit: number) {
  // One byte more than the limit of a line, for a CR at its end.
  const capacity = limit + 1;
  let block = new Uint8Array(0);
  let length = 0;
  let tooLong = false;

  function add(chunk: Uint8Array): void {
    if (chunk.length === 0 || tooLong) return;
    if (length + chunk.length > capacity) {
      tooLong = true;
      block = new Uint8Array(0);
      return;
    }
    if (length + chunk.length > block.length) {
      const larger = new Uint8Array(Math.min(capacity, 2 * (length + chunk.length)));
      larger.set(block.subarray(0, length));
      block = larger;
    }
    block.set(chunk, length);
    length += chunk.length;
  }

  return {
    add,
    /** The complete line with its last chunk, valid until the next `add`; null for a line that is too long. */
    finish(chunk: Uint8Array): Uint8Array | null {
      let line: Uint8Array | null = chunk;
      if (length > 0 || tooLong) {
        add(chunk);
        line = tooLong ? null : block.subarray(0, length);
      }
      length = 0;
      tooLong = false;
      if (line?.at(-1) === RETURN) line = line.subarray(0, -1);
      return line !== null && line.length > limit ? null : line;
    },
  };
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Null for a blank line. */
function readLine(number: number, bytes: Uint8Array | null): Line | null {
  if (bytes === null) return { number, tooLong: true };
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { number, notText: true };
  }
  if (number === 1 && text.startsWith(BYTE_ORDER_MARK)) text = text.slice(1);
  return text.trim() === "" ? null : { number, text };
}

/** The result of one record in the HTTP response. */
export interface LineAnswer {
  external_id: string | null;
  /** Id of the call; null if the record was refused. */
  id: string | null;
  status: Stored["outcome"] | "error";
  /** What was lost or guessed of a stored record. */
  warnings?: Warning[];
  /** Only with `error`: what is wrong, by field; `record` for the line as a whole. */
  details?: Details;
}

/** The result of one record with the number of its line in the file. */
export interface LineResult {
  number: number;
  answer: LineAnswer;
}

export interface LineServices {
  store: Store;
  ingest: Ingest;
  actor: Actor;
  /** Receives an unexpected error. The answer of the line does not contain it. */
  onUnexpected(error: unknown, number: number): void;
  /** Throws for a value with unknown fields. Without it they are ignored. */
  requireKnown?: (value: unknown) => void;
}

/** Limits of the records that are being stored: enough for a full group commit, and a bound for large records. */
const LINES_IN_FLIGHT = LIMITS.groupOperations;
const CHARACTERS_IN_FLIGHT = 4 * LIMITS.recordBytes;

type Outcome = { kind: "result"; result: LineResult } | { kind: "failure"; cause: unknown };
type Next = { kind: "line"; line: Line } | { kind: "end"; failure: { cause: unknown } | null };

/**
 * Stores records in order, each in its own change, and yields their results in order as soon as they are known. Many are
 * in flight at once to share commits. Throws when the storage or the input fails, after the results of the lines before;
 * a line without a result may or may not be stored.
 */
export async function* ingestLines(
  services: LineServices,
  lines: AsyncIterable<Line>,
): AsyncGenerator<LineResult> {
  const iterator = lines[Symbol.asyncIterator]();
  const inFlight: { size: number; outcome: Promise<Outcome> }[] = [];
  let characters = 0;
  let next: Promise<Next> | null = nextOf(iterator);
  let failure: { cause: unknown } | null = null;
  try {
    while (next !== null || inFlight.length > 0) {
      const first = inFlight[0]?.outcome;
      const full = inFlight.length >= LINES_IN_FLIGHT || characters >= CHARACTERS_IN_FLIGHT;
      const event: Next | Outcome =
        next === null || full
          ? await first!
          : await (first ? Promise.race<Next | Outcome>([next, first]) : next);
      if (event.kind === "line") {
        const size = "text" in event.line ? event.line.text.length : 0;
        characters += size;
        inFlight.push({ size, outcome: storeLine(services, event.line) });
        next = nextOf(iterator);
      } else if (event.kind === "end") {
        next = null;
        failure = event.failure;
      } else if (event.kind === "result") {
        characters -= inFlight.shift()!.size;
        yield event.result;
      } else throw event.cause;
    }
    if (failure) throw failure.cause;
  } finally {
    // Without await, because a sender that stopped sending would block it.
    iterator.return?.().catch(() => {});
  }
}

/** The next line. A failure is a value too, because the promise may be rejected before anything awaits it. */
const nextOf = (iterator: AsyncIterator<Line>): Promise<Next> =>
  iterator.next().then(
    ({ done, value }): Next =>
      done ? { kind: "end", failure: null } : { kind: "line", line: value },
    (cause): Next => ({ kind: "end", failure: { cause } }),
  );

/** Stores one line. A failure is a value too, because the results of the lines before are yielded first. */
async function storeLine(services: LineServices, line: Line): Promise<Outcome> {
  const { store, ingest, actor, onUnexpected, requireKnown } = services;
  const { number } = line;
  const report = (answer: LineAnswer): Outcome => ({ kind: "result", result: { number, answer } });
  let external_id: string | null = null;
  const refuse = (details: Details) => report({ external_id, id: null, status: "error", details });
  try {
    const value = jsonOf(line);
    external_id = externalIdOf(value);
    requireKnown?.(value);
    const { call, outcome, warnings } = await store.change(actor, (tx) => {
      const stored = ingest.put(tx, requireObject(value));
      if (requireKnown) requireNoWarnings(stored.warnings);
      return stored;
    });
    return report({ external_id: call.external_id, id: call.id, status: outcome, warnings });
  } catch (error) {
    const refusal = toApiError(error);
    if (refusal.code === "unavailable" || refusal.code === "unauthorized")
      return { kind: "failure", cause: error };
    if (refusal.code === "internal_error") {
      onUnexpected(error, number);
      return refuse({
        record: "could not be stored because of an internal error; see the server log",
      });
    }
    const { body, ...details } = refusal.details ?? {};
    return refuse(body === undefined ? details : { ...details, record: body });
  }
}

/** The JSON value of a line. Throws `invalid_json`. */
function jsonOf(line: Line): unknown {
  const invalidLine = (body: string) => new ApiError("invalid_json", { details: { body } });
  if ("tooLong" in line)
    throw invalidLine(`must be at most ${LIMITS.recordBytes / 1024 / 1024} MiB per line`);
  if ("notText" in line) throw invalidLine("is not valid UTF-8");
  try {
    return JSON.parse(line.text);
  } catch {
    throw invalidLine("is not valid JSON");
  }
}

/** The `external_id` of a record that may be invalid otherwise; null if it cannot be read. */
function externalIdOf(value: unknown): string | null {
  const { external_id } = Object(value) as { external_id?: unknown };
  return callIdentifier.safeParse({ external_id }).data?.external_id ?? null;
}
