/**
 * The pages' queries, cached by react-query. Each query names the entity types that its answer shows, and is refreshed
 * when the server reports a change of one of them, whoever made it.
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
import type { EntityType } from "../../../contract/entities.ts";
import type { Changes, Page, SessionInfo } from "../../answers.ts";
import { Failure, getData, type QueryValues, send } from "./client.ts";

/** What a change is reported of: an entity type, webhook deliveries, or everything. */
export type ChangeType = EntityType | "delivery" | "*";

declare module "@tanstack/react-query" {
  interface Register {
    queryMeta: { entities?: readonly ChangeType[] };
  }
}

const POLL_MS = 2_000;
const MAX_RETRIES = 2;
/** Limits `allQuery`, so that a wrong cursor cannot make it run forever. */
const MAX_ITEMS = 2_000;

/** `onSignedOut` is called when a request finds that the session has ended. */
export function createQueryClient(onSignedOut: () => void): QueryClient {
  const onError = (error: Error) => {
    if (error instanceof Failure && error.code === "unauthorized") onSignedOut();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        // The server reports changes; until then, cached data is current.
        staleTime: Number.POSITIVE_INFINITY,
        retry: (count, error) =>
          error instanceof Failure && error.status === 0 && count < MAX_RETRIES,
        refetchOnWindowFocus: false,
      },
      mutations: { retry: false },
    },
  });
}

/** The signed-in user, the organization and the server. */
export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => getData<SessionInfo>("/session", undefined, signal),
  meta: { entities: ["user", "organization"] },
});

/** One object with its ETag. */
export const oneQuery = <T>(path: string, entities: readonly ChangeType[]) =>
  queryOptions({
    queryKey: ["one", path],
    queryFn: async ({ signal }) => {
      const { body, etag } = await send<{ data: T }>("GET", path, { signal });
      return { data: body.data, etag };
    },
    meta: { entities },
  });

/** The `data` of any other answer. */
export const dataQuery = <T>(
  path: string,
  entities: readonly ChangeType[],
  query: QueryValues = {},
) =>
  queryOptions({
    queryKey: ["data", path, query],
    queryFn: ({ signal }) => getData<T>(path, query, signal),
    placeholderData: keepPreviousData,
    meta: { entities },
  });

/** One page of a list. The previous page stays visible until the next is loaded. */
export const pageQuery = <T extends object>(
  path: string,
  entities: readonly ChangeType[],
  query: QueryValues = {},
) =>
  queryOptions({
    queryKey: ["page", path, query],
    queryFn: async ({ signal }) => (await send<Page<T>>("GET", path, { query, signal })).body,
    placeholderData: keepPreviousData,
    meta: { entities },
  });

/** All items of a list that is short by nature, such as locations: for selects and names. */
export const allQuery = <T extends object>(path: string, entities: readonly ChangeType[]) =>
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
      } while (cursor !== undefined && all.length < MAX_ITEMS);
      return all;
    },
    meta: { entities },
  });

/** Refreshes the queries that show one of the changed types; `*` stands for all types, on either side. */
export const refreshQueries = (client: QueryClient, changed: readonly ChangeType[]) =>
  client.invalidateQueries({
    predicate: ({ meta }) => {
      const entities = meta?.entities ?? [];
      return (
        changed.includes("*") ||
        entities.includes("*") ||
        entities.some((type) => changed.includes(type))
      );
    },
  });

/** Polls for changes while the page is visible, and refreshes the queries that show them. Returns the last answer. */
export function useChanges(): Changes | undefined {
  const client = useQueryClient();
  const { data: changes } = useQuery({
    queryKey: ["changes"],
    queryFn: ({ client: own, signal }) => {
      const after = own.getQueryData<Changes>(["changes"])?.mark;
      return getData<Changes>("/changes", { after }, signal);
    },
    refetchInterval: POLL_MS,
    refetchOnWindowFocus: "always",
    retry: false,
  });
  useEffect(() => {
    if (changes && changes.changed.length > 0)
      void refreshQueries(client, changes.changed as ChangeType[]);
  }, [client, changes]);
  return changes;
}
