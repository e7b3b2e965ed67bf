/** A select of time zones with search. */
import { Select, type SelectProps } from "@mantine/core";

/** The browser's time zone. */
export const ownTimeZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function TimeZoneSelect({ value, ...select }: SelectProps) {
  const zones = new Set([...Intl.supportedValuesOf("timeZone"), "UTC"]);
  // A stored value may be an old name, which the browser supports but does not list.
  if (typeof value === "string" && value !== "") zones.add(value);
  return (
    <Select
      data={[...zones]}
      value={value}
      searchable
      allowDeselect={false}
      limit={100}
      nothingFoundMessage="No matches"
      {...select}
    />
  );
}
