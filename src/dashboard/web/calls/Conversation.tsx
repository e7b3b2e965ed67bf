/** What was said, as a conversation. Times are links (`#t=72`); words can be looked for within. */
import { ActionIcon, Group, Highlight, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconSearch } from "@tabler/icons-react";
import { Link, useLocation } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { CallWithTranscript } from "../../answers.ts";
import { formatDuration } from "../parts/text.tsx";

/** The name of a turn in the address. */
const markOf = (at: number) => `t=${Math.floor(at)}`;

export function Conversation({ call: { transcript, status } }: { call: CallWithTranscript }) {
  const { hash } = useLocation();
  const [words, setWords] = useState("");
  const [place, setPlace] = useState(0);
  const found = transcript.flatMap(({ text }, i) =>
    words !== "" && text.toLowerCase().includes(words.toLowerCase()) ? [i] : [],
  );
  const current = found[place % Math.max(found.length, 1)];
  const linked = transcript.findIndex(({ at }) => markOf(at) === hash);
  const shown = current ?? (linked < 0 ? undefined : linked);
  const known = transcript.length;
  useEffect(() => {
    if (shown !== undefined && known > 0)
      document.querySelector(`[data-turn="${shown}"]`)?.scrollIntoView({ block: "center" });
  }, [shown, known]);

  return (
    <Stack component="section" aria-label="Conversation" gap="sm">
      <Group justify="space-between">
        <Title order={2} size="h4">
          Conversation
        </Title>
        {transcript.length > 0 && (
          <Group gap={4} wrap="nowrap">
            <TextInput
              type="search"
              size="xs"
              aria-label="Search in the conversation"
              placeholder="Search within"
              leftSection={<IconSearch size={14} />}
              value={words}
              onChange={({ currentTarget }) => {
                setWords(currentTarget.value.trimStart());
                setPlace(0);
              }}
            />
            {words !== "" && (
              <Text size="xs" c="dimmed" role="status" className="figures">
                {found.length === 0
                  ? "Not said"
                  : `${(place % found.length) + 1} of ${found.length}`}
              </Text>
            )}
            <ActionIcon
              variant="default"
              aria-label="Previous place"
              disabled={found.length < 2}
              onClick={() => setPlace(place + found.length - 1)}
            >
              <IconArrowUp size={14} />
            </ActionIcon>
            <ActionIcon
              variant="default"
              aria-label="Next place"
              disabled={found.length < 2}
              onClick={() => setPlace(place + 1)}
            >
              <IconArrowDown size={14} />
            </ActionIcon>
          </Group>
        )}
      </Group>
      {transcript.length === 0 && (
        <Text c="dimmed">
          {status === "in_progress" ? "Nothing is written down yet." : "Nothing was written down."}
        </Text>
      )}
      <ol className="conversation">
        {transcript.map(({ role, text, at }, i) => (
          <li key={i} data-turn={i} data-role={role} data-marked={i === shown || undefined}>
            <Text size="xs" c="dimmed">
              {role === "agent" ? "Receptionist" : "Caller"} ·{" "}
              <Link to="." hash={markOf(at)} search={true as never} className="turn-time figures">
                {formatDuration(at)}
              </Link>
            </Text>
            <Paper className="turn" px="sm" py={6}>
              <Highlight
                component="div"
                highlight={words}
                size="sm"
                style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}
              >
                {text}
              </Highlight>
            </Paper>
          </li>
        ))}
      </ol>
    </Stack>
  );
}
