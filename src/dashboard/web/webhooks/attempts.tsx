/** One attempt of a delivery: how it ended and what came back. */
import { Text } from "@mantine/core";
import type { DeliveryDetail } from "../../answers.ts";
import { CodeBlock } from "../parts/code.tsx";

type Attempt = DeliveryDetail["attempts"][number];

const milliseconds = new Intl.NumberFormat(undefined);

/** "Answered 200 in 14 ms", or why nothing came. */
export function sayOutcome({ status_code, error, duration_ms }: Attempt): string {
  const took = `${milliseconds.format(duration_ms)} ms`;
  return status_code === null
    ? `No answer: ${error}, after ${took}`
    : `Answered ${status_code} in ${took}`;
}

/** The first 4 kB of what came back, as text. */
export function AttemptAnswer({ attempt: { attempt, answer } }: { attempt: Attempt }) {
  if (answer === null) return null;
  if (answer === "")
    return (
      <Text size="sm" c="dimmed">
        The answer had no body.
      </Text>
    );
  return <CodeBlock label={`Answer to attempt ${attempt}`} text={answer} />;
}
