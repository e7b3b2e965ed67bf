/** Knowledge: what the receptionist may say, of all kinds, and what holds where. */
import { Badge, Button, Menu, SegmentedControl, Switch, Text } from "@mantine/core";
import { IconBook, IconChevronDown } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import type { KnowledgeEntry } from "../../answers.ts";
import { locations } from "../api/resources.ts";
import { LocationSelect, useNames } from "../parts/choices.tsx";
import { type Column, List } from "../parts/list.tsx";
import { useListSearch } from "../parts/list-search.ts";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { headOf, isKind, KINDS, textOf } from "./kinds.ts";
import { useOverrides } from "./overrides.ts";

const TYPES = [
  { value: "", label: "All" },
  ...Object.entries(KINDS).map(([value, { plural }]) => ({ value, label: plural })),
];

export function KnowledgePage() {
  const [search, change] = useListSearch();
  const places = useNames(locations);
  const overridesOf = useOverrides();
  const kind = isKind(search.type) ? search.type : null;
  /** A list of one kind does not say which. */
  const typed = (entry: KnowledgeEntry): KnowledgeEntry =>
    kind ? ({ ...entry, type: kind } as KnowledgeEntry) : entry;
  const columns: Column<KnowledgeEntry>[] = [
    {
      title: "About",
      card: "heading",
      width: "24%",
      render: (entry) => <span className="anywhere">{headOf(typed(entry))}</span>,
    },
    {
      title: "What it says",
      card: "detail",
      render: (entry) => (
        <Text span inherit lineClamp={3} className="anywhere">
          {textOf(typed(entry))}
        </Text>
      ),
    },
    { title: "Kind", card: "aside", render: (entry) => KINDS[typed(entry).type].name },
    {
      title: "Where",
      card: "detail",
      width: "22%",
      render: (entry) => (
        <span className="anywhere">
          {entry.location_id === null ? "Everywhere" : places.nameOf(entry.location_id)}{" "}
          <Overriding {...overridesOf(typed(entry))} nameOf={places.nameOf} />
        </span>
      ),
    },
  ];
  const add = (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button rightSection={<IconChevronDown size={16} />}>Add knowledge</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {Object.entries(KINDS).map(([type, { name }]) => (
          <Menu.Item key={type} component={Link} to={`/knowledge/${type}/new`}>
            {name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
  return (
    <Page
      title="Knowledge"
      about="What the receptionist may say. A fact or policy of a location goes before the one of the same key that holds everywhere."
      actions={add}
    >
      <SegmentedControl
        aria-label="Kind"
        data={TYPES}
        value={kind ?? ""}
        onChange={(type) => change({ type: type || undefined, effective: undefined })}
        style={{ alignSelf: "flex-start" }}
      />
      <List
        label="Knowledge"
        path={kind ? KINDS[kind].resource.path : "/v1/knowledge"}
        entities={["fact", "faq", "policy"]}
        columns={columns}
        filters={kind ? ["location_id"] : ["location_id", "effective"]}
        hrefOf={(entry) => `/knowledge/${typed(entry).type}/${entry.id}`}
        searchPlaceholder="Search knowledge"
        controls={
          <>
            <LocationSelect
              label={undefined}
              aria-label="Location"
              placeholder="Any location"
              value={search.location_id ?? null}
              onChange={(value) =>
                change({ location_id: value ?? undefined, effective: undefined })
              }
            />
            {!kind && search.location_id && (
              <Switch
                label="With all that holds there"
                checked={search.effective === "true"}
                onChange={({ currentTarget }) =>
                  change({ effective: currentTarget.checked ? "true" : undefined })
                }
              />
            )}
          </>
        }
        empty={
          <Empty icon={IconBook} title="Nothing is known yet" action={add}>
            Add what callers ask about: parking, prices, how to cancel.
          </Empty>
        }
      />
      <Outlet />
    </Page>
  );
}

interface OverridingProps extends ReturnType<ReturnType<typeof useOverrides>> {
  nameOf(id: string | null): string;
}

/** In words, whether an entry overrides another or is overridden somewhere. */
function Overriding({ overrides, overriddenBy, nameOf }: OverridingProps) {
  if (overrides)
    return (
      <Badge variant="light" tt="none">
        Overrides
      </Badge>
    );
  if (overriddenBy.length === 0) return null;
  const places = overriddenBy.map(({ location_id }) => nameOf(location_id));
  return (
    <Text span size="xs" c="dimmed">
      but not at {new Intl.ListFormat("en", { type: "disjunction" }).format(places)}
    </Text>
  );
}
