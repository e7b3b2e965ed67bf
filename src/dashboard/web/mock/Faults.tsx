/** Which requests go wrong, and a form that adds a rule. */
import {
  ActionIcon,
  Autocomplete,
  Button,
  Code,
  Group,
  NumberInput,
  Select,
  Stack,
  Table,
  Text,
  Tooltip,
  VisuallyHidden,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconBolt, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FaultState } from "../../mock-answers.ts";
import { explainError, Failure } from "../api/client.ts";
import { useRoutes } from "../api/schema.ts";
import { StateBadge } from "../parts/state-badge.tsx";
import { setFaults, stateQuery } from "./queries.ts";

const KINDS = [
  { value: "500", label: "500 Internal error" },
  { value: "503", label: "503 Unavailable" },
  { value: "429", label: "429 Rate limited" },
  { value: "401", label: "401 Unauthorized" },
  { value: "403", label: "403 Insufficient scope" },
  { value: "404", label: "404 Not found" },
  { value: "409", label: "409 Conflict" },
  { value: "412", label: "412 Precondition failed" },
  { value: "slow", label: "Slow: answers late" },
  { value: "drop", label: "Drop: hangs up without an answer" },
  { value: "truncate", label: "Truncate: breaks the answer off" },
];
const KEYS = [
  { value: "", label: "Any key" },
  { value: "read", label: "Keys that read" },
  { value: "write", label: "Keys that write" },
  { value: "platform", label: "Platform keys" },
];

export function Faults({ rules }: { rules: FaultState[] }) {
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: setFaults,
    onSuccess: () => client.invalidateQueries({ queryKey: stateQuery.queryKey, exact: true }),
  });
  const kept = rules.map(({ met: _met, left: _left, ...rule }) => rule);
  return (
    <Stack gap="md">
      <Text size="sm" c="dimmed">
        Rules apply to the requests of everybody; the first that fits counts. One request alone asks
        for a fault with a header: <Code>X-Mock-Fault: 429;times=2</Code>
      </Text>
      {rules.length > 0 && (
        <Rules
          rules={rules}
          remove={(index) => change.mutate(kept.filter((_, i) => i !== index))}
        />
      )}
      <NewRule add={(rule) => change.mutateAsync([...kept, rule])} at={kept.length} />
    </Stack>
  );
}

function Rules({ rules, remove }: { rules: FaultState[]; remove(index: number): void }) {
  return (
    <Table.ScrollContainer minWidth={520}>
      <Table aria-label="Faults at work">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Route</Table.Th>
            <Table.Th>Key</Table.Th>
            <Table.Th>Fault</Table.Th>
            <Table.Th>Met</Table.Th>
            <Table.Th>
              <VisuallyHidden>Remove</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rules.map(({ route, key, fault, probability, met, left }, index) => (
            <Table.Tr key={`${index} ${route} ${fault}`}>
              <Table.Td>{route === "*" ? "All" : route}</Table.Td>
              <Table.Td>{key ?? "Any"}</Table.Td>
              <Table.Td>
                <Group gap="xs" w="max-content">
                  <StateBadge icon={IconBolt} color="orange" label={fault} />
                  {probability < 1 && `${Math.round(probability * 100)} %`}
                </Group>
              </Table.Td>
              <Table.Td className="figures">
                {met}
                {left === null ? "" : left === 0 ? ", used up" : `, ${left} to come`}
              </Table.Td>
              <Table.Td>
                <Tooltip label="Remove">
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Remove the fault ${fault} of ${route === "*" ? "all routes" : route}`}
                    onClick={() => remove(index)}
                  >
                    <IconTrash size={16} />
                  </ActionIcon>
                </Tooltip>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

interface Values {
  route: string;
  key: string;
  kind: string;
  ms: number | string;
  times: number | string;
  percent: number | string;
}
type Rule = { route: string; key: string | null; fault: string; probability: number };

const faultOf = ({ kind, ms, times }: Values) =>
  `${kind === "slow" ? `slow=${ms}` : kind}${times === "" ? "" : `;times=${times}`}`;

function NewRule({ add, at }: { add(rule: Rule): Promise<unknown>; at: number }) {
  const form = useForm<Values>({
    initialValues: { route: "*", key: "", kind: "500", ms: 3_000, times: "", percent: 100 },
  });
  const routes = useRoutes();
  async function submit(values: Values) {
    const { route, key, percent } = values;
    const rule = { route, key: key || null, probability: Number(percent) / 100 };
    try {
      await add({ ...rule, fault: faultOf(values) });
      form.reset();
    } catch (error) {
      const details = error instanceof Failure ? error.details : {};
      const said = (field: string) => details[`rules.${at}.${field}`] ?? null;
      form.setErrors({
        ...{ route: said("route"), kind: said("fault"), percent: said("probability") },
        ...(Object.keys(details).length === 0 && { route: explainError(error) }),
      });
    }
  }
  return (
    <form onSubmit={form.onSubmit(submit)} noValidate aria-label="Add a fault">
      <Group align="flex-start" gap="sm">
        <Autocomplete
          label="Route"
          description="* is every route."
          data={["*", ...routes]}
          limit={50}
          w={{ base: "100%", sm: 260 }}
          {...form.getInputProps("route")}
        />
        <Select
          label="Key"
          description="Whose requests."
          data={KEYS}
          allowDeselect={false}
          w={{ base: "100%", sm: 150 }}
          {...form.getInputProps("key")}
        />
        <Select
          label="Fault"
          description="What they get."
          data={KINDS}
          allowDeselect={false}
          w={{ base: "100%", sm: 240 }}
          {...form.getInputProps("kind")}
        />
        {form.values.kind === "slow" && (
          <NumberInput
            label="Milliseconds"
            description="How late."
            min={1}
            w={{ base: "100%", sm: 120 }}
            {...form.getInputProps("ms")}
          />
        )}
        <NumberInput
          label="Times"
          description="Empty: always."
          min={1}
          w={{ base: "100%", sm: 120 }}
          {...form.getInputProps("times")}
        />
        <NumberInput
          label="Probability"
          description="In percent."
          min={1}
          max={100}
          suffix=" %"
          w={{ base: "100%", sm: 120 }}
          {...form.getInputProps("percent")}
        />
      </Group>
      <Button type="submit" mt="sm" variant="default">
        Add fault
      </Button>
    </form>
  );
}
