/** Opens the form for an own account by the one-time link of an invitation. */
import { Alert, Button, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery } from "@tanstack/react-query";
import type { InvitationInfo } from "../../answers.ts";
import { send } from "../api/client.ts";
import { Loaded } from "../parts/loaded.tsx";
import { NewPassword } from "../parts/new-password.tsx";
import { DeadLink } from "./DeadLink.tsx";
import { Entrance, Sheet } from "./Entrance.tsx";
import { isLinkRefused, useToken } from "./token.ts";
import { useCreateAccount } from "./use-create-account.ts";

/** Returns null for an invalid link. */
async function checkLink(token: string | null): Promise<InvitationInfo | null> {
  if (token === null) return null;
  try {
    const body = { token };
    return (await send<{ data: InvitationInfo }>("POST", "/invitation/check", { body })).body.data;
  } catch (error) {
    if (isLinkRefused(error)) return null;
    throw error;
  }
}

export function Invitation() {
  const token = useToken();
  const query = useQuery({
    // The token must not be part of the cache key.
    queryKey: ["invitation", token !== null],
    queryFn: () => checkLink(token),
    gcTime: 0,
  });
  if (query.data)
    return (
      <InvitationForm
        token={token!}
        email={query.data.email}
        onLinkRefused={() => void query.refetch()}
      />
    );
  if (query.data === undefined)
    return (
      <Entrance title="Invitation">
        <Loaded query={query}>{() => null}</Loaded>
      </Entrance>
    );
  return (
    <DeadLink>
      <Text size="sm">
        Check that the link is complete. It works once and for 7 days; a newer invitation replaces
        it. Ask the person who invited you for a new one.
      </Text>
    </DeadLink>
  );
}

interface Values extends Record<string, unknown> {
  name: string;
  password: string;
}

interface InvitationFormProps {
  token: string;
  email: string;
  /** Called when the link has become invalid. */
  onLinkRefused(): void;
}

function InvitationForm({ token, email, onLinkRefused }: InvitationFormProps) {
  const form = useForm<Values>({ initialValues: { name: "", password: "" } });
  const { createAccount, problem, isSending } = useCreateAccount(
    form,
    "/invitation",
    token,
    onLinkRefused,
  );
  return (
    <Entrance title="Create your account">
      <Sheet>
        <form onSubmit={form.onSubmit((values) => createAccount(values))} noValidate>
          <Stack>
            <TextInput label="Email" value={email} readOnly autoComplete="username" />
            <TextInput label="Your name" autoComplete="name" {...form.getInputProps("name")} />
            <NewPassword
              label="Password"
              required
              userInputs={[email, form.values.name]}
              {...form.getInputProps("password")}
            />
            {problem && (
              <Alert color="red" variant="light" role="alert">
                {problem}
              </Alert>
            )}
            <Button type="submit" loading={isSending}>
              Create account
            </Button>
          </Stack>
        </form>
      </Sheet>
    </Entrance>
  );
}
