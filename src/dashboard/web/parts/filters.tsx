/** Filters of a list. Each stores its value in the address under the name of the API's parameter. */
import { Select } from "@mantine/core";
import { LocationSelect } from "./choices.tsx";
import { useListSearch } from "./list-search.ts";

interface FilterSelectProps {
  /** The API's parameter. */
  name: string;
  label: string;
  /** Shown while no value is chosen, such as "Any source". */
  placeholder: string;
  data: readonly { value: string; label: string }[];
}

/** A choice of one value, or none for all. */
export function FilterSelect({ name, label, placeholder, data }: FilterSelectProps) {
  const [search, change] = useListSearch();
  return (
    <Select
      aria-label={label}
      placeholder={placeholder}
      data={data}
      clearable
      searchable={data.length > 8}
      w={{ base: "100%", xs: 160 }}
      value={search[name] ?? null}
      onChange={(value) => change({ [name]: value ?? undefined })}
    />
  );
}

interface ActiveFilterProps {
  /** The API's parameter; its values are `true` and `false`. */
  name?: string;
  /** The labels of `true` and `false`. */
  labels?: readonly [string, string];
}

export function ActiveFilter({
  name = "active",
  labels = ["Active", "Inactive"],
}: ActiveFilterProps) {
  const data = [
    { value: "true", label: labels[0] },
    { value: "false", label: labels[1] },
  ];
  return <FilterSelect name={name} label="Status" placeholder="Any status" data={data} />;
}

export function LocationFilter() {
  const [search, change] = useListSearch();
  return (
    <LocationSelect
      label={undefined}
      aria-label="Location"
      placeholder="All locations"
      value={search.location_id ?? null}
      onChange={(value) => change({ location_id: value ?? undefined })}
    />
  );
}
