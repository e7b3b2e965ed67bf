/** A secret that is shown once. It is kept nowhere and is lost when the dialog closes, which asks first. */
import { Alert, Button, Checkbox, Code, Group, Modal, Stack, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Copy } from "./text.tsx";

interface SecretDialogProps {
  title: string;
  secret: string;
  /** What the secret is for. */
  children?: ReactNode;
  onClose(): void;
}

export function SecretDialog({ title, secret, children, onClose }: SecretDialogProps) {
  const [isSaved, setIsSaved] = useState(false);
  const [hasTriedToClose, setHasTriedToClose] = useState(false);
  const close = () => (isSaved ? onClose() : setHasTriedToClose(true));
  const showWarning = hasTriedToClose && !isSaved;
  return (
    <Modal opened onClose={close} title={title} size="lg" closeOnClickOutside={false}>
      <Stack>
        <Text size="sm">Save it now. You will not be able to see it again.</Text>
        <Group wrap="nowrap" gap="xs">
          <Code block flex={1} fz="sm" style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
            {secret}
          </Code>
          <Copy value={secret} label="Copy" />
        </Group>
        {children}
        {showWarning && (
          <Alert color="yellow" role="alert">
            You will not be able to see it again after you close this dialog. Confirm that you saved
            it.
          </Alert>
        )}
        <Checkbox
          label="I saved it"
          checked={isSaved}
          onChange={({ currentTarget }) => setIsSaved(currentTarget.checked)}
        />
        <Group justify="flex-end">
          {showWarning && (
            <Button variant="subtle" color="red" onClick={onClose}>
              Close anyway
            </Button>
          )}
          <Button onClick={close}>Done</Button>
        </Group>
      </Stack>
    </Modal>
  );
}
