/** The second factor: switching it on with its first code, its recovery codes, switching it off. */
import { Alert, Anchor, Box, Button, Group, Stack, Text, TextInput } from "@mantine/core";
import { IconDownload, IconShieldCheck, IconShieldOff } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { QRCodeSVG } from "qrcode.react";
import { type FormEvent, useEffect, useState } from "react";
import type { RecoveryCodes, SessionInfo, TotpEnrolment } from "../../answers.ts";
import { explainError, Failure, send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import { useConfirmIdentity } from "../parts/confirm-identity.tsx";
import { SecretDialog } from "../parts/secret.tsx";
import { Copyable } from "../parts/text.tsx";

export function TwoFactor({ user }: { user: SessionInfo["user"] }) {
  const client = useQueryClient();
  const confirm = useConfirmIdentity();
  const [enrolment, setEnrolment] = useState<TotpEnrolment | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const attempt = async (work: () => Promise<void>) => {
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(explainError(error));
    }
  };
  const begin = () =>
    attempt(async () => {
      const proof = await confirm({ kind: "totp.enable" }, "to switch the second factor on");
      if (proof === null) return;
      const { body } = await send<{ data: TotpEnrolment }>("POST", "/totp", { proof });
      setEnrolment(body.data);
    });
  const renew = () =>
    attempt(async () => {
      const what = "to make new recovery codes. The ones you have stop opening";
      const proof = await confirm({ kind: "recovery_codes.renew" }, what);
      if (proof === null) return;
      const path = "/totp/recovery-codes";
      const { body } = await send<{ data: RecoveryCodes }>("POST", path, { proof });
      setCodes(body.data.recovery_codes);
      await refreshQueries(client, ["user"]);
    });
  const switchOff = () =>
    attempt(async () => {
      const proof = await confirm({ kind: "totp.disable" }, "to switch the second factor off");
      if (proof === null) return;
      await send("DELETE", "/totp", { proof });
      await refreshQueries(client, ["user"]);
    });

  return (
    <Stack gap="sm">
      {user.two_factor ? (
        <>
          <Group gap="xs">
            <IconShieldCheck size={18} />
            <Text size="sm">
              On. Recovery codes left: <b>{user.recovery_codes_left}</b>.
            </Text>
          </Group>
          <Group gap="xs">
            <Button variant="default" onClick={() => void renew()}>
              Make new recovery codes
            </Button>
            <Button variant="default" onClick={() => void switchOff()}>
              Switch off
            </Button>
          </Group>
        </>
      ) : enrolment ? (
        <Enrolment
          enrolment={enrolment}
          onCancel={() => setEnrolment(null)}
          onDone={(made) => {
            setEnrolment(null);
            setCodes(made);
            void refreshQueries(client, ["user"]);
          }}
        />
      ) : (
        <>
          <Group gap="xs">
            <IconShieldOff size={18} />
            <Text size="sm">
              Off. With it, signing in also takes a code from an app on your phone.
            </Text>
          </Group>
          <Group>
            <Button variant="default" onClick={() => void begin()}>
              Switch on
            </Button>
          </Group>
        </>
      )}
      {problem && (
        <Alert color="red" variant="light" role="alert">
          {problem}
        </Alert>
      )}
      {codes && <Codes codes={codes} onClose={() => setCodes(null)} />}
    </Stack>
  );
}

function Enrolment({
  enrolment: { secret, url },
  onCancel,
  onDone,
}: {
  enrolment: TotpEnrolment;
  onCancel(): void;
  onDone(codes: string[]): void;
}) {
  const [code, setCode] = useState("");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    try {
      const answer = await send<{ data: RecoveryCodes }>("POST", "/totp/confirm", {
        body: { code },
      });
      onDone(answer.body.data.recovery_codes);
    } catch (error) {
      const wrong = error instanceof Failure && error.details.code !== undefined;
      setProblem(
        wrong
          ? "This code is wrong. Check the clock of your phone, then try the next."
          : explainError(error),
      );
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)}>
      <Stack gap="sm">
        <Text size="sm">
          Scan this with an authenticator app, or type the secret into it. Then give the code that
          it shows.
        </Text>
        {/* Scanners need dark on light, also in the dark. */}
        <Box bg="white" p="sm" w="fit-content" style={{ borderRadius: "var(--mantine-radius-md)" }}>
          <QRCodeSVG value={url} size={180} title="QR code for the authenticator app" />
        </Box>
        <Box ff="monospace" fz="sm">
          <Copyable value={secret} label="Copy the secret" />
        </Box>
        <TextInput
          label="First code"
          autoComplete="one-time-code"
          inputMode="numeric"
          autoFocus
          maw={200}
          value={code}
          onChange={({ currentTarget }) => setCode(currentTarget.value)}
          error={problem}
        />
        <Group>
          <Button type="submit" loading={busy} disabled={code.trim() === ""}>
            Switch on
          </Button>
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function Codes({ codes, onClose }: { codes: readonly string[]; onClose(): void }) {
  const text = codes.join("\n");
  const [href, setHref] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/plain" }));
    setHref(made);
    return () => URL.revokeObjectURL(made);
  }, [text]);
  return (
    <SecretDialog title="Your recovery codes" secret={text} onClose={onClose}>
      <Text size="sm">Each signs you in once, in place of a code, when your phone is lost.</Text>
      <Anchor href={href} download="allison-recovery-codes.txt" size="sm">
        <IconDownload size={14} /> Download as a text file
      </Anchor>
    </SecretDialog>
  );
}
