/** One escalation rule, or a new one, beside the list. */
import {
  NumberInput,
  SegmentedControl,
  Select,
  Switch,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useNavigate, useParams } from "@tanstack/react-router";
import type { EscalationRule } from "../../answers.ts";
import { escalationRules, intents, teamMembers } from "../api/resources.ts";
import { useFieldHelp } from "../api/schema.ts";
import { LocationSelect, ResourceSelect } from "../parts/choices.tsx";
import { ResourceForm } from "../parts/form.tsx";
import { ObjectPanel } from "../parts/object-panel.tsx";
import { usePanelClose } from "../parts/page.tsx";
import { ACTIONS, CONDITIONS } from "./words.ts";

/** Every condition and destination has its inputs, whichever is chosen: changing one's mind loses nothing. */
const valuesOf = (rule?: EscalationRule) => ({
  name: rule?.name ?? "",
  condition: {
    type: "caller_request" as string,
    below: 3 as number | string,
    keywords: [] as string[],
    minutes: 10 as number | string,
    attempts: 3 as number | string,
    intent_id: null as string | null,
    ...rule?.condition,
  },
  action: (rule?.action ?? "transfer") as string,
  destination: {
    type: "team_member" as string,
    team_member_id: null as string | null,
    department: "",
    ...rule?.destination,
  },
  agent_say: rule?.agent_say ?? "",
  active: rule?.active ?? true,
  location_id: rule?.location_id ?? null,
});
type Values = ReturnType<typeof valuesOf>;

const FIELD_OF: Record<string, keyof Values["condition"]> = {
  sentiment_threshold: "below",
  keywords: "keywords",
  duration: "minutes",
  repeated_failure: "attempts",
  topic_match: "intent_id",
};

function bodyOf({ condition, destination, agent_say, ...rest }: Values) {
  const field = FIELD_OF[condition.type];
  const target = destination.type === "department" ? "department" : "team_member_id";
  return {
    ...rest,
    condition: { type: condition.type, ...(field && { [field]: condition[field] ?? "" }) },
    destination: destination[target]
      ? { type: destination.type, [target]: destination[target] }
      : null,
    agent_say: agent_say || null,
  };
}

export function RulePanel() {
  const { id } = useParams({ from: "/shell/rules/$id" });
  const navigate = useNavigate();
  const close = usePanelClose("/rules");
  return (
    <ObjectPanel resource={escalationRules} id={id} titleOf={({ name }) => name} onClose={close}>
      {(known) => (
        <ResourceForm
          resource={escalationRules}
          target={known && { id, etag: known.etag }}
          initial={valuesOf(known?.data)}
          toBody={bodyOf}
          submit={known ? "Save changes" : "Create rule"}
          onCancel={close}
          onSaved={(saved) => {
            if (!known) void navigate({ to: "/rules/$id", params: { id: saved.id }, search: true });
          }}
          fields={(form) => <Fields form={form} />}
        />
      )}
    </ObjectPanel>
  );
}

function Fields({ form }: { form: UseFormReturnType<Values> }) {
  const help = useFieldHelp("EscalationRuleCreate");
  const { destination } = form.values;
  return (
    <>
      <TextInput label="Name" {...help("name")} required {...form.getInputProps("name")} />
      <Select
        label="When"
        data={[...CONDITIONS]}
        allowDeselect={false}
        {...form.getInputProps("condition.type")}
      />
      <Condition form={form} />
      <Select
        label="Then"
        data={[...ACTIONS]}
        allowDeselect={false}
        {...form.getInputProps("action")}
      />
      <div>
        <Text size="sm" fw={500} mb={4}>
          To whom
        </Text>
        <SegmentedControl
          fullWidth
          aria-label="To whom"
          data={[
            { value: "team_member", label: "A person" },
            { value: "department", label: "A department" },
          ]}
          {...form.getInputProps("destination.type")}
        />
        {destination.type === "department" ? (
          <TextInput
            mt="xs"
            aria-label="Department"
            placeholder="Billing"
            {...form.getInputProps("destination.department")}
            error={form.errors["destination.department"] ?? form.errors.destination}
          />
        ) : (
          <ResourceSelect
            mt="xs"
            resource={teamMembers}
            aria-label="Team member"
            placeholder="Choose a team member"
            {...form.getInputProps("destination.team_member_id")}
            error={form.errors["destination.team_member_id"] ?? form.errors.destination}
          />
        )}
      </div>
      <Textarea
        label="What the receptionist says first"
        {...help("agent_say")}
        autosize
        minRows={2}
        {...form.getInputProps("agent_say")}
      />
      <LocationSelect
        description={help("location_id").description}
        {...form.getInputProps("location_id")}
      />
      <Switch
        label="Active"
        description={help("active").description}
        {...form.getInputProps("active", { type: "checkbox" })}
      />
    </>
  );
}

/** The input that the chosen condition needs. */
function Condition({ form }: { form: UseFormReturnType<Values> }) {
  const field = FIELD_OF[form.values.condition.type];
  const input = form.getInputProps(`condition.${field}`);
  switch (field) {
    case "below":
      return (
        <NumberInput
          label="Mood below"
          description="From 1, furious, to 10, delighted."
          {...input}
        />
      );
    case "keywords":
      return (
        <TagsInput
          label="Words"
          description="Any of them is enough. Enter ends a word."
          {...input}
        />
      );
    case "minutes":
      return <NumberInput label="Minutes" {...input} />;
    case "attempts":
      return <NumberInput label="How often" {...input} />;
    case "intent_id":
      return <ResourceSelect resource={intents} label="Intent" {...input} />;
    default:
      return null;
  }
}
