/** Email and password, then a code where the account has two-factor authentication. */
import { Alert, Anchor, Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { type UseFormReturnType, useForm } from "@mantine/form";
import { useState } from "react";
import type { SessionInfo } from "../../answers.ts";
import { Failure, send } from "../api/client.ts";
import { showFieldErrors } from "../parts/field-errors.ts";
import { Entrance, Sheet } from "./Entrance.tsx";

interface Values extends Record<string, unknown> {
  email: string;
  password: string;
  code: string;
}
type Form = UseFormReturnType<Values>;

interface SignInFormProps {
  organization: string | null;
  onSignedIn(session: SessionInfo): void;
}

export function SignInForm({ organization, onSignedIn }: SignInFormProps) {
  const form = useForm<Values>({ initialValues: { email: "", password: "", code: "" } });
  const { step, problem, isSending, signIn, goBack } = useSignIn(form, onSignedIn);
  return (
    <Entrance title={organization === null ? "Sign in" : `Sign in to ${organization}`}>
      <Sheet>
        <form onSubmit={form.onSubmit((values) => signIn(values))} noValidate>
          <Stack>
            {step === "password" ? (
              <PasswordStep form={form} />
            ) : (
              <CodeStep form={form} onBack={goBack} />
            )}
            {problem && (
              <Alert color="red" variant="light" role="alert">
                {problem}
              </Alert>
            )}
            <Button type="submit" loading={isSending}>
              Sign in
            </Button>
          </Stack>
        </form>
      </Sheet>
    </Entrance>
  );
}

function useSignIn(form: Form, onSignedIn: (session: SessionInfo) => void) {
  const [step, setStep] = useState<"password" | "code">("password");
  const [problem, setProblem] = useState<string | null>(null);
  const [isSending, setIsSending] = useState(false);

  function showError(error: unknown): void {
    const details = error instanceof Failure && error.status === 401 ? error.details : {};
    if (details.code !== undefined) {
      // The server asks for the code once the password is correct. Setting the value clears the field's error, so the
      // error is set after it.
      form.setFieldValue("code", "");
      if (step === "code") form.setFieldError("code", "This code is incorrect or already used.");
      setStep("code");
    } else if (details.email !== undefined) {
      setStep("password");
      setProblem("Incorrect email or password.");
    } else {
      setProblem(showFieldErrors(form, error));
    }
  }

  async function signIn({ email, password, code }: Values) {
    setIsSending(true);
    setProblem(null);
    try {
      const body = { email, password, ...(step === "code" && { code }) };
      const answer = await send<{ data: SessionInfo }>("POST", "/sign-in", { body });
      onSignedIn(answer.body.data);
    } catch (error) {
      showError(error);
    } finally {
      setIsSending(false);
    }
  }

  function goBack() {
    setStep("password");
    setProblem(null);
  }

  return { step, problem, isSending, signIn, goBack };
}

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
        Enter the code to finish signing in as <b>{form.values.email}</b>.
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
