/** The panel of one team member, or of a new one, beside the list. */
import { Group, Switch, TagsInput, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useNavigate, useParams } from "@tanstack/react-router";
import type { TeamMember } from "../../answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { teamMembers } from "../api/resources.ts";
import { useFieldHelp } from "../api/schema.ts";
import { LocationSelect } from "../parts/choices.tsx";
import { ResourceForm } from "../parts/form.tsx";
import { HoursField } from "../parts/hours.tsx";
import { ObjectPanel } from "../parts/object-panel.tsx";
import { usePanelClose } from "../parts/page.tsx";
import { RelatedRules } from "../rules/RelatedRules.tsx";

const TEXT_FIELDS = ["title", "department", "phone_number", "email"] as const;

const valuesOf = (member?: TeamMember) => ({
  name: member?.name ?? "",
  title: member?.title ?? "",
  department: member?.department ?? "",
  phone_number: member?.phone_number ?? "",
  email: member?.email ?? "",
  tags: member?.tags ?? [],
  location_id: member?.location_id ?? null,
  transfer_hours: member?.transfer_hours ?? null,
  after_hours_transfer: member?.after_hours_transfer ?? false,
  active: member?.active ?? true,
});
type Values = ReturnType<typeof valuesOf>;

const bodyOf = (values: Values) => ({
  ...values,
  ...Object.fromEntries(TEXT_FIELDS.map((name) => [name, values[name] || null])),
});

export function TeamMemberPanel() {
  const { id } = useParams({ from: "/shell/team/$id" });
  const navigate = useNavigate();
  const close = usePanelClose(PAGE_PATHS.team);
  return (
    <ObjectPanel
      resource={teamMembers}
      id={id}
      titleOf={({ name }) => name}
      onClose={close}
      below={() => (
        <RelatedRules
          title="Rules that escalate to this team member"
          matches={({ destination }) =>
            destination?.type === "team_member" && destination.team_member_id === id
          }
        />
      )}
    >
      {(existing) => (
        <ResourceForm
          resource={teamMembers}
          target={existing && { id, etag: existing.etag }}
          initial={valuesOf(existing?.data)}
          toBody={bodyOf}
          submit={existing ? "Save changes" : "Create team member"}
          onCancel={close}
          onSaved={(saved) => {
            if (!existing)
              void navigate({ to: PAGE_PATHS.teamMember, params: { id: saved.id }, search: true });
          }}
          fields={(form) => <TeamMemberFields form={form} />}
        />
      )}
    </ObjectPanel>
  );
}

function TeamMemberFields({ form }: { form: UseFormReturnType<Values> }) {
  const help = useFieldHelp("TeamMemberCreate");
  return (
    <>
      <TextInput label="Name" {...help("name")} required {...form.getInputProps("name")} />
      <Group grow align="flex-start">
        <TextInput label="Title" {...form.getInputProps("title")} />
        <TextInput label="Department" {...form.getInputProps("department")} />
      </Group>
      <TextInput
        label="Phone number"
        type="tel"
        {...help("phone_number")}
        {...form.getInputProps("phone_number")}
      />
      <TextInput label="Email" type="email" {...form.getInputProps("email")} />
      <TagsInput
        label="Tags"
        description={help("tags").description}
        {...form.getInputProps("tags")}
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
      <HoursField
        label="Transfer hours"
        whenUnset="Calls are transferred whenever the location is open."
        form={form as unknown as UseFormReturnType<Record<string, unknown>>}
        name="transfer_hours"
      />
      <Switch
        label="Transfer after hours"
        {...form.getInputProps("after_hours_transfer", { type: "checkbox" })}
      />
    </>
  );
}
