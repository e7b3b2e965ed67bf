/**
 * Many records, a line each. A line that is no record is told by its number and spoils no other; memory holds one line
 * and what is on its way to the disk, however long the whole is.
 */

import { LIMITS } from "../config.ts";
import type { Details } from "../contract/errors.ts";
import { ApiError, toApiError } from "../http/errors.ts";
import { checkBody } from "../http/validate.ts";
import type { Actor } from "../store/actor.ts";
import type { Store } from "../store/change.ts";
import type { Ingest, Stored } from "./ingest.ts";
import { callName, callRecord } from "./record.ts";

/** A line that is not blank, by its number from 1; or why it could not be read. */
export type Line =
  | { number: number; text: string }
  | { number: number; tooLong: true }
  | { number: number; notText: true };

const NEWLINE = 10;
const RETURN = 13;
const BYTE_ORDER_MARK = "\ufeff";

/** Lines that are nothing to store cost the event loop no turn by themselves; after so many, others get theirs. */
const LINES_A_TURN = 256;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Lines of at most `LIMITS.recordBytes`, without their ends (LF or CRLF). One that is longer is skipped to its end. */
export async function* splitLines(bytes: ReadableStream<Uint8Array>): AsyncGenerator<Line> {
  const held = createHold(LIMITS.recordBytes);
  let number = 0;
  for await (const chunk of bytes) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      number += 1;
      if (number % LINES_A_TURN === 0) await turn();
      const line = readLine(number, held.finish(chunk.subarray(start, end)));
      if (line) yield line;
      start = end + 1;
    }
    held.add(chunk.subarray(start));
  }
  const last = readLine(number + 1, held.finish(new Uint8Array(0)));
  if (last) yield last;
}

/** The beginning of a line whose end is still to come: one block that grows, so that many small pieces cost no more. */
function createHold(limit: number) {
  // One byte more than a line may have, for the CR that may be its last.
  const room = limit + 1;
  let block = new Uint8Array(0);
  let length = 0;
  let tooLong = false;

  function add(piece: Uint8Array): void {
    if (piece.length === 0 || tooLong) return;
    if (length + piece.length > room) {
      tooLong = true;
      block = new Uint8Array(0);
      return;
    }
    if (length + piece.length > block.length) {
      const larger = new Uint8Array(Math.min(room, 2 * (length + piece.length)));
      larger.set(block.subarray(0, length));
      block = larger;
    }
    block.set(piece, length);
    length += piece.length;
  }

  return {
    add,
    /** The whole line with its last piece, valid until the next `add`; null for one that is too long. */
    finish(piece: Uint8Array): Uint8Array | null {
      let line: Uint8Array | null = piece;
      if (length > 0 || tooLong) {
        add(piece);
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

/** What became of one record, as it is told over HTTP. */
export interface LineAnswer {
  external_id: string | null;
  /** The call's id; null where there is none. */
  id: string | null;
  status: Stored["outcome"] | "error";
  /** What is wrong, by field; `record` where it is the line as a whole. Only of an error. */
  details?: Details;
}

/** With the line's number, for those who have the file before them. */
export interface LineResult {
  number: number;
  answer: LineAnswer;
}

export interface LineServices {
  store: Store;
  ingest: Ingest;
  actor: Actor;
  /** Told of a failure that is nobody's fault but the program's; the line's answer says nothing of it. */
  onUnexpected(error: unknown, number: number): void;
  /** Throws for a value with more than a record has; left out where that is passed over. */
  requireKnown?: (value: unknown) => void;
}

/** Of lines on their way to the disk: enough for a full group commit, and a bound for large ones. */
const LINES_UNDER_WAY = LIMITS.groupOperations;
const CHARACTERS_UNDER_WAY = 4 * LIMITS.recordBytes;

type Outcome = { kind: "result"; result: LineResult } | { kind: "failure"; cause: unknown };
type Next = { kind: "line"; line: Line } | { kind: "end"; broken: { cause: unknown } | null };

/**
 * Stores records in their order, each by itself, and yields what became of each in the same order, as soon as it is
 * known. Many are under way at once, so that they share commits. Throws when the storage fails, and when the lines break
 * off, after telling of those that came; lines not told of may or may not be stored.
 */
export async function* ingestLines(
  services: LineServices,
  lines: AsyncIterable<Line>,
): AsyncGenerator<LineResult> {
  const iterator = lines[Symbol.asyncIterator]();
  const underWay: { size: number; outcome: Promise<Outcome> }[] = [];
  let characters = 0;
  let next: Promise<Next> | null = nextOf(iterator);
  let broken: { cause: unknown } | null = null;
  try {
    while (next !== null || underWay.length > 0) {
      const first = underWay[0]?.outcome;
      const full = underWay.length >= LINES_UNDER_WAY || characters >= CHARACTERS_UNDER_WAY;
      const event: Next | Outcome =
        next === null || full
          ? await first!
          : await (first ? Promise.race<Next | Outcome>([next, first]) : next);
      if (event.kind === "line") {
        const size = "text" in event.line ? event.line.text.length : 0;
        characters += size;
        underWay.push({ size, outcome: outcomeOf(services, event.line) });
        next = nextOf(iterator);
      } else if (event.kind === "end") {
        next = null;
        broken = event.broken;
      } else if (event.kind === "result") {
        characters -= underWay.shift()!.size;
        yield event.result;
      } else throw event.cause;
    }
    if (broken) throw broken.cause;
  } finally {
    // Not waited for: a sender who fell silent would hold this up.
    iterator.return?.().catch(() => {});
  }
}

/** The next line, as a value even where reading failed, for nobody may be waiting for it at that moment. */
const nextOf = (iterator: AsyncIterator<Line>): Promise<Next> =>
  iterator.next().then(
    ({ done, value }): Next =>
      done ? { kind: "end", broken: null } : { kind: "line", line: value },
    (cause): Next => ({ kind: "end", broken: { cause } }),
  );

/** What becomes of one line, as a value even where that is a failure, for the lines before it are told of first. */
async function outcomeOf(services: LineServices, line: Line): Promise<Outcome> {
  const { store, ingest, actor, onUnexpected, requireKnown } = services;
  const { number } = line;
  const told = (answer: LineAnswer): Outcome => ({ kind: "result", result: { number, answer } });
  let external_id: string | null = null;
  const refused = (details: Details) => told({ external_id, id: null, status: "error", details });
  try {
    const value = jsonOf(line);
    external_id = nameOf(value);
    requireKnown?.(value);
    const record = checkBody(callRecord, value);
    const { call, outcome } = await store.change(actor, (tx) => ingest.put(tx, record));
    return told({ external_id: call.external_id, id: call.id, status: outcome });
  } catch (error) {
    const refusal = toApiError(error);
    if (refusal.code === "unavailable") return { kind: "failure", cause: error };
    if (refusal.code === "internal_error") {
      onUnexpected(error, number);
      return refused({ record: "could not be stored; see the server's log" });
    }
    const { body, ...details } = refusal.details ?? {};
    return refused(body === undefined ? details : { ...details, record: body });
  }
}

/** The JSON value of a line. Throws `invalid_json`. */
function jsonOf(line: Line): unknown {
  const refusal = (body: string) => new ApiError("invalid_json", { details: { body } });
  if ("tooLong" in line)
    throw refusal(`must be at most ${LIMITS.recordBytes / 1024 / 1024} MiB on its line`);
  if ("notText" in line) throw refusal("is not valid UTF-8");
  try {
    return JSON.parse(line.text);
  } catch {
    throw refusal("is not valid JSON");
  }
}

/** The `external_id` that a refused record would have had, if that much of it can be read. */
function nameOf(value: unknown): string | null {
  const { external_id: name } = Object(value) as { external_id?: unknown };
  return callName.safeParse({ external_id: name }).data?.external_id ?? null;
}
