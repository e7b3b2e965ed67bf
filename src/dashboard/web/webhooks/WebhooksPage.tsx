/** The list of webhooks with the status of each. */
import { Box, Button, Group, Stack, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconPlus, IconWebhook } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import type { LastDelivery, WebhookSubscription } from "../../answers.ts";
import { PAGE_PATHS, pagePath } from "../../page-paths.ts";
import { dataQuery } from "../api/queries.ts";
import { subscriptions } from "../api/resources.ts";
import { ActiveFilter } from "../parts/filters.tsx";
import { type Column, List } from "../parts/list.tsx";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { Time } from "../parts/text.tsx";
import { useIsOwner } from "../parts/use-is-owner.ts";
import { DeliveryState, EnableButton, formatReason, nameOf, SubscriptionState } from "./states.tsx";

const columns: Column<WebhookSubscription>[] = [
  {
    title: "Webhook",
    card: "heading",
    render: (subscription) => (
      <Text inherit className="anywhere">
        {nameOf(subscription)}
      </Text>
    ),
  },
  {
    title: "URL",
    card: "detail",
    render: ({ url }) => (
      <Text inherit className="anywhere">
        {url}
      </Text>
    ),
  },
  { title: "Events", render: ({ events }) => <EventCount events={events} /> },
  {
    title: "Status",
    card: "detail",
    render: (subscription) => (
      <Stack gap={4} align="flex-start">
        <SubscriptionState of={subscription} />
        {subscription.auto_disabled_reason && (
          <>
            <Text size="xs" c="dimmed">
              {formatReason(subscription.auto_disabled_reason)}
            </Text>
            {/* On a phone the card is a link, and a link cannot contain a button. */}
            <Box visibleFrom="sm">
              <EnableButton of={subscription} />
            </Box>
          </>
        )}
      </Stack>
    ),
  },
  { title: "Last delivery", render: ({ id }) => <LastDeliveryState subscriptionId={id} /> },
];

function EventCount({ events }: Pick<WebhookSubscription, "events">) {
  const names = events.join(", ");
  return (
    <Tooltip label={names} multiline maw={280}>
      <UnstyledButton
        fz="inherit"
        td="underline dotted"
        aria-label={`${formatCount(events.length)}: ${names}`}
      >
        {formatCount(events.length)}
      </UnstyledButton>
    </Tooltip>
  );
}
const formatCount = (count: number) => (count === 1 ? "1 event" : `${count} events`);

function LastDeliveryState({ subscriptionId }: { subscriptionId: string }) {
  const { data } = useQuery(
    dataQuery<LastDelivery[]>("/last-deliveries", ["delivery", subscriptions.entity]),
  );
  if (!data) return null;
  const last = data.find(({ subscription_id }) => subscription_id === subscriptionId);
  if (!last)
    return (
      <Text span inherit c="dimmed">
        None yet
      </Text>
    );
  return (
    <Group gap="xs">
      <DeliveryState {...last} />
      <Time at={last.created_at} />
    </Group>
  );
}

export function WebhooksPage() {
  const isOwner = useIsOwner();
  const add = isOwner && (
    <Button component={Link} to={PAGE_PATHS.newWebhook} leftSection={<IconPlus size={16} />}>
      Add webhook
    </Button>
  );
  return (
    <Page title="Webhooks" about="URLs that receive a signed request for each event." actions={add}>
      <List
        label="Webhooks"
        path={subscriptions.path}
        entities={[subscriptions.entity]}
        columns={columns}
        filters={["enabled"]}
        hrefOf={({ id }) => pagePath("webhook", { id })}
        keepSearch={false}
        controls={<ActiveFilter name="enabled" labels={["Enabled", "Disabled"]} />}
        empty={
          <Empty icon={IconWebhook} title="No webhooks yet" action={add}>
            Add the URL of your system to receive calls, messages and appointments as events.
          </Empty>
        }
      />
      {isOwner && <Outlet />}
    </Page>
  );
}
