/** The audit log: who changed what and when, and whether the log is intact. */
import { Button, Text } from "@mantine/core";
import { IconDownload, IconHistory } from "@tabler/icons-react";
import { Outlet } from "@tanstack/react-router";
import { nounOf } from "../../../contract/entities.ts";
import type { AuditEntry } from "../../answers.ts";
import { pagePath } from "../../page-paths.ts";
import { addressOf } from "../api/client.ts";
import { capitalize } from "../parts/capitalize.ts";
import { type Column, List } from "../parts/list.tsx";
import { useListSearch } from "../parts/list-search.ts";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { Time } from "../parts/text.tsx";
import { AuditFilters, FILTERS } from "./AuditFilters.tsx";
import { ChainState } from "./ChainState.tsx";
import { changesOf, formatActor, formatField } from "./format.ts";

const columns: Column<AuditEntry>[] = [
  { title: "Time", card: "aside", width: 150, render: ({ at }) => <Time at={at} /> },
  {
    title: "Actor",
    card: "heading",
    render: (entry) => <span className="anywhere">{formatActor(entry)}</span>,
  },
  {
    title: "Change",
    card: "detail",
    render: (entry) => (
      <span className="anywhere">
        {capitalize(entry.action)} {nounOf(entry.entity_type)} {entry.entity_name}
        {entry.action === "updated" && (
          <Text span inherit c="dimmed">
            {" "}
            ·{" "}
            {changesOf(entry)
              .map(([field]) => formatField(field))
              .join(", ")}
          </Text>
        )}
      </span>
    ),
  },
  { title: "IP address", render: ({ ip }) => ip },
];

export function AuditPage() {
  const [search] = useListSearch();
  const parameters = Object.fromEntries(FILTERS.map((name) => [name, search[name]]));
  return (
    <Page
      title="Audit log"
      about="Every change and who made it. The log reveals rows that were altered or removed."
      actions={
        <Button
          component="a"
          href={addressOf("/audit/export", parameters)}
          download
          variant="default"
          leftSection={<IconDownload size={16} />}
        >
          Export
        </Button>
      }
    >
      <ChainState />
      <List
        label="Audit log"
        path="/audit"
        entities={["*"]}
        columns={columns}
        filters={FILTERS}
        hrefOf={({ id }) => pagePath("auditEntry", { id: String(id) })}
        controls={<AuditFilters />}
        empty={
          <Empty icon={IconHistory} title="No changes yet">
            Every change appears here.
          </Empty>
        }
      />
      <Outlet />
    </Page>
  );
}
