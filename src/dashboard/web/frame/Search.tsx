/** ⌘K: opens pages and forms, switches the color scheme, and finds contacts, calls and API keys. */
import { useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { Spotlight, type SpotlightActionData, spotlight } from "@mantine/spotlight";
import "@mantine/spotlight/styles.css";
import { IconMoon, IconPlus, IconSearch, IconSun } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type RefObject, useEffect, useState } from "react";
import type { Call, Contact, Key } from "../../answers.ts";
import { PAGE_PATHS, pagePath } from "../../page-paths.ts";
import { dataQuery, pageQuery } from "../api/queries.ts";
import { calls, contacts } from "../api/resources.ts";
import { nameOf } from "../contacts/ContactsPage.tsx";
import { formatPhone, formatTime } from "../parts/text.tsx";
import { useIsOwner } from "../parts/use-is-owner.ts";
import { NAVIGATION, NEW_FORMS } from "./navigation.ts";

const MAX_RESULTS = 5;
const MIN_LENGTH = 2;
const PROMPT = "Search pages, contacts, calls and API keys";

interface Action extends SpotlightActionData {
  id: string;
  label: string;
}

/** Returns a function that builds the handler which opens a path. */
function useOpenPath() {
  const navigate = useNavigate();
  return (to: string) => () => void navigate({ to });
}

const matches =
  (text: string) =>
  ({ label }: { label: string }) =>
    label.toLowerCase().includes(text.trim().toLowerCase());

/** Pages whose title contains the text. */
function usePageActions(text: string): Action[] {
  const openPath = useOpenPath();
  return NAVIGATION.flatMap(({ pages }) => pages)
    .map(({ page, title, icon: Icon }) => ({
      id: page,
      label: title,
      leftSection: <Icon size={18} />,
      onClick: openPath(PAGE_PATHS[page]),
    }))
    .filter(matches(text));
}

/** Forms and settings whose label contains the text. */
function useCommandActions(text: string): Action[] {
  const openPath = useOpenPath();
  const isOwner = useIsOwner();
  const { setColorScheme } = useMantineColorScheme();
  const forms = NEW_FORMS.filter(({ ownersOnly }) => isOwner || !ownersOnly).map(
    ({ path, label }) => ({
      id: path,
      label,
      leftSection: <IconPlus size={18} />,
      onClick: openPath(path),
    }),
  );
  const schemes = [
    { id: "dark", label: "Dark mode", icon: <IconMoon size={18} /> },
    { id: "light", label: "Light mode", icon: <IconSun size={18} /> },
  ] as const;
  return [
    ...forms,
    ...schemes.map(({ id, label, icon }) => ({
      id,
      label,
      leftSection: icon,
      onClick: () => setColorScheme(id),
    })),
  ].filter(matches(text));
}

/** Contacts, calls and API keys that the server finds. */
function useResults(text: string) {
  const openPath = useOpenPath();
  const [q] = useDebouncedValue(text.trim(), 200);
  const enabled = q.length >= MIN_LENGTH;
  const query = { q, limit: MAX_RESULTS };
  const people = useQuery({ ...pageQuery<Contact>(contacts.path, ["contact"], query), enabled });
  const found = useQuery({ ...pageQuery<Call>(calls.path, ["call"], query), enabled });
  const keys = useQuery({ ...dataQuery<Key[]>("/keys", ["api_key"]), enabled });
  const contactActions = (people.data?.data ?? []).map((contact) => ({
    id: contact.id,
    label: nameOf(contact) || formatPhone(contact.phone_number),
    description: formatPhone(contact.phone_number),
    onClick: openPath(pagePath("contact", { id: contact.id })),
  }));
  const callActions = (found.data?.data ?? []).map(({ id, summary, started_at }) => ({
    id,
    label: summary ?? "Call",
    description: formatTime(started_at),
    onClick: openPath(pagePath("call", { id })),
  }));
  const keyActions = (keys.data ?? [])
    .map(({ id, name, prefix }) => ({
      id,
      label: name,
      description: prefix,
      onClick: openPath(PAGE_PATHS.keys),
    }))
    .filter(matches(text))
    .slice(0, MAX_RESULTS);
  const groups = [
    { group: "Contacts", actions: contactActions },
    { group: "Calls", actions: callActions },
    { group: "API keys", actions: keyActions },
  ];
  return {
    groups: enabled ? groups : [],
    isSearching: enabled && (people.isFetching || found.isFetching),
    error: people.error || found.error,
  };
}

export default function Search({ opener }: { opener: RefObject<(() => void) | null> }) {
  const [text, setText] = useState("");
  const pages = usePageActions(text);
  const commands = useCommandActions(text);
  const { groups, isSearching, error } = useResults(text);
  useEffect(() => {
    opener.current = spotlight.open;
  }, [opener]);

  const actions = [
    { group: "Pages", actions: pages },
    { group: "Actions", actions: commands },
    ...groups,
  ].filter((group) => group.actions.length > 0);
  const failed = error ? "Search failed. Keep typing to try again." : "No matches";
  return (
    <Spotlight
      actions={actions}
      // The actions are filtered here and by the server already.
      filter={(_, all) => all}
      query={text}
      onQueryChange={setText}
      shortcut="mod + K"
      nothingFound={isSearching ? "Searching…" : failed}
      scrollable
      maxHeight={420}
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: PROMPT,
        "aria-label": PROMPT,
      }}
    />
  );
}
