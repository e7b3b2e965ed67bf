/** The audit log in the dashboard: read by filters, exported, and whether its chain is whole. */
import { z } from "zod";
import type { Appliance } from "../appliance.ts";
import {
  type AuditFilter,
  entries,
  entryView,
  newestEntries,
  type Verdict,
  verifyBeside,
} from "../audit/log.ts";
import { queryTime } from "../contract/fields.ts";
import { pageLimit, pagingQuery } from "../http/paging.ts";
import type { Query } from "../http/route.ts";
import { isoTime } from "../lib/clock.ts";
import type { AuditEntry, AuditState } from "./answers.ts";
import {
  type DashboardRoute,
  dataResponse,
  pageResponse,
  sessionRoute,
} from "./dashboard-route.ts";
import { createEntityNames } from "./entity-names.ts";

const ACTIONS = ["created", "updated", "deleted"] as const satisfies AuditFilter["action"][];
const aTime = "2026-11-23T10:42:00.000Z";
const filters = {
  /** The id of the key or user that acted. */
  actor_id: z.string().max(100).optional(),
  entity_type: z.string().max(100).optional(),
  entity_id: z.string().max(100).optional(),
  action: z.enum(ACTIONS).optional(),
  from: queryTime({ doc: "From this time on.", example: aTime }).optional(),
  to: queryTime({ doc: "Before this time.", example: aTime }).optional(),
};
const Filters = z.object(filters);
const PageOfFilters = z.object({
  ...filters,
  limit: pagingQuery.limit,
  /** `next_cursor` of the page before: the number of its last row. */
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, "must be the next_cursor of a page")
    .optional(),
});

const filterOf = ({ actor_id, entity_type, entity_id, action, from, to }: Query): AuditFilter => ({
  actorId: actor_id,
  entityType: entity_type,
  entityId: entity_id,
  action: action as AuditFilter["action"],
  from,
  to,
});

/** A verdict is good for as long, so that looking at the page again does not walk the whole chain again. */
const GOOD_FOR_MS = 60_000;

export function auditRoutes({ db, clock }: Appliance): DashboardRoute[] {
  const nameOf = createEntityNames(db);
  let checked: { at: number; verdict: Promise<Verdict> } | null = null;

  function state(): Promise<Verdict> {
    if (checked && clock.monotonic() - checked.at < GOOD_FOR_MS) return checked.verdict;
    checked = { at: clock.monotonic(), verdict: verifyBeside(db) };
    checked.verdict.catch(() => {
      checked = null;
    });
    return checked.verdict;
  }

  return [
    sessionRoute({
      method: "GET",
      path: "/audit",
      query: PageOfFilters,
      handle({ query }) {
        const limit = pageLimit(query);
        const before = query.cursor === undefined ? undefined : Number(query.cursor);
        const rows = newestEntries(db, { ...filterOf(query), before }, limit + 1);
        const shown = rows.slice(0, limit);
        const more = rows.length > limit;
        return pageResponse<AuditEntry>({
          data: shown.map((row) => ({ ...entryView(row), entity_name: nameOf(row) })),
          has_more: more,
          next_cursor: more ? String(shown.at(-1)!.id) : null,
        });
      },
    }),
    sessionRoute({
      method: "GET",
      path: "/audit/state",
      async handle() {
        const verdict = await state();
        const ago = clock.monotonic() - checked!.at;
        return dataResponse<AuditState>({ ...verdict, checked_at: isoTime(clock.now() - ago) });
      },
    }),
    sessionRoute({
      method: "GET",
      path: "/audit/export",
      query: Filters,
      handle: ({ query }) => ({
        download: { rows: views(entries(db, filterOf(query))), fileName: "audit.ndjson" },
      }),
    }),
  ];
}

function* views(rows: Iterable<Parameters<typeof entryView>[0]>) {
  for (const row of rows) yield entryView(row);
}
