/** The dialog that sends a test event and shows the response to it. */
import { Button, Group, Modal, Select, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { EVENT_TYPES } from "../../../contract/event-types.ts";
import type { Delivery, DeliveryDetail, WebhookSubscription } from "../../answers.ts";
import { send } from "../api/client.ts";
import { oneQuery, refreshQueries } from "../api/queries.ts";
import { subscriptions } from "../api/resources.ts";
import { Loaded } from "../parts/loaded.tsx";
import { AttemptResponse, formatResult } from "./attempts.tsx";
import { DeliveryState, Refusal } from "./states.tsx";

const POLL_MS = 500;

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
    <Modal opened onClose={onClose} title="Send test event" size="lg">
      <Stack>
        <Select
          label="Event"
          description="Sends one sample event, marked as a test. The result does not affect the webhook's status."
          data={[...EVENT_TYPES]}
          value={event}
          onChange={setEvent}
          allowDeselect={false}
        />
        <Refusal error={test.error} />
        {test.data && <TestResult key={test.data.body.data.id} id={test.data.body.data.id} />}
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

/** Polls until the delivery is no longer pending. */
function TestResult({ id }: { id: string }) {
  const query = useQuery({
    ...oneQuery<DeliveryDetail>(`/deliveries/${id}`, ["delivery"]),
    refetchInterval: ({ state }) => (state.data?.data.status === "pending" ? POLL_MS : false),
  });
  return (
    <Loaded query={query} lines={2}>
      {({ data: { status, attempts } }) => {
        const attempt = attempts.at(-1);
        return (
          <Stack gap="xs" role="status" aria-label="Test result">
            <Group gap="xs">
              <DeliveryState status={status} attempts={attempts.length} />
              {attempt && <Text size="sm">{formatResult(attempt)}</Text>}
            </Group>
            {attempt && <AttemptResponse attempt={attempt} />}
          </Stack>
        );
      }}
    </Loaded>
  );
}
