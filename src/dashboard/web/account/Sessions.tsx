/** Where one is signed in, and ending it. */
import { Alert, Badge, Button, Card, Group, Stack, Text, Tooltip } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { SessionEntry } from "../../answers.ts";
import { explainError, send } from "../api/client.ts";
import { dataQuery, refreshQueries } from "../api/queries.ts";
import { FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { Time } from "../parts/text.tsx";
import { sayBrowser } from "./user-agent.ts";

export function Sessions() {
  const client = useQueryClient();
  const list = useQuery({
    ...dataQuery<SessionEntry[]>("/sessions", ["session"]),
    refetchOnMount: "always",
  });
  const [problem, setProblem] = useState<string | null>(null);
  const others = list.data?.filter(({ current }) => !current) ?? [];

  async function end(sessions: readonly SessionEntry[]) {
    setProblem(null);
    try {
      for (const { id } of sessions) await send("DELETE", `/sessions/${id}`);
    } catch (error) {
      setProblem(explainError(error));
    }
    await refreshQueries(client, ["session"]);
  }

  if (list.error && !list.data)
    return <FailureNotice error={list.error} retry={() => void list.refetch()} />;
  if (!list.data) return <SkeletonLines lines={3} />;
  return (
    <Stack gap="xs">
      {list.data.map((session) => (
        <Entry key={session.id} session={session} onEnd={() => void end([session])} />
      ))}
      {problem && (
        <Alert color="red" variant="light" role="alert">
          {problem}
        </Alert>
      )}
      {others.length > 0 && (
        <Group>
          <Button variant="default" onClick={() => void end(others)}>
            End all others
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Entry({ session, onEnd }: { session: SessionEntry; onEnd(): void }) {
  const { user_agent, last_seen_at, last_seen_ip, ip, current } = session;
  const browser = sayBrowser(user_agent);
  return (
    <Card withBorder padding="sm" role="group" aria-label={browser}>
      <Group justify="space-between">
        <div>
          <Group gap="xs">
            <Tooltip label={user_agent ?? "No user agent was sent"} multiline maw={360}>
              <Text size="sm" fw={550}>
                {browser}
              </Text>
            </Tooltip>
            {current && <Badge variant="light">This one</Badge>}
          </Group>
          <Text size="sm" c="dimmed">
            Last seen <Time at={last_seen_at} /> from {last_seen_ip ?? ip ?? "an unknown address"}
          </Text>
        </div>
        {!current && (
          <Button size="xs" variant="default" onClick={onEnd} aria-label={`End ${browser}`}>
            End
          </Button>
        )}
      </Group>
    </Card>
  );
}
