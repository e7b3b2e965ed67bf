/** The form of a webhook: its URL, description and events. */
import { Anchor, Button, Checkbox, Code, Group, Stack, TextInput } from "@mantine/core";
import { EVENT_HELP, EVENT_TYPES } from "../../../contract/event-types.ts";
import type {
  ConfirmableAction,
  SubscriptionWithSecret,
  WebhookSubscription,
} from "../../answers.ts";
import { subscriptions } from "../api/resources.ts";
import { useFieldHelp } from "../api/schema.ts";
import { ResourceForm } from "../parts/form.tsx";

interface Values extends Record<string, unknown> {
  url: string;
  description: string;
  events: string[];
}

const valuesOf = (subscription?: WebhookSubscription): Values => ({
  url: subscription?.url ?? "",
  description: subscription?.description ?? "",
  events: subscription?.events ?? [],
});

const bodyOf = (values: Values) => ({ ...values, description: values.description || null });

/** What leaves the server, and to where, needs a confirmation. */
const confirmationOf = (body: ReturnType<typeof bodyOf>, subscription?: WebhookSubscription) => {
  const { url } = body;
  const action: ConfirmableAction = subscription
    ? { kind: "webhooks.set_url", id: subscription.id, url }
    : { kind: "webhooks.create", webhook: body };
  return { action, purpose: `to send events to ${url}` };
};

interface SubscriptionFormProps {
  /** The subscription to update; undefined for a new one. */
  subscription?: WebhookSubscription;
  etag?: string | null;
  /** `secret`: only of a new subscription. */
  onSaved(saved: WebhookSubscription, secret: string | undefined): void;
  onCancel(): void;
}

export function SubscriptionForm({
  subscription,
  etag = null,
  onSaved,
  onCancel,
}: SubscriptionFormProps) {
  const help = useFieldHelp(
    subscription ? "WebhookSubscriptionUpdate" : "WebhookSubscriptionCreate",
  );
  return (
    <ResourceForm
      resource={subscriptions}
      target={subscription ? { id: subscription.id, etag } : null}
      initial={valuesOf(subscription)}
      toBody={bodyOf}
      confirmation={(body) => confirmationOf(body as ReturnType<typeof bodyOf>, subscription)}
      submit={subscription ? "Save changes" : "Create webhook"}
      onSaved={(saved, response) =>
        onSaved(saved, (response as Partial<SubscriptionWithSecret>).secret)
      }
      onCancel={onCancel}
      fields={(form) => (
        <>
          <TextInput
            label="URL"
            type="url"
            {...help("url")}
            required
            {...form.getInputProps("url")}
          />
          <TextInput
            label="Description"
            {...help("description")}
            {...form.getInputProps("description")}
          />
          <Events {...form.getInputProps("events")} />
        </>
      )}
    />
  );
}

interface EventsProps {
  value?: string[];
  onChange(value: string[]): void;
  error?: string;
}

function Events({ value = [], onChange, error }: EventsProps) {
  return (
    <Checkbox.Group
      label="Events"
      description={
        <>
          The events to send.{" "}
          <Anchor href="/docs/webhooks#events" inherit underline="always">
            See event payloads
          </Anchor>
        </>
      }
      required
      value={value}
      onChange={onChange}
      error={error}
    >
      <Stack gap="sm" mt="xs">
        <Group gap="xs">
          <Button size="compact-xs" variant="default" onClick={() => onChange([...EVENT_TYPES])}>
            All
          </Button>
          <Button size="compact-xs" variant="default" onClick={() => onChange([])}>
            None
          </Button>
        </Group>
        {EVENT_TYPES.map((type) => (
          <Checkbox
            key={type}
            value={type}
            label={<Code>{type}</Code>}
            description={EVENT_HELP[type]}
          />
        ))}
      </Stack>
    </Checkbox.Group>
  );
}
