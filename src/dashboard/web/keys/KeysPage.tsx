/** API keys: their access, last use and expiry. */
import { Button, Card, Code, Group, Stack, Table, Text } from "@mantine/core";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { useState } from "react";
import type { Key } from "../../answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { dataQuery } from "../api/queries.ts";
import { Loaded } from "../parts/loaded.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { Time } from "../parts/text.tsx";
import { useIsOwner } from "../parts/use-is-owner.ts";
import { usePhone } from "../parts/use-phone.ts";
import { formatAccess } from "./format.ts";
import { KeyExpiry, KeyLastUse, KeyMenu, KeySwitch } from "./key-parts.tsx";
import { RotateDialog } from "./RotateDialog.tsx";

/** The server does not announce the use of a key as a change, so the list is refreshed whenever it comes into view. */
const keysQuery = {
  ...dataQuery<Key[]>("/keys", ["api_key"]),
  refetchOnMount: "always",
  refetchOnWindowFocus: "always",
} as const;

export function KeysPage() {
  const query = useQuery(keysQuery);
  const isPhone = usePhone();
  const isOwner = useIsOwner();
  const [rotating, setRotating] = useState<Key | null>(null);
  const createButton = isOwner && (
    <Button component={Link} to={PAGE_PATHS.newKey} leftSection={<IconPlus size={16} />}>
      Create API key
    </Button>
  );
  const empty = (
    <Empty icon={IconKey} title="No API keys yet" action={createButton}>
      Create one key for each program that uses the API, and one for the voice platform.
    </Empty>
  );
  const KeyList = isPhone ? KeyCards : KeyTable;
  return (
    <Page
      title="API keys"
      about="Each program that uses the API has its own key."
      actions={createButton}
    >
      <Loaded query={query} empty={empty}>
        {(keys) => <KeyList keys={keys} onRotate={setRotating} />}
      </Loaded>
      {rotating && <RotateDialog target={rotating} onClose={() => setRotating(null)} />}
      {isOwner && <Outlet />}
    </Page>
  );
}

interface KeyListProps {
  keys: readonly Key[];
  onRotate(key: Key): void;
}

const COLUMNS = ["Name", "Key", "Access", "Created", "Last used", "Expires", "Status"];

function KeyTable({ keys, onRotate }: KeyListProps) {
  return (
    <Table aria-label="API keys">
      <Table.Thead>
        <Table.Tr>
          {COLUMNS.map((title) => (
            <Table.Th key={title}>{title}</Table.Th>
          ))}
          <Table.Td />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {keys.map((key) => (
          <Table.Tr key={key.id}>
            <Table.Th scope="row" fw={550} style={{ overflowWrap: "anywhere" }}>
              {key.name}
            </Table.Th>
            <Table.Td>
              <Code>{key.prefix}</Code>
            </Table.Td>
            <Table.Td>{formatAccess(key.access)}</Table.Td>
            <Table.Td>
              <Time at={key.created_at} />
            </Table.Td>
            <Table.Td>
              <KeyLastUse of={key} />
            </Table.Td>
            <Table.Td>
              <KeyExpiry of={key} />
            </Table.Td>
            <Table.Td>
              <KeySwitch of={key} />
            </Table.Td>
            <Table.Td w={40}>
              <KeyMenu of={key} onRotate={onRotate} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function KeyCards({ keys, onRotate }: KeyListProps) {
  return (
    <Stack gap="xs" component="section" aria-label="API keys">
      {keys.map((key) => (
        <Card key={key.id} withBorder padding="sm">
          <Group justify="space-between" wrap="nowrap" align="flex-start">
            <Text fw={550} style={{ overflowWrap: "anywhere" }}>
              {key.name}
            </Text>
            <KeyMenu of={key} onRotate={onRotate} />
          </Group>
          <Stack gap={6} fz="sm" align="flex-start">
            <Code>{key.prefix}</Code>
            <span>
              {formatAccess(key.access)} · Last used <KeyLastUse of={key} />
            </span>
            {key.expires_at !== null && (
              <Group gap={6}>
                Expires <KeyExpiry of={key} />
              </Group>
            )}
            <KeySwitch of={key} />
          </Stack>
        </Card>
      ))}
    </Stack>
  );
}
