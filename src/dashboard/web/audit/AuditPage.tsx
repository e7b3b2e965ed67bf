/** The audit log: who changed what, when and from where, and whether the log is whole. */
import { Alert, Anchor, Button, Group, Select, Text } from "@mantine/core";
import { DatePickerInput } from "@mantine/dates";
import "@mantine/dates/styles.css";
import { IconDownload, IconHistory, IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import dayjs from "dayjs";
import type { AuditEntry, AuditState, Key } from "../../answers.ts";
import { addressOf } from "../api/client.ts";
import { dataQuery, sessionQuery } from "../api/queries.ts";
import { type Column, List } from "../parts/list.tsx";
import { useListSearch } from "../parts/list-search.ts";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { Time } from "../parts/text.tsx";
import { changesOf, sayActor, sayEntity } from "./words.ts";

const TYPES = [
  ...["api_key", "user", "session", "recovery_code", "organization", "call", "contact", "fact"],
  ...["faq", "policy", "location", "team_member", "escalation_rule", "intent"],
  "webhook_subscription",
].map((value) => ({ value, label: sayEntity(value) }));
const ACTIONS = [
  { value: "created", label: "Created" },
  { value: "updated", label: "Updated" },
  { value: "deleted", label: "Deleted" },
];
const FILTERS = ["actor_id", "entity_type", "entity_id", "action", "from", "to"];

const columns: Column<AuditEntry>[] = [
  { title: "When", card: "aside", width: 150, render: ({ at }) => <Time at={at} /> },
  {
    title: "Who",
    card: "heading",
    render: (entry) => <span className="anywhere">{sayActor(entry)}</span>,
  },
  {
    title: "What",
    card: "detail",
    render: (entry) => (
      <span className="anywhere">
        {entry.action} {sayEntity(entry.entity_type)} {entry.entity_name}
        {entry.action === "updated" && (
          <Text span inherit c="dimmed">
            {" "}
            ·{" "}
            {changesOf(entry)
              .map(([field]) => field.replaceAll("_", " "))
              .join(", ")}
          </Text>
        )}
      </span>
    ),
  },
  { title: "From", render: ({ ip }) => ip },
];

export function AuditPage() {
  const [search, change] = useListSearch();
  const given = Object.fromEntries(FILTERS.map((name) => [name, search[name]]));
  return (
    <Page
      title="Audit log"
      about="Each change with who made it. A row cannot be altered or taken out unnoticed."
      actions={
        <Button
          component="a"
          href={addressOf("/audit/export", given)}
          download
          variant="default"
          leftSection={<IconDownload size={16} />}
        >
          Export
        </Button>
      }
    >
      <ChainState />
      <List
        label="Audit log"
        path="/audit"
        entities={["*"]}
        columns={columns}
        filters={FILTERS}
        hrefOf={({ id }) => `/settings/audit/${id}`}
        controls={<Filters search={search} change={change} />}
        empty={
          <Empty icon={IconHistory} title="Nothing has been changed yet">
            The first change stands here as soon as it is made.
          </Empty>
        }
      />
      <Outlet />
    </Page>
  );
}

type Search = ReturnType<typeof useListSearch>;

function Filters({ search, change }: { search: Search[0]; change: Search[1] }) {
  const { data: keys = [] } = useQuery(dataQuery<Key[]>("/keys", ["api_key"]));
  const { data: session } = useQuery(sessionQuery);
  const actors = [
    ...(session ? [{ value: session.user.id, label: session.user.email }] : []),
    ...keys.map(({ id, name }) => ({ value: id, label: name })),
  ];
  const { actor_id } = search;
  // A key that is deleted by now, from an old link.
  if (actor_id && !actors.some(({ value }) => value === actor_id))
    actors.push({ value: actor_id, label: actor_id });
  const choice = (name: string, label: string, data: { value: string; label: string }[]) => (
    <Select
      aria-label={label}
      placeholder={label}
      data={data}
      clearable
      searchable={data.length > 8}
      w={{ base: "100%", xs: 160 }}
      value={search[name] ?? null}
      onChange={(value) => change({ [name]: value ?? undefined })}
    />
  );
  const day = (iso: string | undefined, back: number) =>
    iso === undefined ? null : dayjs(iso).subtract(back, "millisecond").format("YYYY-MM-DD");
  return (
    <>
      {choice("actor_id", "Anybody", actors)}
      {choice("entity_type", "Anything", TYPES)}
      {choice("action", "Any change", ACTIONS)}
      <DatePickerInput
        type="range"
        placeholder="Any day"
        valueFormat="D MMM YYYY"
        allowSingleDateInRange
        clearable
        miw={{ base: "100%", xs: 160 }}
        value={[day(search.from, 0), day(search.to, 1)]}
        onChange={([first, last]) =>
          change({
            from: first === null ? undefined : dayjs(first).startOf("day").toISOString(),
            to: last === null ? undefined : dayjs(last).add(1, "day").startOf("day").toISOString(),
          })
        }
      />
      {search.entity_id && (
        <Button variant="light" size="xs" onClick={() => change({ entity_id: undefined })}>
          One thing's history · show all
        </Button>
      )}
    </>
  );
}

/** Whether every row still has the hash it was written with. */
function ChainState() {
  const { data, error, isFetching, refetch } = useQuery(dataQuery<AuditState>("/audit/state", []));
  const again = (
    <Anchor component="button" type="button" size="sm" onClick={() => void refetch()}>
      {isFetching ? "Checking" : "Check again"}
    </Anchor>
  );
  if (error) return <Text size="sm">The log could not be checked. {again}</Text>;
  if (!data)
    return (
      <Text size="sm" c="dimmed" mih={24} role="status">
        Checking the log…
      </Text>
    );
  if (!data.intact)
    return (
      <Alert color="red" icon={<IconShieldX />} title="The log has been tampered with" role="alert">
        Row {data.row} {data.problem}. Take a copy of the database before anything else is done.{" "}
        {again}
      </Alert>
    );
  return (
    <Group gap={6} mih={24}>
      <IconShieldCheck size={18} color="var(--mantine-color-green-7)" aria-hidden />
      <Text size="sm" role="status">
        Chain intact, {data.rows.toLocaleString()} rows, checked <Time at={data.checked_at} />
      </Text>
      {again}
    </Group>
  );
}
