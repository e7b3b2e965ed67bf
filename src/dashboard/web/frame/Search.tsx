/** ⌘K: goes to pages, does things, and finds contacts, calls and keys. */
import { useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Spotlight, type SpotlightActionGroupData, spotlight } from "@mantine/spotlight";
import "@mantine/spotlight/styles.css";
import { IconMoon, IconPlus, IconSearch, IconSun } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type RefObject, useEffect, useState } from "react";
import type { Call, Contact, Key } from "../../answers.ts";
import { dataQuery, pageQuery } from "../api/queries.ts";
import { calls, contacts } from "../api/resources.ts";
import { nameOf } from "../contacts/ContactsPage.tsx";
import { formatPhone, formatTime } from "../parts/text.tsx";
import { GROUPS } from "./Shell.tsx";

const NEW = [
  { to: "/settings/keys/new", label: "Create API key" },
  { to: "/contacts/new", label: "Add contact" },
  { to: "/locations/new", label: "Add location" },
  { to: "/team/new", label: "Add team member" },
  { to: "/rules/new", label: "Add escalation rule" },
  { to: "/intents/new", label: "Add intent" },
  { to: "/webhooks/new", label: "Add webhook" },
];
const FOUND = 5;

export default function Search({ opener }: { opener: RefObject<(() => void) | null> }) {
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const [typed, setTyped] = useState("");
  const [q] = useDebouncedValue(typed.trim(), 200);
  const enabled = q.length > 1;
  const query = { q, limit: FOUND };
  const people = useQuery({ ...pageQuery<Contact>(contacts.path, ["contact"], query), enabled });
  const talks = useQuery({ ...pageQuery<Call>(calls.path, ["call"], query), enabled });
  const keys = useQuery({ ...dataQuery<Key[]>("/keys", ["api_key"]), enabled });
  useEffect(() => {
    opener.current = spotlight.open;
  }, [opener]);

  const go = (to: string) => () => void navigate({ to });
  const fits = (text: string) => text.toLowerCase().includes(typed.trim().toLowerCase());
  const groups: SpotlightActionGroupData[] = [
    {
      group: "Pages",
      actions: GROUPS.flatMap(({ pages }) => pages)
        .filter(({ title }) => fits(title))
        .map(({ to, title, icon: Icon }) => ({
          id: to,
          label: title,
          leftSection: <Icon size={18} />,
          onClick: go(to),
        })),
    },
    {
      group: "Do",
      actions: [
        ...NEW.map(({ to, label }) => ({
          id: to,
          label,
          leftSection: <IconPlus size={18} />,
          onClick: go(to),
        })),
        {
          id: "dark",
          label: "Dark mode",
          leftSection: <IconMoon size={18} />,
          onClick: () => setColorScheme("dark"),
        },
        {
          id: "light",
          label: "Light mode",
          leftSection: <IconSun size={18} />,
          onClick: () => setColorScheme("light"),
        },
      ].filter(({ label }) => fits(label)),
    },
    {
      group: "Contacts",
      actions: (enabled ? (people.data?.data ?? []) : []).map((contact) => ({
        id: contact.id,
        label: nameOf(contact) || formatPhone(contact.phone_number),
        description: formatPhone(contact.phone_number),
        onClick: go(`/contacts/${contact.id}`),
      })),
    },
    {
      group: "Calls",
      actions: (enabled ? (talks.data?.data ?? []) : []).map(({ id, summary, started_at }) => ({
        id,
        label: summary ?? "Call",
        description: formatTime(started_at),
        onClick: go(`/calls/${id}`),
      })),
    },
    {
      group: "API keys",
      actions: (enabled ? (keys.data ?? []) : [])
        .filter(({ name }) => fits(name))
        .slice(0, FOUND)
        .map(({ id, name, prefix }) => ({
          id,
          label: name,
          description: prefix,
          onClick: go("/settings/keys"),
        })),
    },
  ].filter(({ actions }) => actions.length > 0);
  const searching = enabled && (people.isFetching || talks.isFetching);
  const failed = people.error || talks.error;
  return (
    <Spotlight
      actions={groups}
      // What is shown was found here or by the server; nothing is to be filtered once more.
      filter={(_, all) => all}
      query={typed}
      onQueryChange={setTyped}
      shortcut="mod + K"
      nothingFound={
        searching
          ? "Searching"
          : failed
            ? "The search failed. Type on to try again."
            : "Nothing found"
      }
      scrollable
      maxHeight={420}
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: "Search pages, contacts, calls and keys",
        "aria-label": "Search pages, contacts, calls and keys",
      }}
    />
  );
}
