/** One delivery: each attempt with its answer, what comes next, and the request as it went out. */
import { Anchor, Divider, Group, Stack, Tabs, Text, Timeline, Title } from "@mantine/core";
import { IconCheck, IconClock, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import type { DeliveryDetail, SentRequest } from "../../answers.ts";
import { oneQuery } from "../api/queries.ts";
import { subscriptions } from "../api/resources.ts";
import { CodeBlock } from "../parts/code.tsx";
import { Panel, usePanelClose } from "../parts/page.tsx";
import { FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { Copyable, Time } from "../parts/text.tsx";
import { TimeUntil } from "../parts/time-until.tsx";
import { AttemptAnswer, sayOutcome } from "./attempts.tsx";
import { SendAgain } from "./DeliveryList.tsx";
import { DeliveryState } from "./states.tsx";

export function DeliveryPanel() {
  const { id, deliveryId } = useParams({ from: "/shell/webhooks/$id/deliveries/$deliveryId" });
  const close = usePanelClose(`/webhooks/${id}`);
  const one = useQuery(
    oneQuery<DeliveryDetail>(`/deliveries/${deliveryId}`, ["delivery", subscriptions.entity]),
  );
  return (
    <Panel title={one.data?.data.event_type ?? "Delivery"} onClose={close} size={680}>
      {one.data ? (
        <Known key={deliveryId} delivery={one.data.data} />
      ) : one.error ? (
        <FailureNotice error={one.error} retry={() => void one.refetch()} />
      ) : (
        <SkeletonLines />
      )}
    </Panel>
  );
}

function Known({ delivery }: { delivery: DeliveryDetail }) {
  const { id, event_id, status, attempts, test, created_at, subscription_id, url } = delivery;
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start">
        <Group gap="xs">
          <DeliveryState status={status} attempts={attempts.length} />
          <Time at={created_at} />
          {test && <Text c="dimmed">Test, tried once</Text>}
        </Group>
        {status === "failed" && url !== null && (
          <SendAgain subscriptionId={subscription_id} deliveryId={id} />
        )}
      </Group>
      <Attempts delivery={delivery} />
      <Divider />
      <Request request={delivery.request} url={url} />
      <Divider />
      <Stack gap={4} fz="sm">
        <Id name="Delivery" value={id} />
        <Id name="Event" value={event_id} />
      </Stack>
    </Stack>
  );
}

function Id({ name, value }: { name: string; value: string }) {
  return (
    <Group gap="xs" wrap="nowrap">
      <Text c="dimmed" inherit w={64} style={{ flexShrink: 0 }}>
        {name}
      </Text>
      <Copyable value={value} label={`Copy ${name.toLowerCase()} id`} />
    </Group>
  );
}

const succeeded = (code: number | null) => code !== null && code >= 200 && code < 300;

function Attempts({ delivery: { attempts, next_attempt_at } }: { delivery: DeliveryDetail }) {
  if (attempts.length === 0 && next_attempt_at === null)
    return <Text c="dimmed">It was never tried.</Text>;
  return (
    <Timeline bulletSize={24} lineWidth={2} active={-1} aria-label="Attempts">
      {attempts.map((attempt) => {
        const ok = succeeded(attempt.status_code);
        const Icon = ok ? IconCheck : IconX;
        return (
          <Timeline.Item
            key={attempt.attempt}
            title={`Attempt ${attempt.attempt}`}
            bullet={<Icon size={14} color={`var(--mantine-color-${ok ? "green" : "red"}-6)`} />}
          >
            <Stack gap="xs">
              <Text size="sm">
                {sayOutcome(attempt)} · <Time at={attempt.at} />
              </Text>
              <AttemptAnswer attempt={attempt} />
            </Stack>
          </Timeline.Item>
        );
      })}
      {next_attempt_at !== null && (
        <Timeline.Item
          title={attempts.length === 0 ? "First try" : "Next try"}
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
  shown: "As it was last sent. Each attempt is signed afresh; the body stays the same.",
  rotated:
    "The secret was changed after it was last sent, so its signature cannot be shown any more.",
  not_sent: "Not sent yet: the time and the signature come with the first attempt.",
  unreadable:
    "The signature cannot be shown: the webhook is deleted, or its secret was stored with another server key.",
};

function Request({ request, url }: { request: SentRequest; url: string | null }) {
  const headers = Object.entries(request.headers).map(
    ([name, value]) => `${name}: ${value ?? "—"}`,
  );
  return (
    <Stack gap="xs">
      <Title order={3} size="h5">
        The request
      </Title>
      <Text size="sm" c="dimmed">
        {SIGNATURE_NOTES[request.signature]}{" "}
        <Anchor href="/docs/webhooks#verifying" target="_blank" inherit underline="always">
          How to verify it
        </Anchor>
      </Text>
      <CodeBlock
        label="Headers"
        text={[...(url === null ? [] : [`POST ${url}`]), ...headers].join("\n")}
        copy
      />
      <Tabs defaultValue="readable" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="readable">Readable</Tabs.Tab>
          <Tabs.Tab value="raw">As sent</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="readable" pt="xs">
          <CodeBlock label="Body, readable" text={indented(request.body)} maxHeight={360} />
        </Tabs.Panel>
        <Tabs.Panel value="raw" pt="xs">
          <CodeBlock label="Body as sent" text={request.body} maxHeight={360} copy />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

const indented = (json: string) => JSON.stringify(JSON.parse(json), null, 2);
