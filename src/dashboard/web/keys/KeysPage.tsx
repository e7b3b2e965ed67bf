/** API keys: what opens the API, who used it last, and how to stop it. */
import {
  ActionIcon,
  Badge,
  Button,
  Card,
  Code,
  Group,
  Menu,
  Stack,
  Switch,
  Table,
  Text,
} from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import {
  IconAlertTriangle,
  IconClock,
  IconDots,
  IconKey,
  IconPlus,
  IconRefresh,
  IconTrash,
} from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { useState } from "react";
import type { Key } from "../../answers.ts";
import { explainError, send } from "../api/client.ts";
import { dataQuery, refreshQueries } from "../api/queries.ts";
import { useConfirmIdentity } from "../parts/confirm-identity.tsx";
import { Page } from "../parts/page.tsx";
import { Empty, FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { Time } from "../parts/text.tsx";
import { RotateDialog } from "./RotateDialog.tsx";
import { sayAccess, sayExpiry } from "./words.ts";

/** Uses are no changes that the server tells of: they are looked up whenever somebody comes to look. */
const keysQuery = {
  ...dataQuery<Key[]>("/keys", ["api_key"]),
  refetchOnMount: "always",
  refetchOnWindowFocus: "always",
} as const;

export function KeysPage() {
  const keys = useQuery(keysQuery);
  const phone = useMediaQuery("(max-width: 48em)", undefined, { getInitialValueInEffect: false });
  const [rotating, setRotating] = useState<Key | null>(null);
  const add = (
    <Button component={Link} to="/settings/keys/new" leftSection={<IconPlus size={16} />}>
      Create API key
    </Button>
  );
  const Keys = phone ? Cards : Rows;
  return (
    <Page title="API keys" about="Each opens the API to one program." actions={add}>
      {keys.error && !keys.data ? (
        <FailureNotice error={keys.error} retry={() => void keys.refetch()} />
      ) : !keys.data ? (
        <SkeletonLines />
      ) : keys.data.length === 0 ? (
        <Empty icon={IconKey} title="No API keys yet" action={add}>
          Make one for each program that uses the API, and one for the voice platform.
        </Empty>
      ) : (
        <Keys keys={keys.data} onRotate={setRotating} />
      )}
      {rotating && <RotateDialog target={rotating} onClose={() => setRotating(null)} />}
      <Outlet />
    </Page>
  );
}

interface KeysProps {
  keys: readonly Key[];
  onRotate(key: Key): void;
}

const TITLES = ["Name", "Key", "Access", "Created", "Last used", "Expires", "State"];

function Rows({ keys, onRotate }: KeysProps) {
  return (
    <Table aria-label="API keys">
      <Table.Thead>
        <Table.Tr>
          {TITLES.map((title) => (
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
            <Table.Td>{sayAccess(key.access)}</Table.Td>
            <Table.Td>
              <Time at={key.created_at} />
            </Table.Td>
            <Table.Td>
              <LastUse of={key} />
            </Table.Td>
            <Table.Td>
              <Expiry of={key} />
            </Table.Td>
            <Table.Td>
              <State of={key} />
            </Table.Td>
            <Table.Td w={40}>
              <Actions of={key} onRotate={onRotate} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Cards({ keys, onRotate }: KeysProps) {
  return (
    <Stack gap="xs" component="section" aria-label="API keys">
      {keys.map((key) => (
        <Card key={key.id} withBorder padding="sm">
          <Group justify="space-between" wrap="nowrap" align="flex-start">
            <Text fw={550} style={{ overflowWrap: "anywhere" }}>
              {key.name}
            </Text>
            <Actions of={key} onRotate={onRotate} />
          </Group>
          <Stack gap={6} fz="sm" align="flex-start">
            <Code>{key.prefix}</Code>
            <span>
              {sayAccess(key.access)}, last used <LastUse of={key} />
            </span>
            {key.expires_at !== null && (
              <Group gap={6}>
                Expires <Expiry of={key} />
              </Group>
            )}
            <State of={key} />
          </Stack>
        </Card>
      ))}
    </Stack>
  );
}

function LastUse({ of: { last_used_at, last_used_ip } }: { of: Key }) {
  return (
    <>
      <Time at={last_used_at} />
      {last_used_ip !== null && (
        <Text span inherit c="dimmed" className="figures">
          {" "}
          from {last_used_ip}
        </Text>
      )}
    </>
  );
}

function Expiry({ of: key }: { of: Key }) {
  const word = sayExpiry(key);
  const Icon = word === "Expired" ? IconAlertTriangle : IconClock;
  return (
    <Group gap={6}>
      <Time at={key.expires_at} />
      {word && (
        <Badge
          variant="light"
          color={word === "Expired" ? "red" : "yellow"}
          autoContrast
          c="var(--mantine-color-text)"
          leftSection={<Icon size={12} />}
        >
          {word}
        </Badge>
      )}
    </Group>
  );
}

/** Switches at once, and back where the server refuses. */
function State({ of: key }: { of: Key }) {
  const client = useQueryClient();
  const [wanted, setWanted] = useState<boolean | null>(null);
  const [note, setNote] = useState<{ text: string; refused: boolean } | null>(null);
  const active = wanted ?? key.active;

  async function change(to: boolean) {
    setWanted(to);
    setNote(to ? null : { text: "Stops with the next request", refused: false });
    try {
      await send("PATCH", `/keys/${key.id}`, { body: { active: to } });
      await refreshQueries(client, ["api_key"]);
    } catch (error) {
      setNote({ text: `Not switched. ${explainError(error)}`, refused: true });
    }
    setWanted(null);
  }

  return (
    <div>
      <Switch
        label={active ? "On" : "Off"}
        aria-label={`${key.name} is ${active ? "on" : "off"}`}
        checked={active}
        onChange={({ currentTarget }) => void change(currentTarget.checked)}
      />
      <Text
        size="xs"
        c={note?.refused ? "red" : "dimmed"}
        role={note?.refused ? "alert" : "status"}
      >
        {note?.text}
      </Text>
    </div>
  );
}

function Actions({ of: key, onRotate }: { of: Key; onRotate(key: Key): void }) {
  const client = useQueryClient();
  const confirm = useConfirmIdentity();
  const [problem, setProblem] = useState<string | null>(null);
  const rotatable = key.active && sayExpiry(key) !== "Expired";

  async function remove() {
    setProblem(null);
    const what = `to delete the API key ${key.name}. It stops with the next request; what it did stays in the audit log`;
    try {
      const proof = await confirm({ kind: "keys.delete", id: key.id }, what);
      if (proof === null) return;
      await send("DELETE", `/keys/${key.id}`, { proof });
      await refreshQueries(client, ["api_key"]);
    } catch (error) {
      setProblem(explainError(error));
    }
  }

  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`More for ${key.name}`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconRefresh size={16} />}
            disabled={!rotatable}
            onClick={() => onRotate(key)}
          >
            {rotatable ? "Rotate" : "Rotate: not while it is off or expired"}
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={16} />}
            onClick={() => void remove()}
          >
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {problem && (
        <Text size="xs" c="red" role="alert">
          {problem}
        </Text>
      )}
    </>
  );
}
