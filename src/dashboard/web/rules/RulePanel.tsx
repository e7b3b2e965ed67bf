/** The panel of one escalation rule, or of a new one, beside the list. */
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
import { PAGE_PATHS } from "../../page-paths.ts";
import { escalationRules, intents, teamMembers } from "../api/resources.ts";
import { useFieldHelp } from "../api/schema.ts";
import { LocationSelect, ResourceSelect } from "../parts/choices.tsx";
import { ResourceForm } from "../parts/form.tsx";
import { ObjectPanel } from "../parts/object-panel.tsx";
import { usePanelClose } from "../parts/page.tsx";
import { ACTIONS, CONDITIONS } from "./labels.ts";

/** The form keeps the input of every condition and destination type, so that choosing another type loses nothing. */
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

const CONDITION_FIELDS: Record<string, keyof Values["condition"]> = {
  sentiment_threshold: "below",
  keywords: "keywords",
  duration: "minutes",
  repeated_failure: "attempts",
  topic_match: "intent_id",
};

function bodyOf({ condition, destination, agent_say, ...rest }: Values) {
  const field = CONDITION_FIELDS[condition.type];
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
  const close = usePanelClose(PAGE_PATHS.rules);
  return (
    <ObjectPanel resource={escalationRules} id={id} titleOf={({ name }) => name} onClose={close}>
      {(existing) => (
        <ResourceForm
          resource={escalationRules}
          target={existing && { id, etag: existing.etag }}
          initial={valuesOf(existing?.data)}
          toBody={bodyOf}
          submit={existing ? "Save changes" : "Create rule"}
          onCancel={close}
          onSaved={(saved) => {
            if (!existing)
              void navigate({ to: PAGE_PATHS.rule, params: { id: saved.id }, search: true });
          }}
          fields={(form) => <RuleFields form={form} />}
        />
      )}
    </ObjectPanel>
  );
}

type RuleForm = UseFormReturnType<Values>;

function RuleFields({ form }: { form: RuleForm }) {
  const help = useFieldHelp("EscalationRuleCreate");
  return (
    <>
      <TextInput label="Name" {...help("name")} required {...form.getInputProps("name")} />
      <Select
        label="Condition"
        data={[...CONDITIONS]}
        allowDeselect={false}
        {...form.getInputProps("condition.type")}
      />
      <ConditionField form={form} />
      <Select
        label="Action"
        data={[...ACTIONS]}
        allowDeselect={false}
        {...form.getInputProps("action")}
      />
      <DestinationField form={form} />
      <Textarea
        label="What the receptionist says"
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

function DestinationField({ form }: { form: RuleForm }) {
  const errorOf = (field: string) => form.errors[`destination.${field}`] ?? form.errors.destination;
  return (
    <div>
      <Text size="sm" fw={500} mb={4}>
        Destination
      </Text>
      <SegmentedControl
        fullWidth
        aria-label="Destination"
        data={[
          { value: "team_member", label: "Team member" },
          { value: "department", label: "Department" },
        ]}
        {...form.getInputProps("destination.type")}
      />
      {form.values.destination.type === "department" ? (
        <TextInput
          mt="xs"
          aria-label="Department"
          placeholder="Billing"
          {...form.getInputProps("destination.department")}
          error={errorOf("department")}
        />
      ) : (
        <ResourceSelect
          mt="xs"
          resource={teamMembers}
          aria-label="Team member"
          placeholder="Choose a team member"
          {...form.getInputProps("destination.team_member_id")}
          error={errorOf("team_member_id")}
        />
      )}
    </div>
  );
}

/** The input of the chosen condition type. */
function ConditionField({ form }: { form: RuleForm }) {
  const field = CONDITION_FIELDS[form.values.condition.type];
  const input = form.getInputProps(`condition.${field}`);
  switch (field) {
    case "below":
      return (
        <NumberInput
          label="Sentiment below"
          description="From 1, very negative, to 10, very positive."
          {...input}
        />
      );
    case "keywords":
      return (
        <TagsInput
          label="Keywords"
          description="Any keyword matches. Press Enter after each."
          {...input}
        />
      );
    case "minutes":
      return <NumberInput label="Minutes" {...input} />;
    case "attempts":
      return <NumberInput label="Failed attempts" {...input} />;
    case "intent_id":
      return <ResourceSelect resource={intents} label="Intent" {...input} />;
    default:
      return null;
  }
}
