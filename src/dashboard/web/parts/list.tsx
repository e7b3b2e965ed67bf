/**
 * A list: a table on a wide screen, cards on a phone, with search, filters and page in the address. ↑ and ↓ walk the rows,
 * Enter opens one, `/` goes to the search.
 */
import {
  Anchor,
  Box,
  Button,
  Card,
  CloseButton,
  Collapse,
  Group,
  Skeleton,
  Stack,
  Table,
  Text,
  TextInput,
} from "@mantine/core";
import { useDebouncedCallback, useDisclosure, useHotkeys, useMediaQuery } from "@mantine/hooks";
import { IconArrowLeft, IconArrowRight, IconFilter, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { QueryValues } from "../api/client.ts";
import { pageQuery } from "../api/queries.ts";
import { FailureNotice, Later } from "./states.tsx";

/** What of a list stands in the address: texts by name. */
export type ListSearch = Record<string, string | undefined>;

/** The list's search, filters and page in the address, and how to change them. Changing a filter begins at the first page. */
export function useListSearch(): [ListSearch, (changes: ListSearch) => void] {
  const search = useSearch({ strict: false }) as ListSearch;
  const navigate = useNavigate();
  const change = (changes: ListSearch) =>
    void navigate({
      to: ".",
      search: ((before: ListSearch) =>
        withoutEmpty({ ...before, cursor: undefined, ...changes })) as never,
      replace: !("cursor" in changes),
    });
  return [search, change];
}

const withoutEmpty = (search: ListSearch): ListSearch =>
  Object.fromEntries(
    Object.entries(search).filter(([, value]) => value !== undefined && value !== ""),
  );

export interface Column<T> {
  /** Above the column. */
  title: string;
  render(item: T): ReactNode;
  /** On a phone, a card shows its `heading`, the `detail` below it and, at its right, the `aside`; the rest is left out. */
  card?: "heading" | "detail" | "aside";
  align?: "right";
  width?: number | string;
}

interface ListProps<T> {
  /** What the list is of, for those who hear it. */
  label: string;
  path: string;
  /** The kinds of things of which the list tells; see `pageQuery`. */
  of: readonly string[];
  columns: readonly Column<T>[];
  /** Sent along with what stands in the address. */
  query?: QueryValues;
  /** Names in the address that are the API's own parameters. */
  filters?: readonly string[];
  /** The address of an item. */
  hrefOf(item: T): string;
  /** Whether the item stands beside the list, so that its address keeps the list's search. */
  beside?: boolean;
  /** Where nothing is there at all, and no filter is set. */
  empty: ReactNode;
  /** Inputs beside the search; behind a button on a phone. */
  controls?: ReactNode;
  searchPlaceholder?: string;
}

export function List<T extends { id: string | number }>(props: ListProps<T>) {
  const { path, of, query = {}, filters = [], controls, searchPlaceholder } = props;
  const [search, change] = useListSearch();
  const names = [...filters, ...(searchPlaceholder ? ["q"] : []), "cursor"];
  const given = Object.fromEntries(names.map((name) => [name, search[name]]));
  const list = useQuery(pageQuery<T>(path, of, { ...query, ...given }));
  const filtered = names.some((name) => name !== "cursor" && search[name] !== undefined);
  const { data: page } = list;
  const nothing = page?.data.length === 0;
  // A cursor belongs to one set of filters; one that fits no more, from an old link, begins at the first page.
  const staleCursor = list.error && search.cursor !== undefined;
  useEffect(() => {
    if (staleCursor) change({});
  });

  return (
    <Stack gap="sm">
      {(searchPlaceholder || controls) && (
        <Group gap="xs" role="search">
          {searchPlaceholder && (
            <SearchInput
              value={search.q ?? ""}
              placeholder={searchPlaceholder}
              onChange={(q) => change({ q })}
            />
          )}
          {controls && (
            <Filters
              set={filters.filter((name) => search[name] !== undefined)}
              clear={(set) => change(Object.fromEntries(set.map((name) => [name, undefined])))}
            >
              {controls}
            </Filters>
          )}
        </Group>
      )}
      {list.error && !page ? (
        <FailureNotice error={list.error} retry={() => void list.refetch()} />
      ) : !page ? (
        <SkeletonRows columns={props.columns.length} />
      ) : nothing && !filtered && search.cursor === undefined ? (
        props.empty
      ) : nothing ? (
        <Stack align="center" py={48} gap="xs">
          <Text c="dimmed">Nothing fits these filters.</Text>
          <Button
            variant="default"
            size="xs"
            onClick={() => change(Object.fromEntries(names.map((name) => [name, undefined])))}
          >
            Show all
          </Button>
        </Stack>
      ) : (
        <>
          <Rows
            {...props}
            items={page.data}
            stale={list.isPlaceholderData}
            shown={JSON.stringify([query, given])}
          />
          <Pager
            cursor={search.cursor}
            next={page.next_cursor}
            onMove={(cursor) => change({ cursor })}
          />
        </>
      )}
    </Stack>
  );
}

const usePhone = () =>
  useMediaQuery("(max-width: 48em)", undefined, { getInitialValueInEffect: false });

interface FiltersProps {
  /** The names of those that are set. */
  set: string[];
  clear(set: string[]): void;
  children: ReactNode;
}

function Filters({ set, clear, children }: FiltersProps) {
  const phone = usePhone();
  const [opened, { toggle }] = useDisclosure();
  const inputs = (
    <Group gap="xs">
      {children}
      {set.length > 0 && (
        <Anchor component="button" type="button" size="sm" onClick={() => clear(set)}>
          Clear filters
        </Anchor>
      )}
    </Group>
  );
  if (!phone) return inputs;
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconFilter size={16} />}
        onClick={toggle}
        aria-expanded={opened}
      >
        Filters{set.length > 0 && ` (${set.length})`}
      </Button>
      <Collapse expanded={opened} w="100%">
        {inputs}
      </Collapse>
    </>
  );
}

function SearchInput({
  value,
  placeholder,
  onChange,
}: {
  value: string;
  placeholder: string;
  onChange(q: string): void;
}) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const tell = useDebouncedCallback(onChange, 250);
  useHotkeys([["/", () => input.current?.focus()]]);
  // The address may change by other ways than typing: back, a link, "Show all".
  useEffect(() => {
    if (document.activeElement !== input.current) setText(value);
  }, [value]);
  return (
    <TextInput
      ref={input}
      type="search"
      aria-label={placeholder}
      placeholder={placeholder}
      leftSection={<IconSearch size={16} />}
      rightSection={
        text !== "" && (
          <CloseButton
            size="sm"
            aria-label="Clear search"
            onClick={() => {
              setText("");
              onChange("");
            }}
          />
        )
      }
      value={text}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value);
        tell(currentTarget.value.trim());
      }}
      maxLength={200}
      flex="1 1 220px"
      maw={420}
    />
  );
}

/** ↑ and ↓ move the focus from row to row. */
function walk(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>("a[data-row]")];
  const next = rows[rows.indexOf(document.activeElement as HTMLElement) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

/** Whether an item came by itself since the list was opened as it is shown, so that it can be seen arriving. */
function useArrivals(shown: string, items: { id: string | number }[], stale: boolean) {
  const [first, setFirst] = useState({ shown: "", ids: new Set<string | number>() });
  if (!stale && first.shown !== shown) setFirst({ shown, ids: new Set(items.map(({ id }) => id)) });
  return (id: string | number) => first.shown === shown && !first.ids.has(id);
}

interface RowsProps<T> extends ListProps<T> {
  items: T[];
  /** Whether the items are still those of other filters. */
  stale: boolean;
  /** The filters and the page, as one text. */
  shown: string;
}

function Rows<T extends { id: string | number }>({
  label,
  columns,
  hrefOf,
  beside = true,
  items,
  stale,
  shown,
}: RowsProps<T>) {
  const arrived = useArrivals(shown, items, stale);
  const phone = usePhone();
  const part = (place: Column<T>["card"]) => columns.filter(({ card }) => card === place);
  if (phone)
    return (
      <Stack
        gap="xs"
        component="section"
        aria-label={label}
        opacity={stale ? 0.6 : 1}
        onKeyDown={walk}
      >
        {items.map((item) => (
          <Card
            key={item.id}
            component={Link}
            to={hrefOf(item)}
            search={beside as never}
            data-row
            withBorder
            padding="sm"
            className={arrived(item.id) ? "arrived" : undefined}
          >
            <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
              <Box miw={0} fw={550} style={{ overflowWrap: "anywhere" }}>
                {part("heading").map((column) => (
                  <Box key={column.title}>{column.render(item)}</Box>
                ))}
              </Box>
              <Box fz="sm" c="dimmed" style={{ flexShrink: 0 }}>
                {part("aside").map((column) => (
                  <Box key={column.title}>{column.render(item)}</Box>
                ))}
              </Box>
            </Group>
            <Box fz="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
              {part("detail").map((column) => (
                <Box key={column.title}>{column.render(item)}</Box>
              ))}
            </Box>
          </Card>
        ))}
      </Stack>
    );
  return (
    <Table
      highlightOnHover
      aria-label={label}
      opacity={stale ? 0.6 : 1}
      onKeyDown={walk}
      className="list"
    >
      <Table.Thead>
        <Table.Tr>
          {columns.map(({ title, align, width }) => (
            <Table.Th key={title} ta={align} w={width}>
              {title}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map((item) => (
          <Table.Tr key={item.id} className={arrived(item.id) ? "arrived" : undefined}>
            {columns.map(({ title, render, align }, i) => (
              <Table.Td key={title} ta={align}>
                {i === 0 ? (
                  // Covers the whole row, so that a click anywhere follows it, also into a new tab.
                  <Link to={hrefOf(item)} search={beside as never} data-row className="row-link">
                    {render(item)}
                  </Link>
                ) : (
                  render(item)
                )}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Pager({
  cursor,
  next,
  onMove,
}: {
  cursor: string | undefined;
  next: string | null;
  onMove(cursor: string | undefined): void;
}) {
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
    <Later>
      <Stack gap="md" aria-busy="true" aria-label="Loading">
        {Array.from({ length: 8 }, (_, row) => (
          <Group key={row} grow>
            {Array.from({ length: Math.min(columns, 4) }, (_, column) => (
              <Skeleton key={column} height={18} />
            ))}
          </Group>
        ))}
      </Stack>
    </Later>
  );
}
