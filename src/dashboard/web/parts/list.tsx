/**
 * A list: a table on a wide screen, cards on a phone, with search, filters and page in the address. ↑ and ↓ move between
 * rows, Enter opens one, `/` focuses the search.
 */
import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconArrowLeft, IconArrowRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import type { QueryValues } from "../api/client.ts";
import { type ChangeType, pageQuery } from "../api/queries.ts";
import { type Item, ListRows, type RowFormat } from "./list-rows.tsx";
import { useListSearch } from "./list-search.ts";
import { ListToolbar } from "./list-toolbar.tsx";
import { Loaded } from "./loaded.tsx";
import { Delayed } from "./states.tsx";

export type { Column } from "./list-rows.tsx";

interface ListProps<T> extends RowFormat<T> {
  path: string;
  /** The entity types that the list shows; see `pageQuery`. */
  entities: readonly ChangeType[];
  /** Parameters sent in addition to those in the address. */
  query?: QueryValues;
  /** Names in the address that are the API's own parameters. */
  filters?: readonly string[];
  /** Shown where nothing exists and no filter is set. */
  empty: ReactNode;
  /** Inputs beside the search; behind a button on a phone. */
  controls?: ReactNode;
  searchPlaceholder?: string;
}

export function List<T extends Item>(props: ListProps<T>) {
  const { path, entities, query = {}, filters = [], controls, searchPlaceholder } = props;
  const [search, change] = useListSearch();
  const names = [...filters, ...(searchPlaceholder ? ["q"] : []), "cursor"];
  const parameters = Object.fromEntries(names.map((name) => [name, search[name]]));
  const list = useQuery(pageQuery<T>(path, entities, { ...query, ...parameters }));
  const isUnfiltered = names.every((name) => search[name] === undefined);
  const clear = (cleared: readonly string[]) =>
    change(Object.fromEntries(cleared.map((name) => [name, undefined])));
  // A cursor is valid for one set of filters only. An old link whose cursor is refused starts at the first page.
  const hasStaleCursor = list.error && search.cursor !== undefined;
  useEffect(() => {
    if (hasStaleCursor) change({});
  });

  return (
    <Stack gap="sm">
      <ListToolbar
        filters={filters}
        controls={controls}
        searchPlaceholder={searchPlaceholder}
        onClear={clear}
      />
      <Loaded
        query={list}
        skeleton={<SkeletonRows columns={props.columns.length} />}
        isEmpty={({ data }) => data.length === 0}
        empty={isUnfiltered ? props.empty : <NoMatches onClear={() => clear(names)} />}
      >
        {(page) => (
          <>
            <ListRows
              {...props}
              items={page.data}
              isStale={list.isPlaceholderData}
              listKey={JSON.stringify([query, parameters])}
            />
            <Pager
              cursor={search.cursor}
              next={page.next_cursor}
              onMove={(cursor) => change({ cursor })}
            />
          </>
        )}
      </Loaded>
    </Stack>
  );
}

function NoMatches({ onClear }: { onClear(): void }) {
  return (
    <Stack align="center" py={48} gap="xs">
      <Text c="dimmed">No matches</Text>
      <Button variant="default" size="xs" onClick={onClear}>
        Show all
      </Button>
    </Stack>
  );
}

interface PagerProps {
  cursor: string | undefined;
  next: string | null;
  onMove(cursor: string | undefined): void;
}

function Pager({ cursor, next, onMove }: PagerProps) {
  if (cursor === undefined && next === null) return null;
  return (
    <Group justify="flex-end" gap="xs">
      {cursor !== undefined && (
        <Button
          variant="default"
          size="xs"
          leftSection={<IconArrowLeft size={14} />}
          onClick={() => onMove(undefined)}
        >
          First page
        </Button>
      )}
      <Button
        variant="default"
        size="xs"
        rightSection={<IconArrowRight size={14} />}
        disabled={next === null}
        onClick={() => onMove(next ?? undefined)}
      >
        Next page
      </Button>
    </Group>
  );
}

function SkeletonRows({ columns }: { columns: number }) {
  return (
    <Delayed>
      <Stack gap="md" aria-busy="true" aria-label="Loading">
        {Array.from({ length: 8 }, (_, row) => (
          <Group key={row} grow>
            {Array.from({ length: Math.min(columns, 4) }, (_, column) => (
              <Skeleton key={column} height={18} />
            ))}
          </Group>
        ))}
      </Stack>
    </Delayed>
  );
}
