/** Choosing a time zone, by typing a part of its name. */
import { Select, type SelectProps } from "@mantine/core";

/** That of this browser. */
export const ownTimeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

export function TimeZoneSelect({ value, ...select }: SelectProps) {
  const zones = new Set([...Intl.supportedValuesOf("timeZone"), "UTC"]);
  // Old names are zones too, though no list has them.
  if (typeof value === "string" && value !== "") zones.add(value);
  return (
    <Select
      data={[...zones]}
      value={value}
      searchable
      allowDeselect={false}
      limit={100}
      nothingFoundMessage="No such time zone"
      {...select}
    />
  );
}
