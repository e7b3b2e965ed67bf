/** Calls per day as stacked bars by outcome. The page loads it lazily, because the chart library is large. */
import { BarChart } from "@mantine/charts";
import { PAGE_PATHS } from "../../page-paths.ts";
import "@mantine/charts/styles.css";
import { VisuallyHidden } from "@mantine/core";
import { useReducedMotion } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import dayjs from "dayjs";
import type { Overview } from "../../answers.ts";
import { formatDay } from "../parts/text.tsx";

const COLORS = ["brand.6", "blue.5", "yellow.6", "grape.5", "orange.6"];
const NO_OUTCOME = "No outcome";
const OTHER_OUTCOMES = "Other outcomes";

type CallsPerDayProps = Pick<Overview, "days" | "outcomes">;

export default function CallsPerDay({ days, outcomes }: CallsPerDayProps) {
  const navigate = useNavigate();
  const isMotionReduced = useReducedMotion();
  const openDay = (bar: { payload?: { date?: string } }) => {
    const day = dayjs(bar.payload?.date);
    const from = day.startOf("day").toISOString();
    const to = day.add(1, "day").startOf("day").toISOString();
    void navigate({ to: PAGE_PATHS.calls, search: { from, to } });
  };
  return (
    <>
      <div aria-hidden>
        <BarChart
          h={260}
          {...seriesOf({ days, outcomes })}
          dataKey="day"
          type="stacked"
          withLegend
          tickLine="none"
          gridAxis="x"
          // The table below is for keyboards and screen readers.
          barChartProps={{ accessibilityLayer: false }}
          barProps={{ isAnimationActive: !isMotionReduced, cursor: "pointer", onClick: openDay }}
        />
      </div>
      <VisuallyHidden>
        <table>
          <caption>Calls per day</caption>
          <tbody>
            {days.map(({ date, calls }) => (
              <tr key={date}>
                <th scope="row">{date}</th>
                <td>{calls}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </>
  );
}

/** The parts of each day's bar: one per frequent outcome, and one for the others if any. */
function seriesOf({ days, outcomes }: CallsPerDayProps) {
  const frequent = outcomes.slice(0, COLORS.length).map(({ outcome }) => outcome ?? "");
  const labelOf = (outcome: string) => outcome || NO_OUTCOME;
  const data = days.map(({ date, calls, outcomes: counts }) => {
    const parts = frequent.map((outcome) => [labelOf(outcome), counts[outcome] ?? 0] as const);
    const sum = parts.reduce((total, [, count]) => total + count, 0);
    return {
      date,
      day: formatDay(dayjs(date).toDate()),
      ...Object.fromEntries(parts),
      [OTHER_OUTCOMES]: calls - sum,
    };
  });
  const series = frequent.map((outcome, i) => ({
    name: labelOf(outcome),
    color: outcome === "" ? "gray.6" : COLORS[i]!,
  }));
  if (data.some((day) => (day[OTHER_OUTCOMES] as number) > 0))
    series.push({ name: OTHER_OUTCOMES, color: "cyan.6" });
  return { data, series };
}
