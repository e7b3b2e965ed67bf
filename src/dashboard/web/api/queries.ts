/**
 * What the pages read, kept and refreshed by react-query. Each query says of which kinds of things it tells (`of`), and is
 * read anew when the server says that one of them changed, whoever changed it.
 */
import {
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  queryOptions,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect } from "react";
import type { Changes, Page, SessionInfo } from "../../answers.ts";
import { Failure, getData, type QueryValues, send } from "./client.ts";

declare module "@tanstack/react-query" {
  interface Register {
    queryMeta: { of?: readonly string[] };
  }
}

const LOOK_MS = 2_000;

/** `onSignedOut`: the session has ended, as a request has just learned. */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  const onError = (error: Error) => {
    if (error instanceof Failure && error.code === "unauthorized") onSignedOut();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        // What changed is told; nothing need be asked for again before.
        staleTime: Number.POSITIVE_INFINITY,
        retry: (count, error) => error instanceof Failure && error.status === 0 && count < 2,
        refetchOnWindowFocus: false,
      },
      mutations: { retry: false },
    },
  });
}

/** Who is signed in. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => getData<SessionInfo>("/session", undefined, signal),
  meta: { of: ["user", "organization"] },
});

/** One object, with the ETag of what is shown. `of`: the kinds of things it tells of. */
export const oneQuery = <T>(path: string, of: readonly string[]) =>
  queryOptions({
    queryKey: ["one", path],
    queryFn: async ({ signal }) => {
      const { body, etag } = await send<{ data: T }>("GET", path, { signal });
      return { data: body.data, etag };
    },
    meta: { of },
  });

/** The `data` of any other answer. */
export const dataQuery = <T>(path: string, of: readonly string[], query: QueryValues = {}) =>
  queryOptions({
    queryKey: ["data", path, query],
    queryFn: ({ signal }) => getData<T>(path, query, signal),
    placeholderData: keepPreviousData,
    meta: { of },
  });

/** One page of a list. The page before stays on the screen until the next is there. */
export const pageQuery = <T extends object>(
  path: string,
  of: readonly string[],
  query: QueryValues = {},
) =>
  queryOptions({
    queryKey: ["page", path, query],
    queryFn: async ({ signal }) => (await send<Page<T>>("GET", path, { query, signal })).body,
    placeholderData: keepPreviousData,
    meta: { of },
  });

/** Every entry of a list that is short by nature, such as locations: for choices and names. */
export const allQuery = <T extends object>(path: string, of: readonly string[]) =>
  queryOptions({
    queryKey: ["all", path],
    queryFn: async ({ signal }) => {
      const all: T[] = [];
      let cursor: string | undefined;
      do {
        const query = { limit: 100, cursor };
        const page = (await send<Page<T>>("GET", path, { query, signal })).body;
        all.push(...page.data);
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined && all.length < 2_000);
      return all;
    },
    meta: { of },
  });

/** Reads anew whatever tells of these kinds of things; `*` is everything, on either side. */
export const refreshQueries = (client: QueryClient, changed: readonly string[]) =>
  client.invalidateQueries({
    predicate: ({ meta }) => {
      const of = meta?.of ?? [];
      return changed.includes("*") || of.includes("*") || of.some((kind) => changed.includes(kind));
    },
  });

/** Asks every two seconds, while the page is looked at, what changed, and has it read anew. */
export function useChanges(): void {
  const client = useQueryClient();
  const { data: changes } = useQuery({
    queryKey: ["changes"],
    queryFn: ({ client: own, signal }) => {
      const after = own.getQueryData<Changes>(["changes"])?.mark;
      return getData<Changes>("/changes", { after }, signal);
    },
    refetchInterval: LOOK_MS,
    refetchOnWindowFocus: "always",
    retry: false,
  });
  useEffect(() => {
    if (changes && changes.changed.length > 0) void refreshQueries(client, changes.changed);
  }, [client, changes]);
}
