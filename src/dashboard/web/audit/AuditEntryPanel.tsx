/** One change: old and new side by side, and everything known of who made it. */
import { Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import type { AuditEntry } from "../../answers.ts";
import { pageQuery } from "../api/queries.ts";
import { Details } from "../parts/details.tsx";
import { Panel, usePanelClose } from "../parts/page.tsx";
import { FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { PageLink, Time } from "../parts/text.tsx";
import { changesOf, pageOf, sayActor, sayEntity, sayValue } from "./words.ts";

export function AuditEntryPanel() {
  const { id } = useParams({ from: "/shell/settings/audit/$id" });
  const close = usePanelClose("/settings/audit");
  // The newest row before the one after it; a row never changes.
  const query = { cursor: Number(id) + 1, limit: 1 };
  const list = useQuery(pageQuery<AuditEntry>("/audit", [], query));
  const entry = list.data?.data.find((each) => String(each.id) === id);
  return (
    <Panel title={`Change ${id}`} onClose={close} size={720}>
      {list.error ? (
        <FailureNotice error={list.error} retry={() => void list.refetch()} />
      ) : !list.data ? (
        <SkeletonLines />
      ) : entry ? (
        <Entry entry={entry} />
      ) : (
        <Text>The log has no row of this number.</Text>
      )}
    </Panel>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { at, action, entity_type, entity_id, entity_name, actor, ip, user_agent, request_id } =
    entry;
  const page = pageOf(entry);
  const what = `${sayEntity(entity_type)} ${entity_name ?? ""}`;
  return (
    <Stack gap="lg">
      <Details
        title={`${action.charAt(0).toUpperCase()}${action.slice(1)}`}
        entries={{
          What: page && action !== "deleted" ? <PageLink to={page}>{what}</PageLink> : what,
          Who: sayActor(entry),
          Key: actor.prefix,
          When: <Time at={at} />,
          From: ip,
          With: user_agent,
          Request: request_id,
          History: entity_id && (
            <PageLink to={`/settings/audit?entity_id=${entity_id}`}>All changes of this</PageLink>
          ),
        }}
      />
      {typeof entry.changes === "string" && (
        <Text c="red">This row was altered into what cannot be read: {entry.changes}</Text>
      )}
      <Table aria-label="What changed" layout="fixed">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w="22%">Field</Table.Th>
            <Table.Th>Before</Table.Th>
            <Table.Th>After</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {changesOf(entry).map(([field, [before, after]]) => (
            <Table.Tr key={field}>
              <Table.Td className="anywhere">{field.replaceAll("_", " ")}</Table.Td>
              <Table.Td className="value">{sayValue(before)}</Table.Td>
              <Table.Td className="value">{sayValue(after)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}
