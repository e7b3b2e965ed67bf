/** Connects an authenticator app by its first code, which enables two-factor authentication. */
import { Box, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { QRCodeSVG } from "qrcode.react";
import { type FormEvent, useState } from "react";
import type { RecoveryCodes, TotpEnrolment } from "../../answers.ts";
import { explainError, Failure, send } from "../api/client.ts";
import { Copyable } from "../parts/text.tsx";

interface TotpEnrollmentProps {
  enrollment: TotpEnrolment;
  onCancel(): void;
  onDone(codes: string[]): void;
}

export function TotpEnrollment({ enrollment, onCancel, onDone }: TotpEnrollmentProps) {
  const [code, setCode] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [isSending, setIsSending] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setIsSending(true);
    try {
      const body = { code };
      const answer = await send<{ data: RecoveryCodes }>("POST", "/totp/confirm", { body });
      onDone(answer.body.data.recovery_codes);
    } catch (error) {
      setProblem(explainCodeError(error));
      setIsSending(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <Text size="sm">
          Scan the QR code with an authenticator app, or enter the secret there. Then enter the code
          that the app shows.
        </Text>
        <Secret {...enrollment} />
        <TextInput
          label="Code"
          autoComplete="one-time-code"
          inputMode="numeric"
          autoFocus
          maw={200}
          value={code}
          onChange={({ currentTarget }) => setCode(currentTarget.value)}
          error={problem}
        />
        <Group>
          <Button type="submit" loading={isSending} disabled={code.trim() === ""}>
            Enable
          </Button>
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const explainCodeError = (error: unknown): string =>
  error instanceof Failure && error.details.code !== undefined
    ? "Incorrect code. Check that your phone's clock is right, then enter the next code."
    : explainError(error);

function Secret({ secret, url }: TotpEnrolment) {
  return (
    <>
      {/* Scanners require dark on light, in dark mode too. */}
      <Box bg="white" p="sm" w="fit-content" style={{ borderRadius: "var(--mantine-radius-md)" }}>
        <QRCodeSVG value={url} size={180} title="QR code for the authenticator app" />
      </Box>
      <Box ff="monospace" fz="sm">
        <Copyable value={secret} label="Copy secret" />
      </Box>
    </>
  );
}
