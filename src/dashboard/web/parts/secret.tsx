/** A secret that is shown this once: kept in no store, gone when the dialog closes, which asks when done too early. */
import { Alert, Button, Checkbox, Code, Group, Modal, Stack, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Copy } from "./text.tsx";

interface SecretProps {
  title: string;
  secret: string;
  /** What it is and what to do with it. */
  children?: ReactNode;
  onClose(): void;
}

export function SecretDialog({ title, secret, children, onClose }: SecretProps) {
  const [stored, setStored] = useState(false);
  const [early, setEarly] = useState(false);
  const close = () => (stored ? onClose() : setEarly(true));
  return (
    <Modal opened onClose={close} title={title} size="lg" closeOnClickOutside={false}>
      <Stack>
        <Text size="sm">Store it now. It is not shown again, and nobody can look it up.</Text>
        <Group wrap="nowrap" gap="xs">
          <Code block flex={1} fz="sm" style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
            {secret}
          </Code>
          <Copy value={secret} label="Copy" />
        </Group>
        {children}
        {early && !stored && (
          <Alert color="yellow" role="alert">
            Once this closes it is gone for good. Tick the box when you have stored it.
          </Alert>
        )}
        <Checkbox
          label="I have stored it"
          checked={stored}
          onChange={({ currentTarget }) => setStored(currentTarget.checked)}
        />
        <Group justify="flex-end">
          {early && !stored && (
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
