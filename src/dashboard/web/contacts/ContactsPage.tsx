/** Contacts: who calls. */
import { Button, Select } from "@mantine/core";
import { IconAddressBook, IconPlus } from "@tabler/icons-react";
import { Link, Outlet } from "@tanstack/react-router";
import type { Contact } from "../../answers.ts";
import { contacts } from "../api/resources.ts";
import { type Column, List } from "../parts/list.tsx";
import { useListSearch } from "../parts/list-search.ts";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { Phone, Time } from "../parts/text.tsx";

export const nameOf = ({ first_name, last_name }: Pick<Contact, "first_name" | "last_name">) =>
  [first_name, last_name].filter(Boolean).join(" ");

const SOURCES = [
  { value: "call", label: "From a call" },
  { value: "api", label: "By the API" },
  { value: "manual", label: "Made here" },
];

const columns: Column<Contact>[] = [
  { title: "Name", card: "heading", render: (contact) => nameOf(contact) || "No name yet" },
  {
    title: "Number",
    card: "detail",
    render: ({ phone_number }) => <Phone number={phone_number} />,
  },
  { title: "Email", render: ({ email }) => email },
  { title: "Calls", align: "right", render: ({ call_count }) => call_count },
  {
    title: "Last call",
    card: "aside",
    render: ({ last_contact_at }) => <Time at={last_contact_at} />,
  },
];

export function ContactsPage() {
  const [search, change] = useListSearch();
  const add = (
    <Button component={Link} to="/contacts/new" leftSection={<IconPlus size={16} />}>
      Add contact
    </Button>
  );
  return (
    <Page title="Contacts" about="Who calls. Each call adds or completes one." actions={add}>
      <List
        label="Contacts"
        path={contacts.path}
        entities={["contact"]}
        columns={columns}
        filters={["source"]}
        hrefOf={({ id }) => `/contacts/${id}`}
        searchPlaceholder="Search name, number or email"
        controls={
          <Select
            aria-label="Source"
            placeholder="Any source"
            data={SOURCES}
            clearable
            w={150}
            value={search.source ?? null}
            onChange={(source) => change({ source: source ?? undefined })}
          />
        }
        empty={
          <Empty icon={IconAddressBook} title="No contacts yet" action={add}>
            They come by themselves with the first calls, or add one by hand.
          </Empty>
        }
      />
      <Outlet />
    </Page>
  );
}
