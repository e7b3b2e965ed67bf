/** "Send a test": a sample of an event, and what the receiver answered to it. */
import { Button, Group, Modal, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { EVENT_TYPES } from "../../../contract/event-types.ts";
import type { Delivery, DeliveryDetail, WebhookSubscription } from "../../answers.ts";
import { send } from "../api/client.ts";
import { oneQuery, refreshQueries } from "../api/queries.ts";
import { subscriptions } from "../api/resources.ts";
import { FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { AttemptAnswer, sayOutcome } from "./attempts.tsx";
import { DeliveryState, Refusal } from "./states.tsx";

const ASK_MS = 500;

interface TestDialogProps {
  subscription: WebhookSubscription;
  onClose(): void;
}

export function TestDialog({ subscription, onClose }: TestDialogProps) {
  const client = useQueryClient();
  const [event, setEvent] = useState<string | null>(subscription.events[0] ?? null);
  const test = useMutation({
    mutationFn: () =>
      send<{ data: Delivery }>("POST", `${subscriptions.path}/${subscription.id}/test`, {
        body: { event: event ?? undefined },
      }),
    onSuccess: () => refreshQueries(client, ["delivery"]),
  });
  return (
    <Modal opened onClose={onClose} title="Send a test" size="lg">
      <Stack>
        <Select
          label="Event"
          description="A sample of it goes to the address, once. It says that it is a test and counts for nothing."
          data={[...EVENT_TYPES]}
          value={event}
          onChange={setEvent}
          allowDeselect={false}
        />
        <Refusal error={test.error} />
        {test.data && <TestOutcome key={test.data.body.data.id} id={test.data.body.data.id} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button loading={test.isPending} onClick={() => test.mutate()}>
            {test.data ? "Send another" : "Send test"}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

/** Asks until it is decided. */
function TestOutcome({ id }: { id: string }) {
  const delivery = useQuery({
    ...oneQuery<DeliveryDetail>(`/deliveries/${id}`, ["delivery"]),
    refetchInterval: ({ state }) => (state.data?.data.status === "pending" ? ASK_MS : false),
  });
  if (!delivery.data)
    return delivery.error ? (
      <FailureNotice error={delivery.error} retry={() => void delivery.refetch()} />
    ) : (
      <SkeletonLines lines={2} />
    );
  const { status, attempts } = delivery.data.data;
  const attempt = attempts.at(-1);
  return (
    <Stack gap="xs" role="status" aria-label="What came of the test">
      <Group gap="xs">
        <DeliveryState status={status} attempts={attempts.length} />
        {attempt && <Text size="sm">{sayOutcome(attempt)}</Text>}
      </Group>
      {attempt && <AttemptAnswer attempt={attempt} />}
    </Stack>
  );
}
