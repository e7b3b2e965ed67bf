/** Overview: what came in, when, about what, and what needs somebody. */
import { Card, Group, SegmentedControl, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import dayjs from "dayjs";
import { lazy, type ReactNode, Suspense } from "react";
import type { Overview } from "../../answers.ts";
import { dataQuery } from "../api/queries.ts";
import { LocationSelect } from "../parts/choices.tsx";
import { useListSearch } from "../parts/list-search.ts";
import { Page } from "../parts/page.tsx";
import { FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { formatDuration, PageLink } from "../parts/text.tsx";
import { ownTimeZone } from "../parts/time-zone.tsx";
import { FirstSteps } from "./FirstSteps.tsx";
import { Hours } from "./Hours.tsx";

const Days = lazy(() => import("./Days.tsx"));

const RANGES = [
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
];

const KINDS = [
  "call",
  "intent",
  "location",
  "api_key",
  "webhook_subscription",
  "delivery",
] as const;

export function OverviewPage() {
  const [search, change] = useListSearch();
  const days = RANGES.some(({ value }) => value === search.days) ? Number(search.days) : 30;
  const range = {
    from: dayjs()
      .startOf("day")
      .subtract(days - 1, "day")
      .toISOString(),
    to: dayjs().startOf("day").add(1, "day").toISOString(),
  };
  const query = { ...range, timezone: ownTimeZone(), location_id: search.location_id };
  const one = useQuery(dataQuery<Overview>("/overview", KINDS, query));
  const { data } = one;
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
            aria-label="Range"
            data={RANGES}
            value={String(days)}
            onChange={(value) => change({ days: value === "30" ? undefined : value })}
          />
        </>
      }
    >
      {one.error && !data ? (
        <FailureNotice error={one.error} retry={() => void one.refetch()} />
      ) : !data ? (
        <SkeletonLines lines={12} />
      ) : (
        <Stack gap="lg">
          <FirstSteps setup={data.setup} />
          <NeedsAttention attention={data.attention} />
          {data.setup.has_call && (
            <Numbers overview={data} range={range} place={search.location_id} />
          )}
        </Stack>
      )}
    </Page>
  );
}

interface NumbersProps {
  overview: Overview;
  range: { from: string; to: string };
  /** The location counted; all of them where undefined. */
  place: string | undefined;
}

function Numbers({ overview, range, place }: NumbersProps) {
  const { totals, before, days, outcomes, other_outcomes, intents, other_intents, hours } =
    overview;
  /** The list of the calls that a number counts. */
  const calls = (more: Record<string, string>) =>
    `/calls?${new URLSearchParams({ ...range, ...(place ? { location_id: place } : {}), ...more })}`;
  if (totals.calls === 0)
    return (
      <Text c="dimmed">
        No calls in this time{totals.hidden > 0 && `, but ${totals.hidden} spam or unscorable ones`}
        .
      </Text>
    );
  const average = (seconds: number, count: number) => (count === 0 ? 0 : seconds / count);
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 3 }}>
        <Figure
          title="Calls"
          now={totals.calls}
          before={before.calls}
          say={(n) => n.toLocaleString()}
          to={calls({})}
        />
        <Figure
          title="Minutes"
          now={totals.seconds / 60}
          before={before.seconds / 60}
          say={(n) => Math.round(n).toLocaleString()}
          to={calls({})}
        />
        <Figure
          title="Length of a call"
          now={average(totals.seconds, totals.calls)}
          before={average(before.seconds, before.calls)}
          say={(n) => formatDuration(Math.round(n))}
          to={calls({})}
        />
      </SimpleGrid>
      {totals.hidden > 0 && (
        <Text size="sm" c="dimmed">
          Not counted: {totals.hidden.toLocaleString()} spam or unscorable calls.{" "}
          <PageLink to={calls({ hidden: "show" })}>Show all</PageLink>
        </Text>
      )}
      <Section title="Calls a day">
        <Suspense fallback={<div style={{ height: 260 }} />}>
          <Days days={days} outcomes={outcomes} />
        </Suspense>
      </Section>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Section title="Intents">
          <Ranking
            rows={intents.map(({ intent_id, name, calls: count }) => ({
              name: name ?? "Without an intent",
              count,
              to: intent_id && calls({ intent_id }),
            }))}
            rest={other_intents}
          />
        </Section>
        <Section title="Outcomes">
          <Ranking
            rows={outcomes.map(({ outcome, calls: count }) => ({
              name: outcome ?? "Without an outcome",
              count,
              to: outcome && calls({ outcome }),
            }))}
            rest={other_outcomes}
          />
        </Section>
      </SimpleGrid>
      <Section title="Busiest hours">
        <Hours hours={hours} />
      </Section>
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card withBorder component="section" padding="md">
      <Title order={2} size="h5" mb="sm">
        {title}
      </Title>
      {children}
    </Card>
  );
}

interface FigureProps {
  title: string;
  now: number;
  before: number;
  say(value: number): string;
  to: string;
}

/** A number, the list it counts, and how it stands against as long a time before. */
function Figure({ title, now, before, say, to }: FigureProps) {
  const percent = before === 0 ? null : Math.round((now / before - 1) * 100);
  const change =
    percent === null
      ? "Nothing to compare with before"
      : percent === 0
        ? "As before"
        : `${Math.abs(percent)} % ${percent > 0 ? "more" : "less"} than before`;
  return (
    <Card withBorder padding="md">
      <Text size="sm" c="dimmed">
        {title}
      </Text>
      <Text fz={28} fw={650} className="figures">
        <PageLink to={to}>{say(now)}</PageLink>
      </Text>
      <Text size="sm" c="dimmed">
        {change}
      </Text>
    </Card>
  );
}

interface RankingProps {
  rows: { name: string; count: number; to: string | null }[];
  rest: { count: number; calls: number };
}

/** Ranked bars, each with the list it counts. */
function Ranking({ rows, rest }: RankingProps) {
  const most = Math.max(...rows.map(({ count }) => count), 1);
  return (
    <ol className="ranking">
      {rows.map(({ name, count, to }) => (
        <li key={name}>
          <span className="anywhere">{to ? <PageLink to={to}>{name}</PageLink> : name}</span>
          <span className="figures">{count.toLocaleString()}</span>
          <meter max={most} value={count} aria-label={`${name}: ${count}`} />
        </li>
      ))}
      {rest.count > 0 && (
        <li>
          <Text span inherit c="dimmed">
            {rest.count} others
          </Text>
          <span className="figures">{rest.calls.toLocaleString()}</span>
        </li>
      )}
    </ol>
  );
}

/** What waits for somebody, with the page where it is dealt with. */
function NeedsAttention({ attention }: { attention: Overview["attention"] }) {
  const items = [
    {
      count: attention.open_items,
      one: "message or callback to deal with",
      many: "messages and callbacks to deal with",
      to: "/attention",
    },
    {
      count: attention.auto_disabled_subscriptions,
      one: "webhook that the server switched off",
      many: "webhooks that the server switched off",
      to: "/webhooks?enabled=false",
    },
    {
      count: attention.failing_subscriptions,
      one: "webhook that fails",
      many: "webhooks that fail",
      to: "/webhooks?enabled=true",
    },
    {
      count: attention.expiring_keys,
      one: "API key that ends within 14 days",
      many: "API keys that end within 14 days",
      to: "/settings/keys",
    },
    {
      count: attention.unused_keys,
      one: "API key not used for 90 days",
      many: "API keys not used for 90 days",
      to: "/settings/keys",
    },
  ].filter(({ count }) => count > 0);
  return (
    <Section title="Needs attention">
      {items.length === 0 ? (
        <Group gap="xs">
          <IconCheck size={18} color="var(--mantine-color-green-7)" aria-hidden />
          Nothing needs you now.
        </Group>
      ) : (
        <Stack gap={6}>
          {items.map(({ count, one, many, to }) => (
            <Group key={one} gap="xs" wrap="nowrap">
              <IconAlertTriangle
                size={18}
                color="var(--mantine-color-yellow-7)"
                aria-hidden
                style={{ flexShrink: 0 }}
              />
              <PageLink to={to}>
                {count.toLocaleString()} {count === 1 ? one : many}
              </PageLink>
            </Group>
          ))}
        </Stack>
      )}
    </Section>
  );
}
