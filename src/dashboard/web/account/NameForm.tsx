/** A form for a single name: the user's or the business's. */
import { Alert, Button, Group, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { EntityType } from "../../../contract/entities.ts";
import { send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import { showFieldErrors } from "../parts/field-errors.ts";
import { useUnsavedChanges } from "../parts/unsaved-changes.tsx";

interface NameFormProps {
  label: string;
  description?: string;
  name: string;
  /** The path that is patched, and the entity behind it. */
  path: string;
  entity: EntityType;
  /** The value that is sent for an empty input. */
  emptyValue: null | "";
}

export function NameForm(props: NameFormProps) {
  const { label, description, name, path, entity, emptyValue } = props;
  const client = useQueryClient();
  const form = useForm({ initialValues: { name } });
  const [problem, setProblem] = useState<string | null>(null);
  const [isSaving, setIsSaving] = useState(false);
  const isDirty = form.isDirty();
  useUnsavedChanges(isDirty);
  useEffect(() => {
    form.setInitialValues({ name });
    if (!isDirty) form.setValues({ name });
  }, [name]);

  async function save(values: { name: string }) {
    setIsSaving(true);
    setProblem(null);
    try {
      await send("PATCH", path, { body: { name: values.name.trim() || emptyValue } });
      form.resetDirty();
      await refreshQueries(client, [entity]);
    } catch (error) {
      setProblem(showFieldErrors(form, error));
    } finally {
      setIsSaving(false);
    }
  }

  return (
    <form onSubmit={form.onSubmit((values) => save(values))} noValidate>
      <Stack gap="sm">
        <TextInput
          label={label}
          description={description}
          maw={420}
          {...form.getInputProps("name")}
        />
        {problem && (
          <Alert color="red" variant="light" role="alert">
            {problem}
          </Alert>
        )}
        <Group>
          <Button type="submit" variant="default" loading={isSaving} disabled={!isDirty}>
            Save name
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
