/** Busiest hours: a table of week by hour, the darker the more calls. */
import { ScrollArea } from "@mantine/core";

const DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

export function Hours({ hours }: { hours: number[][] }) {
  const most = Math.max(...hours.flat(), 1);
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
                  title={`${DAYS[day]} ${hour}:00, ${count} calls`}
                  style={{
                    background: `color-mix(in srgb, var(--mantine-color-brand-6) ${Math.round((count / most) * 70)}%, transparent)`,
                  }}
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
