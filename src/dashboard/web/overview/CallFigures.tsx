/** The figures of a period's calls. Each links to the list of the calls that it counts. */
import { Card, SimpleGrid, Text } from "@mantine/core";
import { lazy, Suspense } from "react";
import type { Overview } from "../../answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { formatDuration, PageLink } from "../parts/text.tsx";
import { BusiestHours } from "./BusiestHours.tsx";
import { Section } from "./Section.tsx";

const CallsPerDay = lazy(() => import("./CallsPerDay.tsx"));

/** The address of the list of the counted calls, narrowed by more filters. */
type CallsLink = (filters?: Record<string, string>) => string;

interface CallFiguresProps {
  overview: Overview;
  period: { from: string; to: string };
  /** The counted location; undefined for all. */
  locationId: string | undefined;
}

export function CallFigures({ overview, period, locationId }: CallFiguresProps) {
  const { totals, days, outcomes, hours } = overview;
  const scope = locationId ? { ...period, location_id: locationId } : period;
  const linkTo: CallsLink = (filters) =>
    `${PAGE_PATHS.calls}?${new URLSearchParams({ ...scope, ...filters })}`;
  const hidden = `${totals.hidden.toLocaleString()} spam or unscorable ${totals.hidden === 1 ? "call is" : "calls are"} not counted.`;
  if (totals.calls === 0)
    return <Text c="dimmed">No calls in this period. {totals.hidden > 0 && hidden}</Text>;
  return (
    <>
      <Totals overview={overview} linkTo={linkTo} />
      {totals.hidden > 0 && (
        <Text size="sm" c="dimmed">
          {hidden} <PageLink to={linkTo({ hidden: "show" })}>Show all</PageLink>
        </Text>
      )}
      <Section title="Calls per day">
        <Suspense fallback={<div style={{ height: 260 }} />}>
          <CallsPerDay days={days} outcomes={outcomes} />
        </Suspense>
      </Section>
      <Rankings overview={overview} linkTo={linkTo} />
      <Section title="Busiest hours">
        <BusiestHours hours={hours} />
      </Section>
    </>
  );
}

interface PartProps {
  overview: Overview;
  linkTo: CallsLink;
}

function Totals({ overview: { totals, before: previous }, linkTo }: PartProps) {
  const average = ({ seconds, calls }: { seconds: number; calls: number }) =>
    calls === 0 ? 0 : seconds / calls;
  return (
    <SimpleGrid cols={{ base: 1, xs: 3 }}>
      <Figure
        title="Calls"
        current={totals.calls}
        previous={previous.calls}
        format={(calls) => calls.toLocaleString()}
        to={linkTo()}
      />
      <Figure
        title="Minutes"
        current={totals.seconds / 60}
        previous={previous.seconds / 60}
        format={(minutes) => Math.round(minutes).toLocaleString()}
        to={linkTo()}
      />
      <Figure
        title="Average call duration"
        current={average(totals)}
        previous={average(previous)}
        format={(seconds) => formatDuration(Math.round(seconds))}
        to={linkTo()}
      />
    </SimpleGrid>
  );
}

interface FigureProps {
  title: string;
  current: number;
  previous: number;
  format(value: number): string;
  to: string;
}

const signedPercent = new Intl.NumberFormat(undefined, {
  style: "percent",
  signDisplay: "exceptZero",
  maximumFractionDigits: 0,
});

/** A figure of the current period and its change since the previous period. */
function Figure({ title, current, previous, format, to }: FigureProps) {
  return (
    <Card withBorder padding="md">
      <Text size="sm" c="dimmed">
        {title}
      </Text>
      <Text fz={28} fw={650} className="figures">
        <PageLink to={to}>{format(current)}</PageLink>
      </Text>
      <Text size="sm" c="dimmed">
        {previous === 0
          ? "No calls in the previous period"
          : `${signedPercent.format(current / previous - 1)} vs. previous period`}
      </Text>
    </Card>
  );
}

function Rankings({ overview, linkTo }: PartProps) {
  const { intents, other_intents, outcomes, other_outcomes } = overview;
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Section title="Intents">
        <Ranking
          rows={intents.map(({ intent_id, name, calls }) => ({
            name: name ?? "No intent",
            count: calls,
            to: intent_id && linkTo({ intent_id }),
          }))}
          rest={other_intents}
        />
      </Section>
      <Section title="Outcomes">
        <Ranking
          rows={outcomes.map(({ outcome, calls }) => ({
            name: outcome ?? "No outcome",
            count: calls,
            to: outcome && linkTo({ outcome }),
          }))}
          rest={other_outcomes}
        />
      </Section>
    </SimpleGrid>
  );
}

interface RankingProps {
  rows: { name: string; count: number; to: string | null }[];
  rest: { count: number; calls: number };
}

function Ranking({ rows, rest }: RankingProps) {
  const max = Math.max(...rows.map(({ count }) => count), 1);
  return (
    <ol className="ranking">
      {rows.map(({ name, count, to }) => (
        <li key={name}>
          <span className="anywhere">{to ? <PageLink to={to}>{name}</PageLink> : name}</span>
          <span className="figures">{count.toLocaleString()}</span>
          <meter max={max} value={count} aria-label={`${name}: ${count}`} />
        </li>
      ))}
      {rest.count > 0 && (
        <li>
          <Text span inherit c="dimmed">
            {rest.count.toLocaleString()} more
          </Text>
          <span className="figures">{rest.calls.toLocaleString()}</span>
        </li>
      )}
    </ol>
  );
}
