/** A panel over one object of a list: it reads the object, or begins a new one at the id `new`. */

import { Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { oneQuery } from "../api/queries.ts";
import type { Resource } from "../api/resources.ts";
import { Panel } from "./page.tsx";
import { FailureNotice, SkeletonLines } from "./states.tsx";

interface ObjectPanelProps<T extends object> {
  resource: Resource<T>;
  /** Of the object, or `new`. */
  id: string;
  titleOf(object: T): string;
  onClose(): void;
  /** `known`: the object with its ETag; null for a new one. */
  children(known: { data: T; etag: string | null } | null): ReactNode;
  /** What stands below the form of one that is known. */
  below?(object: T): ReactNode;
}

export function ObjectPanel<T extends object>(props: ObjectPanelProps<T>) {
  const { resource, id, titleOf, onClose, children, below } = props;
  const isNew = id === "new";
  const one = useQuery({
    ...oneQuery<T>(`${resource.path}/${id}`, [resource.entity]),
    enabled: !isNew,
  });
  const noun = resource.noun.charAt(0).toUpperCase() + resource.noun.slice(1);
  if (isNew)
    return (
      <Panel title={`New ${resource.noun}`} onClose={onClose}>
        {children(null)}
      </Panel>
    );
  return (
    <Panel key={id} title={one.data ? titleOf(one.data.data) : noun} onClose={onClose}>
      {one.data ? (
        <Stack gap="lg">
          {children(one.data)}
          {below?.(one.data.data)}
        </Stack>
      ) : one.error ? (
        <FailureNotice error={one.error} retry={() => void one.refetch()} />
      ) : (
        <SkeletonLines />
      )}
    </Panel>
  );
}
