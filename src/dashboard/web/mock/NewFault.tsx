/** The form that adds a fault. */
import { Autocomplete, Button, Group, NumberInput, Select } from "@mantine/core";
import { type UseFormReturnType, useForm } from "@mantine/form";
import type { FaultRule } from "../../mock-answers.ts";
import { explainError, Failure } from "../api/client.ts";
import { useRoutes } from "../api/schema.ts";

const KINDS = [
  { value: "500", label: "500 Internal error" },
  { value: "503", label: "503 Unavailable" },
  { value: "429", label: "429 Rate limited" },
  { value: "401", label: "401 Unauthorized" },
  { value: "403", label: "403 Insufficient scope" },
  { value: "404", label: "404 Not found" },
  { value: "409", label: "409 Conflict" },
  { value: "412", label: "412 Precondition failed" },
  { value: "slow", label: "Slow: delays the response" },
  { value: "drop", label: "Drop: closes the connection" },
  { value: "truncate", label: "Truncate: cuts the response off" },
];
const KEYS = [
  { value: "", label: "Any key" },
  { value: "read", label: "Read key" },
  { value: "write", label: "Write key" },
  { value: "platform", label: "Platform key" },
];

interface Values {
  route: string;
  key: string;
  kind: string;
  ms: number | string;
  times: number | string;
  percent: number | string;
}

function ruleOf({ route, key, kind, ms, times, percent }: Values): FaultRule {
  const fault = kind === "slow" ? `slow=${ms}` : kind;
  return {
    route,
    key: key || null,
    fault: times === "" ? fault : `${fault};times=${times}`,
    probability: Number(percent) / 100,
  };
}

interface NewFaultProps {
  /** The new rule's index among all rules: the server names refused fields by it. */
  index: number;
  onAdd(rule: FaultRule): Promise<unknown>;
}

export function NewFault({ index, onAdd }: NewFaultProps) {
  const form = useForm<Values>({
    initialValues: { route: "*", key: "", kind: "500", ms: 3_000, times: "", percent: 100 },
  });
  async function submit(values: Values) {
    try {
      await onAdd(ruleOf(values));
      form.reset();
    } catch (error) {
      const details = error instanceof Failure ? error.details : {};
      const errorOf = (field: string) => details[`rules.${index}.${field}`] ?? null;
      const hasDetails = Object.keys(details).length > 0;
      form.setErrors({
        route: hasDetails ? errorOf("route") : explainError(error),
        kind: errorOf("fault"),
        percent: errorOf("probability"),
      });
    }
  }
  return (
    <form onSubmit={form.onSubmit(submit)} noValidate aria-label="Add a fault">
      <Group align="flex-start" gap="sm">
        <MatchFields form={form} />
        <FaultFields form={form} />
      </Group>
      <Button type="submit" mt="sm" variant="default">
        Add fault
      </Button>
    </form>
  );
}

interface FieldsProps {
  form: UseFormReturnType<Values>;
}

/** Which requests the rule matches. */
function MatchFields({ form }: FieldsProps) {
  const routes = useRoutes();
  return (
    <>
      <Autocomplete
        label="Route"
        description="* matches every route."
        data={["*", ...routes]}
        limit={50}
        w={{ base: "100%", sm: 260 }}
        {...form.getInputProps("route")}
      />
      <Select
        label="Key"
        description="The request's key."
        data={KEYS}
        allowDeselect={false}
        w={{ base: "100%", sm: 150 }}
        {...form.getInputProps("key")}
      />
    </>
  );
}

/** What a matching request gets. */
function FaultFields({ form }: FieldsProps) {
  const narrow = { base: "100%", sm: 120 };
  return (
    <>
      <Select
        label="Fault"
        description="What the request gets."
        data={KINDS}
        allowDeselect={false}
        w={{ base: "100%", sm: 240 }}
        {...form.getInputProps("kind")}
      />
      {form.values.kind === "slow" && (
        <NumberInput
          label="Delay"
          description="In milliseconds."
          min={1}
          w={narrow}
          {...form.getInputProps("ms")}
        />
      )}
      <NumberInput
        label="Times"
        description="Empty: no limit."
        min={1}
        w={narrow}
        {...form.getInputProps("times")}
      />
      <NumberInput
        label="Probability"
        description="In percent."
        min={1}
        max={100}
        suffix="%"
        w={narrow}
        {...form.getInputProps("percent")}
      />
    </>
  );
}
