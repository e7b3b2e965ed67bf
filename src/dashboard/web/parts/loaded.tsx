/** The states of a query on a page: skeleton, error, empty, content. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { FailureNotice, SkeletonLines } from "./states.tsx";

interface LoadedProps<T> {
  query: Pick<UseQueryResult<T>, "data" | "error" | "refetch">;
  /** How many lines the skeleton has. */
  lines?: number;
  /** Replaces the skeleton of lines. */
  skeleton?: ReactNode;
  /** Shown instead of the content where `isEmpty` holds. */
  empty?: ReactNode;
  /** By default, an empty array is empty. */
  isEmpty?(data: T): boolean;
  children(data: T): ReactNode;
}

const isEmptyArray = (data: unknown) => Array.isArray(data) && data.length === 0;

/** Data that was loaded before stays visible when a later refresh fails. */
export function Loaded<T>(props: LoadedProps<T>) {
  const { query, lines, skeleton, empty, isEmpty = isEmptyArray, children } = props;
  const { data, error } = query;
  if (data === undefined)
    return error ? (
      <FailureNotice error={error} retry={() => void query.refetch()} />
    ) : (
      (skeleton ?? <SkeletonLines lines={lines} />)
    );
  return empty !== undefined && isEmpty(data) ? empty : children(data);
}
