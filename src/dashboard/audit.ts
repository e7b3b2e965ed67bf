/** The audit log in the dashboard: a filtered list, an export, and whether its chain is intact. */
import { z } from "zod";
import type { Appliance } from "../appliance.ts";
import {
  type AuditFilter,
  entryView,
  listNewestEntries,
  readEntries,
  type Verdict,
  verifyInSteps,
} from "../audit/log.ts";
import { queryTime } from "../contract/fields.ts";
import { pageLimit, pagingQuery } from "../http/paging.ts";
import type { Query } from "../http/route.ts";
import { type Clock, isoTime } from "../lib/clock.ts";
import type { AuditRow } from "../store/audit-chain.ts";
import type { AuditEntry, AuditState } from "./answers.ts";
import {
  type DashboardRoute,
  dataResponse,
  pageResponse,
  sessionRoute,
} from "./dashboard-route.ts";
import { createEntityNames } from "./entity-names.ts";

const ACTIONS = ["created", "updated", "deleted"] as const satisfies AuditFilter["action"][];
const exampleTime = "2026-11-23T10:42:00.000Z";
const filters = {
  /** The id of the key or user that acted. */
  actor_id: z.string().max(100).optional(),
  entity_type: z.string().max(100).optional(),
  entity_id: z.string().max(100).optional(),
  action: z.enum(ACTIONS).optional(),
  from: queryTime({ doc: "At this time or later.", example: exampleTime }).optional(),
  to: queryTime({ doc: "Before this time.", example: exampleTime }).optional(),
};
const FilterQuery = z.object(filters);
const PageQuery = z.object({
  ...filters,
  limit: pagingQuery.limit,
  /** `next_cursor` of the previous page: the number of its last row. */
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, "must be the next_cursor of a page")
    .optional(),
});

/** How long a verdict is reused, so that reloading the page does not read the whole log again. */
const VERDICT_LIFETIME_MS = 60_000;

export function auditRoutes({ db, clock, auditKey }: Appliance): DashboardRoute[] {
  const nameOf = createEntityNames(db);
  const readState = createStateReader(clock, () => verifyInSteps(db, { auditKey }));
  return [
    sessionRoute({
      method: "GET",
      path: "/audit",
      query: PageQuery,
      handle({ query }) {
        const limit = pageLimit(query);
        const before = query.cursor === undefined ? undefined : Number(query.cursor);
        const rows = listNewestEntries(db, { ...readFilter(query), before }, limit + 1);
        const page = rows.slice(0, limit);
        const hasMore = rows.length > limit;
        return pageResponse<AuditEntry>({
          data: page.map((row) => ({ ...entryView(row), entity_name: nameOf(row) })),
          has_more: hasMore,
          next_cursor: hasMore ? String(page.at(-1)!.id) : null,
        });
      },
    }),
    sessionRoute({
      method: "GET",
      path: "/audit/state",
      handle: async () => dataResponse<AuditState>(await readState()),
    }),
    sessionRoute({
      method: "GET",
      path: "/audit/export",
      query: FilterQuery,
      handle: ({ query }) => ({
        download: {
          rows: viewEntries(readEntries(db, readFilter(query))),
          fileName: "audit.ndjson",
        },
      }),
    }),
  ];
}

const readFilter = ({
  actor_id,
  entity_type,
  entity_id,
  action,
  from,
  to,
}: Query): AuditFilter => ({
  actorId: actor_id,
  entityType: entity_type,
  entityId: entity_id,
  action: action as AuditFilter["action"],
  from,
  to,
});

function* viewEntries(rows: Iterable<AuditRow>) {
  for (const row of rows) yield entryView(row);
}

/** Returns a function that verifies the log, at most once in VERDICT_LIFETIME_MS. */
function createStateReader(
  clock: Clock,
  verify: () => Promise<Verdict>,
): () => Promise<AuditState> {
  let current: { startedAt: number; verdict: Promise<Verdict> } | null = null;

  function startVerification() {
    const verification = { startedAt: clock.monotonic(), verdict: verify() };
    // A failed verification is not reused.
    verification.verdict.catch(() => {
      current = null;
    });
    return verification;
  }

  return async () => {
    if (!current || clock.monotonic() - current.startedAt >= VERDICT_LIFETIME_MS)
      current = startVerification();
    const { startedAt, verdict } = current;
    const result = await verdict;
    return { ...result, checked_at: isoTime(clock.now() - (clock.monotonic() - startedAt)) };
  };
}
