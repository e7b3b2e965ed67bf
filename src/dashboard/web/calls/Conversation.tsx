/** The transcript as a conversation. Timestamps are links (`#t=72`), and a search finds words in it. */
import { ActionIcon, Group, Highlight, Paper, Stack, Text, TextInput, Title } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconSearch } from "@tabler/icons-react";
import { Link, useLocation } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { CallWithTranscript } from "../../answers.ts";
import { formatDuration } from "../parts/text.tsx";

type Turn = CallWithTranscript["transcript"][number];

/** The address fragment of a turn. */
const fragmentOf = (at: number) => `t=${Math.floor(at)}`;

/** Finds the turns that contain the searched text, and steps through them. */
function useTranscriptSearch(transcript: readonly Turn[]) {
  const [text, setText] = useState("");
  const [step, setStep] = useState(0);
  const matches = transcript.flatMap((turn, i) =>
    text !== "" && turn.text.toLowerCase().includes(text.toLowerCase()) ? [i] : [],
  );
  const count = matches.length;
  const current = step % Math.max(count, 1);
  return {
    text,
    setText(value: string) {
      setText(value.trimStart());
      setStep(0);
    },
    count,
    /** The position of the current match, from 0. */
    current,
    /** The index of the turn with the current match; undefined if there is none. */
    turn: matches[current],
    previous: () => setStep(current + count - 1),
    next: () => setStep(current + 1),
  };
}

export function Conversation({ call: { transcript, status } }: { call: CallWithTranscript }) {
  const { hash } = useLocation();
  const search = useTranscriptSearch(transcript);
  const linked = transcript.findIndex(({ at }) => fragmentOf(at) === hash);
  const marked = search.turn ?? (linked < 0 ? undefined : linked);
  const { length } = transcript;
  useEffect(() => {
    if (marked !== undefined && length > 0)
      document.querySelector(`[data-turn="${marked}"]`)?.scrollIntoView({ block: "center" });
  }, [marked, length]);

  return (
    <Stack component="section" aria-label="Transcript" gap="sm">
      <Group justify="space-between">
        <Title order={2} size="h4">
          Transcript
        </Title>
        {length > 0 && <TranscriptSearch search={search} />}
      </Group>
      {length === 0 && (
        <Text c="dimmed">{status === "in_progress" ? "No transcript yet." : "No transcript."}</Text>
      )}
      <ol className="conversation">
        {transcript.map((turn, i) => (
          <TurnItem key={i} turn={turn} index={i} isMarked={i === marked} highlight={search.text} />
        ))}
      </ol>
    </Stack>
  );
}

function TranscriptSearch({ search }: { search: ReturnType<typeof useTranscriptSearch> }) {
  const { text, setText, count, current, previous, next } = search;
  return (
    <Group gap={4} wrap="nowrap">
      <TextInput
        type="search"
        size="xs"
        aria-label="Search transcript"
        placeholder="Search"
        leftSection={<IconSearch size={14} />}
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
      />
      {text !== "" && (
        <Text size="xs" c="dimmed" role="status" className="figures">
          {count === 0 ? "No matches" : `${current + 1} of ${count}`}
        </Text>
      )}
      <ActionIcon
        variant="default"
        aria-label="Previous match"
        disabled={count < 2}
        onClick={previous}
      >
        <IconArrowUp size={14} />
      </ActionIcon>
      <ActionIcon variant="default" aria-label="Next match" disabled={count < 2} onClick={next}>
        <IconArrowDown size={14} />
      </ActionIcon>
    </Group>
  );
}

interface TurnItemProps {
  turn: Turn;
  index: number;
  isMarked: boolean;
  highlight: string;
}

function TurnItem({ turn: { role, text, at }, index, isMarked, highlight }: TurnItemProps) {
  return (
    <li data-turn={index} data-role={role} data-marked={isMarked || undefined}>
      <Text size="xs" c="dimmed">
        {role === "agent" ? "Receptionist" : "Caller"} ·{" "}
        <Link to="." hash={fragmentOf(at)} search={true as never} className="turn-time figures">
          {formatDuration(at)}
        </Link>
      </Text>
      <Paper className="turn" px="sm" py={6}>
        <Highlight
          component="div"
          highlight={highlight}
          size="sm"
          style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}
        >
          {text}
        </Highlight>
      </Paper>
    </li>
  );
}
