/** Formatted values: times, durations, phone numbers. The exact form is in a tooltip or can be copied. */
import { ActionIcon, Anchor, CopyButton, Group, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import parsePhoneNumber from "libphonenumber-js/min";
import type { ReactNode } from "react";

const DAY_MS = 86_400_000;
const format = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(undefined, options);
const hour = format({ hour: "2-digit", minute: "2-digit" });
const day = format({ day: "numeric", month: "short" });
const dayOfYear = format({ day: "numeric", month: "short", year: "numeric" });
const percent = new Intl.NumberFormat(undefined, { style: "percent" });
const exact = format({ dateStyle: "full", timeStyle: "long" });

/** 14 Nov */
export const formatDay = (at: Date): string => day.format(at);

const startOfDay = (ms: number) => new Date(ms).setHours(0, 0, 0, 0);

/** 10:42 today, Yesterday 10:42, 14 Nov 10:42, 14 Nov 2025. */
export function formatTime(iso: string, now = Date.now()): string {
  const at = new Date(iso);
  const days = Math.round((startOfDay(now) - startOfDay(at.getTime())) / DAY_MS);
  if (days === 0) return hour.format(at);
  if (days === 1) return `Yesterday ${hour.format(at)}`;
  if (days === -1) return `Tomorrow ${hour.format(at)}`;
  if (at.getFullYear() === new Date(now).getFullYear())
    return `${day.format(at)} ${hour.format(at)}`;
  return dayOfYear.format(at);
}

const Fallback = ({ children }: { children: string }) => (
  <Text span inherit c="dimmed">
    {children}
  </Text>
);

/** A point in time. The tooltip has the exact time with its time zone. */
export function Time({ at, fallback = "Never" }: { at: string | null; fallback?: string }) {
  if (at === null) return <Fallback>{fallback}</Fallback>;
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

/** 0.49 as 49%, in the form of the viewer's locale. */
export const formatPercent = (fraction: number): string => percent.format(fraction);

/** "+15550100142" in international format. A number of an unknown country is returned unchanged. */
export function formatPhone(number: string): string {
  const parsed = parsePhoneNumber(number);
  if (!parsed?.isPossible()) return number;
  return parsed.formatInternational();
}

interface PhoneProps {
  number: string | null;
  fallback?: string;
}

export function Phone({ number, fallback = "Withheld" }: PhoneProps) {
  if (number === null) return <Fallback>{fallback}</Fallback>;
  return (
    <span className="figures" title={number}>
      {formatPhone(number)}
    </span>
  );
}

/** A button that copies `value`. */
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

interface CopyableProps {
  value: string;
  label: string;
  /** Shown in place of the value. */
  children?: ReactNode;
}

/** Text with a button that copies it. */
export function Copyable({ value, label, children }: CopyableProps) {
  return (
    <Group gap={4} wrap="nowrap">
      <Text span inherit style={{ overflowWrap: "anywhere" }}>
        {children ?? value}
      </Text>
      <Copy value={value} label={label} />
    </Group>
  );
}

/** Plain text with its line breaks. */
export function Prose({ children }: { children: string }) {
  return <Text style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{children}</Text>;
}

/** A link inside the dashboard. `to` is a path with its query string. */
export function PageLink({ to, children }: { to: string; children: ReactNode }) {
  return (
    <Anchor component={Link} to={to} inherit underline="always">
      {children}
    </Anchor>
  );
}
