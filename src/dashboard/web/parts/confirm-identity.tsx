/** "Confirm your identity": asks for the password or, with two-factor authentication, a code, for one named action. */
import {
  Alert,
  Anchor,
  Button,
  Group,
  Modal,
  PasswordInput,
  Stack,
  Text,
  TextInput,
  type TextInputProps,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import {
  createContext,
  type FormEvent,
  type ReactNode,
  type RefObject,
  useCallback,
  useContext,
  useRef,
  useState,
} from "react";
import type { ConfirmableAction, Confirmation } from "../../answers.ts";
import { explainError, Failure, send } from "../api/client.ts";
import { sessionQuery } from "../api/queries.ts";
import { formatIncorrect } from "./field-errors.ts";

type Proof = Confirmation["proof"];
/**
 * Resolves to a proof that is valid once, for this action; null where the user cancels. `purpose` completes the sentence
 * "Enter your password …", as in "to create the API key Zapier".
 */
type ConfirmIdentity = (action: ConfirmableAction, purpose: string) => Promise<Proof | null>;

const ConfirmContext = createContext<ConfirmIdentity>(async () => null);
export const useConfirmIdentity = () => useContext(ConfirmContext);

interface Pending {
  action: ConfirmableAction;
  purpose: string;
  resolve(proof: Proof | null): void;
}

export function ConfirmIdentityProvider({ children }: { children: ReactNode }) {
  const [pending, setPending] = useState<Pending | null>(null);
  const confirm = useCallback<ConfirmIdentity>(
    (action, purpose) => new Promise((resolve) => setPending({ action, purpose, resolve })),
    [],
  );
  const close = (proof: Proof | null) => {
    setPending(null);
    // After the current event: once resolved, the dialog below listens for Esc too and would close with this one.
    setTimeout(() => pending?.resolve(proof));
  };
  return (
    <ConfirmContext.Provider value={confirm}>
      {children}
      <Modal
        opened={pending !== null}
        onClose={() => close(null)}
        title="Confirm your identity"
        zIndex={400}
      >
        {pending && <ConfirmForm key={pending.purpose} pending={pending} onDone={close} />}
      </Modal>
    </ConfirmContext.Provider>
  );
}

type Method = "password" | "code";

function ConfirmForm({ pending, onDone }: { pending: Pending; onDone(proof: Proof | null): void }) {
  const { data: session } = useQuery(sessionQuery);
  const hasTwoFactor = session?.user.two_factor ?? false;
  // A user who lost the phone can still use the password.
  const [prefersPassword, setPrefersPassword] = useState(false);
  const method: Method = hasTwoFactor && !prefersPassword ? "code" : "password";
  const { input, value, setValue, errors, isSending, submit, reset } = useConfirmation(
    pending.action,
    method,
    onDone,
  );

  function switchMethod() {
    setPrefersPassword(method === "code");
    reset();
    setTimeout(() => input.current?.focus());
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <Text size="sm">
          Enter your {method} {pending.purpose}.
        </Text>
        <ProofInput
          method={method}
          ref={input}
          value={value}
          error={errors.field}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
        {hasTwoFactor && (
          <Anchor component="button" type="button" size="sm" ta="left" onClick={switchMethod}>
            {method === "code" ? "Use your password instead" : "Use a code instead"}
          </Anchor>
        )}
        {errors.notice && (
          <Alert color="red" variant="light" role="alert">
            {errors.notice}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={() => onDone(null)}>
            Cancel
          </Button>
          <Button type="submit" loading={isSending} disabled={value === ""}>
            Confirm
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

type ProofInputProps = Pick<TextInputProps, "value" | "error" | "onChange"> & {
  method: Method;
  ref: RefObject<HTMLInputElement | null>;
};

function ProofInput({ method, ...input }: ProofInputProps) {
  const shared = { ...input, required: true, "data-autofocus": true };
  return method === "code" ? (
    <TextInput
      {...shared}
      label="Code"
      description="From your authenticator app."
      autoComplete="one-time-code"
    />
  ) : (
    <PasswordInput {...shared} label="Password" autoComplete="current-password" />
  );
}

/** An error of the input, or one that belongs to no input. */
interface Errors {
  field: string | null;
  notice: string | null;
}
const NO_ERRORS: Errors = { field: null, notice: null };

/** Sends the password or code, and passes the proof to `onDone`. */
function useConfirmation(
  action: ConfirmableAction,
  method: Method,
  onDone: (proof: Proof | null) => void,
) {
  const input = useRef<HTMLInputElement>(null);
  const [value, setValue] = useState("");
  const [errors, setErrors] = useState(NO_ERRORS);
  const [isSending, setIsSending] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    // The dialog may stand inside another form.
    event.stopPropagation();
    setIsSending(true);
    try {
      const body = { action, [method]: value };
      const answer = await send<{ data: Confirmation }>("POST", "/confirm", { body });
      onDone(answer.body.data.proof);
    } catch (error) {
      setErrors(errorsOf(error));
      setValue("");
      input.current?.focus();
      setIsSending(false);
    }
  }

  function reset() {
    setValue("");
    setErrors(NO_ERRORS);
  }

  return { input, value, setValue, errors, isSending, submit, reset };
}

function errorsOf(error: unknown): Errors {
  if (error instanceof Failure) {
    for (const method of ["password", "code"] as const)
      if (error.details[method] !== undefined)
        return { field: formatIncorrect(method, error), notice: null };
  }
  return { field: null, notice: explainError(error) };
}
