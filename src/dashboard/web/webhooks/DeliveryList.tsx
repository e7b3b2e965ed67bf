/** The deliveries of a subscription: what became of each, and sending again what failed. */
import { Badge, Button, Group, Modal, Radio, Select, Stack, Text, Title } from "@mantine/core";
import { IconRefresh, IconSend } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { EVENT_TYPES } from "../../../contract/event-types.ts";
import type { Delivery, SentAgain, WebhookSubscription } from "../../answers.ts";
import { send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import { subscriptions } from "../api/resources.ts";
import { type Column, List } from "../parts/list.tsx";
import { useListSearch } from "../parts/list-search.ts";
import { Empty } from "../parts/states.tsx";
import { Time } from "../parts/text.tsx";
import { TimeUntil } from "../parts/time-until.tsx";
import { DELIVERY_STATES, DeliveryState, Refusal } from "./states.tsx";

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
    title: "State",
    card: "aside",
    render: ({ status, attempts }) => <DeliveryState status={status} attempts={attempts.length} />,
  },
  { title: "Created", card: "detail", render: ({ created_at }) => <Time at={created_at} /> },
  { title: "Attempts", align: "right", render: ({ attempts }) => attempts.length },
  {
    title: "Last answer",
    card: "detail",
    render: ({ attempts }) => <LastAnswer attempts={attempts} />,
  },
  {
    title: "Next try",
    render: (delivery) =>
      delivery.next_attempt_at ? (
        <TimeUntil at={delivery.next_attempt_at} />
      ) : (
        delivery.status === "failed" && (
          <SendAgain subscriptionId={subscriptionId} deliveryId={delivery.id} />
        )
      ),
  },
];

function LastAnswer({ attempts }: Pick<Delivery, "attempts">) {
  const last = attempts.at(-1);
  if (!last) return null;
  return (
    <Text inherit style={{ overflowWrap: "anywhere" }} lineClamp={2}>
      {last.status_code === null ? last.error : `HTTP ${last.status_code}`}
    </Text>
  );
}

interface SendAgainProps {
  subscriptionId: string;
  deliveryId: string;
}

/** Begins a new round of attempts for one that failed. */
export function SendAgain({ subscriptionId, deliveryId }: SendAgainProps) {
  const client = useQueryClient();
  const path = `${subscriptions.path}/${subscriptionId}/deliveries/${deliveryId}/retry`;
  const again = useMutation({
    mutationFn: () => send("POST", path),
    onSuccess: () => refreshQueries(client, ["delivery"]),
  });
  return (
    <Stack gap={4} align="flex-start">
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconRefresh size={14} />}
        loading={again.isPending}
        onClick={() => again.mutate()}
      >
        Send again
      </Button>
      <Refusal error={again.error} />
    </Stack>
  );
}

export function DeliveryList({ subscription }: { subscription: WebhookSubscription }) {
  const [search, change] = useListSearch();
  const [sending, setSending] = useState(false);
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Title order={2} size="h4">
          Deliveries
        </Title>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconRefresh size={14} />}
          onClick={() => setSending(true)}
        >
          Send all failed again
        </Button>
      </Group>
      <List
        label="Deliveries"
        path={`${subscriptions.path}/${subscription.id}/deliveries`}
        entities={["delivery", subscriptions.entity]}
        query={{ limit: 25 }}
        columns={columnsOf(subscription.id)}
        filters={["status", "event"]}
        hrefOf={({ id }) => `/webhooks/${subscription.id}/deliveries/${id}`}
        controls={
          <>
            <Select
              aria-label="State of deliveries"
              placeholder="Any state"
              data={DELIVERY_STATES}
              clearable
              w={150}
              value={search.status ?? null}
              onChange={(status) => change({ status: status ?? undefined })}
            />
            <Select
              aria-label="Event of deliveries"
              placeholder="Any event"
              data={[...EVENT_TYPES]}
              clearable
              w={240}
              value={search.event ?? null}
              onChange={(event) => change({ event: event ?? undefined })}
            />
          </>
        }
        empty={
          <Empty icon={IconSend} title="Nothing sent yet">
            The next event that this webhook is for appears here. “Send a test” shows at once
            whether the address answers.
          </Empty>
        }
      />
      {sending && <SendAllAgain id={subscription.id} onClose={() => setSending(false)} />}
    </Stack>
  );
}

const HOUR = 3_600_000;
const SINCE = [
  { value: String(HOUR), label: "In the last hour" },
  { value: String(24 * HOUR), label: "In the last day" },
  { value: String(72 * HOUR), label: "In the last 3 days" },
  { value: "all", label: "At any time, as far back as deliveries are kept" },
];
const startOf = (choice: string) =>
  new Date(choice === "all" ? 0 : Date.now() - Number(choice)).toISOString();

function SendAllAgain({ id, onClose }: { id: string; onClose(): void }) {
  const client = useQueryClient();
  const [choice, setChoice] = useState(SINCE[1]!.value);
  const all = useMutation({
    mutationFn: async () => {
      const body = { since: startOf(choice) };
      const path = `/webhook-subscriptions/${id}/retry-failed`;
      return (await send<{ data: SentAgain }>("POST", path, { body })).body.data;
    },
    onSuccess: () => refreshQueries(client, ["delivery"]),
  });
  return (
    <Modal opened onClose={onClose} title="Send all failed again">
      <Stack>
        <Radio.Group label="Those that failed for good" value={choice} onChange={setChoice}>
          <Stack gap="xs" mt="xs">
            {SINCE.map((since) => (
              <Radio key={since.value} {...since} />
            ))}
          </Stack>
        </Radio.Group>
        <Refusal error={all.error} />
        {all.data && (
          <Text size="sm" role="status">
            {sayAll(all.data)}
          </Text>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button loading={all.isPending} onClick={() => all.mutate()}>
            {all.data?.more ? "Send the next" : "Send again"}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function sayAll({ sent_again, more }: SentAgain): string {
  if (sent_again === 0) return "None failed in that time, so nothing is sent.";
  const some = sent_again === 1 ? "1 is being sent again." : `${sent_again} are being sent again.`;
  return more ? `${some} There are more: send the next once these are through.` : some;
}
