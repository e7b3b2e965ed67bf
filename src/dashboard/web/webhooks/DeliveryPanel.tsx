/** The panel of one delivery: its attempts with their responses, the next attempt, and the request. */
import { Anchor, Divider, Group, Stack, Tabs, Text, Timeline, Title } from "@mantine/core";
import { IconCheck, IconClock, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import type { DeliveryDetail, SentRequest } from "../../answers.ts";
import { pagePath } from "../../page-paths.ts";
import { oneQuery } from "../api/queries.ts";
import { subscriptions } from "../api/resources.ts";
import { CodeBlock } from "../parts/code.tsx";
import { Loaded } from "../parts/loaded.tsx";
import { Panel, usePanelClose } from "../parts/page.tsx";
import { Copyable, Time } from "../parts/text.tsx";
import { TimeUntil } from "../parts/time-until.tsx";
import { AttemptResponse, formatResult } from "./attempts.tsx";
import { RetryButton } from "./DeliveryList.tsx";
import { DeliveryState } from "./states.tsx";

export function DeliveryPanel() {
  const { id, deliveryId } = useParams({ from: "/shell/webhooks/$id/deliveries/$deliveryId" });
  const close = usePanelClose(pagePath("webhook", { id }));
  const query = useQuery(
    oneQuery<DeliveryDetail>(`/deliveries/${deliveryId}`, ["delivery", subscriptions.entity]),
  );
  return (
    <Panel title={query.data?.data.event_type ?? "Delivery"} onClose={close} size={680}>
      <Loaded query={query}>
        {({ data }) => <DeliveryContent key={deliveryId} delivery={data} />}
      </Loaded>
    </Panel>
  );
}

function DeliveryContent({ delivery }: { delivery: DeliveryDetail }) {
  const { id, event_id, status, attempts, test, created_at, subscription_id, url } = delivery;
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start">
        <Group gap="xs">
          <DeliveryState status={status} attempts={attempts.length} />
          <Time at={created_at} />
          {test && <Text c="dimmed">Test, sent once</Text>}
        </Group>
        {status === "failed" && url !== null && (
          <RetryButton subscriptionId={subscription_id} deliveryId={id} />
        )}
      </Group>
      <AttemptTimeline delivery={delivery} />
      <Divider />
      <RequestDetails request={delivery.request} url={url} />
      <Divider />
      <Stack gap={4} fz="sm">
        <CopyableId label="Delivery" value={id} />
        <CopyableId label="Event" value={event_id} />
      </Stack>
    </Stack>
  );
}

function CopyableId({ label, value }: { label: string; value: string }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <Text c="dimmed" inherit w={64} style={{ flexShrink: 0 }}>
        {label}
      </Text>
      <Copyable value={value} label={`Copy ${label.toLowerCase()} ID`} />
    </Group>
  );
}

const isSuccess = (code: number | null) => code !== null && code >= 200 && code < 300;

function AttemptTimeline({
  delivery: { attempts, next_attempt_at },
}: {
  delivery: DeliveryDetail;
}) {
  if (attempts.length === 0 && next_attempt_at === null)
    return <Text c="dimmed">No attempts.</Text>;
  return (
    <Timeline bulletSize={24} lineWidth={2} active={-1} aria-label="Attempts">
      {attempts.map((attempt) => {
        const isOk = isSuccess(attempt.status_code);
        const Icon = isOk ? IconCheck : IconX;
        return (
          <Timeline.Item
            key={attempt.attempt}
            title={`Attempt ${attempt.attempt}`}
            bullet={<Icon size={14} color={`var(--mantine-color-${isOk ? "green" : "red"}-6)`} />}
          >
            <Stack gap="xs">
              <Text size="sm">
                {formatResult(attempt)} · <Time at={attempt.at} />
              </Text>
              <AttemptResponse attempt={attempt} />
            </Stack>
          </Timeline.Item>
        );
      })}
      {next_attempt_at !== null && (
        <Timeline.Item
          title={attempts.length === 0 ? "First attempt" : "Next attempt"}
          bullet={<IconClock size={14} />}
          lineVariant="dashed"
        >
          <Text size="sm">
            <TimeUntil at={next_attempt_at} />
          </Text>
        </Timeline.Item>
      )}
    </Timeline>
  );
}

const SIGNATURE_NOTES: Record<SentRequest["signature"], string> = {
  shown: "The request as last sent. Each attempt has its own signature; the body stays the same.",
  rotated: "The signature cannot be shown: the secret was rotated after the last attempt.",
  not_sent: "Not sent yet. The first attempt sets the timestamp and the signature.",
  unreadable:
    "The signature cannot be shown: the webhook was deleted, or its secret was encrypted with another server key.",
};

function RequestDetails({ request, url }: { request: SentRequest; url: string | null }) {
  const headers = Object.entries(request.headers).map(
    ([name, value]) => `${name}: ${value ?? "—"}`,
  );
  return (
    <Stack gap="xs">
      <Title order={3} size="h5">
        Request
      </Title>
      <Text size="sm" c="dimmed">
        {SIGNATURE_NOTES[request.signature]}{" "}
        <Anchor href="/docs/webhooks#verifying" target="_blank" inherit underline="always">
          How to verify
        </Anchor>
      </Text>
      <CodeBlock
        label="Headers"
        text={[...(url === null ? [] : [`POST ${url}`]), ...headers].join("\n")}
        copy
      />
      <Tabs defaultValue="formatted" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="formatted">Formatted</Tabs.Tab>
          <Tabs.Tab value="raw">Raw</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="formatted" pt="xs">
          <CodeBlock label="Body, formatted" text={indent(request.body)} maxHeight={360} />
        </Tabs.Panel>
        <Tabs.Panel value="raw" pt="xs">
          <CodeBlock label="Body, raw" text={request.body} maxHeight={360} copy />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

const indent = (json: string) => JSON.stringify(JSON.parse(json), null, 2);
