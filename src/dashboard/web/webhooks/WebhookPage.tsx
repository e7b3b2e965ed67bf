/** One webhook: its URL, events, status, secret and deliveries. */
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
import { PAGE_PATHS } from "../../page-paths.ts";
import { send } from "../api/client.ts";
import { oneQuery, refreshQueries } from "../api/queries.ts";
import { subscriptions } from "../api/resources.ts";
import { Loaded } from "../parts/loaded.tsx";
import { Page, Panel } from "../parts/page.tsx";
import { Copyable, PageLink, Time } from "../parts/text.tsx";
import { useIsOwner } from "../parts/use-is-owner.ts";
import { DeliveryList } from "./DeliveryList.tsx";
import { SubscriptionForm } from "./SubscriptionForm.tsx";
import { SubscriptionSecret } from "./SubscriptionSecret.tsx";
import {
  EnableButton,
  formatReason,
  nameOf,
  Refusal,
  SubscriptionState,
  useSetEnabled,
} from "./states.tsx";
import { TestDialog } from "./TestDialog.tsx";

const pathOf = (id: string) => `${subscriptions.path}/${id}`;

export function WebhookPage() {
  const { id } = useParams({ from: "/shell/webhooks/$id" });
  const query = useQuery(oneQuery<WebhookSubscription>(pathOf(id), [subscriptions.entity]));
  if (query.data)
    return <WebhookContent key={id} subscription={query.data.data} etag={query.data.etag} />;
  return (
    <Page title="Webhook" about={<PageLink to={PAGE_PATHS.webhooks}>All webhooks</PageLink>}>
      <Loaded query={query}>{() => null}</Loaded>
    </Page>
  );
}

interface WebhookContentProps {
  subscription: WebhookSubscription;
  etag: string | null;
}

function WebhookContent({ subscription, etag }: WebhookContentProps) {
  const [opened, setOpened] = useState<"edit" | "test" | null>(null);
  const close = () => setOpened(null);
  const isOwner = useIsOwner();
  return (
    <Page
      title={nameOf(subscription)}
      about={<PageLink to={PAGE_PATHS.webhooks}>All webhooks</PageLink>}
      actions={
        isOwner && (
          <>
            <Button leftSection={<IconSend size={16} />} onClick={() => setOpened("test")}>
              Send test event
            </Button>
            <Button
              variant="default"
              leftSection={<IconEdit size={16} />}
              onClick={() => setOpened("edit")}
            >
              Edit
            </Button>
            <DeleteButton subscription={subscription} />
          </>
        )
      }
    >
      <DisabledNotice subscription={subscription} />
      <SubscriptionDetails subscription={subscription} />
      <DeliveryList subscription={subscription} />
      {opened === "test" && <TestDialog subscription={subscription} onClose={close} />}
      {opened === "edit" && (
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

interface SubscriptionProps {
  subscription: WebhookSubscription;
}

function DisabledNotice({ subscription }: SubscriptionProps) {
  const reason = subscription.auto_disabled_reason;
  if (!reason) return null;
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle />} title="Disabled by the server">
      <Group justify="space-between">
        <Text size="sm">{formatReason(reason)} No events are sent until you enable it.</Text>
        <EnableButton of={subscription} />
      </Group>
    </Alert>
  );
}

function Detail({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Stack gap={4} align="flex-start" miw={0}>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      {children}
    </Stack>
  );
}

function SubscriptionDetails({ subscription }: SubscriptionProps) {
  const { url, created_at } = subscription;
  return (
    <Card withBorder padding="md">
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg">
        <Detail label="URL">
          <Copyable value={url} label="Copy URL" />
        </Detail>
        <Detail label="Status">
          <EnabledSwitch subscription={subscription} />
        </Detail>
        <Detail label="Signing secret">
          <SigningSecret subscription={subscription} />
        </Detail>
        <Detail label="Created">
          <Time at={created_at} />
        </Detail>
        <Detail label="Events">
          <EventNames events={subscription.events} />
        </Detail>
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

function EnabledSwitch({ subscription }: SubscriptionProps) {
  const isOwner = useIsOwner();
  const setEnabled = useSetEnabled(subscription);
  const confirmDisabling = () =>
    modals.openConfirmModal({
      title: "Disable this webhook?",
      children: (
        <Text size="sm">
          No more events are sent to it. Pending deliveries are canceled, and are not sent when you
          enable it again.
        </Text>
      ),
      labels: { confirm: "Disable", cancel: "Cancel" },
      confirmProps: { color: "red" },
      onConfirm: () => setEnabled.mutate(false),
    });
  return (
    <>
      <Group gap="sm">
        {isOwner && (
          <Switch
            aria-label="Send events"
            checked={subscription.enabled}
            disabled={setEnabled.isPending}
            onChange={({ currentTarget }) =>
              currentTarget.checked ? setEnabled.mutate(true) : confirmDisabling()
            }
          />
        )}
        <SubscriptionState of={subscription} />
      </Group>
      <Refusal error={setEnabled.error} />
    </>
  );
}

function SigningSecret({ subscription }: SubscriptionProps) {
  const client = useQueryClient();
  const isOwner = useIsOwner();
  // Not a mutation: react-query keeps the results of mutations, and a secret must not be kept.
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
  const confirmRotation = () =>
    modals.openConfirmModal({
      title: "Rotate the secret?",
      children: (
        <Text size="sm">
          A new secret is created and shown once. The old secret stops signing immediately: your
          system rejects deliveries until it has the new secret. Rejected deliveries are retried.
        </Text>
      ),
      labels: { confirm: "Rotate secret", cancel: "Cancel" },
      confirmProps: { color: "red" },
      onConfirm: () => void rotate(),
    });
  return (
    <>
      <Group gap="sm">
        <Text span inherit ff="monospace" size="sm">
          {subscription.secret_preview}
        </Text>
        {isOwner && (
          <Button size="compact-sm" variant="default" onClick={confirmRotation}>
            Rotate
          </Button>
        )}
      </Group>
      <Refusal error={problem} />
      {secret && (
        <SubscriptionSecret
          title="New webhook signing secret"
          secret={secret}
          onClose={() => setSecret(null)}
        />
      )}
    </>
  );
}

function DeleteButton({ subscription }: SubscriptionProps) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: () => send("DELETE", pathOf(subscription.id)),
    async onSuccess() {
      await navigate({ to: PAGE_PATHS.webhooks });
      await refreshQueries(client, [subscriptions.entity, "delivery"]);
    },
  });
  const confirmDeletion = () =>
    modals.openConfirmModal({
      title: `Delete ${nameOf(subscription)}?`,
      children: (
        <Text size="sm">
          No more events are sent to it, and pending deliveries are canceled. This cannot be undone.
        </Text>
      ),
      labels: { confirm: "Delete webhook", cancel: "Cancel" },
      confirmProps: { color: "red" },
      onConfirm: () => remove.mutate(),
    });
  return (
    <>
      <Tooltip label="Delete">
        <ActionIcon
          variant="default"
          size={36}
          aria-label="Delete"
          loading={remove.isPending}
          onClick={confirmDeletion}
        >
          <IconTrash size={16} />
        </ActionIcon>
      </Tooltip>
      <Refusal error={remove.error} />
    </>
  );
}
