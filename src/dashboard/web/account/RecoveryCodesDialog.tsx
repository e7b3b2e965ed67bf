/** New recovery codes, shown once, with a download. */
import { Anchor, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { SecretDialog } from "../parts/secret.tsx";

interface RecoveryCodesDialogProps {
  codes: readonly string[];
  onClose(): void;
}

export function RecoveryCodesDialog({ codes, onClose }: RecoveryCodesDialogProps) {
  const text = codes.join("\n");
  const [href, setHref] = useState<string>();
  useEffect(() => {
    const url = URL.createObjectURL(new Blob([`${text}\n`], { type: "text/plain" }));
    setHref(url);
    return () => URL.revokeObjectURL(url);
  }, [text]);
  return (
    <SecretDialog title="Recovery codes" secret={text} onClose={onClose}>
      <Text size="sm">
        If you lose your phone, sign in with one of these codes instead. Each code works once.
      </Text>
      <Anchor href={href} download="allison-recovery-codes.txt" size="sm">
        <IconDownload size={14} /> Download as a text file
      </Anchor>
    </SecretDialog>
  );
}
