/**
 * Keyset paging: a cursor names the last row of a page, so every page costs the same, and no row is skipped or repeated
 * while others are added. Lists are never counted; one additional row tells whether there is a next page.
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
      description: `Maximum number of results, 1 to ${LIMITS.pageMax}. The default is ${LIMITS.pageDefault}.`,
      examples: ["25"],
    }),
  cursor: z.string().max(2_000).optional().meta({
    description: "`next_cursor` of the previous page. It is valid with the same filters only.",
  }),
};

/** Where a page starts: the sort value and id of the last row of the previous page. */
export type Position = readonly [sort: string | number, id: string];

export function pageLimit(query: Query): number {
  return query.limit === undefined ? LIMITS.pageDefault : Number(query.limit);
}

/** A hash of the list and its filters, without the paging parameters. A cursor is bound to it. */
export function filterMark(list: string, query: Query): string {
  const { limit: _limit, cursor: _cursor, ...filters } = query;
  return sha256Hex(canonicalJson([list, filters])).slice(0, 16);
}

const CURSOR = z.tuple([z.union([z.string(), z.number()]), z.string(), z.string()]);

/** Reads the position from a cursor. Throws `validation_failed` for an invalid cursor or one of other filters. */
export function readCursor(cursor: string, mark: string): Position {
  let decoded: unknown;
  try {
    decoded = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    decoded = null;
  }
  const parsed = CURSOR.safeParse(decoded);
  if (!parsed.success) throw invalid({ cursor: "must be the next_cursor of a previous page" });
  const [sort, id, cursorMark] = parsed.data;
  if (cursorMark !== mark) {
    throw invalid({
      cursor:
        "belongs to other filters; send the filters of the previous page, or start without a cursor",
    });
  }
  return [sort, id];
}

/** Removes the additional row and returns the page with the cursor of the next one. */
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
