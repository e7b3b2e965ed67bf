/** The list of contacts. */
import { Button } from "@mantine/core";
import { IconAddressBook, IconPlus } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import type { Contact } from "../../answers.ts";
import { NEW_ID, pagePath } from "../../page-paths.ts";
import { contacts } from "../api/resources.ts";
import { FilterSelect } from "../parts/filters.tsx";
import { type Column, List } from "../parts/list.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { Phone, Time } from "../parts/text.tsx";

/** First and last name; empty where the contact has neither. */
export const nameOf = ({ first_name, last_name }: Pick<Contact, "first_name" | "last_name">) =>
  [first_name, last_name].filter(Boolean).join(" ");

const SOURCES = [
  { value: "call", label: "Call" },
  { value: "api", label: "API" },
  { value: "manual", label: "Manual" },
];

const columns: Column<Contact>[] = [
  { title: "Name", card: "heading", render: (contact) => nameOf(contact) || "No name" },
  {
    title: "Phone number",
    card: "detail",
    render: ({ phone_number }) => <Phone number={phone_number} />,
  },
  { title: "Email", render: ({ email }) => email },
  { title: "Calls", align: "right", render: ({ call_count }) => call_count.toLocaleString() },
  {
    title: "Last call",
    card: "aside",
    render: ({ last_contact_at }) => <Time at={last_contact_at} />,
  },
];

export function ContactsPage() {
  const add = (
    <Button
      component={Link}
      to={pagePath("contact", { id: NEW_ID })}
      leftSection={<IconPlus size={16} />}
    >
      Add contact
    </Button>
  );
  return (
    <Page
      title="Contacts"
      about="People who called. Each call creates or updates a contact."
      actions={add}
    >
      <List
        label="Contacts"
        path={contacts.path}
        entities={["contact"]}
        columns={columns}
        filters={["source"]}
        hrefOf={({ id }) => pagePath("contact", { id })}
        searchPlaceholder="Search name, number or email"
        controls={
          <FilterSelect name="source" label="Source" placeholder="Any source" data={SOURCES} />
        }
        empty={
          <Empty icon={IconAddressBook} title="No contacts yet" action={add}>
            Calls create contacts automatically. You can also add one here.
          </Empty>
        }
      />
      <Outlet />
    </Page>
  );
}
