/** One team member, or a new one, beside the list. */
import { Group, Switch, TagsInput, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useNavigate, useParams } from "@tanstack/react-router";
import type { TeamMember } from "../../answers.ts";
import { teamMembers } from "../api/resources.ts";
import { useFieldHelp } from "../api/schema.ts";
import { LocationSelect } from "../parts/choices.tsx";
import { ResourceForm } from "../parts/form.tsx";
import { HoursField } from "../parts/hours.tsx";
import { ObjectPanel } from "../parts/object-panel.tsx";
import { usePanelClose } from "../parts/page.tsx";
import { RulesWhere } from "../rules/RulesWhere.tsx";

const TEXTS = ["title", "department", "phone_number", "email"] as const;

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

const bodyOf = (values: ReturnType<typeof valuesOf>) => ({
  ...values,
  ...Object.fromEntries(TEXTS.map((name) => [name, values[name] || null])),
});

export function TeamMemberPanel() {
  const { id } = useParams({ from: "/shell/team/$id" });
  const navigate = useNavigate();
  const close = usePanelClose("/team");
  const help = useFieldHelp("TeamMemberCreate");
  return (
    <ObjectPanel
      resource={teamMembers}
      id={id}
      titleOf={({ name }) => name}
      onClose={close}
      below={() => (
        <RulesWhere
          title="Rules that pass calls on to them"
          holds={({ destination }) =>
            destination?.type === "team_member" && destination.team_member_id === id
          }
        />
      )}
    >
      {(known) => (
        <ResourceForm
          resource={teamMembers}
          target={known && { id, etag: known.etag }}
          initial={valuesOf(known?.data)}
          toBody={bodyOf}
          submit={known ? "Save changes" : "Create team member"}
          onCancel={close}
          onSaved={(saved) => {
            if (!known) void navigate({ to: "/team/$id", params: { id: saved.id }, search: true });
          }}
          fields={(form) => (
            <>
              <TextInput label="Name" {...help("name")} required {...form.getInputProps("name")} />
              <Group grow align="flex-start">
                <TextInput label="Title" {...form.getInputProps("title")} />
                <TextInput label="Department" {...form.getInputProps("department")} />
              </Group>
              <TextInput
                label="Telephone number"
                type="tel"
                {...help("phone_number")}
                {...form.getInputProps("phone_number")}
              />
              <TextInput label="Email" type="email" {...form.getInputProps("email")} />
              <TagsInput
                label="Labels"
                description={help("tags").description}
                {...form.getInputProps("tags")}
              />
              <LocationSelect
                description={help("location_id").description}
                {...form.getInputProps("location_id")}
              />
              <Switch
                label="Takes calls"
                description={help("active").description}
                {...form.getInputProps("active", { type: "checkbox" })}
              />
              <HoursField
                label="Hours for calls"
                whenUnset="Calls are passed on whenever the location is open."
                form={form as unknown as UseFormReturnType<Record<string, unknown>>}
                name="transfer_hours"
              />
              <Switch
                label="Takes calls after hours too"
                {...form.getInputProps("after_hours_transfer", { type: "checkbox" })}
              />
            </>
          )}
        />
      )}
    </ObjectPanel>
  );
}
