/** ⌘K: goes to pages and does things; finds contacts, calls and keys. */
import { Spotlight, spotlight } from "@mantine/spotlight";
import "@mantine/spotlight/styles.css";
import { IconSearch } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { type RefObject, useEffect } from "react";
import { GROUPS } from "./Shell.tsx";

export default function Search({ opener }: { opener: RefObject<(() => void) | null> }) {
  const navigate = useNavigate();
  useEffect(() => {
    opener.current = spotlight.open;
  }, [opener]);
  const pages = GROUPS.flatMap(({ pages: own }) => own).map(({ to, title, icon: Icon }) => ({
    id: to,
    label: title,
    leftSection: <Icon size={18} />,
    onClick: () => void navigate({ to }),
  }));
  return (
    <Spotlight
      actions={pages}
      shortcut="mod + K"
      nothingFound="Nothing found"
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: "Search",
        "aria-label": "Search",
      }}
    />
  );
}
