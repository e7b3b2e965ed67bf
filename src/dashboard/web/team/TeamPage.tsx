/** Team: to whom calls are passed on. */
import { Button, Select } from "@mantine/core";
import { IconPlus, IconUsers } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import type { TeamMember } from "../../answers.ts";
import { teamMembers } from "../api/resources.ts";
import { LocationSelect } from "../parts/choices.tsx";
import { type Column, List } from "../parts/list.tsx";
import { useListSearch } from "../parts/list-search.ts";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { Phone } from "../parts/text.tsx";

const columns: Column<TeamMember>[] = [
  { title: "Name", card: "heading", render: ({ name }) => name },
  { title: "Title", card: "detail", render: ({ title }) => title },
  { title: "Department", render: ({ department }) => department },
  {
    title: "Number",
    card: "detail",
    render: ({ phone_number }) => <Phone number={phone_number} fallback="None" />,
  },
  {
    title: "Takes calls",
    card: "aside",
    render: ({ active }) => (active ? "Takes calls" : "Takes none"),
  },
];

export function TeamPage() {
  const [search, change] = useListSearch();
  const add = (
    <Button component={Link} to="/team/new" leftSection={<IconPlus size={16} />}>
      Add team member
    </Button>
  );
  return (
    <Page title="Team" about="To whom the receptionist passes calls on." actions={add}>
      <List
        label="Team"
        path={teamMembers.path}
        entities={["team_member"]}
        columns={columns}
        filters={["location_id", "department", "active"]}
        hrefOf={({ id }) => `/team/${id}`}
        searchPlaceholder="Search name, title or number"
        controls={
          <>
            <LocationSelect
              label={undefined}
              aria-label="Location"
              value={search.location_id ?? null}
              onChange={(value) => change({ location_id: value ?? undefined })}
            />
            <Select
              aria-label="Takes calls"
              placeholder="Anybody"
              clearable
              data={[
                { value: "true", label: "Takes calls" },
                { value: "false", label: "Takes none" },
              ]}
              value={search.active ?? null}
              onChange={(value) => change({ active: value ?? undefined })}
            />
          </>
        }
        empty={
          <Empty icon={IconUsers} title="Nobody here yet" action={add}>
            Add who takes calls that the receptionist cannot finish.
          </Empty>
        }
      />
      <Outlet />
    </Page>
  );
}
