/** One change: its values before and after, and who made it. */
import { Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { nounOf } from "../../../contract/entities.ts";
import type { AuditEntry } from "../../answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { pageQuery } from "../api/queries.ts";
import { capitalize } from "../parts/capitalize.ts";
import { Details } from "../parts/details.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { Panel, usePanelClose } from "../parts/page.tsx";
import { PageLink, Time } from "../parts/text.tsx";
import { changesOf, formatActor, formatField, formatValue, pageOf } from "./format.ts";

export function AuditEntryPanel() {
  const { id } = useParams({ from: "/shell/settings/audit/$id" });
  const close = usePanelClose(PAGE_PATHS.audit);
  // The API has no route for one row. A cursor is exclusive, so the row follows the number after it. Rows never change.
  const query = { cursor: Number(id) + 1, limit: 1 };
  const list = useQuery(pageQuery<AuditEntry>("/audit", [], query));
  return (
    <Panel title={`Change ${id}`} onClose={close} size={720}>
      <Loaded query={list}>
        {({ data: [entry] }) =>
          String(entry?.id) === id ? (
            <Entry entry={entry!} />
          ) : (
            <Text>The audit log has no row {id}.</Text>
          )
        }
      </Loaded>
    </Panel>
  );
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { at, action, entity_type, entity_id, entity_name, actor, ip, user_agent } = entry;
  const page = pageOf(entry);
  const entity = capitalize(`${nounOf(entity_type)} ${entity_name ?? ""}`);
  return (
    <Stack gap="lg">
      <Details
        title={capitalize(action)}
        entries={{
          Entity: page ? <PageLink to={page}>{entity}</PageLink> : entity,
          Actor: formatActor(entry),
          "API key": actor.prefix,
          Time: <Time at={at} />,
          "IP address": ip,
          "User agent": user_agent,
          "Request ID": entry.request_id,
          History: entity_id && (
            <PageLink to={`${PAGE_PATHS.audit}?entity_id=${entity_id}`}>All changes</PageLink>
          ),
        }}
      />
      {typeof entry.changes === "string" && (
        <Text c="red">This row was altered and cannot be read: {entry.changes}</Text>
      )}
      <ChangeTable entry={entry} />
    </Stack>
  );
}

function ChangeTable({ entry }: { entry: AuditEntry }) {
  return (
    <Table aria-label="Changed fields" layout="fixed">
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
            <Table.Td className="anywhere">{formatField(field)}</Table.Td>
            <Table.Td className="value">{formatValue(before)}</Table.Td>
            <Table.Td className="value">{formatValue(after)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
