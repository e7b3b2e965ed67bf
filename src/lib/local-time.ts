/** Local times in a time zone; Temporal knows the rules of the zones. */

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

/** The start of the local day `days` before the day of `ms`. */
export const localMidnight = (ms: number, timezone: string, days: number): number =>
  zoned(ms, timezone).subtract({ days }).startOfDay().epochMilliseconds;

/** Every date from the first to the last, inclusive. */
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

/** The point in time of a time of day (`09:30`) on a date; a time skipped by daylight saving is shifted forward. */
export const atLocalTime = (date: string, time: string, timezone: string): number =>
  Temporal.PlainDateTime.from(`${date}T${time}`).toZonedDateTime(timezone).epochMilliseconds;
