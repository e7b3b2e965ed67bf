/** Signing in: email and password, then the code where the account has a second factor. */
import { Alert, Anchor, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { type UseFormReturnType, useForm } from "@mantine/form";
import { IconTerminal2 } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { SessionInfo, Welcome } from "../../answers.ts";
import { Failure, getData, send } from "../api/client.ts";
import { sessionQuery } from "../api/queries.ts";
import { showFieldErrors } from "../parts/form.tsx";
import { FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { Entrance, Sheet } from "./Entrance.tsx";

/** Where to go on: a path of the dashboard, never another host, which `//` and `/\` would be. */
const safePath = (next: string | undefined): string =>
  next !== undefined && /^\/(?![/\\])/.test(next) ? next : "/";

/** Whom this server is for, and whether this browser is signed in already. */
const arrivalQuery = {
  queryKey: ["arrival"],
  queryFn: async () => {
    const welcome = await getData<Welcome>("/welcome");
    const session = welcome.needs_account
      ? null
      : await getData<SessionInfo>("/session").catch(() => null);
    return { welcome, session };
  },
  gcTime: 0,
};

export function SignIn() {
  const { next } = useSearch({ from: "/sign-in" });
  const router = useRouter();
  const client = useQueryClient();
  const arrival = useQuery(arrivalQuery);
  const goOn = (session: SessionInfo) => {
    // Nothing of whoever was signed in before is left over.
    client.clear();
    client.setQueryData(sessionQuery.queryKey, session);
    router.history.replace(safePath(next));
  };
  const known = arrival.data?.session;
  useEffect(() => {
    if (known) goOn(known);
  }, [known]);

  if (arrival.error)
    return (
      <Entrance title="Sign in">
        <FailureNotice error={arrival.error} retry={() => void arrival.refetch()} />
      </Entrance>
    );
  if (!arrival.data || known)
    return (
      <Entrance title="Sign in">
        <SkeletonLines lines={4} />
      </Entrance>
    );
  const { organization, needs_account } = arrival.data.welcome;
  if (needs_account)
    return (
      <Entrance title="There is no account yet">
        <Alert
          variant="light"
          icon={<IconTerminal2 />}
          title="Open the link that the server printed"
        >
          <Stack gap="xs">
            <Text size="sm">
              When it started, it wrote a one-time link for making the first account. Where it is
              lost, start the server again for a new one, or make an account on its machine with{" "}
              <code>allison admin create</code>.
            </Text>
            <Anchor component="button" size="sm" ta="left" onClick={() => void arrival.refetch()}>
              I have made an account
            </Anchor>
          </Stack>
        </Alert>
      </Entrance>
    );
  return <SignInForm business={organization} onSignedIn={goOn} />;
}

interface Values extends Record<string, unknown> {
  email: string;
  password: string;
  code: string;
}

function SignInForm({
  business,
  onSignedIn,
}: {
  business: string | null;
  onSignedIn(session: SessionInfo): void;
}) {
  const form = useForm<Values>({ initialValues: { email: "", password: "", code: "" } });
  const [step, setStep] = useState<"password" | "code">("password");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  function refused(error: unknown): void {
    const details = error instanceof Failure && error.status === 401 ? error.details : {};
    if (details.code !== undefined) {
      // The code is asked for once the password is known to be right.
      form.setFieldValue("code", "");
      // After that, which takes the error before away.
      if (step === "code") form.setFieldError("code", "This code is wrong, or was used before.");
      setStep("code");
    } else if (details.email !== undefined) {
      setStep("password");
      setProblem("This email and password do not belong together. Check both and try again.");
    } else {
      setProblem(showFieldErrors(form, error));
    }
  }

  async function submit({ email, password, code }: Values) {
    setBusy(true);
    setProblem(null);
    try {
      const body = { email, password, ...(step === "code" && { code }) };
      const answer = await send<{ data: SessionInfo }>("POST", "/sign-in", { body });
      onSignedIn(answer.body.data);
    } catch (error) {
      refused(error);
    } finally {
      setBusy(false);
    }
  }

  const back = () => {
    setStep("password");
    setProblem(null);
  };
  return (
    <Entrance title={business === null ? "Sign in" : `Sign in to ${business}`}>
      <Sheet>
        <form onSubmit={form.onSubmit((values) => submit(values))} noValidate>
          <Stack>
            {step === "password" ? (
              <PasswordStep form={form} />
            ) : (
              <CodeStep form={form} onBack={back} />
            )}
            {problem && (
              <Alert color="red" variant="light" role="alert">
                {problem}
              </Alert>
            )}
            <Button type="submit" loading={busy}>
              Sign in
            </Button>
          </Stack>
        </form>
      </Sheet>
    </Entrance>
  );
}

type Form = UseFormReturnType<Values>;

function PasswordStep({ form }: { form: Form }) {
  return (
    <>
      <TextInput
        label="Email"
        type="email"
        autoComplete="username"
        autoFocus
        {...form.getInputProps("email")}
      />
      <PasswordInput
        label="Password"
        autoComplete="current-password"
        {...form.getInputProps("password")}
      />
    </>
  );
}

function CodeStep({ form, onBack }: { form: Form; onBack(): void }) {
  return (
    <>
      <Text size="sm">
        The password for <b>{form.values.email}</b> is right. Now the code.
      </Text>
      <TextInput
        label="Code"
        description="From your authenticator app, or a recovery code."
        autoComplete="one-time-code"
        autoFocus
        {...form.getInputProps("code")}
      />
      <Anchor component="button" type="button" size="sm" ta="left" onClick={onBack}>
        Use another account
      </Anchor>
    </>
  );
}
