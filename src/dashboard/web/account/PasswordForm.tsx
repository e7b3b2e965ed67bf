/** Changing one's password, which ends every other session. */
import { Alert, Button, Group, PasswordInput, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Failure, send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import { showFieldErrors } from "../parts/form.tsx";
import { NewPassword } from "../parts/new-password.tsx";

const EMPTY = { current_password: "", new_password: "" };

export function PasswordForm({ email }: { email: string }) {
  const client = useQueryClient();
  const form = useForm({ initialValues: EMPTY });
  const [told, setTold] = useState<{ done: boolean; text: string } | null>(null);
  const [busy, setBusy] = useState(false);

  async function change(body: typeof EMPTY) {
    setBusy(true);
    setTold(null);
    try {
      await send("PUT", "/password", { body });
      form.reset();
      setTold({ done: true, text: "The password is changed. Your other sessions have ended." });
      await refreshQueries(client, ["session", "user"]);
    } catch (error) {
      const left = error instanceof Failure ? error.details.tries_left : undefined;
      const text = showFieldErrors(form, error);
      if (left !== undefined) setTold({ done: false, text: `Tries left: ${left}.` });
      else if (text !== null) setTold({ done: false, text });
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={form.onSubmit((values) => change(values))} noValidate>
      <Stack gap="sm" maw={420}>
        <Text size="sm" c="dimmed">
          Every other session of yours ends; this one goes on.
        </Text>
        {/* For the browser's store of passwords. */}
        <input type="text" autoComplete="username" value={email} readOnly hidden />
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          {...form.getInputProps("current_password")}
        />
        <NewPassword label="New password" known={[email]} {...form.getInputProps("new_password")} />
        {told && (
          <Alert
            color={told.done ? "brand" : "red"}
            variant="light"
            role={told.done ? "status" : "alert"}
          >
            {told.text}
          </Alert>
        )}
        <Group>
          <Button type="submit" variant="default" loading={busy}>
            Change password
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
