/** An order and how far it is. */
import { Badge, Button, Card, Group, Stepper, Table, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Call } from "../../answers.ts";
import { explainError, send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";

const STEPS = [
  { status: "new", label: "New", next: "Start" },
  { status: "in_progress", label: "In progress", next: "Mark as fulfilled" },
  { status: "fulfilled", label: "Fulfilled", next: null },
] as const;

/** Hundredths, as no currency is known. */
const sayPrice = (cents: number) => (cents / 100).toFixed(2);

export function OrderCard({ call, order }: { call: Call; order: NonNullable<Call["order"]> }) {
  const client = useQueryClient();
  const move = useMutation({
    mutationFn: (status: string) => send("PATCH", `/calls/${call.id}/order`, { body: { status } }),
    onSuccess: () => refreshQueries(client, ["call"]),
    onError: (error) => notifications.show({ color: "red", message: explainError(error) }),
  });
  // What was pressed shows at once; a refusal takes it back.
  const status = move.isPending ? move.variables : call.order_status;
  const step = STEPS.findIndex((each) => each.status === status);
  const next = STEPS[step]?.next;
  return (
    <Card withBorder padding="sm">
      <Title order={2} size="h5" mb="xs">
        Order{order.profile_name && `: ${order.profile_name}`}
      </Title>
      <Table aria-label="What was ordered" mb="sm">
        <Table.Tbody>
          {order.items.map(({ name, quantity, price_cents, notes }, i) => (
            <Table.Tr key={i}>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                {quantity} × {name}
                {notes && (
                  <Text size="xs" c="dimmed">
                    {notes}
                  </Text>
                )}
              </Table.Td>
              <Table.Td ta="right" className="figures">
                {price_cents !== null && sayPrice(price_cents * quantity)}
              </Table.Td>
            </Table.Tr>
          ))}
          {order.total_cents !== null && (
            <Table.Tr fw={600}>
              <Table.Td>Total</Table.Td>
              <Table.Td ta="right" className="figures">
                {sayPrice(order.total_cents)}
              </Table.Td>
            </Table.Tr>
          )}
        </Table.Tbody>
      </Table>
      {status === "canceled" ? (
        <Badge variant="default" tt="none">
          Canceled
        </Badge>
      ) : (
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
              <Button size="xs" onClick={() => move.mutate(STEPS[step + 1]!.status)}>
                {next}
              </Button>
              <Button size="xs" variant="default" onClick={() => move.mutate("canceled")}>
                Cancel the order
              </Button>
            </Group>
          )}
        </>
      )}
    </Card>
  );
}
