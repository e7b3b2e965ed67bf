/** A new key, this once, with a command that tries it. */
import { Code, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { NewKey } from "../../answers.ts";
import { sessionQuery } from "../api/queries.ts";
import { SecretDialog } from "../parts/secret.tsx";
import { Copy } from "../parts/text.tsx";
import { curlOf } from "./words.ts";

export function KeySecret({ made, onClose }: { made: NewKey; onClose(): void }) {
  const { data: session } = useQuery(sessionQuery);
  const curl = curlOf(session?.public_url ?? location.origin, made.data.access, made.key);
  return (
    <SecretDialog title={`The key ${made.data.name}`} secret={made.key} onClose={onClose}>
      <Stack gap={4}>
        <Text size="sm">Try it:</Text>
        <Group wrap="nowrap" gap="xs">
          <Code
            block
            flex={1}
            aria-label="Command that tries the key"
            role="group"
            style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}
          >
            {curl}
          </Code>
          <Copy value={curl} label="Copy the command" />
        </Group>
      </Stack>
    </SecretDialog>
  );
}
