/** The faults that requests to the mock server get, and a form that adds one. */
import {
  ActionIcon,
  Code,
  Group,
  Stack,
  Table,
  Text,
  Tooltip,
  VisuallyHidden,
} from "@mantine/core";
import { IconBolt, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FaultState } from "../../mock-answers.ts";
import { StateBadge } from "../parts/state-badge.tsx";
import { formatPercent } from "../parts/text.tsx";
import { NewFault } from "./NewFault.tsx";
import { setFaults, stateQuery } from "./queries.ts";

export function Faults({ rules }: { rules: FaultState[] }) {
  const client = useQueryClient();
  const update = useMutation({
    mutationFn: setFaults,
    onSuccess: () => client.invalidateQueries({ queryKey: stateQuery.queryKey, exact: true }),
  });
  const existing = rules.map(({ met: _met, left: _left, ...rule }) => rule);
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">
        A request gets the fault of the first rule that matches it. To get a fault for one request
        only, send a header: <Code>X-Mock-Fault: 429;times=2</Code>
      </Text>
      {rules.length > 0 && (
        <FaultTable
          rules={rules}
          onRemove={(index) => update.mutate(existing.filter((_, i) => i !== index))}
        />
      )}
      <NewFault index={existing.length} onAdd={(rule) => update.mutateAsync([...existing, rule])} />
    </Stack>
  );
}

interface FaultTableProps {
  rules: FaultState[];
  onRemove(index: number): void;
}

function FaultTable({ rules, onRemove }: FaultTableProps) {
  return (
    <Table.ScrollContainer minWidth={520}>
      <Table aria-label="Active faults">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Route</Table.Th>
            <Table.Th>Key</Table.Th>
            <Table.Th>Fault</Table.Th>
            <Table.Th>Applied</Table.Th>
            <Table.Th>
              <VisuallyHidden>Remove</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rules.map((rule, index) => (
            <FaultRow
              key={`${index} ${rule.route} ${rule.fault}`}
              rule={rule}
              onRemove={() => onRemove(index)}
            />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

interface FaultRowProps {
  rule: FaultState;
  onRemove(): void;
}

function FaultRow({ rule, onRemove }: FaultRowProps) {
  const { route, key, fault, probability, met, left } = rule;
  return (
    <Table.Tr>
      <Table.Td>{route === "*" ? "All" : route}</Table.Td>
      <Table.Td>{key ?? "Any"}</Table.Td>
      <Table.Td>
        <Group gap="xs" w="max-content">
          <StateBadge icon={IconBolt} color="orange" label={fault} />
          {probability < 1 && formatPercent(probability)}
        </Group>
      </Table.Td>
      <Table.Td className="figures">{left === null ? met : `${met} of ${met + left}`}</Table.Td>
      <Table.Td>
        <Tooltip label="Remove">
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={`Remove the fault ${fault} of ${route === "*" ? "all routes" : route}`}
            onClick={onRemove}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </Tooltip>
      </Table.Td>
    </Table.Tr>
  );
}
