/** One webhook: where it sends to and what, its state and secret, and what became of its deliveries. */
import {
  ActionIcon,
  Alert,
  Badge,
  Button,
  Card,
  Group,
  SimpleGrid,
  Stack,
  Switch,
  Text,
  Tooltip,
} from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconAlertTriangle, IconEdit, IconSend, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Outlet, useNavigate, useParams } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { EVENT_HELP } from "../../../contract/event-types.ts";
import type { SubscriptionWithSecret, WebhookSubscription } from "../../answers.ts";
import { send } from "../api/client.ts";
import { oneQuery, refreshQueries } from "../api/queries.ts";
import { subscriptions } from "../api/resources.ts";
import { Page, Panel } from "../parts/page.tsx";
import { FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { Copyable, PageLink, Time } from "../parts/text.tsx";
import { DeliveryList } from "./DeliveryList.tsx";
import { SubscriptionForm } from "./SubscriptionForm.tsx";
import { SubscriptionSecret } from "./SubscriptionSecret.tsx";
import {
  nameOf,
  Refusal,
  SubscriptionState,
  SwitchOnAgain,
  sayReason,
  useSwitch,
} from "./states.tsx";
import { TestDialog } from "./TestDialog.tsx";

const pathOf = (id: string) => `${subscriptions.path}/${id}`;

export function WebhookPage() {
  const { id } = useParams({ from: "/shell/webhooks/$id" });
  const one = useQuery(oneQuery<WebhookSubscription>(pathOf(id), [subscriptions.entity]));
  if (one.data) return <Known key={id} subscription={one.data.data} etag={one.data.etag} />;
  return (
    <Page title="Webhook" about={<PageLink to="/webhooks">All webhooks</PageLink>}>
      {one.error ? (
        <FailureNotice error={one.error} retry={() => void one.refetch()} />
      ) : (
        <SkeletonLines />
      )}
    </Page>
  );
}

function Known({ subscription, etag }: { subscription: WebhookSubscription; etag: string | null }) {
  const [open, setOpen] = useState<"edit" | "test" | null>(null);
  const close = () => setOpen(null);
  return (
    <Page
      title={nameOf(subscription)}
      about={<PageLink to="/webhooks">All webhooks</PageLink>}
      actions={
        <>
          <Button leftSection={<IconSend size={16} />} onClick={() => setOpen("test")}>
            Send a test
          </Button>
          <Button
            variant="default"
            leftSection={<IconEdit size={16} />}
            onClick={() => setOpen("edit")}
          >
            Edit
          </Button>
          <Delete subscription={subscription} />
        </>
      }
    >
      {subscription.auto_disabled_reason && (
        <Alert
          color="red"
          variant="light"
          icon={<IconAlertTriangle />}
          title="Switched off by the server"
        >
          <Group justify="space-between">
            <Text size="sm">
              {sayReason(subscription.auto_disabled_reason)} Nothing is sent until it is switched on
              again.
            </Text>
            <SwitchOnAgain of={subscription} />
          </Group>
        </Alert>
      )}
      <Facts subscription={subscription} />
      <DeliveryList subscription={subscription} />
      {open === "test" && <TestDialog subscription={subscription} onClose={close} />}
      {open === "edit" && (
        <Panel title="Edit webhook" onClose={close}>
          <SubscriptionForm
            subscription={subscription}
            etag={etag}
            onSaved={close}
            onCancel={close}
          />
        </Panel>
      )}
      <Outlet />
    </Page>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Stack gap={4} align="flex-start" miw={0}>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      {children}
    </Stack>
  );
}

function Facts({ subscription }: { subscription: WebhookSubscription }) {
  const { url, created_at } = subscription;
  return (
    <Card withBorder padding="md">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
        <Fact name="Address">
          <Copyable value={url} label="Copy address" />
        </Fact>
        <Fact name="State">
          <State subscription={subscription} />
        </Fact>
        <Fact name="Signing secret">
          <Rotate subscription={subscription} />
        </Fact>
        <Fact name="Created">
          <Time at={created_at} />
        </Fact>
        <Fact name="Events">
          <EventNames events={subscription.events} />
        </Fact>
      </SimpleGrid>
    </Card>
  );
}

function EventNames({ events }: Pick<WebhookSubscription, "events">) {
  return (
    <Group gap={6}>
      {events.map((event) => (
        <Tooltip key={event} label={EVENT_HELP[event]}>
          <Badge variant="default" tt="none" fw={500} tabIndex={0}>
            {event}
          </Badge>
        </Tooltip>
      ))}
    </Group>
  );
}

function State({ subscription }: { subscription: WebhookSubscription }) {
  const change = useSwitch(subscription);
  const switchOff = () =>
    modals.openConfirmModal({
      title: "Switch this webhook off?",
      children: (
        <Text size="sm">
          No more events are sent to it. What still waits to be sent is cancelled, and is not sent
          when it is switched on again.
        </Text>
      ),
      labels: { confirm: "Switch off", cancel: "Keep it on" },
      confirmProps: { color: "red" },
      onConfirm: () => change.mutate(false),
    });
  return (
    <>
      <Group gap="sm">
        <Switch
          aria-label="Send events"
          checked={subscription.enabled}
          disabled={change.isPending}
          onChange={({ currentTarget }) =>
            currentTarget.checked ? change.mutate(true) : switchOff()
          }
        />
        <SubscriptionState of={subscription} />
      </Group>
      <Refusal error={change.error} />
    </>
  );
}

function Rotate({ subscription }: { subscription: WebhookSubscription }) {
  const client = useQueryClient();
  // Not a mutation: those keep what was answered.
  const [secret, setSecret] = useState<string | null>(null);
  const [problem, setProblem] = useState<unknown>(null);
  async function rotate() {
    setProblem(null);
    try {
      const path = `${pathOf(subscription.id)}/rotate-secret`;
      setSecret((await send<SubscriptionWithSecret>("POST", path)).body.secret);
      await refreshQueries(client, [subscriptions.entity, "delivery"]);
    } catch (error) {
      setProblem(error);
    }
  }
  const ask = () =>
    modals.openConfirmModal({
      title: "Rotate the secret?",
      children: (
        <Text size="sm">
          A new secret is made and shown once. The old one signs nothing more from then on: your
          system refuses deliveries until it has the new one. Those are tried again.
        </Text>
      ),
      labels: { confirm: "Rotate secret", cancel: "Keep the old one" },
      confirmProps: { color: "red" },
      onConfirm: () => void rotate(),
    });
  return (
    <>
      <Group gap="sm">
        <Text span inherit ff="monospace" size="sm">
          {subscription.secret_preview}
        </Text>
        <Button size="compact-sm" variant="default" onClick={ask}>
          Rotate
        </Button>
      </Group>
      <Refusal error={problem} />
      {secret && (
        <SubscriptionSecret
          title="The new secret of your webhook"
          secret={secret}
          onClose={() => setSecret(null)}
        />
      )}
    </>
  );
}

function Delete({ subscription }: { subscription: WebhookSubscription }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => send("DELETE", pathOf(subscription.id)),
    async onSuccess() {
      await navigate({ to: "/webhooks" });
      await refreshQueries(client, [subscriptions.entity, "delivery"]);
    },
  });
  const ask = () =>
    modals.openConfirmModal({
      title: `Delete ${nameOf(subscription)}?`,
      children: (
        <Text size="sm">
          No more events are sent to it, and what still waits is cancelled. This cannot be undone.
        </Text>
      ),
      labels: { confirm: "Delete webhook", cancel: "Keep it" },
      confirmProps: { color: "red" },
      onConfirm: () => remove.mutate(),
    });
  return (
    <>
      <Tooltip label="Delete">
        <ActionIcon
          variant="default"
          size={36}
          aria-label="Delete this webhook"
          loading={remove.isPending}
          onClick={ask}
        >
          <IconTrash size={16} />
        </ActionIcon>
      </Tooltip>
      <Refusal error={remove.error} />
    </>
  );
}
