/** The panel of one location, or of a new one, beside the list. */
import { Group, Switch, TextInput } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { useNavigate, useParams } from "@tanstack/react-router";
import type { Location } from "../../answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { locations } from "../api/resources.ts";
import { useFieldHelp } from "../api/schema.ts";
import { ResourceForm } from "../parts/form.tsx";
import { HoursField } from "../parts/hours.tsx";
import { ObjectPanel } from "../parts/object-panel.tsx";
import { usePanelClose } from "../parts/page.tsx";
import { ownTimeZone, TimeZoneSelect } from "../parts/time-zone.tsx";

const TEXTS = ["name", "address", "city", "state", "zip", "country", "phone_number"] as const;

const valuesOf = (location?: Location) => ({
  ...(Object.fromEntries(TEXTS.map((name) => [name, location?.[name] ?? ""])) as Record<
    (typeof TEXTS)[number],
    string
  >),
  timezone: location?.timezone ?? ownTimeZone(),
  hours: location?.hours ?? null,
  is_default: location?.is_default ?? false,
});

const bodyOf = (values: ReturnType<typeof valuesOf>) => ({
  ...values,
  ...Object.fromEntries(TEXTS.map((name) => [name, values[name] || null])),
  // Never null, so that the server answers that the name is required.
  name: values.name,
});

export function LocationPanel() {
  const { id } = useParams({ from: "/shell/locations/$id" });
  const navigate = useNavigate();
  const close = usePanelClose(PAGE_PATHS.locations);
  const help = useFieldHelp("LocationCreate");
  return (
    <ObjectPanel resource={locations} id={id} titleOf={({ name }) => name} onClose={close}>
      {(existing) => (
        <ResourceForm
          resource={locations}
          target={existing && { id, etag: existing.etag }}
          initial={valuesOf(existing?.data)}
          toBody={bodyOf}
          submit={existing ? "Save changes" : "Create location"}
          onCancel={close}
          onSaved={(saved) => {
            if (!existing)
              void navigate({ to: PAGE_PATHS.location, params: { id: saved.id }, search: true });
          }}
          fields={(form) => (
            <>
              <TextInput label="Name" {...help("name")} required {...form.getInputProps("name")} />
              <TextInput label="Address" {...form.getInputProps("address")} />
              <Group grow align="flex-start">
                <TextInput label="City" {...form.getInputProps("city")} />
                <TextInput label="State" {...form.getInputProps("state")} />
              </Group>
              <Group grow align="flex-start">
                <TextInput label="Postal code" {...form.getInputProps("zip")} />
                <TextInput label="Country" {...form.getInputProps("country")} />
              </Group>
              <TextInput
                label="Phone number"
                type="tel"
                {...help("phone_number")}
                {...form.getInputProps("phone_number")}
              />
              <TimeZoneSelect
                label="Time zone"
                description={help("timezone").description}
                {...form.getInputProps("timezone")}
              />
              <HoursField
                label="Opening hours"
                whenUnset="The receptionist does not know when this location is open."
                form={form as unknown as UseFormReturnType<Record<string, unknown>>}
                name="hours"
              />
              <Switch
                label="Default location"
                description="Calls that match no other location belong to this one."
                {...form.getInputProps("is_default", { type: "checkbox" })}
              />
            </>
          )}
        />
      )}
    </ObjectPanel>
  );
}
