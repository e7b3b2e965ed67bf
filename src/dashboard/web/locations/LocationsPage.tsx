/** The list of locations. */
import { Badge, Button, Group } from "@mantine/core";
import { IconMapPin, IconPlus } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import type { Location } from "../../answers.ts";
import { NEW_ID, pagePath } from "../../page-paths.ts";
import { locations } from "../api/resources.ts";
import { type Column, List } from "../parts/list.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { Phone } from "../parts/text.tsx";

const columns: Column<Location>[] = [
  {
    title: "Name",
    card: "heading",
    render: ({ name, is_default }) => (
      <Group gap="xs">
        {name}
        {is_default && (
          <Badge variant="light" tt="none">
            Default
          </Badge>
        )}
      </Group>
    ),
  },
  { title: "City", card: "detail", render: ({ city }) => city },
  {
    title: "Phone number",
    card: "detail",
    render: ({ phone_number }) => <Phone number={phone_number} fallback="None" />,
  },
  { title: "Time zone", render: ({ timezone }) => timezone },
];

export function LocationsPage() {
  const add = (
    <Button
      component={Link}
      to={pagePath("location", { id: NEW_ID })}
      leftSection={<IconPlus size={16} />}
    >
      Add location
    </Button>
  );
  return (
    <Page
      title="Locations"
      about="A call belongs to the location whose number was called, or to the default location."
      actions={add}
    >
      <List
        label="Locations"
        path={locations.path}
        entities={["location"]}
        columns={columns}
        hrefOf={({ id }) => pagePath("location", { id })}
        empty={
          <Empty icon={IconMapPin} title="No locations yet" action={add}>
            Add a location, so that the receptionist knows its time zone and opening hours.
          </Empty>
        }
      />
      <Outlet />
    </Page>
  );
}
