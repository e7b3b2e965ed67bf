/** The filters of the audit log. */
import { Button } from "@mantine/core";
import { DatePickerInput } from "@mantine/dates";
import "@mantine/dates/styles.css";
import { useQuery } from "@tanstack/react-query";
import dayjs from "dayjs";
import { ENTITY_NOUNS } from "../../../contract/entities.ts";
import type { Key } from "../../answers.ts";
import { dataQuery, sessionQuery } from "../api/queries.ts";
import { capitalize } from "../parts/capitalize.ts";
import { FilterSelect } from "../parts/filters.tsx";
import { useListSearch } from "../parts/list-search.ts";

export const FILTERS = ["actor_id", "entity_type", "entity_id", "action", "from", "to"];

const TYPES = Object.entries(ENTITY_NOUNS).map(([value, noun]) => ({
  value,
  label: capitalize(noun),
}));
const ACTIONS = [
  { value: "created", label: "Created" },
  { value: "updated", label: "Updated" },
  { value: "deleted", label: "Deleted" },
];

export function AuditFilters() {
  const [search, change] = useListSearch();
  return (
    <>
      <FilterSelect
        name="actor_id"
        label="Actor"
        placeholder="Any actor"
        data={useActors(search.actor_id)}
      />
      <FilterSelect name="entity_type" label="Entity" placeholder="Any entity" data={TYPES} />
      <FilterSelect name="action" label="Action" placeholder="Any action" data={ACTIONS} />
      <DateFilter />
      {search.entity_id && (
        <Button variant="light" size="xs" onClick={() => change({ entity_id: undefined })}>
          One entity only · Show all
        </Button>
      )}
    </>
  );
}

/** The signed-in user and the API keys. `current`: the chosen id, which may be of a key that was deleted since. */
function useActors(current: string | undefined) {
  const { data: keys = [] } = useQuery(dataQuery<Key[]>("/keys", ["api_key"]));
  const { data: session } = useQuery(sessionQuery);
  const actors = [
    ...(session ? [{ value: session.user.id, label: session.user.email }] : []),
    ...keys.map(({ id, name }) => ({ value: id, label: name })),
  ];
  return current === undefined || actors.some(({ value }) => value === current)
    ? actors
    : [...actors, { value: current, label: current }];
}

/** The day of a time, or null; `to` is exclusive, so its day is that of the millisecond before. */
const dayOf = (iso: string | undefined, millisecondsBack: number): string | null =>
  iso === undefined
    ? null
    : dayjs(iso).subtract(millisecondsBack, "millisecond").format("YYYY-MM-DD");

/** A range of days, from the start of the first to the end of the last. */
function DateFilter() {
  const [search, change] = useListSearch();
  return (
    <DatePickerInput
      type="range"
      placeholder="Any date"
      valueFormat="D MMM YYYY"
      allowSingleDateInRange
      clearable
      miw={{ base: "100%", xs: 160 }}
      value={[dayOf(search.from, 0), dayOf(search.to, 1)]}
      onChange={([first, last]) =>
        change({
          from: first === null ? undefined : dayjs(first).startOf("day").toISOString(),
          to: last === null ? undefined : dayjs(last).add(1, "day").startOf("day").toISOString(),
        })
      }
    />
  );
}
