/** The list of knowledge entries: facts, FAQs and policies, and where each applies. */
import { Badge, Button, Menu, SegmentedControl, Switch, Text } from "@mantine/core";
import { IconBook, IconChevronDown } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import type { KnowledgeEntry } from "../../answers.ts";
import { NEW_ID, pagePath } from "../../page-paths.ts";
import { locations } from "../api/resources.ts";
import { LocationSelect, useNames } from "../parts/choices.tsx";
import { type Column, List } from "../parts/list.tsx";
import { useListSearch } from "../parts/list-search.ts";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { contentOf, ENTRY_TYPES, type EntryType, isEntryType, titleOf } from "./entry-types.ts";
import { useOverrides } from "./overrides.ts";

const TYPE_OPTIONS = [
  { value: "", label: "All" },
  ...Object.entries(ENTRY_TYPES).map(([value, { plural }]) => ({ value, label: plural })),
];

export function KnowledgePage() {
  const [search, change] = useListSearch();
  const type = isEntryType(search.type) ? search.type : null;
  const typed = withType(type);
  const columns = useColumns(typed);
  return (
    <Page
      title="Knowledge"
      about="What the receptionist can tell callers. A location's fact or policy overrides the organization-wide one with the same key."
      actions={<AddMenu />}
    >
      <SegmentedControl
        aria-label="Type"
        data={TYPE_OPTIONS}
        value={type ?? ""}
        onChange={(value) => change({ type: value || undefined, effective: undefined })}
        style={{ alignSelf: "flex-start" }}
      />
      <List
        label="Knowledge"
        path={type ? ENTRY_TYPES[type].resource.path : "/v1/knowledge"}
        entities={["fact", "faq", "policy"]}
        columns={columns}
        filters={type ? ["location_id"] : ["location_id", "effective"]}
        hrefOf={(entry) => pagePath("knowledgeEntry", { type: typed(entry).type, id: entry.id })}
        searchPlaceholder="Search knowledge"
        controls={<LocationFilters type={type} />}
        empty={
          <Empty icon={IconBook} title="No knowledge yet" action={<AddMenu />}>
            Add answers to what callers ask, for example about parking, prices and cancellations.
          </Empty>
        }
      />
      <Outlet />
    </Page>
  );
}

/** Adds the type to an entry: the list of one type leaves it out. */
const withType =
  (type: EntryType | null) =>
  (entry: KnowledgeEntry): KnowledgeEntry =>
    type ? ({ ...entry, type } as KnowledgeEntry) : entry;

function useColumns(typed: ReturnType<typeof withType>): Column<KnowledgeEntry>[] {
  const { nameOf } = useNames(locations);
  const overridesOf = useOverrides();
  return [
    {
      title: "Topic",
      card: "heading",
      width: "24%",
      render: (entry) => <span className="anywhere">{titleOf(typed(entry))}</span>,
    },
    {
      title: "Content",
      card: "detail",
      render: (entry) => (
        <Text span inherit lineClamp={3} className="anywhere">
          {contentOf(typed(entry))}
        </Text>
      ),
    },
    { title: "Type", card: "aside", render: (entry) => ENTRY_TYPES[typed(entry).type].label },
    {
      title: "Location",
      card: "detail",
      width: "22%",
      render: (entry) => (
        <span className="anywhere">
          {entry.location_id === null ? "All locations" : nameOf(entry.location_id)}{" "}
          <OverrideNote {...overridesOf(typed(entry))} nameOf={nameOf} />
        </span>
      ),
    },
  ];
}

function AddMenu() {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button rightSection={<IconChevronDown size={16} />}>Add knowledge</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {Object.entries(ENTRY_TYPES).map(([type, { label }]) => (
          <Menu.Item
            key={type}
            component={Link}
            to={pagePath("knowledgeEntry", { type: type, id: NEW_ID })}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function LocationFilters({ type }: { type: EntryType | null }) {
  const [search, change] = useListSearch();
  return (
    <>
      <LocationSelect
        label={undefined}
        aria-label="Location"
        placeholder="Any location"
        value={search.location_id ?? null}
        onChange={(value) => change({ location_id: value ?? undefined, effective: undefined })}
      />
      {!type && search.location_id && (
        <Switch
          label="Include entries for all locations"
          checked={search.effective === "true"}
          onChange={({ currentTarget }) =>
            change({ effective: currentTarget.checked ? "true" : undefined })
          }
        />
      )}
    </>
  );
}

interface OverrideNoteProps extends ReturnType<ReturnType<typeof useOverrides>> {
  nameOf(id: string | null): string;
}

function OverrideNote({ overrides, overriddenBy, nameOf }: OverrideNoteProps) {
  if (overrides)
    return (
      <Badge variant="light" tt="none">
        Override
      </Badge>
    );
  if (overriddenBy.length === 0) return null;
  const names = overriddenBy.map(({ location_id }) => nameOf(location_id));
  return (
    <Text span size="xs" c="dimmed">
      overridden at {new Intl.ListFormat("en", { type: "conjunction" }).format(names)}
    </Text>
  );
}
