/** What a subscription and a delivery are at, in a word with its sign. */
import { Alert, Button, type MantineColor } from "@mantine/core";
import {
  IconAlertTriangle,
  IconBan,
  IconCheck,
  IconClock,
  IconPlayerPause,
  IconRefresh,
  IconX,
  type TablerIcon,
} from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { FAILING_TO_DISABLE_MS, FAILURES_TO_DISABLE } from "../../../webhooks/schedule.ts";
import type { Delivery, WebhookSubscription } from "../../answers.ts";
import { explainError, Failure, send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import { subscriptions } from "../api/resources.ts";
import { StateBadge } from "../parts/state-badge.tsx";

/** What a person calls it: its description, or else the host that it sends to. */
export const nameOf = ({ description, url }: Pick<WebhookSubscription, "description" | "url">) =>
  description ?? new URL(url).host;

/** Why the server switched a subscription off, as a sentence. */
export function sayReason(
  reason: NonNullable<WebhookSubscription["auto_disabled_reason"]>,
): string {
  return reason === "consecutive_failures"
    ? `${FAILURES_TO_DISABLE} events in a row failed for good.`
    : `Deliveries failed for ${FAILING_TO_DISABLE_MS / 86_400_000} days without one success.`;
}

export function SubscriptionState({ of }: { of: WebhookSubscription }) {
  if (of.enabled) return <StateBadge icon={IconCheck} color="green" label="Enabled" />;
  if (of.auto_disabled_reason)
    return <StateBadge icon={IconAlertTriangle} color="red" label="Switched off by the server" />;
  return <StateBadge icon={IconPlayerPause} color="gray" label="Switched off" />;
}

const STATES: Record<Delivery["status"], { icon: TablerIcon; color: MantineColor; label: string }> =
  {
    pending: { icon: IconClock, color: "blue", label: "Waiting" },
    succeeded: { icon: IconCheck, color: "green", label: "Delivered" },
    failed: { icon: IconX, color: "red", label: "Failed" },
    cancelled: { icon: IconBan, color: "gray", label: "Cancelled" },
  };
const TRYING_AGAIN = { icon: IconRefresh, color: "yellow", label: "Trying again" };

/** The states of deliveries, for a choice. */
export const DELIVERY_STATES = Object.entries(STATES).map(([value, { label }]) => ({
  value,
  label,
}));

/** `attempts`: how often it was tried. */
export function DeliveryState({
  status,
  attempts,
}: {
  status: Delivery["status"];
  attempts: number;
}) {
  return <StateBadge {...(status === "pending" && attempts > 0 ? TRYING_AGAIN : STATES[status])} />;
}

/** What the server refused to do, beside the button that asked for it. */
export function Refusal({ error }: { error: unknown }) {
  if (!error) return null;
  const off = error instanceof Failure && error.details.enabled !== undefined;
  return (
    <Alert color="red" variant="light" role="alert" py="xs">
      {off ? "This webhook is switched off. Switch it on first." : explainError(error)}
    </Alert>
  );
}

/** Switches a subscription on or off. */
export function useSwitch({ id }: WebhookSubscription) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (enabled: boolean) =>
      send("PATCH", `${subscriptions.path}/${id}`, { body: { enabled } }),
    onSuccess: () => refreshQueries(client, [subscriptions.entity, "delivery"]),
  });
}

export function SwitchOnAgain({ of }: { of: WebhookSubscription }) {
  const change = useSwitch(of);
  return (
    <>
      <Button
        size="compact-sm"
        variant="default"
        loading={change.isPending}
        onClick={() => change.mutate(true)}
      >
        Switch on again
      </Button>
      <Refusal error={change.error} />
    </>
  );
}
