/**
 * A form over a resource: creates or changes it, shows what the server refuses at the field it names, does not lose what was
 * typed, and does not write over what somebody else changed meanwhile.
 */
import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { type UseFormReturnType, useForm } from "@mantine/form";
import { modals } from "@mantine/modals";
import { useQueryClient } from "@tanstack/react-query";
import { useBlocker } from "@tanstack/react-router";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { explainError, Failure, formatFieldName, send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import type { Resource } from "../api/resources.ts";

/** Details that name a field of the form stand there; the others are returned, to stand above the buttons. */
export function showFieldErrors<V extends Record<string, unknown>>(
  form: Pick<UseFormReturnType<V>, "setErrors" | "getValues">,
  error: unknown,
): string | null {
  if (!(error instanceof Failure) || Object.keys(error.details).length === 0)
    return explainError(error);
  const fields = Object.keys(form.getValues());
  const own = Object.entries(error.details).filter(([name]) =>
    fields.includes(name.split(".")[0]!),
  );
  form.setErrors(Object.fromEntries(own.map(([name, what]) => [name, asSentence(what)])));
  const [other] = Object.entries(error.details).filter(
    ([name]) => !fields.includes(name.split(".")[0]!),
  );
  return other ? `${formatFieldName(other[0])} ${other[1]}.` : null;
}

/** "must be in E.164 form" as it stands below a field. */
const asSentence = (what: string) => `${what.charAt(0).toUpperCase()}${what.slice(1)}.`;

/** Asks before what was typed is lost, by a link, the back button or by closing the tab. */
export function useUnsavedChanges(dirty: boolean): void {
  const { proceed, reset, status } = useBlocker({
    shouldBlockFn: () => dirty,
    enableBeforeUnload: dirty,
    withResolver: true,
  });
  useEffect(() => {
    if (status !== "blocked") return;
    modals.openConfirmModal({
      title: "Leave without saving?",
      children: <Text size="sm">What you typed here is not saved.</Text>,
      labels: { confirm: "Leave", cancel: "Stay" },
      confirmProps: { color: "red" },
      onConfirm: proceed,
      onCancel: reset,
      onClose: reset,
    });
  }, [status, proceed, reset]);
}

interface ResourceFormProps<T extends object, V extends Record<string, unknown>> {
  resource: Resource<T>;
  /** What is changed; null to make a new one. */
  target: { id: string; etag: string | null } | null;
  /** The form's values of `target`, or those of a new one. Another value begins the form anew only where it is clean. */
  initial: V;
  /** The body that is sent; the values themselves where left out. */
  toBody?(values: V): object;
  fields(form: UseFormReturnType<V>): ReactNode;
  /** On the button, as in "Create contact". */
  submit: string;
  /** `answer`: the whole of it, for what stands beside the object. */
  onSaved(saved: T, answer: { data: T }): void;
  onCancel(): void;
}

export function ResourceForm<T extends object, V extends Record<string, unknown>>({
  resource,
  target,
  initial,
  toBody = (values) => values,
  fields,
  submit,
  onSaved,
  onCancel,
}: ResourceFormProps<T, V>) {
  const client = useQueryClient();
  const form = useForm<V>({ initialValues: initial });
  const [problem, setProblem] = useState<string | null>(null);
  const [clash, setClash] = useState(false);
  const [busy, setBusy] = useState(false);
  const saved = useRef(false);
  // The version that was opened. It moves on only while nothing is typed, so that a later change is noticed.
  const base = useRef(target?.etag);
  const dirty = form.isDirty();
  useUnsavedChanges(dirty && !saved.current);

  const fresh = JSON.stringify(initial);
  useEffect(() => {
    if (dirty) return;
    base.current = target?.etag;
    form.setInitialValues(JSON.parse(fresh));
    form.setValues(JSON.parse(fresh));
  }, [fresh]);

  async function save(values: V, overwrite: boolean) {
    setBusy(true);
    setProblem(null);
    setClash(false);
    try {
      const path = target ? `${resource.path}/${target.id}` : resource.path;
      const { body } = await send<{ data: T }>(target ? "PATCH" : "POST", path, {
        body: toBody(values),
        ifMatch: overwrite ? undefined : (base.current ?? undefined),
      });
      saved.current = true;
      form.resetDirty();
      await refreshQueries(client, [resource.entity]);
      onSaved(body.data, body);
    } catch (error) {
      if (error instanceof Failure && error.code === "precondition_failed") setClash(true);
      else setProblem(showFieldErrors(form, error));
    } finally {
      setBusy(false);
    }
  }

  // A panel gives the focus to what is marked so, else to its Close button.
  const startAtFirst = (node: HTMLFormElement | null) => {
    if (!target) node?.querySelector("input, textarea")?.setAttribute("data-autofocus", "");
  };
  return (
    <form ref={startAtFirst} onSubmit={form.onSubmit((values) => save(values, false))} noValidate>
      <Stack gap="md">
        {fields(form)}
        {clash && (
          <Alert color="yellow" title="Somebody else changed this since you opened it" role="alert">
            <Stack gap="xs">
              <Text size="sm">
                Load what is there now, which drops what you typed, or save yours over it.
              </Text>
              <Group gap="xs">
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => {
                    setClash(false);
                    form.reset();
                    void refreshQueries(client, [resource.entity]);
                  }}
                >
                  Load theirs
                </Button>
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => void save(form.getValues(), true)}
                >
                  Save mine
                </Button>
              </Group>
            </Stack>
          </Alert>
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
          <Button type="submit" loading={busy}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
