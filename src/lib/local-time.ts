/** Times as the clock on the wall of a time zone shows them. The zone's own rules are Temporal's. */

export interface LocalTime {
  /** Such as `2026-11-23`. */
  date: string;
  /** From 0, Monday, to 6. */
  weekday: number;
  hour: number;
}

const zoned = (ms: number, timezone: string) =>
  Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timezone);

export function localTime(ms: number, timezone: string): LocalTime {
  const time = zoned(ms, timezone);
  return { date: time.toPlainDate().toString(), weekday: time.dayOfWeek - 1, hour: time.hour };
}

/** When the local day began that is `days` before the one of `ms`. */
export const localMidnight = (ms: number, timezone: string, days: number): number =>
  zoned(ms, timezone).subtract({ days }).startOfDay().epochMilliseconds;

/** Every date from the first to the last, both included. */
export function datesBetween(first: string, last: string): string[] {
  const dates: string[] = [];
  const end = Temporal.PlainDate.from(last);
  for (
    let date = Temporal.PlainDate.from(first);
    Temporal.PlainDate.compare(date, end) <= 0;
    date = date.add({ days: 1 })
  )
    dates.push(date.toString());
  return dates;
}

/** When it is this time of day (`09:30`) on this date; one that the clocks jump over is later by as much. */
export const atLocalTime = (date: string, time: string, timezone: string): number =>
  Temporal.PlainDateTime.from(`${date}T${time}`).toZonedDateTime(timezone).epochMilliseconds;
