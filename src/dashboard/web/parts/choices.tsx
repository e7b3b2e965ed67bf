/** Choices of things that exist: a location, a team member, an intent. */
import { Select, type SelectProps } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { allQuery } from "../api/queries.ts";
import { locations, type Resource } from "../api/resources.ts";

interface Named {
  id: string;
  name: string;
}

/** All of a resource by name, and the name of one. */
export function useNames(resource: Resource<Named>) {
  const { data } = useQuery(allQuery<Named>(resource.path, [resource.entity]));
  return {
    options: (data ?? []).map(({ id, name }) => ({ value: id, label: name })),
    nameOf: (id: string | null) => data?.find((each) => each.id === id)?.name ?? "",
  };
}

export function ResourceSelect({
  resource,
  ...select
}: Omit<SelectProps, "data" | "resource"> & { resource: Resource<Named> }) {
  const { options } = useNames(resource);
  return <Select data={options} clearable searchable={options.length > 8} {...select} />;
}

/** A location, or all of them. */
export const LocationSelect = (select: Omit<SelectProps, "data" | "resource">) => (
  <ResourceSelect
    resource={locations as Resource<Named>}
    label="Location"
    placeholder="Everywhere"
    {...select}
  />
);
