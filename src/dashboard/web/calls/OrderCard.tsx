/** The order of a call: its items and its status. */
import { Badge, Button, Card, Group, Stepper, Table, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Call } from "../../answers.ts";
import { explainError, send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";

type Order = NonNullable<Call["order"]>;

const STEPS = [
  { status: "new", label: "New", next: "Start" },
  { status: "in_progress", label: "In progress", next: "Mark as fulfilled" },
  { status: "fulfilled", label: "Fulfilled", next: null },
] as const;

// Without a currency sign: orders have no currency.
const price = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});
const formatCents = (cents: number) => price.format(cents / 100);

export function OrderCard({ call, order }: { call: Call; order: Order }) {
  return (
    <Card withBorder padding="sm">
      <Title order={2} size="h5" mb="xs">
        Order{order.profile_name && `: ${order.profile_name}`}
      </Title>
      <OrderItems order={order} />
      <OrderStatus call={call} />
    </Card>
  );
}

function OrderItems({ order: { items, total_cents } }: { order: Order }) {
  return (
    <Table aria-label="Order items" mb="sm">
      <Table.Tbody>
        {items.map(({ name, quantity, price_cents, notes }, i) => (
          <Table.Tr key={i}>
            <Table.Td className="anywhere">
              {quantity} × {name}
              {notes && (
                <Text size="xs" c="dimmed">
                  {notes}
                </Text>
              )}
            </Table.Td>
            <Table.Td ta="right" className="figures">
              {price_cents !== null && formatCents(price_cents * quantity)}
            </Table.Td>
          </Table.Tr>
        ))}
        {total_cents !== null && (
          <Table.Tr fw={600}>
            <Table.Td>Total</Table.Td>
            <Table.Td ta="right" className="figures">
              {formatCents(total_cents)}
            </Table.Td>
          </Table.Tr>
        )}
      </Table.Tbody>
    </Table>
  );
}

function OrderStatus({ call }: { call: Call }) {
  const client = useQueryClient();
  const update = useMutation({
    mutationFn: (status: string) => send("PATCH", `/calls/${call.id}/order`, { body: { status } }),
    onSuccess: () => refreshQueries(client, ["call"]),
    onError: (error) => notifications.show({ color: "red", message: explainError(error) }),
  });
  // Optimistic: shows the requested status until the server answers.
  const status = update.isPending ? update.variables : call.order_status;
  if (status === "canceled")
    return (
      <Badge variant="default" tt="none">
        Canceled
      </Badge>
    );
  const step = STEPS.findIndex((each) => each.status === status);
  const next = STEPS[step]?.next;
  return (
    <>
      <Stepper
        size="xs"
        active={status === "fulfilled" ? STEPS.length : step}
        orientation="vertical"
        allowNextStepsSelect={false}
      >
        {STEPS.map((each) => (
          <Stepper.Step key={each.status} label={each.label} />
        ))}
      </Stepper>
      {next && (
        <Group mt="sm" gap="xs">
          <Button size="xs" onClick={() => update.mutate(STEPS[step + 1]!.status)}>
            {next}
          </Button>
          <Button size="xs" variant="default" onClick={() => update.mutate("canceled")}>
            Cancel order
          </Button>
        </Group>
      )}
    </>
  );
}
