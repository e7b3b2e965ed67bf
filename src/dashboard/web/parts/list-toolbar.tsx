/** The search and the filters above a list. */
import { Anchor, Button, CloseButton, Collapse, Group, TextInput } from "@mantine/core";
import { useDebouncedCallback, useDisclosure, useHotkeys } from "@mantine/hooks";
import { IconFilter, IconSearch } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useListSearch } from "./list-search.ts";
import { usePhone } from "./use-phone.ts";

interface ListToolbarProps {
  filters: readonly string[];
  controls?: ReactNode;
  searchPlaceholder?: string;
  onClear(names: readonly string[]): void;
}

export function ListToolbar(props: ListToolbarProps) {
  const { filters, controls, searchPlaceholder, onClear } = props;
  const [search, change] = useListSearch();
  if (!searchPlaceholder && !controls) return null;
  return (
    <Group gap="xs" role="search">
      {searchPlaceholder && (
        <SearchInput
          value={search.q ?? ""}
          placeholder={searchPlaceholder}
          onChange={(q) => change({ q })}
        />
      )}
      {controls && (
        <Filters active={filters.filter((name) => search[name] !== undefined)} onClear={onClear}>
          {controls}
        </Filters>
      )}
    </Group>
  );
}

interface FiltersProps {
  /** The names of the filters that have a value. */
  active: readonly string[];
  onClear(names: readonly string[]): void;
  children: ReactNode;
}

function Filters({ active, onClear, children }: FiltersProps) {
  const isPhone = usePhone();
  const [opened, { toggle }] = useDisclosure();
  const inputs = (
    <Group gap="xs">
      {children}
      {active.length > 0 && (
        <Anchor component="button" type="button" size="sm" onClick={() => onClear(active)}>
          Clear filters
        </Anchor>
      )}
    </Group>
  );
  if (!isPhone) return inputs;
  return (
    <>
      <Button
        variant="default"
        leftSection={<IconFilter size={16} />}
        onClick={toggle}
        aria-expanded={opened}
      >
        Filters{active.length > 0 && ` (${active.length})`}
      </Button>
      <Collapse expanded={opened} w="100%">
        {inputs}
      </Collapse>
    </>
  );
}

interface SearchInputProps {
  value: string;
  placeholder: string;
  onChange(q: string): void;
}

function SearchInput({ value, placeholder, onChange }: SearchInputProps) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState(value);
  const changeLater = useDebouncedCallback(onChange, 250);
  useHotkeys([["/", () => input.current?.focus()]]);
  // The back button, a link and "Show all" change the address too.
  useEffect(() => {
    if (document.activeElement !== input.current) setText(value);
  }, [value]);
  const clear = () => {
    setText("");
    onChange("");
  };
  return (
    <TextInput
      ref={input}
      type="search"
      aria-label={placeholder}
      placeholder={placeholder}
      leftSection={<IconSearch size={16} />}
      rightSection={
        text !== "" && <CloseButton size="sm" aria-label="Clear search" onClick={clear} />
      }
      value={text}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value);
        changeLater(currentTarget.value.trim());
      }}
      maxLength={200}
      flex="1 1 220px"
      maw={420}
    />
  );
}
