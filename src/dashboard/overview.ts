/** The overview page: calls in a range of time, what requires attention, and which steps of the setup are done. */
import { z } from "zod";
import type { Appliance } from "../appliance.ts";
import { LIMITS } from "../config.ts";
import { EXAMPLE_IDS } from "../contract/example.ts";
import { queryTime, reference, timeZone } from "../contract/fields.ts";
import { invalid } from "../http/errors.ts";
import type { Query } from "../http/route.ts";
import { isoTime } from "../lib/clock.ts";
import { localMidnight } from "../lib/local-time.ts";
import type { Job } from "../store/background-reader.ts";
import { oncePerDatabase } from "../store/database.ts";
import type { Attention, Overview, Setup } from "./answers.ts";
import { createOpenItems } from "./attention.ts";
import { type CallCounts, type CountRange, createCallCounts } from "./call-counts.ts";
import { type DashboardRoute, dataResponse, sessionRoute } from "./dashboard-route.ts";

const exampleTime = "2026-11-01T00:00:00.000Z";
const OverviewQuery = z.object({
  from: queryTime({ doc: "Calls that started then or later.", example: exampleTime }).optional(),
  to: queryTime({ doc: "Calls that started before then.", example: exampleTime }).optional(),
  timezone: timeZone({
    doc: "The time zone of days and hours.",
    example: "America/Chicago",
  }).optional(),
  location_id: reference({
    doc: "Only calls of this location.",
    example: EXAMPLE_IDS.location,
  }).optional(),
});

const DAY_MS = 86_400_000;
/** The default range: this many days, the current one included. */
const DEFAULT_DAYS = 30;
const EXPIRES_SOON_DAYS = 14;
const UNUSED_DAYS = 90;

type OverviewRequest = Record<"current" | "previous", CountRange>;
/** The parts of an overview that come from the database alone. */
interface OverviewCounts {
  calls: CallCounts & Pick<Overview, "before">;
  attention: Omit<Attention, keyof KeyStatus["attention"]>;
  setup: Omit<Setup, keyof KeyStatus["setup"]>;
}
interface KeyStatus {
  attention: Pick<Attention, "expiring_keys" | "unused_keys">;
  setup: Pick<Setup, "has_key" | "has_platform_key">;
}

const prepareCounts = oncePerDatabase((db) => ({
  calls: createCallCounts(db),
  openItems: createOpenItems(db),
  state: db.$client.prepare<
    Record<"failing" | "disabled" | "subscription" | "call" | "location", number>,
    []
  >(
    `select
       (select count(*) from webhook_subscriptions where enabled = 1 and failing_since is not null) as failing,
       (select count(*) from webhook_subscriptions where enabled = 0 and auto_disabled_reason is not null) as disabled,
       exists (select 1 from webhook_subscriptions) as subscription,
       exists (select 1 from calls) as call,
       exists (select 1 from locations) as location`,
  ),
}));

/** Counts everything that the overview shows of the database. */
export const overviewJob: Job<OverviewRequest, OverviewCounts> = {
  name: "overview",
  run(db, { current, previous }) {
    const { calls, openItems, state } = prepareCounts(db);
    const { failing, disabled, subscription, call, location } = state.get()!;
    return {
      calls: { ...calls.countCalls(current), before: calls.sumCalls(previous) },
      attention: {
        open_items: openItems.count(),
        failing_subscriptions: failing,
        auto_disabled_subscriptions: disabled,
      },
      setup: {
        has_subscription: subscription === 1,
        has_call: call === 1,
        has_location: location === 1,
      },
    };
  },
};

export function overviewRoutes(services: Appliance): DashboardRoute[] {
  const { background } = services;
  const readKeyStatus = createKeyStatusReader(services);
  return [
    sessionRoute({
      method: "GET",
      path: "/overview",
      query: OverviewQuery,
      async handle({ query, user }) {
        const range = readRange(query, services.clock.now());
        const { from, to, timezone } = range;
        const lengthMs = Date.parse(to) - Date.parse(from);
        const previous = { ...range, from: isoTime(Date.parse(from) - lengthMs), to: from };
        const { calls, attention, setup } = await background.run(
          user.id,
          overviewJob,
          { current: range, previous },
          LIMITS.backgroundMs.report,
        );
        const keys = readKeyStatus();
        return dataResponse<Overview>({
          from,
          to,
          timezone,
          ...calls,
          attention: { ...attention, ...keys.attention },
          setup: { ...setup, ...keys.setup },
        });
      },
    }),
  ];
}

/** Throws `validation_failed` for a range that is empty or too long. */
function readRange({ from, to, timezone = "UTC", location_id }: Query, now: number): CountRange {
  const end = to === undefined ? now : Date.parse(to);
  const start =
    from === undefined ? localMidnight(end - 1, timezone, DEFAULT_DAYS - 1) : Date.parse(from);
  if (start >= end)
    throw invalid({ from: "must be earlier than to, which defaults to the current time" });
  if (end - start > LIMITS.overviewDays * DAY_MS)
    throw invalid({ from: `must be at most ${LIMITS.overviewDays} days before to` });
  return { from: isoTime(start), to: isoTime(end), timezone, location: location_id ?? null };
}

function createKeyStatusReader({ keys, apiKeyKind, clock }: Appliance) {
  return (): KeyStatus => {
    const now = clock.now();
    const all = keys.list();
    const kinds = new Set(all.map(({ kind }) => kind));
    const expiryOf = ({ expires_at }: { expires_at: string | null }) =>
      expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(expires_at);
    const usable = all.filter((key) => key.active && expiryOf(key) > now);
    const expiresSoon = now + EXPIRES_SOON_DAYS * DAY_MS;
    const unusedSince = now - UNUSED_DAYS * DAY_MS;
    return {
      attention: {
        expiring_keys: usable.filter((key) => expiryOf(key) <= expiresSoon).length,
        unused_keys: usable.filter(
          (key) => Date.parse(keys.lastUse(key).at ?? key.created_at) < unusedSince,
        ).length,
      },
      setup: { has_key: kinds.has(apiKeyKind), has_platform_key: kinds.has("plat") },
    };
  };
}
