/** Creates an API key: its name, access and expiry, then the user's confirmation, then the key, shown once. */
import { Alert, Button, Group, Modal, Radio, Select, Stack, TextInput } from "@mantine/core";
import { DatePickerInput } from "@mantine/dates";
import "@mantine/dates/styles.css";
import { type UseFormReturnType, useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { NewKey } from "../../answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import { useConfirmIdentity } from "../parts/confirm-identity.tsx";
import { showFieldErrors } from "../parts/field-errors.ts";
import { useTitle } from "../parts/page.tsx";
import { ACCESS, type Access } from "./format.ts";
import { KeySecret } from "./KeySecret.tsx";

interface Values extends Record<string, unknown> {
  name: string;
  access: Access;
  expires_at: string;
  /** YYYY-MM-DD, where `expires_at` is "date". */
  date: string | null;
}
type Form = UseFormReturnType<Values>;

const INITIAL: Values = { name: "", access: "read", expires_at: "90", date: null };
const DAY_MS = 86_400_000;
const EXPIRIES = [
  { value: "never", label: "Never" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "date", label: "On a date" },
];

/** The key expires at the end of a chosen date, in the browser's time zone. */
function expiryOf({ expires_at, date }: Values): string | null {
  if (expires_at === "never") return null;
  if (expires_at === "date")
    return date === null ? null : new Date(`${date}T23:59:59`).toISOString();
  return new Date(Date.now() + Number(expires_at) * DAY_MS).toISOString();
}

/** The server refuses these too, but only after the user's confirmation. */
const VALIDATE = {
  name: (name: string) => (name.trim() === "" ? "Enter a name." : null),
  date: (date: string | null, { expires_at }: Values) =>
    expires_at === "date" && date === null ? "Choose a date." : null,
};

export function NewKeyDialog() {
  useTitle("New API key");
  const navigate = useNavigate();
  const form = useForm<Values>({ initialValues: INITIAL, validate: VALIDATE });
  const { createKey, created, problem, isSending } = useCreateKey(form);
  const close = () => void navigate({ to: PAGE_PATHS.keys });
  if (created) return <KeySecret created={created} onClose={close} />;
  return (
    // While the confirmation dialog is open, Esc must close that dialog only.
    <Modal opened onClose={close} title="Create API key" size="lg" closeOnEscape={!isSending}>
      <form onSubmit={form.onSubmit((values) => createKey(values))} noValidate>
        <Stack>
          <KeyFields form={form} />
          <ExpiryFields form={form} />
          {problem && (
            <Alert color="red" variant="light" role="alert">
              {problem}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" loading={isSending}>
              Create key
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

function useCreateKey(form: Form) {
  const client = useQueryClient();
  const confirm = useConfirmIdentity();
  const [problem, setProblem] = useState<string | null>(null);
  const [isSending, setIsSending] = useState(false);
  const [created, setCreated] = useState<NewKey | null>(null);

  async function createKey(values: Values) {
    const key = { name: values.name.trim(), access: values.access, expires_at: expiryOf(values) };
    setProblem(null);
    setIsSending(true);
    try {
      const purpose = `to create the API key ${key.name}`;
      const proof = await confirm({ kind: "keys.create", key }, purpose);
      if (proof === null) return;
      setCreated((await send<NewKey>("POST", "/keys", { body: key, proof })).body);
      void refreshQueries(client, ["api_key"]);
    } catch (error) {
      setProblem(showFieldErrors(form, error));
    } finally {
      setIsSending(false);
    }
  }

  return { createKey, created, problem, isSending };
}

function KeyFields({ form }: { form: Form }) {
  return (
    <>
      <TextInput
        label="Name"
        description="Where the key is used."
        placeholder="Zapier"
        maxLength={200}
        required
        data-autofocus
        {...form.getInputProps("name")}
      />
      <Radio.Group
        label="Access"
        description="Choose the least access that the program requires."
        {...form.getInputProps("access")}
      >
        <Stack gap="xs" mt="xs">
          {ACCESS.map(({ value, label, about }) => (
            <Radio key={value} value={value} label={label} description={about} />
          ))}
        </Stack>
      </Radio.Group>
    </>
  );
}

function ExpiryFields({ form }: { form: Form }) {
  return (
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
  );
}
