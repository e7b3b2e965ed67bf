/** Calls: the newest first, found by words, filtered, and there by themselves as they come in. */
import { Button, Select, Switch, Text } from "@mantine/core";
import { DatePickerInput } from "@mantine/dates";
import "@mantine/dates/styles.css";
import { IconPhone } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import dayjs from "dayjs";
import type { Call, Contact, Intent, Location } from "../../answers.ts";
import { allQuery, oneQuery, pageQuery } from "../api/queries.ts";
import { calls, contacts, intents, locations } from "../api/resources.ts";
import { nameOf } from "../contacts/ContactsPage.tsx";
import { type Column, List } from "../parts/list.tsx";
import { useListSearch } from "../parts/list-search.ts";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { formatDuration, PageLink, Phone, Time } from "../parts/text.tsx";
import { DIRECTIONS, DISPOSITIONS, Marks, Outcome, otherNumber } from "./words.tsx";

const latest = pageQuery<Contact>(contacts.path, ["contact"], { limit: 100 });

/** Who is on the other end, by name where there is one. Most are among the latest contacts; the others are asked for. */
function Caller({ call }: { call: Call }) {
  const { data: known } = useQuery(latest);
  const found = known?.data.find(({ id }) => id === call.contact_id);
  const { data: other } = useQuery({
    ...oneQuery<Contact>(`${contacts.path}/${call.contact_id}`, ["contact"]),
    enabled: known !== undefined && found === undefined && call.contact_id !== null,
  });
  const contact = found ?? other?.data;
  return (contact && nameOf(contact)) || <Phone number={otherNumber(call)} />;
}

const FILTERS = [
  ...["from", "to", "disposition", "outcome", "direction"],
  ...["contact_id", "location_id", "intent_id", "status"],
];

export function CallsPage() {
  const [search, change] = useListSearch();
  const columns: Column<Call>[] = [
    {
      title: "When",
      card: "aside",
      render: ({ started_at }) => <Time at={started_at} />,
      width: 150,
    },
    {
      title: "Caller",
      card: "heading",
      render: (call) => <Caller call={call} />,
    },
    { title: "Intent", render: ({ intent }) => intent },
    {
      title: "About",
      card: "detail",
      render: (call) => (
        <Text span inherit lineClamp={2} style={{ overflowWrap: "anywhere" }}>
          <Marks call={call} /> {call.summary}
        </Text>
      ),
    },
    { title: "Outcome", card: "detail", render: (call) => <Outcome call={call} /> },
    {
      title: "Length",
      align: "right",
      render: ({ duration_seconds }) =>
        duration_seconds === null ? "" : formatDuration(duration_seconds),
    },
  ];
  const hidden = search.hidden === "show" ? {} : { spam: false, unscorable: false };
  return (
    <Page title="Calls" about="Every call that the receptionist took or made.">
      <List
        label="Calls"
        path={calls.path}
        entities={["call", "intent"]}
        columns={columns}
        query={hidden}
        filters={FILTERS}
        hrefOf={({ id }) => `/calls/${id}`}
        keepSearch={false}
        searchPlaceholder="Search what was said"
        controls={<Filters search={search} change={change} />}
        empty={
          <Empty icon={IconPhone} title="No calls yet">
            They appear here as they come in, once the voice platform has a key.{" "}
            <PageLink to="/settings/keys/new">Make a platform key</PageLink>
          </Empty>
        }
      />
    </Page>
  );
}

type Search = ReturnType<typeof useListSearch>;

function Filters({ search, change }: { search: Search[0]; change: Search[1] }) {
  const { data: places } = useQuery(allQuery<Location>(locations.path, ["location"]));
  const { data: wishes } = useQuery(allQuery<Intent>(intents.path, ["intent"]));
  const choice = (name: string, label: string, data: { value: string; label: string }[]) => (
    <Select
      aria-label={label}
      placeholder={label}
      data={data}
      clearable
      searchable={data.length > 8}
      w={{ base: "100%", xs: 150 }}
      value={search[name] ?? null}
      onChange={(value) => change({ [name]: value ?? undefined })}
    />
  );
  const named = (list: { id: string; name: string }[] = []) =>
    list.map(({ id, name }) => ({ value: id, label: name }));
  return (
    <>
      <DatePickerInput
        type="range"
        placeholder="Any day"
        valueFormat="D MMM YYYY"
        allowSingleDateInRange
        clearable
        maxDate={dayjs().format("YYYY-MM-DD")}
        presets={presets()}
        miw={{ base: "100%", xs: 150 }}
        value={daysOf(search)}
        onChange={([first, last]) => change(rangeOf(first, last))}
      />
      {(places?.length ?? 0) > 1 && choice("location_id", "Location", named(places))}
      {choice("intent_id", "Intent", named(wishes))}
      {choice("disposition", "Ended", DISPOSITIONS)}
      {choice("direction", "Direction", DIRECTIONS)}
      {search.outcome && (
        <Button variant="light" size="xs" onClick={() => change({ outcome: undefined })}>
          Outcome: {search.outcome} · show all
        </Button>
      )}
      {search.contact_id && (
        <Button variant="light" size="xs" onClick={() => change({ contact_id: undefined })}>
          One contact's calls · show all
        </Button>
      )}
      <Switch
        label="Show spam and unscorable"
        checked={search.hidden === "show"}
        onChange={({ currentTarget }) =>
          change({ hidden: currentTarget.checked ? "show" : undefined })
        }
      />
    </>
  );
}

/** Days are the viewer's own; in the address stand points in time, which mean the same to everybody. */
const rangeOf = (first: string | null, last: string | null) => ({
  from: first === null ? undefined : dayjs(first).startOf("day").toISOString(),
  to: last === null ? undefined : dayjs(last).add(1, "day").startOf("day").toISOString(),
});

/** A range that has been begun is kept by the address too: its first day stands there alone. */
const daysOf = ({ from, to }: Search[0]): [string | null, string | null] => [
  from === undefined ? null : dayjs(from).format("YYYY-MM-DD"),
  to === undefined ? null : dayjs(to).subtract(1, "millisecond").format("YYYY-MM-DD"),
];

const presets = () =>
  [
    [1, "Today"],
    [7, "Last 7 days"],
    [30, "Last 30 days"],
  ].map(([days, label]) => ({
    label: label as string,
    value: [
      dayjs()
        .subtract((days as number) - 1, "day")
        .format("YYYY-MM-DD"),
      dayjs().format("YYYY-MM-DD"),
    ] as [string, string],
  }));
