/** Two-factor authentication: enabling and disabling it, and new recovery codes. */
import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconShieldCheck, IconShieldOff } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { RecoveryCodes, SessionInfo, TotpEnrolment } from "../../answers.ts";
import { explainError, send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import { useConfirmIdentity } from "../parts/confirm-identity.tsx";
import { RecoveryCodesDialog } from "./RecoveryCodesDialog.tsx";
import { TotpEnrollment } from "./TotpEnrollment.tsx";

type User = SessionInfo["user"];

export function TwoFactor({ user }: { user: User }) {
  const client = useQueryClient();
  const [enrollment, setEnrollment] = useState<TotpEnrolment | null>(null);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const { enable, renewCodes, disable, problem } = useTwoFactorActions(setEnrollment, setCodes);
  return (
    <Stack gap="sm">
      {user.two_factor ? (
        <Enabled user={user} onRenew={renewCodes} onDisable={disable} />
      ) : enrollment ? (
        <TotpEnrollment
          enrollment={enrollment}
          onCancel={() => setEnrollment(null)}
          onDone={(created) => {
            setEnrollment(null);
            setCodes(created);
            void refreshQueries(client, ["user"]);
          }}
        />
      ) : (
        <Disabled onEnable={enable} />
      )}
      {problem && (
        <Alert color="red" variant="light" role="alert">
          {problem}
        </Alert>
      )}
      {codes && <RecoveryCodesDialog codes={codes} onClose={() => setCodes(null)} />}
    </Stack>
  );
}

/** The actions, each of which requires the user's confirmation. */
function useTwoFactorActions(
  setEnrollment: (enrollment: TotpEnrolment) => void,
  setCodes: (codes: readonly string[]) => void,
) {
  const client = useQueryClient();
  const confirm = useConfirmIdentity();
  const [problem, setProblem] = useState<string | null>(null);

  const showError = (work: () => Promise<void>) => async () => {
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(explainError(error));
    }
  };
  const enable = showError(async () => {
    const proof = await confirm({ kind: "totp.enable" }, "to enable two-factor authentication");
    if (proof === null) return;
    const { body } = await send<{ data: TotpEnrolment }>("POST", "/totp", { proof });
    setEnrollment(body.data);
  });
  const renewCodes = showError(async () => {
    const purpose = "to generate new recovery codes. Your current codes stop working";
    const proof = await confirm({ kind: "recovery_codes.renew" }, purpose);
    if (proof === null) return;
    const path = "/totp/recovery-codes";
    const { body } = await send<{ data: RecoveryCodes }>("POST", path, { proof });
    setCodes(body.data.recovery_codes);
    await refreshQueries(client, ["user"]);
  });
  const disable = showError(async () => {
    const proof = await confirm({ kind: "totp.disable" }, "to disable two-factor authentication");
    if (proof === null) return;
    await send("DELETE", "/totp", { proof });
    await refreshQueries(client, ["user"]);
  });
  return { enable, renewCodes, disable, problem };
}

interface EnabledProps {
  user: User;
  onRenew(): Promise<void>;
  onDisable(): Promise<void>;
}

function Enabled({ user, onRenew, onDisable }: EnabledProps) {
  return (
    <>
      <Group gap="xs">
        <IconShieldCheck size={18} />
        <Text size="sm">
          Enabled. Recovery codes left: <b>{user.recovery_codes_left}</b>.
        </Text>
      </Group>
      <Group gap="xs">
        <Button variant="default" onClick={() => void onRenew()}>
          Generate new recovery codes
        </Button>
        <Button variant="default" onClick={() => void onDisable()}>
          Disable
        </Button>
      </Group>
    </>
  );
}

function Disabled({ onEnable }: { onEnable(): Promise<void> }) {
  return (
    <>
      <Group gap="xs">
        <IconShieldOff size={18} />
        <Text size="sm">
          Disabled. When enabled, signing in also requires a code from an app on your phone.
        </Text>
      </Group>
      <Group>
        <Button variant="default" onClick={() => void onEnable()}>
          Enable
        </Button>
      </Group>
    </>
  );
}
