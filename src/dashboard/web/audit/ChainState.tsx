/** Whether the audit log is intact: every row still has the hash that it was written with. */
import { Alert, Anchor, Group, Text } from "@mantine/core";
import { IconShieldCheck, IconShieldX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { AuditState } from "../../answers.ts";
import { dataQuery } from "../api/queries.ts";
import { Time } from "../parts/text.tsx";

export function ChainState() {
  const { data, error, isFetching, refetch } = useQuery(dataQuery<AuditState>("/audit/state", []));
  const recheck = (
    <Anchor component="button" type="button" size="sm" onClick={() => void refetch()}>
      {isFetching ? "Checking…" : "Check again"}
    </Anchor>
  );
  if (error) return <Text size="sm">The log could not be checked. {recheck}</Text>;
  if (!data)
    return (
      <Text size="sm" c="dimmed" mih={24} role="status">
        Checking the log…
      </Text>
    );
  if (!data.intact)
    return (
      <Alert color="red" icon={<IconShieldX />} title="The log was tampered with" role="alert">
        Row {data.row} {data.problem}. Copy the database before you do anything else. {recheck}
      </Alert>
    );
  return (
    <Group gap={6} mih={24}>
      <IconShieldCheck size={18} color="var(--mantine-color-green-7)" aria-hidden />
      <Text size="sm" role="status">
        Log intact: {data.rows.toLocaleString()} rows, checked <Time at={data.checked_at} />
      </Text>
      {recheck}
    </Group>
  );
}
