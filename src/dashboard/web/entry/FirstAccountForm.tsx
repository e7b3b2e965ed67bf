/** The form for the first account, the business and its first location. */
import { Alert, Badge, Button, Group, Stack, TextInput, Title } from "@mantine/core";
import { type UseFormReturnType, useForm } from "@mantine/form";
import type { ReactNode } from "react";
import { NewPassword } from "../parts/new-password.tsx";
import { ownTimeZone, TimeZoneSelect } from "../parts/time-zone.tsx";
import { Entrance, Sheet } from "./Entrance.tsx";
import { useCreateAccount } from "./use-create-account.ts";

interface Values extends Record<string, unknown> {
  email: string;
  name: string;
  password: string;
  organization: string;
  location: { name: string; timezone: string };
}
type Form = UseFormReturnType<Values>;

interface FirstAccountFormProps {
  token: string;
  organization: string;
  /** Called when the link has become invalid. */
  onLinkRefused(): void;
}

export function FirstAccountForm({ token, organization, onLinkRefused }: FirstAccountFormProps) {
  const form = useForm<Values>({
    initialValues: {
      email: "",
      name: "",
      password: "",
      organization,
      location: { name: "", timezone: ownTimeZone() },
    },
  });
  const { createAccount, problem, isSending } = useCreateAccount(
    form,
    "/first-account",
    token,
    onLinkRefused,
  );
  return (
    <Entrance
      title="Welcome"
      about="Set up your account, business and first location. You can change everything later."
      size={560}
    >
      <form onSubmit={form.onSubmit((values) => createAccount(values))} noValidate>
        <Stack gap="md">
          <AccountStep form={form} />
          <BusinessStep form={form} />
          <LocationStep form={form} />
          {problem && (
            <Alert color="red" variant="light" role="alert">
              {problem}
            </Alert>
          )}
          <Button type="submit" loading={isSending} size="md">
            Create account
          </Button>
        </Stack>
      </form>
    </Entrance>
  );
}

function AccountStep({ form }: { form: Form }) {
  const { email, name, organization } = form.values;
  return (
    <Step number={1} title="Your account">
      <TextInput
        label="Email"
        type="email"
        autoComplete="username"
        autoFocus
        required
        {...form.getInputProps("email")}
      />
      <TextInput label="Your name" autoComplete="name" {...form.getInputProps("name")} />
      <NewPassword
        label="Password"
        required
        userInputs={[email, name, organization]}
        {...form.getInputProps("password")}
      />
    </Step>
  );
}

function BusinessStep({ form }: { form: Form }) {
  return (
    <Step number={2} title="Your business">
      <TextInput
        label="Business name"
        description="The name that callers know. It appears at the top of every page."
        autoComplete="organization"
        required
        {...form.getInputProps("organization")}
      />
    </Step>
  );
}

function LocationStep({ form }: { form: Form }) {
  return (
    <Step number={3} title="Your first location">
      <TextInput
        label="Location name"
        description="Where the business is. You can add more locations later."
        placeholder="Downtown"
        required
        {...form.getInputProps("location.name")}
      />
      <TimeZoneSelect
        label="Time zone"
        description="Used for opening hours and for the dates of calls."
        required
        {...form.getInputProps("location.timezone")}
      />
    </Step>
  );
}

function Step({ number, title, children }: { number: number; title: string; children: ReactNode }) {
  return (
    <Sheet>
      <Stack gap="sm">
        <Group gap="xs">
          <Badge circle size="lg" variant="light">
            {number}
          </Badge>
          <Title order={2} size="h5">
            {title}
          </Title>
        </Group>
        {children}
      </Stack>
    </Sheet>
  );
}
