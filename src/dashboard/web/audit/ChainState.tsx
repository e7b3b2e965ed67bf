/** Whether the audit log is intact: every row still has the hash that it was written with. */
import { Alert, Anchor, Group, Stack, Text } from "@mantine/core";
import { IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { AuditProgress, AuditState } from "../../answers.ts";
import { dataQuery } from "../api/queries.ts";
import { capitalize } from "../parts/capitalize.ts";
import { Copyable, Time } from "../parts/text.tsx";

/** Digits of the head's hash that are shown; all of them are copied. */
const SHOWN_DIGITS = 12;

/** How often the progress of a verification is read. */
const PROGRESS_MS = 1_000;

const formatProgress = ({ checked_rows, total_rows }: AuditProgress): string =>
  total_rows === 0 ? "" : `${checked_rows.toLocaleString()} of ${total_rows.toLocaleString()} rows`;

export function ChainState() {
  const { data, error, isFetching, refetch } = useQuery({
    ...dataQuery<AuditState>("/audit/state", []),
    refetchInterval: ({ state }) => (state.data?.intact === null ? PROGRESS_MS : false),
  });
  const recheck = (
    <Anchor component="button" type="button" size="sm" onClick={() => void refetch()}>
      {isFetching ? "Checking…" : "Check again"}
    </Anchor>
  );
  if (error) return <Text size="sm">The log could not be checked. {recheck}</Text>;
  if (!data || data.intact === null)
    return (
      <Text size="sm" c="dimmed" mih={24} role="status">
        Checking the log… {data && formatProgress(data)}
      </Text>
    );
  if (!data.intact)
    return (
      <Alert color="red" icon={<IconShieldX />} title="The log was tampered with" role="alert">
        {capitalize(`${data.row === null ? "" : `row ${data.row} `}${data.problem}`)}. Copy the
        database before you do anything else. {recheck}
      </Alert>
    );
  const head = `${data.rows}:${data.head}`;
  return (
    <Stack gap={4}>
      <Group gap={6} mih={24}>
        <IconShieldCheck size={18} color="var(--mantine-color-green-7)" aria-hidden />
        <Text size="sm" role="status">
          Log intact: {data.rows.toLocaleString()} rows, checked <Time at={data.checked_at} />
        </Text>
        {recheck}
      </Group>
      <Group gap={6}>
        <Text size="sm" c="dimmed" component="div">
          <Copyable value={head} label="Copy head">
            Head: {head.slice(0, head.indexOf(":") + 1 + SHOWN_DIGITS)}…
          </Copyable>
        </Text>
        <Text size="sm" c="dimmed">
          Keep a copy outside this machine. <code>allison audit verify --head</code> checks the log
          against it.
        </Text>
      </Group>
      {data.unkeyed_rows > 0 && (
        <Text size="sm" c="dimmed">
          Rows 1 to {data.unkeyed_rows.toLocaleString()} were written before the log had a key.
        </Text>
      )}
    </Stack>
  );
}
