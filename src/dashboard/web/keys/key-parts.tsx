/** The cells of the list of API keys: last use, expiry, the switch that disables a key, the menu. */
import { ActionIcon, Badge, Group, Menu, Switch, Text } from "@mantine/core";
import {
  IconAlertTriangle,
  IconClock,
  IconDots,
  IconRefresh,
  IconTrash,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Key } from "../../answers.ts";
import { explainError, send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import { useConfirmIdentity } from "../parts/confirm-identity.tsx";
import { Time } from "../parts/text.tsx";
import { useIsOwner } from "../parts/use-is-owner.ts";
import { expiryWarning } from "./format.ts";

export function KeyLastUse({ of: { last_used_at, last_used_ip } }: { of: Key }) {
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

export function KeyExpiry({ of: key }: { of: Key }) {
  const warning = expiryWarning(key);
  const Icon = warning === "Expired" ? IconAlertTriangle : IconClock;
  return (
    <Group gap={6}>
      <Time at={key.expires_at} />
      {warning && (
        <Badge
          variant="light"
          color={warning === "Expired" ? "red" : "yellow"}
          autoContrast
          tt="none"
          c="var(--mantine-color-text)"
          leftSection={<Icon size={12} />}
        >
          {warning}
        </Badge>
      )}
    </Group>
  );
}

/** Switches at once, and back if the server refuses or the user does not confirm. */
export function KeySwitch({ of: key }: { of: Key }) {
  const client = useQueryClient();
  const isOwner = useIsOwner();
  const confirm = useConfirmIdentity();
  const [requested, setRequested] = useState<boolean | null>(null);
  const [note, setNote] = useState<{ text: string; isError: boolean } | null>(null);
  const isActive = requested ?? key.active;
  const status = isActive ? "Enabled" : "Disabled";

  async function setActive(active: boolean) {
    setRequested(active);
    setNote(active ? null : { text: "Requests with this key are now rejected", isError: false });
    try {
      const purpose = `to enable the API key ${key.name}`;
      const proof = active
        ? await confirm({ kind: "keys.enable", id: key.id }, purpose)
        : undefined;
      if (proof === null) return setRequested(null);
      await send("PATCH", `/keys/${key.id}`, { body: { active }, proof });
      await refreshQueries(client, ["api_key"]);
    } catch (error) {
      setNote({ text: `Not changed. ${explainError(error)}`, isError: true });
    }
    setRequested(null);
  }

  if (!isOwner) return <Text size="sm">{status}</Text>;
  return (
    <div>
      <Switch
        label={status}
        aria-label={`${key.name}: ${status}`}
        checked={isActive}
        onChange={({ currentTarget }) => void setActive(currentTarget.checked)}
      />
      <Text
        size="xs"
        c={note?.isError ? "red" : "dimmed"}
        role={note?.isError ? "alert" : "status"}
      >
        {note?.text}
      </Text>
    </div>
  );
}

export function KeyMenu({ of: key, onRotate }: { of: Key; onRotate(key: Key): void }) {
  const client = useQueryClient();
  const confirm = useConfirmIdentity();
  const [problem, setProblem] = useState<string | null>(null);
  const isOwner = useIsOwner();
  const canRotate = key.active && expiryWarning(key) !== "Expired";

  async function deleteKey() {
    setProblem(null);
    const purpose = `to delete the API key ${key.name}. Requests with it are rejected at once. Its changes stay in the audit log`;
    try {
      const proof = await confirm({ kind: "keys.delete", id: key.id }, purpose);
      if (proof === null) return;
      await send("DELETE", `/keys/${key.id}`, { proof });
      await refreshQueries(client, ["api_key"]);
    } catch (error) {
      setProblem(explainError(error));
    }
  }

  if (!isOwner) return null;
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${key.name}`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            leftSection={<IconRefresh size={16} />}
            disabled={!canRotate}
            onClick={() => onRotate(key)}
          >
            {canRotate ? "Rotate" : "Rotate (not for disabled or expired keys)"}
          </Menu.Item>
          <Menu.Item
            color="red"
            leftSection={<IconTrash size={16} />}
            onClick={() => void deleteKey()}
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
