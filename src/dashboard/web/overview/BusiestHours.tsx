/** Calls by day of the week and hour: the more calls, the darker the cell. */
import { ScrollArea } from "@mantine/core";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

export function BusiestHours({ hours }: { hours: number[][] }) {
  const max = Math.max(...hours.flat(), 1);
  const colorOf = (count: number) =>
    `color-mix(in srgb, var(--mantine-color-brand-6) ${Math.round((count / max) * 70)}%, transparent)`;
  return (
    <ScrollArea
      type="auto"
      viewportProps={{ tabIndex: 0, role: "group", "aria-label": "Busiest hours" }}
    >
      <table className="hours">
        <thead>
          <tr>
            <td />
            {Array.from({ length: 24 }, (_, hour) => (
              <th key={`${hour}`} scope="col">
                {hour}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {hours.map((row, day) => (
            <tr key={DAYS[day]}>
              <th scope="row">{DAYS[day]}</th>
              {row.map((count, hour) => (
                <td
                  key={`${DAYS[day]} ${hour}`}
                  title={`${DAYS[day]} ${hour}:00: ${count.toLocaleString()} ${count === 1 ? "call" : "calls"}`}
                  style={{ background: colorOf(count) }}
                >
                  {count > 0 && count}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollArea>
  );
}
