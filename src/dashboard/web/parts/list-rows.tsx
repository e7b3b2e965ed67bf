/** The rows of a list: a table, or cards on a phone. */
import { Box, Card, Group, Stack, Table } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type KeyboardEvent, type ReactNode, useState } from "react";
import { usePhone } from "./use-phone.ts";

export interface Item {
  id: string | number;
}

export interface Column<T> {
  title: string;
  render(item: T): ReactNode;
  /** Where a card on a phone shows the value: as its heading, below it, or at its right. Other columns are left out. */
  card?: "heading" | "detail" | "aside";
  align?: "right";
  width?: number | string;
}

export interface RowFormat<T> {
  /** The name of the list for screen readers. */
  label: string;
  columns: readonly Column<T>[];
  hrefOf(item: T): string;
  /** Whether a row's link keeps the list's search parameters, as it must where the item opens in a panel. */
  keepSearch?: boolean;
}

interface ListRowsProps<T> extends RowFormat<T> {
  items: readonly T[];
  /** Whether the items still belong to the previous filters. */
  isStale: boolean;
  /** Identifies the filters and the page. */
  listKey: string;
}

interface RowsProps<T> extends RowFormat<T> {
  items: readonly T[];
  isStale: boolean;
  /** Marks an item that appeared after the list was opened. */
  classOf(item: T): string | undefined;
}

export function ListRows<T extends Item>({ listKey, ...props }: ListRowsProps<T>) {
  const isNew = useArrivals(listKey, props.items, props.isStale);
  const isPhone = usePhone();
  const classOf = ({ id }: T) => (isNew(id) ? "arrived" : undefined);
  return isPhone ? (
    <CardRows {...props} classOf={classOf} />
  ) : (
    <TableRows {...props} classOf={classOf} />
  );
}

/** Returns a function that reports whether an item appeared since the list was first shown with this key. */
function useArrivals(listKey: string, items: readonly Item[], isStale: boolean) {
  const [first, setFirst] = useState({ listKey: "", ids: new Set<string | number>() });
  if (!isStale && first.listKey !== listKey)
    setFirst({ listKey, ids: new Set(items.map(({ id }) => id)) });
  return (id: string | number) => first.listKey === listKey && !first.ids.has(id);
}

/** Moves the focus from row to row on ↑ and ↓. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  const rows = [...event.currentTarget.querySelectorAll<HTMLElement>("a[data-row]")];
  const next = rows[rows.indexOf(document.activeElement as HTMLElement) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function CardRows<T extends Item>(props: RowsProps<T>) {
  const { label, columns, hrefOf, keepSearch = true, items, isStale, classOf } = props;
  const renderPart = (item: T, part: Column<T>["card"]) =>
    columns
      .filter(({ card }) => card === part)
      .map(({ title, render }) => <Box key={title}>{render(item)}</Box>);
  return (
    <Stack
      gap="xs"
      component="section"
      aria-label={label}
      opacity={isStale ? 0.6 : 1}
      onKeyDown={moveFocus}
    >
      {items.map((item) => (
        <Card
          key={item.id}
          component={Link}
          to={hrefOf(item)}
          search={keepSearch as never}
          data-row
          withBorder
          padding="sm"
          className={classOf(item)}
        >
          <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
            <Box miw={0} fw={550} style={{ overflowWrap: "anywhere" }}>
              {renderPart(item, "heading")}
            </Box>
            <Box fz="sm" c="dimmed" style={{ flexShrink: 0 }}>
              {renderPart(item, "aside")}
            </Box>
          </Group>
          <Box fz="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
            {renderPart(item, "detail")}
          </Box>
        </Card>
      ))}
    </Stack>
  );
}

function TableRows<T extends Item>(props: RowsProps<T>) {
  const { label, columns, hrefOf, keepSearch = true, items, isStale, classOf } = props;
  return (
    <Table
      highlightOnHover
      aria-label={label}
      opacity={isStale ? 0.6 : 1}
      onKeyDown={moveFocus}
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
          <Table.Tr key={item.id} className={classOf(item)}>
            {columns.map(({ title, render, align }, i) => (
              <Table.Td key={title} ta={align}>
                {i === 0 ? (
                  // Covers the whole row, so that a click anywhere follows it, also into a new tab.
                  <Link
                    to={hrefOf(item)}
                    search={keepSearch as never}
                    data-row
                    className="row-link"
                  >
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
