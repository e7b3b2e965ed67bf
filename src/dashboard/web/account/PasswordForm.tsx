/** A form that changes the user's password, which ends all other sessions. */
import { Alert, Button, Group, PasswordInput, Stack, Text } from "@mantine/core";
import { type UseFormReturnType, useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Failure, send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import { formatIncorrect, showFieldErrors } from "../parts/field-errors.ts";
import { NewPassword } from "../parts/new-password.tsx";

const EMPTY = { current_password: "", new_password: "" };

type Values = typeof EMPTY;
type Form = UseFormReturnType<Values>;

export function PasswordForm({ email }: { email: string }) {
  const form = useForm<Values>({ initialValues: EMPTY });
  const { changePassword, problem, isDone, isSaving } = useChangePassword(form);
  return (
    <form onSubmit={form.onSubmit((values) => changePassword(values))} noValidate>
      <Stack gap="sm" maw={420}>
        <Text size="sm" c="dimmed">
          Changing your password signs you out of all other sessions.
        </Text>
        {/* Password managers store the new password under this user name. */}
        <input type="text" autoComplete="username" value={email} readOnly hidden />
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          {...form.getInputProps("current_password")}
        />
        <NewPassword
          label="New password"
          userInputs={[email]}
          {...form.getInputProps("new_password")}
        />
        {problem && (
          <Alert color="red" variant="light" role="alert">
            {problem}
          </Alert>
        )}
        {isDone && (
          <Alert color="brand" variant="light" role="status">
            Password changed. You are signed out of all other sessions.
          </Alert>
        )}
        <Group>
          <Button type="submit" variant="default" loading={isSaving}>
            Change password
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function useChangePassword(form: Form) {
  const client = useQueryClient();
  const [problem, setProblem] = useState<string | null>(null);
  const [isDone, setIsDone] = useState(false);
  const [isSaving, setIsSaving] = useState(false);

  async function changePassword(body: Values) {
    setIsSaving(true);
    setProblem(null);
    setIsDone(false);
    try {
      await send("PUT", "/password", { body });
      form.reset();
      setIsDone(true);
      await refreshQueries(client, ["session", "user"]);
    } catch (error) {
      if (error instanceof Failure && error.details.tries_left !== undefined)
        form.setFieldError("current_password", formatIncorrect("password", error));
      else setProblem(showFieldErrors(form, error));
    } finally {
      setIsSaving(false);
    }
  }

  return { changePassword, problem, isDone, isSaving };
}
