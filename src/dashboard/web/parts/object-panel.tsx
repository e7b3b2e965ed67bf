/** A panel over one object of a list: it loads the object, or shows an empty form at the id `new`. */
import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { NEW_ID } from "../../page-paths.ts";
import { oneQuery } from "../api/queries.ts";
import type { Resource } from "../api/resources.ts";
import { capitalize } from "./capitalize.ts";
import { Loaded } from "./loaded.tsx";
import { Panel } from "./page.tsx";

interface ObjectPanelProps<T extends object> {
  resource: Resource<T>;
  /** The object's id, or `new`. */
  id: string;
  titleOf(object: T): string;
  onClose(): void;
  /** The form. `existing`: the object with its ETag, null for a new one. */
  children(existing: { data: T; etag: string | null } | null): ReactNode;
  /** Content below the form of an existing object. */
  below?(object: T): ReactNode;
}

export function ObjectPanel<T extends object>(props: ObjectPanelProps<T>) {
  const { resource, id, titleOf, onClose, children, below } = props;
  const isNew = id === NEW_ID;
  const query = useQuery({
    ...oneQuery<T>(`${resource.path}/${id}`, [resource.entity]),
    enabled: !isNew,
  });
  if (isNew)
    return (
      <Panel title={`New ${resource.noun}`} onClose={onClose}>
        {children(null)}
      </Panel>
    );
  const title = query.data ? titleOf(query.data.data) : capitalize(resource.noun);
  return (
    <Panel key={id} title={title} onClose={onClose}>
      <Loaded query={query}>
        {(existing) => (
          <Stack gap="lg">
            {children(existing)}
            {below?.(existing.data)}
          </Stack>
        )}
      </Loaded>
    </Panel>
  );
}
