/**
 * A form that creates or updates an object of a resource. It shows the server's errors at their fields, warns before
 * unsaved changes are lost, and does not overwrite what someone else changed in the meantime.
 */
import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { type UseFormReturnType, useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import type { ConfirmableAction } from "../../answers.ts";
import { Failure, send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import type { Resource } from "../api/resources.ts";
import { useConfirmIdentity } from "./confirm-identity.tsx";
import { showFieldErrors } from "./field-errors.ts";
import { useUnsavedChanges } from "./unsaved-changes.tsx";

type Values = Record<string, unknown>;
/** The object that is updated, with the ETag of its loaded version; null where a new one is created. */
type Target = { id: string; etag: string | null } | null;

interface ResourceFormProps<T extends object, V extends Values> {
  resource: Resource<T>;
  target: Target;
  /** The form's values for `target` or for a new object. A clean form follows when they change. */
  initial: V;
  /** The request body; by default the values themselves. */
  toBody?(values: V): object;
  fields(form: UseFormReturnType<V>): ReactNode;
  /** The action to confirm if the server asks for it, and its purpose; see `useConfirmIdentity`. */
  confirmation?(body: object): { action: ConfirmableAction; purpose: string };
  /** The label of the submit button, as in "Create contact". */
  submit: string;
  /** `answer`: the whole response, for members beside `data`. */
  onSaved(saved: T, answer: { data: T }): void;
  onCancel(): void;
}

export function ResourceForm<T extends object, V extends Values>(props: ResourceFormProps<T, V>) {
  const { target, initial, fields, submit, onCancel } = props;
  const form = useForm<V>({ initialValues: initial });
  const baseEtag = useBaseVersion(form, initial, target);
  const { save, reload, isSaving, problem, hasConflict } = useSave(props, form, baseEtag);

  // A panel focuses the marked input; without a mark it focuses its Close button.
  const markFirstInput = (node: HTMLFormElement | null) => {
    if (!target) node?.querySelector("input, textarea")?.setAttribute("data-autofocus", "");
  };
  return (
    <form ref={markFirstInput} onSubmit={form.onSubmit((values) => save(values))} noValidate>
      <Stack gap="md">
        {fields(form)}
        {hasConflict && (
          <ConflictAlert
            onReload={reload}
            onOverwrite={() => void save(form.getValues(), { overwrite: true })}
          />
        )}
        {problem && (
          <Alert color="red" variant="light" role="alert">
            {problem}
          </Alert>
        )}
        <Group justify="flex-end" className="form-actions">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={isSaving}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/**
 * Keeps a clean form at the loaded version, and returns the ETag of the version that the form is based on. A dirty form
 * keeps its base, so that saving detects a change made by someone else.
 */
function useBaseVersion<V extends Values>(form: UseFormReturnType<V>, initial: V, target: Target) {
  const baseEtag = useRef(target?.etag);
  const isDirty = form.isDirty();
  const loaded = JSON.stringify(initial);
  useEffect(() => {
    if (isDirty) return;
    baseEtag.current = target?.etag;
    form.setInitialValues(JSON.parse(loaded));
    form.setValues(JSON.parse(loaded));
  }, [loaded]);
  return baseEtag;
}

/** Saves the form and reports what the server refused. */
function useSave<T extends object, V extends Values>(
  { resource, target, toBody = (values) => values, confirmation, onSaved }: ResourceFormProps<T, V>,
  form: UseFormReturnType<V>,
  baseEtag: { readonly current: string | null | undefined },
) {
  const client = useQueryClient();
  const confirm = useConfirmIdentity();
  const [problem, setProblem] = useState<string | null>(null);
  const [hasConflict, setHasConflict] = useState(false);
  const [isSaving, setIsSaving] = useState(false);
  const isSaved = useRef(false);
  useUnsavedChanges(form.isDirty() && !isSaved.current);

  async function save(values: V, { overwrite = false } = {}) {
    setIsSaving(true);
    setProblem(null);
    setHasConflict(false);
    try {
      const path = target ? `${resource.path}/${target.id}` : resource.path;
      const input = toBody(values);
      const ifMatch = overwrite ? undefined : (baseEtag.current ?? undefined);
      const request = (proof?: string) =>
        send<{ data: T }>(target ? "PATCH" : "POST", path, { body: input, ifMatch, proof });
      const answer = await request().catch(async (error) => {
        const isAsked = error instanceof Failure && error.code === "confirmation_required";
        if (!isAsked || !confirmation) throw error;
        const { action, purpose } = confirmation(input);
        const proof = await confirm(action, purpose);
        return proof === null ? null : request(proof);
      });
      if (answer === null) return;
      const { body } = answer;
      isSaved.current = true;
      form.resetDirty();
      await refreshQueries(client, [resource.entity]);
      onSaved(body.data, body);
    } catch (error) {
      if (error instanceof Failure && error.code === "precondition_failed") setHasConflict(true);
      else setProblem(showFieldErrors(form, error));
    } finally {
      setIsSaving(false);
    }
  }

  function reload() {
    setHasConflict(false);
    form.reset();
    void refreshQueries(client, [resource.entity]);
  }

  return { save, reload, isSaving, problem, hasConflict };
}

function ConflictAlert({ onReload, onOverwrite }: { onReload(): void; onOverwrite(): void }) {
  return (
    <Alert color="yellow" title="Someone else changed this since you opened it" role="alert">
      <Stack gap="xs">
        <Text size="sm">
          Reload to see the current version and discard your changes, or overwrite it with yours.
        </Text>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={onReload}>
            Reload
          </Button>
          <Button size="xs" variant="default" onClick={onOverwrite}>
            Overwrite
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}
