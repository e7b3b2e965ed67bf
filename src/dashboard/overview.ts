/** The dashboard's first page: calls over a range of time, what needs somebody's attention, and what is still to set up. */
import { z } from "zod";
import type { Appliance } from "../appliance.ts";
import { LIMITS } from "../config.ts";
import { EXAMPLE_IDS } from "../contract/example.ts";
import { queryTime, reference, timeZone } from "../contract/fields.ts";
import { invalid } from "../http/errors.ts";
import type { Query } from "../http/route.ts";
import { isoTime } from "../lib/clock.ts";
import { localMidnight } from "../lib/local-time.ts";
import type { Attention, Overview, Setup } from "./answers.ts";
import type { createOpenItems } from "./attention.ts";
import { createCallCounts, type Range } from "./call-counts.ts";
import { type DashboardRoute, dataResponse, sessionRoute } from "./dashboard-route.ts";

const aTime = "2026-11-01T00:00:00.000Z";
const RangeQuery = z.object({
  from: queryTime({ doc: "Calls that started then or later.", example: aTime }).optional(),
  to: queryTime({ doc: "Calls that started earlier than that.", example: aTime }).optional(),
  timezone: timeZone({ doc: "Whose days and hours.", example: "America/Chicago" }).optional(),
  location_id: reference({
    doc: "Only of this location.",
    example: EXAMPLE_IDS.location,
  }).optional(),
});

const DAY_MS = 86_400_000;
/** The range where nothing is said: today and as many days as make this with it. */
const USUAL_DAYS = 30;
const EXPIRES_SOON_DAYS = 14;
const UNUSED_DAYS = 90;

export interface OverviewRouteServices extends Appliance {
  openItems: ReturnType<typeof createOpenItems>;
}

export function overviewRoutes({
  db,
  keys,
  apiKeyKind,
  clock,
  openItems,
}: OverviewRouteServices): DashboardRoute[] {
  const counts = createCallCounts(db);
  const state = db.$client.prepare<Record<string, number>, []>(
    `select
       (select count(*) from webhook_subscriptions where enabled = 1 and failing_since is not null) as failing,
       (select count(*) from webhook_subscriptions where enabled = 0 and auto_disabled_reason is not null) as disabled,
       exists (select 1 from webhook_subscriptions) as subscription,
       exists (select 1 from calls) as call,
       exists (select 1 from locations) as location`,
  );

  function rangeOf({ from, to, timezone = "UTC", location_id }: Query): Range {
    const end = to === undefined ? clock.now() : Date.parse(to);
    const start =
      from === undefined ? localMidnight(end - 1, timezone, USUAL_DAYS - 1) : Date.parse(from);
    if (start >= end)
      throw invalid({ from: "must be earlier than to, which is now where nothing is said" });
    if (end - start > LIMITS.overviewDays * DAY_MS)
      throw invalid({ from: `must be at most ${LIMITS.overviewDays} days before to` });
    return { from: isoTime(start), to: isoTime(end), timezone, location: location_id ?? null };
  }

  function attentionAndSetup(): { attention: Attention; setup: Setup } {
    const now = clock.now();
    const all = keys.list();
    const active = all.filter(
      ({ active: on, expires_at }) => on && (expires_at === null || Date.parse(expires_at) > now),
    );
    const soon = now + EXPIRES_SOON_DAYS * DAY_MS;
    const longAgo = now - UNUSED_DAYS * DAY_MS;
    const { failing, disabled, subscription, call, location } = state.get()!;
    return {
      attention: {
        open_items: openItems.count(),
        failing_subscriptions: failing!,
        auto_disabled_subscriptions: disabled!,
        expiring_keys: active.filter(
          ({ expires_at }) => expires_at !== null && Date.parse(expires_at) <= soon,
        ).length,
        unused_keys: active.filter(
          (key) => Date.parse(keys.lastUse(key).at ?? key.created_at) < longAgo,
        ).length,
      },
      setup: {
        has_key: all.some(({ kind }) => kind === apiKeyKind),
        has_platform_key: all.some(({ kind }) => kind === "plat"),
        has_subscription: subscription === 1,
        has_call: call === 1,
        has_location: location === 1,
      },
    };
  }

  return [
    sessionRoute({
      method: "GET",
      path: "/overview",
      query: RangeQuery,
      async handle({ query }) {
        const range = rangeOf(query);
        const { from, to, timezone } = range;
        const length = Date.parse(to) - Date.parse(from);
        const before = { ...range, from: isoTime(Date.parse(from) - length), to: from };
        return dataResponse<Overview>({
          ...{ from, to, timezone },
          ...(await counts.count(range)),
          before: await counts.sum(before),
          ...attentionAndSetup(),
        });
      },
    }),
  ];
}
