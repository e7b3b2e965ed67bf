/** The list of intents. */
import { Button } from "@mantine/core";
import { IconPlus, IconTargetArrow } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import type { Intent } from "../../answers.ts";
import { NEW_ID, PAGE_PATHS, pagePath } from "../../page-paths.ts";
import { intents } from "../api/resources.ts";
import { ActiveFilter } from "../parts/filters.tsx";
import { type Column, List } from "../parts/list.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { PageLink } from "../parts/text.tsx";

const columns: Column<Intent>[] = [
  { title: "Name", card: "heading", render: ({ name }) => name },
  { title: "What the receptionist does", card: "detail", render: ({ description }) => description },
  { title: "Status", card: "aside", render: ({ active }) => (active ? "Active" : "Inactive") },
  {
    title: "Calls",
    render: ({ id }) => <PageLink to={`${PAGE_PATHS.calls}?intent_id=${id}`}>View calls</PageLink>,
  },
];

export function IntentsPage() {
  const add = (
    <Button
      component={Link}
      to={pagePath("intent", { id: NEW_ID })}
      leftSection={<IconPlus size={16} />}
    >
      Add intent
    </Button>
  );
  return (
    <Page
      title="Intents"
      about="What callers want, and what the receptionist does about it."
      actions={add}
    >
      <List
        label="Intents"
        path={intents.path}
        entities={["intent"]}
        columns={columns}
        filters={["active"]}
        hrefOf={({ id }) => pagePath("intent", { id })}
        controls={<ActiveFilter />}
        empty={
          <Empty icon={IconTargetArrow} title="No intents yet" action={add}>
            Calls create intents automatically. You can also add one here.
          </Empty>
        }
      />
      <Outlet />
    </Page>
  );
}
