/** A new API key: what it may do and for how long, then the proof that it is you, then the key, once. */
import { Alert, Button, Group, Modal, Radio, Select, Stack, TextInput } from "@mantine/core";
import { DatePickerInput } from "@mantine/dates";
import "@mantine/dates/styles.css";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { NewKey } from "../../answers.ts";
import { send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import { useConfirmIdentity } from "../parts/confirm-identity.tsx";
import { showFieldErrors } from "../parts/form.tsx";
import { useTitle } from "../parts/page.tsx";
import { KeySecret } from "./KeySecret.tsx";
import { ACCESS, type Access } from "./words.ts";

interface Values extends Record<string, unknown> {
  name: string;
  access: Access;
  expires_at: string;
  /** YYYY-MM-DD, where `expires_at` is "date". */
  date: string | null;
}

const EXPIRIES = [
  { value: "never", label: "Never" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "date", label: "On a date" },
];

/** A date is meant to its end, where the browser is. */
function expiryOf({ expires_at, date }: Values): string | null {
  if (expires_at === "never") return null;
  if (expires_at === "date")
    return date === null ? null : new Date(`${date}T23:59:59`).toISOString();
  return new Date(Date.now() + Number(expires_at) * 86_400_000).toISOString();
}

export function NewKeyDialog() {
  useTitle("New API key");
  const navigate = useNavigate();
  const client = useQueryClient();
  const confirm = useConfirmIdentity();
  const form = useForm<Values>({
    initialValues: { name: "", access: "read", expires_at: "90", date: null },
  });
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [made, setMade] = useState<NewKey | null>(null);
  const close = () => void navigate({ to: "/settings/keys" });

  async function create(values: Values) {
    setProblem(null);
    // The server says so too, but only after the password.
    if (values.name.trim() === "") return form.setFieldError("name", "Give it a name.");
    if (values.expires_at === "date" && values.date === null)
      return form.setFieldError("date", "Choose a date.");
    const key = { name: values.name.trim(), access: values.access, expires_at: expiryOf(values) };
    setBusy(true);
    try {
      const proof = await confirm(
        { kind: "keys.create", key },
        `to create the API key ${key.name}`,
      );
      if (proof === null) return;
      setMade((await send<NewKey>("POST", "/keys", { body: key, proof })).body);
      void refreshQueries(client, ["api_key"]);
    } catch (error) {
      setProblem(showFieldErrors(form, error));
    } finally {
      setBusy(false);
    }
  }

  if (made) return <KeySecret made={made} onClose={close} />;
  return (
    // While one confirms, Esc is for that dialog alone.
    <Modal opened onClose={close} title="Create API key" size="lg" closeOnEscape={!busy}>
      <form onSubmit={form.onSubmit((values) => create(values))} noValidate>
        <Stack>
          <TextInput
            label="Name"
            description="What it is for, so that you know it again."
            placeholder="Zapier"
            maxLength={200}
            required
            data-autofocus
            {...form.getInputProps("name")}
          />
          <Radio.Group
            label="Access"
            description="Choose the least that does: what a key cannot do, nobody who finds it can."
            {...form.getInputProps("access")}
          >
            <Stack gap="xs" mt="xs">
              {ACCESS.map(({ value, label, about }) => (
                <Radio key={value} value={value} label={label} description={about} />
              ))}
            </Stack>
          </Radio.Group>
          <Group align="flex-start" grow>
            <Select
              label="Expires"
              data={EXPIRIES}
              allowDeselect={false}
              {...form.getInputProps("expires_at")}
            />
            {form.values.expires_at === "date" && (
              <DatePickerInput
                label="Date"
                placeholder="Choose a date"
                minDate={new Date()}
                valueFormat="D MMM YYYY"
                {...form.getInputProps("date")}
              />
            )}
          </Group>
          {problem && (
            <Alert color="red" variant="light" role="alert">
              {problem}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={busy}>
              Create key
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
