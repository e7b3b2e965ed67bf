/** Calls a day, in bars by outcome. A chunk of its own, for the charts are large. */
import { BarChart } from "@mantine/charts";
import "@mantine/charts/styles.css";
import { VisuallyHidden } from "@mantine/core";
import { useReducedMotion } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import dayjs from "dayjs";
import type { Overview } from "../../answers.ts";
import { formatDay } from "../parts/text.tsx";

const COLOURS = ["brand.6", "blue.5", "yellow.6", "grape.5", "orange.6"];
const NONE = "Without an outcome";
const OTHERS = "Other outcomes";

export default function Days({ days, outcomes }: Pick<Overview, "days" | "outcomes">) {
  const navigate = useNavigate();
  const still = useReducedMotion();
  const named = outcomes.slice(0, COLOURS.length).map(({ outcome }) => outcome ?? "");
  const titleOf = (outcome: string) => outcome || NONE;
  const data = days.map(({ date, calls, outcomes: counts }) => {
    const shown = named.map((outcome) => [titleOf(outcome), counts[outcome] ?? 0] as const);
    const sum = shown.reduce((all, [, count]) => all + count, 0);
    return {
      date,
      day: formatDay(dayjs(date).toDate()),
      calls,
      ...Object.fromEntries(shown),
      [OTHERS]: calls - sum,
    };
  });
  const series = named.map((outcome, i) => ({
    name: titleOf(outcome),
    color: outcome === "" ? "gray.6" : COLOURS[i]!,
  }));
  if (data.some((day) => (day[OTHERS] as number) > 0))
    series.push({ name: OTHERS, color: "cyan.6" });
  return (
    <>
      <div aria-hidden>
        <BarChart
          h={260}
          data={data}
          dataKey="day"
          type="stacked"
          series={series}
          withLegend
          tickLine="none"
          gridAxis="x"
          // Those who go by keyboard or by ear have the table below.
          barChartProps={{ accessibilityLayer: false }}
          barProps={{
            isAnimationActive: !still,
            cursor: "pointer",
            onClick: (bar: { payload?: { date?: string } }) => {
              const day = dayjs(bar.payload?.date);
              void navigate({
                to: "/calls",
                search: {
                  from: day.startOf("day").toISOString(),
                  to: day.add(1, "day").startOf("day").toISOString(),
                },
              });
            },
          }}
        />
      </div>
      <VisuallyHidden>
        <table>
          <caption>Calls a day</caption>
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
