/** The audit log in the dashboard: a filtered list, an export, and whether its chain is intact. */
import { z } from "zod";
import type { Appliance } from "../appliance.ts";
import {
  type AuditFilter,
  entryView,
  listNewestEntries,
  readEntryPage,
  type Verdict,
  verifyInBackground,
} from "../audit/log.ts";
import { LIMITS } from "../config.ts";
import { queryTime } from "../contract/fields.ts";
import { pageLimit, pagingQuery } from "../http/paging.ts";
import type { Query } from "../http/route.ts";
import { type Clock, isoTime } from "../lib/clock.ts";
import type { Job } from "../store/background-reader.ts";
import { oncePerDatabase } from "../store/database.ts";
import type { AuditEntry, AuditProgress, AuditState, Page } from "./answers.ts";
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

const REPORT_MS = LIMITS.backgroundMs.report;

const entityNames = oncePerDatabase(createEntityNames);

/** Reads a page of the log, the newest rows first. */
export const auditPageJob: Job<{ filter: AuditFilter; limit: number }, Page<AuditEntry>> = {
  name: "audit page",
  run(db, { filter, limit }) {
    const nameOf = entityNames(db);
    const rows = listNewestEntries(db, filter, limit + 1);
    const page = rows.slice(0, limit);
    const hasMore = rows.length > limit;
    return {
      data: page.map((row) => ({ ...entryView(row), entity_name: nameOf(row) })),
      has_more: hasMore,
      next_cursor: hasMore ? String(page.at(-1)!.id) : null,
    };
  },
};

interface ExportRequest {
  filter: AuditFilter;
  /** The number of the last row so far; null for none. */
  after: number | null;
}
/** `next`: the number of the last row; null at the end of the log. */
interface ExportChunk {
  text: string;
  next: number | null;
}

/** Reads the next rows of an export as NDJSON. */
export const auditExportJob: Job<ExportRequest, ExportChunk> = {
  name: "audit export",
  run(db, { filter, after }) {
    const { rows, next } = readEntryPage(db, filter, after);
    return { text: rows.map((row) => `${JSON.stringify(entryView(row))}\n`).join(""), next };
  },
};

export function auditRoutes({ background, clock, auditKey }: Appliance): DashboardRoute[] {
  const readState = createStateReader(clock, (onProgress) =>
    verifyInBackground(background, { auditKey }, onProgress),
  );
  return [
    sessionRoute({
      method: "GET",
      path: "/audit",
      query: PageQuery,
      async handle({ query, user }) {
        const before = query.cursor === undefined ? undefined : Number(query.cursor);
        const request = { filter: { ...readFilter(query), before }, limit: pageLimit(query) };
        return pageResponse(await background.run(user.id, auditPageJob, request, REPORT_MS));
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
      async handle({ query, user }) {
        const readChunk = (after: number | null) =>
          background.run(user.id, auditExportJob, { filter: readFilter(query), after }, REPORT_MS);
        // Read before the response begins, so that a failure is an error response.
        const first = await readChunk(null);
        return { download: { chunks: readChunks(first, readChunk), fileName: "audit.ndjson" } };
      },
    }),
  ];
}

async function* readChunks(
  first: ExportChunk,
  readChunk: (after: number) => Promise<ExportChunk>,
): AsyncGenerator<string> {
  for (let chunk = first; ; chunk = await readChunk(chunk.next)) {
    yield chunk.text;
    if (chunk.next === null) return;
  }
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

/**
 * Returns a function that verifies the log, at most once in VERDICT_LIFETIME_MS. Everybody who asks meanwhile gets the
 * progress of the same verification.
 */
function createStateReader(
  clock: Clock,
  verify: (onProgress: (rows: number, total: number) => void) => Promise<Verdict>,
): () => Promise<AuditState> {
  let current: ReturnType<typeof startVerification> | null = null;

  function startVerification() {
    const progress: AuditProgress = { intact: null, checked_rows: 0, total_rows: 0 };
    const verdict = verify((rows, total) => {
      progress.checked_rows = rows;
      progress.total_rows = total;
    });
    const verification = { startedAt: clock.monotonic(), progress, verdict, isUnderWay: true };
    verdict.then(
      () => {
        verification.isUnderWay = false;
      },
      // A failed verification is not reused.
      () => {
        current = null;
      },
    );
    return verification;
  }

  const isReusable = ({ isUnderWay, startedAt }: NonNullable<typeof current>) =>
    isUnderWay || clock.monotonic() - startedAt < VERDICT_LIFETIME_MS;

  return async () => {
    if (!current || !isReusable(current)) current = startVerification();
    const { startedAt, progress, verdict } = current;
    const result = await Promise.race([verdict, Bun.sleep(LIMITS.auditStateMs)]);
    if (!result) return progress;
    return { ...result, checked_at: isoTime(clock.now() - (clock.monotonic() - startedAt)) };
  };
}
