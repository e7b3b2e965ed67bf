/** Rotating a key: for how long the old one goes on, then the proof that it is you, then the new key, once. */
import { Alert, Button, Group, Modal, Radio, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Key, RotatedKey } from "../../answers.ts";
import { explainError, send } from "../api/client.ts";
import { refreshQueries } from "../api/queries.ts";
import { useConfirmIdentity } from "../parts/confirm-identity.tsx";
import { KeySecret } from "./KeySecret.tsx";

const OVERLAPS = [
  { value: "0", label: "At once", about: "For a key that somebody else may know." },
  { value: "1", label: "After 1 hour" },
  { value: "24", label: "After 24 hours" },
  { value: "168", label: "After 7 days" },
];

export function RotateDialog({ target, onClose }: { target: Key; onClose(): void }) {
  const client = useQueryClient();
  const confirm = useConfirmIdentity();
  const [overlap, setOverlap] = useState("24");
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [made, setMade] = useState<RotatedKey | null>(null);

  async function rotate() {
    setProblem(null);
    setBusy(true);
    try {
      const proof = await confirm(
        { kind: "keys.rotate", id: target.id },
        `to rotate the API key ${target.name}`,
      );
      if (proof === null) return;
      const body = { overlap_hours: Number(overlap) };
      setMade((await send<RotatedKey>("POST", `/keys/${target.id}/rotate`, { body, proof })).body);
      void refreshQueries(client, ["api_key"]);
    } catch (error) {
      setProblem(explainError(error));
    } finally {
      setBusy(false);
    }
  }

  if (made) return <KeySecret made={made} onClose={onClose} />;
  return (
    <Modal opened onClose={onClose} title={`Rotate ${target.name}`} closeOnEscape={!busy}>
      <Stack>
        <Text size="sm">
          Makes a new key with the same name, access and expiry. Both work until the old one stops.
        </Text>
        <Radio.Group label="The old key stops" value={overlap} onChange={setOverlap}>
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
          <Button onClick={() => void rotate()} loading={busy}>
            Rotate key
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
