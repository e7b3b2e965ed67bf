/** Rotates an API key: when the current key expires, then the user's confirmation, then the new key, shown once. */
import { Alert, Button, Group, Modal, Radio, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Key, RotatedKey } from "../../answers.ts";
import { explainError, send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import { useConfirmIdentity } from "../parts/confirm-identity.tsx";
import { KeySecret } from "./KeySecret.tsx";

/** By hours during which both keys work. */
const OVERLAPS = [
  { value: "0", label: "Immediately", about: "If someone else may have the key." },
  { value: "1", label: "In 1 hour" },
  { value: "24", label: "In 24 hours" },
  { value: "168", label: "In 7 days" },
];

interface RotateDialogProps {
  target: Key;
  onClose(): void;
}

export function RotateDialog({ target, onClose }: RotateDialogProps) {
  const [overlap, setOverlap] = useState("24");
  const { rotateKey, created, problem, isSending } = useRotateKey(target);
  if (created) return <KeySecret created={created} onClose={onClose} />;
  return (
    <Modal opened onClose={onClose} title={`Rotate ${target.name}`} closeOnEscape={!isSending}>
      <Stack>
        <Text size="sm">
          Creates a new key with the same name, access and expiry. Both keys work until the current
          key expires.
        </Text>
        <Radio.Group label="The current key expires" value={overlap} onChange={setOverlap}>
          <Stack gap="xs" mt="xs">
            {OVERLAPS.map(({ value, label, about }) => (
              <Radio key={value} value={value} label={label} description={about} />
            ))}
          </Stack>
        </Radio.Group>
        {problem && (
          <Alert color="red" variant="light" role="alert">
            {problem}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button onClick={() => void rotateKey(Number(overlap))} loading={isSending}>
            Rotate key
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function useRotateKey(target: Key) {
  const client = useQueryClient();
  const confirm = useConfirmIdentity();
  const [problem, setProblem] = useState<string | null>(null);
  const [isSending, setIsSending] = useState(false);
  const [created, setCreated] = useState<RotatedKey | null>(null);

  async function rotateKey(overlap_hours: number) {
    setProblem(null);
    setIsSending(true);
    try {
      const purpose = `to rotate the API key ${target.name}`;
      const proof = await confirm({ kind: "keys.rotate", id: target.id, overlap_hours }, purpose);
      if (proof === null) return;
      const body = { overlap_hours };
      const path = `/keys/${target.id}/rotate`;
      setCreated((await send<RotatedKey>("POST", path, { body, proof })).body);
      void refreshQueries(client, ["api_key"]);
    } catch (error) {
      setProblem(explainError(error));
    } finally {
      setIsSending(false);
    }
  }

  return { rotateKey, created, problem, isSending };
}
