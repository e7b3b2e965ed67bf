/** The list of calls, newest first, with full-text search and filters. New calls appear without a reload. */
import { Button, Switch, Text } from "@mantine/core";
import { DatePickerInput } from "@mantine/dates";
import { PAGE_PATHS, pagePath } from "../../page-paths.ts";
import "@mantine/dates/styles.css";
import { IconPhone } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import dayjs from "dayjs";
import type { Call, Contact } from "../../answers.ts";
import { oneQuery, pageQuery } from "../api/queries.ts";
import { calls, contacts, intents, locations } from "../api/resources.ts";
import { nameOf } from "../contacts/ContactsPage.tsx";
import { useNames } from "../parts/choices.tsx";
import { FilterSelect } from "../parts/filters.tsx";
import { type Column, List } from "../parts/list.tsx";
import { type ListSearch, useListSearch } from "../parts/list-search.ts";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { formatDuration, PageLink, Phone, Time } from "../parts/text.tsx";
import { DIRECTIONS, DISPOSITIONS, Outcome, otherNumber, SpamBadges } from "./labels.tsx";

const latestContacts = pageQuery<Contact>(contacts.path, ["contact"], { limit: 100 });

/** The name of the other party, or the number. Loads a contact alone only where it is not among the latest 100. */
function Caller({ call }: { call: Call }) {
  const { data: latest } = useQuery(latestContacts);
  const found = latest?.data.find(({ id }) => id === call.contact_id);
  const { data: loaded } = useQuery({
    ...oneQuery<Contact>(`${contacts.path}/${call.contact_id}`, ["contact"]),
    enabled: latest !== undefined && found === undefined && call.contact_id !== null,
  });
  const contact = found ?? loaded?.data;
  return (contact && nameOf(contact)) || <Phone number={otherNumber(call)} />;
}

const FILTERS = [
  "from",
  "to",
  "disposition",
  "outcome",
  "direction",
  "contact_id",
  "location_id",
  "intent_id",
  "status",
];

const columns: Column<Call>[] = [
  {
    title: "Started",
    card: "aside",
    render: ({ started_at }) => <Time at={started_at} />,
    width: 150,
  },
  { title: "Caller", card: "heading", render: (call) => <Caller call={call} /> },
  { title: "Intent", render: ({ intent }) => intent },
  {
    title: "Summary",
    card: "detail",
    render: (call) => (
      <Text span inherit lineClamp={2} className="anywhere">
        <SpamBadges call={call} /> {call.summary}
      </Text>
    ),
  },
  { title: "Outcome", card: "detail", render: (call) => <Outcome call={call} /> },
  {
    title: "Duration",
    align: "right",
    render: ({ duration_seconds }) =>
      duration_seconds === null ? "" : formatDuration(duration_seconds),
  },
];

export function CallsPage() {
  const [search] = useListSearch();
  const isSpamShown = search.hidden === "show";
  return (
    <Page title="Calls" about="All calls the receptionist answered or made.">
      <List
        label="Calls"
        path={calls.path}
        entities={["call", "intent"]}
        columns={columns}
        query={isSpamShown ? {} : { spam: false, unscorable: false }}
        filters={FILTERS}
        hrefOf={({ id }) => pagePath("call", { id })}
        keepSearch={false}
        searchPlaceholder="Search summaries and transcripts"
        controls={<Filters />}
        empty={
          <Empty icon={IconPhone} title="No calls yet">
            Calls appear here once the voice platform has a key.{" "}
            <PageLink to={PAGE_PATHS.newKey}>Create a platform key</PageLink>
          </Empty>
        }
      />
    </Page>
  );
}

function Filters() {
  const [search, change] = useListSearch();
  const locationNames = useNames(locations).options;
  const intentNames = useNames(intents).options;
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
      {locationNames.length > 1 && (
        <FilterSelect
          name="location_id"
          label="Location"
          placeholder="All locations"
          data={locationNames}
        />
      )}
      <FilterSelect name="intent_id" label="Intent" placeholder="Any intent" data={intentNames} />
      <FilterSelect
        name="disposition"
        label="Disposition"
        placeholder="Any disposition"
        data={DISPOSITIONS}
      />
      <FilterSelect
        name="direction"
        label="Direction"
        placeholder="Any direction"
        data={DIRECTIONS}
      />
      {search.outcome && (
        <Button variant="light" size="xs" onClick={() => change({ outcome: undefined })}>
          Outcome: {search.outcome} · Show all
        </Button>
      )}
      {search.contact_id && (
        <Button variant="light" size="xs" onClick={() => change({ contact_id: undefined })}>
          One contact · Show all
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

/** The viewer's local days as points in time, so that a shared link shows the same calls in every time zone. */
const rangeOf = (first: string | null, last: string | null) => ({
  from: first === null ? undefined : dayjs(first).startOf("day").toISOString(),
  to: last === null ? undefined : dayjs(last).add(1, "day").startOf("day").toISOString(),
});

/** The inverse of `rangeOf`. While the viewer picks a range, only its first day is set. */
const daysOf = ({ from, to }: ListSearch): [string | null, string | null] => [
  from === undefined ? null : dayjs(from).format("YYYY-MM-DD"),
  to === undefined ? null : dayjs(to).subtract(1, "millisecond").format("YYYY-MM-DD"),
];

const PRESETS = [
  { days: 1, label: "Today" },
  { days: 7, label: "Last 7 days" },
  { days: 30, label: "Last 30 days" },
];

const presets = () =>
  PRESETS.map(({ days, label }) => {
    const first = dayjs().subtract(days - 1, "day");
    const range: [string, string] = [first.format("YYYY-MM-DD"), dayjs().format("YYYY-MM-DD")];
    return { label, value: range };
  });
