/**
 * Keyset paging: a cursor names the last row seen, so a page costs the same wherever it is and no row is skipped or
 * doubled while others are added. A list is never counted; one row too many is read to know whether there is more.
 */
import { z } from "zod";
import { LIMITS } from "../config.ts";
import { canonicalJson, sha256Hex } from "../lib/json.ts";
import { invalid } from "./errors.ts";
import type { Page, Query } from "./route.ts";

/** The two query parameters of every list. */
export const pagingQuery = {
  limit: z
    .string()
    .regex(/^(?:[1-9][0-9]?|100)$/, `must be a whole number from 1 to ${LIMITS.pageMax}`)
    .optional()
    .meta({
      description: `How many to answer with at most, 1 to ${LIMITS.pageMax}; ${LIMITS.pageDefault} where nothing is said.`,
      examples: ["25"],
    }),
  cursor: z.string().max(2_000).optional().meta({
    description:
      "`next_cursor` of the page before. It belongs to the filters it came from; with others it is refused.",
  }),
};

/** Where a page starts: the sort value and id of the last row of the page before. */
export type Position = readonly [sort: string | number, id: string];

export function pageLimit(query: Query): number {
  return query.limit === undefined ? LIMITS.pageDefault : Number(query.limit);
}

/** What a cursor is bound to: the list and its filters, without the paging itself. */
export function filterMark(list: string, query: Query): string {
  const { limit: _limit, cursor: _cursor, ...filters } = query;
  return sha256Hex(canonicalJson([list, filters])).slice(0, 16);
}

const CURSOR = z.tuple([z.union([z.string(), z.number()]), z.string(), z.string()]);

/** The position a cursor stands for. Throws `validation_failed` for one that is not ours or has other filters. */
export function readCursor(cursor: string, mark: string): Position {
  let decoded: unknown;
  try {
    decoded = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    decoded = null;
  }
  const parsed = CURSOR.safeParse(decoded);
  if (!parsed.success) throw invalid({ cursor: "is not a cursor of this API; use next_cursor" });
  const [sort, id, cursorMark] = parsed.data;
  if (cursorMark !== mark) {
    throw invalid({ cursor: "belongs to other filters; start again without it" });
  }
  return [sort, id];
}

/** Cuts the row too many off and says where the next page starts. */
export function toPage<Row>(
  rows: Row[],
  limit: number,
  mark: string,
  position: (row: Row) => Position,
  view: (row: Row) => object,
): Page {
  const more = rows.length > limit;
  const shown = more ? rows.slice(0, limit) : rows;
  const last = shown.at(-1);
  return {
    data: shown.map(view),
    has_more: more,
    next_cursor:
      more && last !== undefined
        ? Buffer.from(JSON.stringify([...position(last), mark])).toString("base64url")
        : null,
  };
}
