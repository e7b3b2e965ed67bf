/** Overview of a period: call figures, distributions, and what needs attention. */
import { SegmentedControl, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import dayjs from "dayjs";
import type { Overview } from "../../answers.ts";
import { dataQuery } from "../api/queries.ts";
import { LocationSelect } from "../parts/choices.tsx";
import { useListSearch } from "../parts/list-search.ts";
import { Loaded } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { ownTimeZone } from "../parts/time-zone.tsx";
import { CallFigures } from "./CallFigures.tsx";
import { FirstSteps } from "./FirstSteps.tsx";
import { NeedsAttention } from "./NeedsAttention.tsx";

const PERIODS = [
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
];

const ENTITIES = [
  "call",
  "intent",
  "location",
  "api_key",
  "webhook_subscription",
  "delivery",
] as const;

export function OverviewPage() {
  const [search, change] = useListSearch();
  const days = PERIODS.some(({ value }) => value === search.days) ? Number(search.days) : 30;
  const today = dayjs().startOf("day");
  const period = {
    from: today.subtract(days - 1, "day").toISOString(),
    to: today.add(1, "day").toISOString(),
  };
  const parameters = { ...period, timezone: ownTimeZone(), location_id: search.location_id };
  const query = useQuery(dataQuery<Overview>("/overview", ENTITIES, parameters));
  return (
    <Page
      title="Overview"
      actions={
        <>
          <LocationSelect
            label={undefined}
            aria-label="Location"
            placeholder="All locations"
            value={search.location_id ?? null}
            onChange={(value) => change({ location_id: value ?? undefined })}
          />
          <SegmentedControl
            aria-label="Period"
            data={PERIODS}
            value={String(days)}
            onChange={(value) => change({ days: value === "30" ? undefined : value })}
          />
        </>
      }
    >
      <Loaded query={query} lines={12}>
        {(overview) => (
          <Stack gap="lg">
            <FirstSteps setup={overview.setup} />
            <NeedsAttention attention={overview.attention} />
            {overview.setup.has_call && (
              <CallFigures overview={overview} period={period} locationId={search.location_id} />
            )}
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}
