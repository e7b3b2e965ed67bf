/** Triggers an event with chosen fields, and shows its payload. */
import { Button, Code, Select, Stack, Text, Textarea } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { EVENT_TYPES } from "../../../contract/event-types.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { explainError, Failure, formatFieldName } from "../api/client.ts";
import { CodeBlock } from "../parts/code.tsx";
import { PageLink } from "../parts/text.tsx";
import { stateQuery, trigger } from "./queries.ts";

interface Values {
  event: string;
  fields: string;
}

export function Trigger({ subscriptions }: { subscriptions: number }) {
  const client = useQueryClient();
  const form = useForm<Values>({ initialValues: { event: "call.message_taken", fields: "" } });
  const raise = useMutation({
    mutationFn: ({ event, fields }: Values) => trigger(event, fieldsOf(fields)),
    onSuccess: () => client.invalidateQueries({ queryKey: stateQuery.queryKey, exact: true }),
    onError: (error) => form.setFieldError("fields", formatRefusal(error)),
  });
  return (
    <form onSubmit={form.onSubmit((values) => raise.mutate(values))} noValidate>
      <Stack gap="md">
        <Select
          label="Event"
          data={[...EVENT_TYPES]}
          allowDeselect={false}
          {...form.getInputProps("event")}
        />
        <Textarea
          label="Fields"
          description="One per line, for example message=Please call back. Other fields get generated values."
          placeholder={"caller_name=Ada King\nmessage=Please call back."}
          autosize
          minRows={2}
          maxRows={8}
          {...form.getInputProps("fields")}
        />
        <Button type="submit" loading={raise.isPending} style={{ alignSelf: "flex-start" }}>
          Trigger event
        </Button>
        {raise.data && (
          <Stack gap="xs" role="status">
            <Text size="sm">{formatDeliveries(raise.data.deliveries)}</Text>
            <CodeBlock
              label="Event payload"
              text={JSON.stringify(raise.data.event, null, 2)}
              copy
            />
          </Stack>
        )}
        {subscriptions === 0 && (
          <Text size="sm" c="dimmed">
            No webhooks yet. Add one in the <PageLink to={PAGE_PATHS.webhooks}>dashboard</PageLink>,
            or run <Code>allison listen</Code> to print events.
          </Text>
        )}
      </Stack>
    </form>
  );
}

const formatDeliveries = (count: number) =>
  count === 0
    ? "Event triggered. No webhook subscribes to it."
    : `Event triggered. It is sent to ${count} ${count === 1 ? "webhook" : "webhooks"}.`;

const fieldsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line) => {
        const split = line.indexOf("=");
        return split < 1 ? [line.trim(), ""] : [line.slice(0, split).trim(), line.slice(split + 1)];
      }),
  );

function formatRefusal(error: unknown): string {
  const details = error instanceof Failure ? Object.entries(error.details) : [];
  return (
    details.map(([field, what]) => `${formatFieldName(field)} ${what}.`).join(" ") ||
    explainError(error)
  );
}
