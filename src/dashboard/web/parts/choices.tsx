/** Selects of existing objects: a location, a team member, an intent. */
import { Select, type SelectProps } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { allQuery } from "../api/queries.ts";
import { locations, type Resource } from "../api/resources.ts";

interface Named {
  id: string;
  name: string;
}

/** The objects of a resource as options, and a function that returns the name of one. */
export function useNames(resource: Resource<Named>) {
  const { data } = useQuery(allQuery<Named>(resource.path, [resource.entity]));
  return {
    options: (data ?? []).map(({ id, name }) => ({ value: id, label: name })),
    nameOf: (id: string | null) => data?.find((each) => each.id === id)?.name ?? "",
  };
}

type ResourceSelectProps = Omit<SelectProps, "data" | "resource"> & { resource: Resource<Named> };

export function ResourceSelect({ resource, ...select }: ResourceSelectProps) {
  const { options } = useNames(resource);
  return <Select data={options} clearable searchable={options.length > 8} {...select} />;
}

/** A location, or none for all of them. */
export const LocationSelect = (select: Omit<SelectProps, "data" | "resource">) => (
  <ResourceSelect
    resource={locations as Resource<Named>}
    label="Location"
    placeholder="All locations"
    {...select}
  />
);
