/** A new API key, shown once, with a command to try it. */
import { Code, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { NewKey } from "../../answers.ts";
import { sessionQuery } from "../api/queries.ts";
import { SecretDialog } from "../parts/secret.tsx";
import { Copy } from "../parts/text.tsx";
import { curlOf } from "./format.ts";

export function KeySecret({ created, onClose }: { created: NewKey; onClose(): void }) {
  const { data: session } = useQuery(sessionQuery);
  const curl = curlOf(session?.public_url ?? location.origin, created.data.access, created.key);
  return (
    <SecretDialog title={`API key ${created.data.name}`} secret={created.key} onClose={onClose}>
      <Stack gap={4}>
        <Text size="sm">Try it:</Text>
        <Group wrap="nowrap" gap="xs">
          <Code
            block
            flex={1}
            aria-label="Command to try the key"
            role="group"
            style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}
          >
            {curl}
          </Code>
          <Copy value={curl} label="Copy command" />
        </Group>
      </Stack>
    </SecretDialog>
  );
}
