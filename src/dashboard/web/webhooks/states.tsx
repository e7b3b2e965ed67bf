/** The status of subscriptions and deliveries, and enabling and disabling a subscription. */
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
import { useIsOwner } from "../parts/use-is-owner.ts";

/** The description, or the host of the URL if there is none. */
export const nameOf = ({ description, url }: Pick<WebhookSubscription, "description" | "url">) =>
  description ?? new URL(url).host;

type DisabledReason = NonNullable<WebhookSubscription["auto_disabled_reason"]>;

/** Why the server disabled a subscription, as a sentence. */
export const formatReason = (reason: DisabledReason) =>
  reason === "consecutive_failures"
    ? `${FAILURES_TO_DISABLE} events in a row failed permanently.`
    : `No delivery succeeded for ${FAILING_TO_DISABLE_MS / 86_400_000} days.`;

export function SubscriptionState({ of }: { of: WebhookSubscription }) {
  if (of.enabled) return <StateBadge icon={IconCheck} color="green" label="Enabled" />;
  if (of.auto_disabled_reason)
    return <StateBadge icon={IconAlertTriangle} color="red" label="Disabled by the server" />;
  return <StateBadge icon={IconPlayerPause} color="gray" label="Disabled" />;
}

interface DeliveryBadge {
  icon: TablerIcon;
  color: MantineColor;
  label: string;
}

const DELIVERY_BADGES: Record<Delivery["status"], DeliveryBadge> = {
  pending: { icon: IconClock, color: "blue", label: "Pending" },
  succeeded: { icon: IconCheck, color: "green", label: "Delivered" },
  failed: { icon: IconX, color: "red", label: "Failed" },
  cancelled: { icon: IconBan, color: "gray", label: "Canceled" },
};
const RETRYING: DeliveryBadge = { icon: IconRefresh, color: "yellow", label: "Retrying" };

/** The statuses of deliveries as options of a filter. */
export const DELIVERY_STATUSES = Object.entries(DELIVERY_BADGES).map(([value, { label }]) => ({
  value,
  label,
}));

interface DeliveryStateProps {
  status: Delivery["status"];
  /** The number of attempts so far. */
  attempts: number;
}

export function DeliveryState({ status, attempts }: DeliveryStateProps) {
  const isRetrying = status === "pending" && attempts > 0;
  return <StateBadge {...(isRetrying ? RETRYING : DELIVERY_BADGES[status])} />;
}

/** Why the server refused an action, next to its button. */
export function Refusal({ error }: { error: unknown }) {
  if (!error) return null;
  const isDisabled = error instanceof Failure && error.details.enabled !== undefined;
  return (
    <Alert color="red" variant="light" role="alert" py="xs">
      {isDisabled ? "This webhook is disabled. Enable it first." : explainError(error)}
    </Alert>
  );
}

/** Enables or disables a subscription. */
export function useSetEnabled({ id }: WebhookSubscription) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (enabled: boolean) =>
      send("PATCH", `${subscriptions.path}/${id}`, { body: { enabled } }),
    onSuccess: () => refreshQueries(client, [subscriptions.entity, "delivery"]),
  });
}

export function EnableButton({ of }: { of: WebhookSubscription }) {
  const { mutate, isPending, error } = useSetEnabled(of);
  if (!useIsOwner()) return null;
  return (
    <>
      <Button size="compact-sm" variant="default" loading={isPending} onClick={() => mutate(true)}>
        Enable
      </Button>
      <Refusal error={error} />
    </>
  );
}
