/** Intents: what callers may want. */
import { Button, Select } from "@mantine/core";
import { IconPlus, IconTargetArrow } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import type { Intent } from "../../answers.ts";
import { intents } from "../api/resources.ts";
import { type Column, List } from "../parts/list.tsx";
import { useListSearch } from "../parts/list-search.ts";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { PageLink } from "../parts/text.tsx";

const columns: Column<Intent>[] = [
  { title: "Name", card: "heading", render: ({ name }) => name },
  { title: "What the receptionist does", card: "detail", render: ({ description }) => description },
  { title: "State", card: "aside", render: ({ active }) => (active ? "Active" : "Switched off") },
  {
    title: "Calls",
    render: ({ id }) => <PageLink to={`/calls?intent_id=${id}`}>Its calls</PageLink>,
  },
];

export function IntentsPage() {
  const [search, change] = useListSearch();
  const add = (
    <Button component={Link} to="/intents/new" leftSection={<IconPlus size={16} />}>
      Add intent
    </Button>
  );
  return (
    <Page
      title="Intents"
      about="What callers may want, and what the receptionist does then."
      actions={add}
    >
      <List
        label="Intents"
        path={intents.path}
        entities={["intent"]}
        columns={columns}
        filters={["active"]}
        hrefOf={({ id }) => `/intents/${id}`}
        controls={
          <Select
            aria-label="State"
            placeholder="Any state"
            clearable
            data={[
              { value: "true", label: "Active" },
              { value: "false", label: "Switched off" },
            ]}
            value={search.active ?? null}
            onChange={(value) => change({ active: value ?? undefined })}
          />
        }
        empty={
          <Empty icon={IconTargetArrow} title="No intents yet" action={add}>
            They come by themselves with the calls, or add one by hand.
          </Empty>
        }
      />
      <Outlet />
    </Page>
  );
}
