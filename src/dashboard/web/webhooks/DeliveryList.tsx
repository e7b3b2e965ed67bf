/** The deliveries of a subscription, and retrying those that failed. */
import { Badge, Button, Group, Modal, Radio, Stack, Text, Title } from "@mantine/core";
import { IconRefresh, IconSend } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { EVENT_TYPES } from "../../../contract/event-types.ts";
import type { Delivery, SentAgain, WebhookSubscription } from "../../answers.ts";
import { pagePath } from "../../page-paths.ts";
import { send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import { subscriptions } from "../api/resources.ts";
import { FilterSelect } from "../parts/filters.tsx";
import { type Column, List } from "../parts/list.tsx";
import { Empty } from "../parts/states.tsx";
import { Time } from "../parts/text.tsx";
import { TimeUntil } from "../parts/time-until.tsx";
import { useIsOwner } from "../parts/use-is-owner.ts";
import { DELIVERY_STATUSES, DeliveryState, Refusal } from "./states.tsx";

const columnsOf = (subscriptionId: string): Column<Delivery>[] => [
  {
    title: "Event",
    card: "heading",
    render: ({ event_type, test }) => (
      <Group gap="xs" component="span">
        {event_type}
        {test && (
          <Badge component="span" size="sm" variant="default" tt="none">
            Test
          </Badge>
        )}
      </Group>
    ),
  },
  {
    title: "Status",
    card: "aside",
    render: ({ status, attempts }) => <DeliveryState status={status} attempts={attempts.length} />,
  },
  { title: "Created", card: "detail", render: ({ created_at }) => <Time at={created_at} /> },
  { title: "Attempts", align: "right", render: ({ attempts }) => attempts.length },
  {
    title: "Last response",
    card: "detail",
    render: ({ attempts }) => <LastResponse attempts={attempts} />,
  },
  {
    title: "Next attempt",
    render: (delivery) =>
      delivery.next_attempt_at ? (
        <TimeUntil at={delivery.next_attempt_at} />
      ) : (
        delivery.status === "failed" && (
          <RetryButton subscriptionId={subscriptionId} deliveryId={delivery.id} />
        )
      ),
  },
];

function LastResponse({ attempts }: Pick<Delivery, "attempts">) {
  const last = attempts.at(-1);
  if (!last) return null;
  return (
    <Text inherit style={{ overflowWrap: "anywhere" }} lineClamp={2}>
      {last.status_code === null ? last.error : `HTTP ${last.status_code}`}
    </Text>
  );
}

interface RetryButtonProps {
  subscriptionId: string;
  deliveryId: string;
}

/** Starts a new round of attempts for a failed delivery. */
export function RetryButton({ subscriptionId, deliveryId }: RetryButtonProps) {
  const client = useQueryClient();
  const path = `${subscriptions.path}/${subscriptionId}/deliveries/${deliveryId}/retry`;
  const retry = useMutation({
    mutationFn: () => send("POST", path),
    onSuccess: () => refreshQueries(client, ["delivery"]),
  });
  if (!useIsOwner()) return null;
  return (
    <Stack gap={4} align="flex-start">
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconRefresh size={14} />}
        loading={retry.isPending}
        onClick={() => retry.mutate()}
      >
        Retry
      </Button>
      <Refusal error={retry.error} />
    </Stack>
  );
}

export function DeliveryList({ subscription }: { subscription: WebhookSubscription }) {
  const [isRetrying, setRetrying] = useState(false);
  const isOwner = useIsOwner();
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Title order={2} size="h4">
          Deliveries
        </Title>
        {isOwner && (
          <Button
            size="xs"
            variant="default"
            leftSection={<IconRefresh size={14} />}
            onClick={() => setRetrying(true)}
          >
            Retry all failed
          </Button>
        )}
      </Group>
      <List
        label="Deliveries"
        path={`${subscriptions.path}/${subscription.id}/deliveries`}
        entities={["delivery", subscriptions.entity]}
        query={{ limit: 25 }}
        columns={columnsOf(subscription.id)}
        filters={["status", "event"]}
        hrefOf={({ id }) => pagePath("delivery", { id: subscription.id, deliveryId: id })}
        controls={
          <>
            <FilterSelect
              name="status"
              label="Status"
              placeholder="Any status"
              data={DELIVERY_STATUSES}
            />
            <FilterSelect
              name="event"
              label="Event"
              placeholder="Any event"
              data={EVENT_TYPES.map((type) => ({ value: type, label: type }))}
            />
          </>
        }
        empty={
          <Empty icon={IconSend} title="No deliveries yet">
            Deliveries appear here when events occur. Send a test event to check the URL now.
          </Empty>
        }
      />
      {isRetrying && <RetryAllDialog id={subscription.id} onClose={() => setRetrying(false)} />}
    </Stack>
  );
}

const HOUR_MS = 3_600_000;
const PERIODS = [
  { value: String(HOUR_MS), label: "Last hour" },
  { value: String(24 * HOUR_MS), label: "Last 24 hours" },
  { value: String(72 * HOUR_MS), label: "Last 3 days" },
  { value: "all", label: "All time, as far back as deliveries are kept" },
];
const startOf = (period: string) =>
  new Date(period === "all" ? 0 : Date.now() - Number(period)).toISOString();

function RetryAllDialog({ id, onClose }: { id: string; onClose(): void }) {
  const client = useQueryClient();
  const [period, setPeriod] = useState(PERIODS[1]!.value);
  const retry = useMutation({
    mutationFn: async () => {
      const body = { since: startOf(period) };
      const path = `/webhook-subscriptions/${id}/retry-failed`;
      return (await send<{ data: SentAgain }>("POST", path, { body })).body.data;
    },
    onSuccess: () => refreshQueries(client, ["delivery"]),
  });
  return (
    <Modal opened onClose={onClose} title="Retry all failed deliveries">
      <Stack>
        <Radio.Group label="Failed in" value={period} onChange={setPeriod}>
          <Stack gap="xs" mt="xs">
            {PERIODS.map((option) => (
              <Radio key={option.value} {...option} />
            ))}
          </Stack>
        </Radio.Group>
        <Refusal error={retry.error} />
        {retry.data && (
          <Text size="sm" role="status">
            {formatRetried(retry.data)}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button loading={retry.isPending} onClick={() => retry.mutate()}>
            {retry.data?.more ? "Retry more" : "Retry"}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function formatRetried({ sent_again: count, more }: SentAgain): string {
  if (count === 0) return "No failed deliveries in this period.";
  const started = `Retrying ${count.toLocaleString()} ${count === 1 ? "delivery" : "deliveries"}.`;
  return more ? `${started} There are more: retry again when these are done.` : started;
}
