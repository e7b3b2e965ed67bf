/** A time in the future as a relative time, kept current. */
import { Tooltip } from "@mantine/core";
import { useInterval } from "@mantine/hooks";
import { useState } from "react";

// In English, as the page is, whatever the browser's language.
const relative = new Intl.RelativeTimeFormat("en-GB", { style: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

/** "in 14 min", or "now" for a time that has passed. */
export function formatTimeUntil(iso: string, now: number): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1_000);
  const minutes = Math.round(seconds / 60);
  const hours = Math.round(minutes / 60);
  if (seconds <= 0) return "now";
  if (seconds < 60) return relative.format(seconds, "second");
  if (minutes < 60) return relative.format(minutes, "minute");
  if (hours < 48) return relative.format(hours, "hour");
  return relative.format(Math.round(hours / 24), "day");
}

/** The tooltip has the exact time with its time zone. */
export function TimeUntil({ at }: { at: string }) {
  const [now, setNow] = useState(Date.now);
  useInterval(() => setNow(Date.now()), 1_000, { autoInvoke: true });
  return (
    <Tooltip label={exact.format(new Date(at))}>
      <time dateTime={at} className="figures">
        {formatTimeUntil(at, now)}
      </time>
    </Tooltip>
  );
}
