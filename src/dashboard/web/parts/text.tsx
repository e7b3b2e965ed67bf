/** Small things as people read them: times, numbers, telephone numbers, with the exact form a hover or a copy away. */
import { ActionIcon, Anchor, CopyButton, Group, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import parsePhoneNumber from "libphonenumber-js/min";
import type { ReactNode } from "react";

const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(undefined, options);
const hour = format({ hour: "2-digit", minute: "2-digit" });
const day = format({ day: "numeric", month: "short" });
const dayOfYear = format({ day: "numeric", month: "short", year: "numeric" });
const exact = format({ dateStyle: "full", timeStyle: "long" });

/** 14 Nov */
export const formatDay = (at: Date): string => day.format(at);

const startOfDay = (ms: number) => new Date(ms).setHours(0, 0, 0, 0);

/** 10:42 today, Yesterday 10:42, 14 Nov 10:42, 14 Nov 2025. */
export function formatTime(iso: string, now = Date.now()): string {
  const at = new Date(iso);
  const days = Math.round((startOfDay(now) - startOfDay(at.getTime())) / 86_400_000);
  if (days === 0) return hour.format(at);
  if (days === 1) return `Yesterday ${hour.format(at)}`;
  if (days === -1) return `Tomorrow ${hour.format(at)}`;
  if (at.getFullYear() === new Date(now).getFullYear())
    return `${day.format(at)} ${hour.format(at)}`;
  return dayOfYear.format(at);
}

/** A point in time; the exact one with its zone on hover, and in what is copied. */
export function Time({ at, fallback = "Never" }: { at: string | null; fallback?: string }) {
  if (at === null)
    return (
      <Text span inherit c="dimmed">
        {fallback}
      </Text>
    );
  return (
    <Tooltip label={exact.format(new Date(at))}>
      <time dateTime={at} className="figures">
        {formatTime(at)}
      </time>
    </Tooltip>
  );
}

/** 4:12, or 1:02:07 from an hour on. */
export function formatDuration(seconds: number): string {
  const parts = [Math.floor(seconds / 60) % 60, Math.floor(seconds % 60)];
  const hours = Math.floor(seconds / 3600);
  const padded = parts.map((part, i) =>
    i === 0 && hours === 0 ? part : String(part).padStart(2, "0"),
  );
  return [...(hours > 0 ? [hours] : []), ...padded].join(":");
}

/** "+15550100142" as it is read in its country; what is no known number stays as it is. */
export function formatPhone(number: string): string {
  const parsed = parsePhoneNumber(number);
  if (!parsed?.isPossible()) return number;
  return parsed.formatInternational();
}

export function Phone({
  number,
  fallback = "Withheld",
}: {
  number: string | null;
  fallback?: string;
}) {
  if (number === null)
    return (
      <Text span inherit c="dimmed">
        {fallback}
      </Text>
    );
  return (
    <span className="figures" title={number}>
      {formatPhone(number)}
    </span>
  );
}

/** A button that copies `value` and says so. */
export function Copy({ value, label }: { value: string; label: string }) {
  return (
    <CopyButton value={value} timeout={2_000}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : label}>
          <ActionIcon
            variant="subtle"
            color={copied ? "brand" : "gray"}
            onClick={copy}
            aria-label={copied ? "Copied" : label}
          >
            {copied ? <IconCheck size={16} /> : <IconCopy size={16} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** Text with a button that copies it. */
export function Copyable({
  value,
  label,
  children,
}: {
  value: string;
  label: string;
  children?: ReactNode;
}) {
  return (
    <Group gap={4} wrap="nowrap">
      <Text span inherit style={{ overflowWrap: "anywhere" }}>
        {children ?? value}
      </Text>
      <Copy value={value} label={label} />
    </Group>
  );
}

/** What a person typed, as text and nothing else, with its line breaks. */
export function Prose({ children }: { children: string }) {
  return <Text style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{children}</Text>;
}

/** A link inside the dashboard. `to` is a whole address, with what stands behind its `?`. */
export function PageLink({ to, children }: { to: string; children: ReactNode }) {
  return (
    <Anchor component={Link} to={to} inherit underline="always">
      {children}
    </Anchor>
  );
}
