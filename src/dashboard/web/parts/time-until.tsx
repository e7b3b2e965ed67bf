/** Times that are still to come, as people say them, kept current. */
import { Tooltip } from "@mantine/core";
import { useInterval } from "@mantine/hooks";
import { useState } from "react";

// In the language of the page, not of the browser.
const words = new Intl.RelativeTimeFormat("en-GB", { style: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

/** "in 14 min"; "now" for what is due. */
export function formatTimeUntil(iso: string, now: number): string {
  const seconds = Math.round((Date.parse(iso) - now) / 1_000);
  const minutes = Math.round(seconds / 60);
  const hours = Math.round(minutes / 60);
  if (seconds <= 0) return "now";
  if (seconds < 60) return words.format(seconds, "second");
  if (minutes < 60) return words.format(minutes, "minute");
  if (hours < 48) return words.format(hours, "hour");
  return words.format(Math.round(hours / 24), "day");
}

/** A time to come; the exact one with its zone on hover. */
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
