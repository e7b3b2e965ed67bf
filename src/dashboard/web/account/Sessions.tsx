/** The user's sessions, and how to end them. */
import { Alert, Badge, Button, Card, Group, Stack, Text, Tooltip } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { SessionEntry } from "../../answers.ts";
import { explainError, send } from "../api/client.ts";
import { dataQuery, refreshQueries } from "../api/queries.ts";
import { Loaded } from "../parts/loaded.tsx";
import { Time } from "../parts/text.tsx";
import { formatBrowser } from "./user-agent.ts";

export function Sessions() {
  const query = useQuery({
    ...dataQuery<SessionEntry[]>("/sessions", ["session"]),
    refetchOnMount: "always",
  });
  return (
    <Loaded query={query} lines={3}>
      {(sessions) => <SessionList sessions={sessions} />}
    </Loaded>
  );
}

function SessionList({ sessions }: { sessions: readonly SessionEntry[] }) {
  const client = useQueryClient();
  const [problem, setProblem] = useState<string | null>(null);
  const others = sessions.filter(({ current }) => !current);

  async function endSessions(ended: readonly SessionEntry[]) {
    setProblem(null);
    try {
      for (const { id } of ended) await send("DELETE", `/sessions/${id}`);
    } catch (error) {
      setProblem(explainError(error));
    }
    await refreshQueries(client, ["session"]);
  }

  return (
    <Stack gap="xs">
      {sessions.map((session) => (
        <SessionCard key={session.id} session={session} onEnd={() => void endSessions([session])} />
      ))}
      {problem && (
        <Alert color="red" variant="light" role="alert">
          {problem}
        </Alert>
      )}
      {others.length > 0 && (
        <Group>
          <Button variant="default" onClick={() => void endSessions(others)}>
            Sign out all other sessions
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function SessionCard({ session, onEnd }: { session: SessionEntry; onEnd(): void }) {
  const { user_agent, last_seen_at, last_seen_ip, ip, current } = session;
  const browser = formatBrowser(user_agent);
  return (
    <Card withBorder padding="sm" role="group" aria-label={browser}>
      <Group justify="space-between">
        <div>
          <Group gap="xs">
            <Tooltip label={user_agent ?? "The browser sent no user agent"} multiline maw={360}>
              <Text size="sm" fw={550}>
                {browser}
              </Text>
            </Tooltip>
            {current && <Badge variant="light">Current session</Badge>}
          </Group>
          <Text size="sm" c="dimmed">
            Last active <Time at={last_seen_at} /> · {last_seen_ip ?? ip ?? "Unknown IP address"}
          </Text>
        </div>
        {!current && (
          <Button size="xs" variant="default" onClick={onEnd} aria-label={`Sign out ${browser}`}>
            Sign out
          </Button>
        )}
      </Group>
    </Card>
  );
}
