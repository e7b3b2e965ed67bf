/** One name that is changed on its own: the person's or the business's. */
import { Alert, Button, Group, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import { showFieldErrors, useUnsavedChanges } from "../parts/form.tsx";

interface NameFormProps {
  label: string;
  description?: string;
  name: string;
  /** What is patched, and what then tells of it. */
  path: string;
  of: string;
  /** What an empty field is sent as. */
  empty: null | "";
}

export function NameForm({ label, description, name, path, of, empty }: NameFormProps) {
  const client = useQueryClient();
  const form = useForm({ initialValues: { name } });
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const dirty = form.isDirty();
  useUnsavedChanges(dirty);
  useEffect(() => {
    form.setInitialValues({ name });
    if (!dirty) form.setValues({ name });
  }, [name]);

  async function save(values: { name: string }) {
    setBusy(true);
    setProblem(null);
    try {
      await send("PATCH", path, { body: { name: values.name.trim() || empty } });
      form.resetDirty();
      await refreshQueries(client, [of]);
    } catch (error) {
      setProblem(showFieldErrors(form, error));
    } finally {
      setBusy(false);
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
          <Button type="submit" variant="default" loading={busy} disabled={!dirty}>
            Save name
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
