/** Webhooks: which addresses are told of what happens, and whether that works. */
import { Box, Button, Group, Select, Stack, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconPlus, IconWebhook } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import type { LastDelivery, WebhookSubscription } from "../../answers.ts";
import { dataQuery } from "../api/queries.ts";
import { subscriptions } from "../api/resources.ts";
import { type Column, List } from "../parts/list.tsx";
import { useListSearch } from "../parts/list-search.ts";
import { Page } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";
import { Time } from "../parts/text.tsx";
import { DeliveryState, nameOf, SubscriptionState, SwitchOnAgain, sayReason } from "./states.tsx";

const STATES = [
  { value: "true", label: "Enabled" },
  { value: "false", label: "Switched off" },
];

const columns: Column<WebhookSubscription>[] = [
  {
    title: "Webhook",
    card: "heading",
    render: (subscription) => (
      <Text inherit style={{ overflowWrap: "anywhere" }}>
        {nameOf(subscription)}
      </Text>
    ),
  },
  {
    title: "Address",
    card: "detail",
    render: ({ url }) => (
      <Text inherit style={{ overflowWrap: "anywhere" }}>
        {url}
      </Text>
    ),
  },
  { title: "Events", render: ({ events }) => <EventCount events={events} /> },
  {
    title: "State",
    card: "detail",
    render: (subscription) => (
      <Stack gap={4} align="flex-start">
        <SubscriptionState of={subscription} />
        {subscription.auto_disabled_reason && (
          <>
            <Text size="xs" c="dimmed">
              {sayReason(subscription.auto_disabled_reason)}
            </Text>
            {/* On a phone the card is one link, which can hold no button. */}
            <Box visibleFrom="sm">
              <SwitchOnAgain of={subscription} />
            </Box>
          </>
        )}
      </Stack>
    ),
  },
  { title: "Last delivery", render: ({ id }) => <Last of={id} /> },
];

function EventCount({ events }: Pick<WebhookSubscription, "events">) {
  const names = events.join(", ");
  return (
    <Tooltip label={names} multiline maw={280}>
      <UnstyledButton
        fz="inherit"
        td="underline dotted"
        aria-label={`${sayCount(events.length)}: ${names}`}
      >
        {sayCount(events.length)}
      </UnstyledButton>
    </Tooltip>
  );
}
const sayCount = (count: number) => (count === 1 ? "1 event" : `${count} events`);

function Last({ of }: { of: string }) {
  const { data } = useQuery(
    dataQuery<LastDelivery[]>("/last-deliveries", ["delivery", subscriptions.entity]),
  );
  if (!data) return null;
  const last = data.find(({ subscription_id }) => subscription_id === of);
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
  const [search, change] = useListSearch();
  const add = (
    <Button component={Link} to="/webhooks/new" leftSection={<IconPlus size={16} />}>
      Add webhook
    </Button>
  );
  return (
    <Page
      title="Webhooks"
      about="Addresses that are told when something happens, with a signed request for each event."
      actions={add}
    >
      <List
        label="Webhooks"
        path={subscriptions.path}
        entities={[subscriptions.entity]}
        columns={columns}
        filters={["enabled"]}
        hrefOf={({ id }) => `/webhooks/${id}`}
        keepSearch={false}
        controls={
          <Select
            aria-label="State"
            placeholder="Any state"
            data={STATES}
            clearable
            w={160}
            value={search.enabled ?? null}
            onChange={(enabled) => change({ enabled: enabled ?? undefined })}
          />
        }
        empty={
          <Empty icon={IconWebhook} title="No webhooks yet" action={add}>
            Give the address of your system, and it is told of calls, messages and appointments as
            they happen.
          </Empty>
        }
      />
      <Outlet />
    </Page>
  );
}
