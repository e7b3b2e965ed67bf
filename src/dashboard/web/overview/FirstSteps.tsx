/** What a new install still needs, until all of it is done. */
import { Card, Group, Stack, Text, Title } from "@mantine/core";
import { IconCircle, IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Overview } from "../../answers.ts";
import { sessionQuery } from "../api/queries.ts";
import { CodeBlock } from "../parts/code.tsx";
import { PageLink } from "../parts/text.tsx";

export function FirstSteps({ setup }: { setup: Overview["setup"] }) {
  const { data: session } = useQuery(sessionQuery);
  const url = session?.public_url ?? "";
  const { has_key, has_platform_key, has_call, has_subscription } = setup;
  if (has_key && has_platform_key && has_call && has_subscription) return null;
  // Who has calls looks at them first.
  const showHow = !has_call;
  return (
    <Card withBorder component="section" padding="md">
      <Title order={2} size="h5" mb="sm">
        Next steps
      </Title>
      <Stack gap="md">
        <Step done={has_key} title="Make a key and call the API" to="/settings/keys/new">
          {showHow && !has_key && (
            <CodeBlock
              label="A first request"
              copy
              text={`curl -H "Authorization: Bearer YOUR_KEY" ${url}/v1/me`}
            />
          )}
        </Step>
        <Step
          done={has_platform_key && has_call}
          title="Connect the voice platform with a platform key"
          to="/settings/keys/new"
        >
          {showHow && (
            <CodeBlock
              label="A first call"
              copy
              text={`curl -X PUT -H "Authorization: Bearer YOUR_PLATFORM_KEY" -H "Content-Type: application/json" \\\n  -d '{"direction": "inbound", "from_number": "+12025550123", "started_at": "${new Date().toISOString()}"}' \\\n  ${url}/platform/v1/calls/first-call`}
            />
          )}
        </Step>
        <Step
          done={has_subscription}
          title="Add a webhook, to be told of what happens"
          to="/webhooks/new"
        />
      </Stack>
    </Card>
  );
}

interface StepProps {
  done: boolean;
  title: string;
  to: string;
  children?: ReactNode;
}

function Step({ done, title, to, children }: StepProps) {
  const Icon = done ? IconCircleCheck : IconCircle;
  return (
    <Group gap="xs" align="flex-start" wrap="nowrap">
      <Icon
        size={20}
        color={done ? "var(--mantine-color-green-7)" : "currentColor"}
        aria-label={done ? "Done" : "To do"}
        style={{ flexShrink: 0 }}
      />
      <div style={{ flex: 1, minWidth: 0 }}>
        {done ? <Text c="dimmed">{title}</Text> : <PageLink to={to}>{title}</PageLink>}
        {children}
      </div>
    </Group>
  );
}
