/** "Confirm it is you": asks for the password or, where two-factor is on, a code, for one named action. */
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
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import {
  createContext,
  type FormEvent,
  type ReactNode,
  useCallback,
  useContext,
  useRef,
  useState,
} from "react";
import type { ConfirmableAction, Confirmation } from "../../answers.ts";
import { explainError, Failure, send } from "../api/client.ts";
import { sessionQuery } from "../api/queries.ts";

type Proof = Confirmation["proof"];
/** Resolves to the proof for this action, once; null where the person thought better of it. `what`: "to create the API key Zapier". */
type Confirm = (action: ConfirmableAction, what: string) => Promise<Proof | null>;

const ConfirmContext = createContext<Confirm>(async () => null);
export const useConfirmIdentity = () => useContext(ConfirmContext);

interface Pending {
  action: ConfirmableAction;
  what: string;
  settle(proof: Proof | null): void;
}

export function ConfirmIdentityProvider({ children }: { children: ReactNode }) {
  const [pending, setPending] = useState<Pending | null>(null);
  const confirm = useCallback<Confirm>(
    (action, what) => new Promise((settle) => setPending({ action, what, settle })),
    [],
  );
  const close = (proof: Proof | null) => {
    setPending(null);
    // After the event that closed this: the dialog below listens for the same Esc, as soon as it is no longer waiting.
    setTimeout(() => pending?.settle(proof));
  };
  return (
    <ConfirmContext.Provider value={confirm}>
      {children}
      <Modal
        opened={pending !== null}
        onClose={() => close(null)}
        title="Confirm it is you"
        zIndex={400}
      >
        {pending && <ConfirmForm key={pending.what} pending={pending} onDone={close} />}
      </Modal>
    </ConfirmContext.Provider>
  );
}

function ConfirmForm({ pending, onDone }: { pending: Pending; onDone(proof: Proof | null): void }) {
  const { data: session } = useQuery(sessionQuery);
  const hasCodes = session?.user.two_factor ?? false;
  // Who has lost the phone still has the password.
  const [byPassword, setByPassword] = useState(false);
  const byCode = hasCodes && !byPassword;
  const [given, setGiven] = useState("");
  const [problem, setProblem] = useState<{ field: string | null; notice: string | null }>({
    field: null,
    notice: null,
  });
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    event.stopPropagation();
    setBusy(true);
    try {
      const body = { action: pending.action, [byCode ? "code" : "password"]: given };
      const answer = await send<{ data: Confirmation }>("POST", "/confirm", { body });
      onDone(answer.body.data.proof);
    } catch (error) {
      setProblem(toldOf(error));
      setGiven("");
      input.current?.focus();
      setBusy(false);
    }
  }

  function change() {
    setByPassword(byCode);
    setGiven("");
    setProblem({ field: null, notice: null });
    setTimeout(() => input.current?.focus());
  }

  const field = {
    ref: input,
    value: given,
    error: problem.field,
    required: true,
    "data-autofocus": true,
    onChange: (event: { currentTarget: HTMLInputElement }) => setGiven(event.currentTarget.value),
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack>
        <Text size="sm">
          Give your {byCode ? "code" : "password"} {pending.what}.
        </Text>
        {byCode ? (
          <TextInput
            {...field}
            label="Code"
            description="From your authenticator app."
            autoComplete="one-time-code"
          />
        ) : (
          <PasswordInput {...field} label="Password" autoComplete="current-password" />
        )}
        {hasCodes && (
          <Anchor component="button" type="button" size="sm" ta="left" onClick={change}>
            {byCode ? "Use your password instead" : "Use a code instead"}
          </Anchor>
        )}
        {problem.notice && (
          <Alert color="red" variant="light" role="alert">
            {problem.notice}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={() => onDone(null)}>
            Cancel
          </Button>
          <Button type="submit" loading={busy} disabled={given === ""}>
            Confirm
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function toldOf(error: unknown) {
  const details = error instanceof Failure ? error.details : {};
  const wrong = details.password ?? details.code;
  if (wrong === undefined) return { field: null, notice: explainError(error) };
  const left = details.tries_left;
  const sentence = `${wrong.charAt(0).toUpperCase()}${wrong.slice(1)}.`;
  const tries = left && (left === "1" ? " One try is left." : ` ${left} tries are left.`);
  return { field: sentence + (tries ?? ""), notice: null };
}
