/** The list of team members. */
import { Button } from "@mantine/core";
import { IconPlus, IconUsers } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import type { TeamMember } from "../../answers.ts";
import { NEW_ID, pagePath } from "../../page-paths.ts";
import { teamMembers } from "../api/resources.ts";
import { ActiveFilter, LocationFilter } from "../parts/filters.tsx";
import { type Column, List } from "../parts/list.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { Phone } from "../parts/text.tsx";

const columns: Column<TeamMember>[] = [
  { title: "Name", card: "heading", render: ({ name }) => name },
  { title: "Title", card: "detail", render: ({ title }) => title },
  { title: "Department", render: ({ department }) => department },
  {
    title: "Phone number",
    card: "detail",
    render: ({ phone_number }) => <Phone number={phone_number} fallback="None" />,
  },
  { title: "Status", card: "aside", render: ({ active }) => (active ? "Active" : "Inactive") },
];

export function TeamPage() {
  const add = (
    <Button
      component={Link}
      to={pagePath("teamMember", { id: NEW_ID })}
      leftSection={<IconPlus size={16} />}
    >
      Add team member
    </Button>
  );
  return (
    <Page title="Team" about="The people the receptionist transfers calls to." actions={add}>
      <List
        label="Team"
        path={teamMembers.path}
        entities={["team_member"]}
        columns={columns}
        filters={["location_id", "department", "active"]}
        hrefOf={({ id }) => pagePath("teamMember", { id })}
        searchPlaceholder="Search name, title or number"
        controls={
          <>
            <LocationFilter />
            <ActiveFilter />
          </>
        }
        empty={
          <Empty icon={IconUsers} title="No team members yet" action={add}>
            Add the people who take calls the receptionist cannot handle.
          </Empty>
        }
      />
      <Outlet />
    </Page>
  );
}
