/** The steps that set up a new install. Hidden once all are done. */
import { Card, Group, Stack, Text, Title } from "@mantine/core";
import { IconCircle, IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import type { Overview } from "../../answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { sessionQuery } from "../api/queries.ts";
import { CodeBlock } from "../parts/code.tsx";
import { PageLink } from "../parts/text.tsx";

export function FirstSteps({ setup }: { setup: Overview["setup"] }) {
  const { data: session } = useQuery(sessionQuery);
  const url = session?.public_url ?? "";
  const { has_key, has_platform_key, has_call, has_subscription } = setup;
  // The steps are for owners: a member can do none of them.
  if (session?.user.role !== "owner") return null;
  if (has_key && has_platform_key && has_call && has_subscription) return null;
  // The examples take space that a page with calls needs.
  const hasExamples = !has_call;
  return (
    <Card withBorder component="section" padding="md">
      <Title order={2} size="h5" mb="sm">
        Next steps
      </Title>
      <Stack gap="md">
        <Step isDone={has_key} title="Create an API key and send a request" to={PAGE_PATHS.newKey}>
          {hasExamples && !has_key && (
            <CodeBlock
              label="First request"
              copy
              text={`curl -H "Authorization: Bearer YOUR_KEY" ${url}/v1/me`}
            />
          )}
        </Step>
        <Step
          isDone={has_platform_key && has_call}
          title="Connect the voice platform with a platform key"
          to={PAGE_PATHS.newKey}
        >
          {hasExamples && (
            <CodeBlock
              label="First call"
              copy
              text={`curl -X PUT -H "Authorization: Bearer YOUR_PLATFORM_KEY" -H "Content-Type: application/json" \\\n  -d '{"direction": "inbound", "from_number": "+12025550123", "started_at": "${new Date().toISOString()}"}' \\\n  ${url}/platform/v1/calls/first-call`}
            />
          )}
        </Step>
        <Step
          isDone={has_subscription}
          title="Add a webhook to receive events"
          to={PAGE_PATHS.newWebhook}
        />
      </Stack>
    </Card>
  );
}

interface StepProps {
  isDone: boolean;
  title: string;
  to: string;
  children?: ReactNode;
}

function Step({ isDone, title, to, children }: StepProps) {
  const Icon = isDone ? IconCircleCheck : IconCircle;
  return (
    <Group gap="xs" align="flex-start" wrap="nowrap">
      <Icon
        size={20}
        color={isDone ? "var(--mantine-color-green-7)" : "currentColor"}
        aria-label={isDone ? "Done" : "To do"}
        style={{ flexShrink: 0 }}
      />
      <div style={{ flex: 1, minWidth: 0 }}>
        {isDone ? <Text c="dimmed">{title}</Text> : <PageLink to={to}>{title}</PageLink>}
        {children}
      </div>
    </Group>
  );
}
