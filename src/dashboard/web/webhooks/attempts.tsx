/** The result of one delivery attempt and the response to it. */
import { Text } from "@mantine/core";
import type { DeliveryDetail } from "../../answers.ts";
import { CodeBlock } from "../parts/code.tsx";

type Attempt = DeliveryDetail["attempts"][number];

const milliseconds = new Intl.NumberFormat(undefined, { style: "unit", unit: "millisecond" });

/** "HTTP 200 in 14 ms", or the error of an attempt without a response. */
export function formatResult({ status_code, error, duration_ms }: Attempt): string {
  const duration = milliseconds.format(duration_ms);
  return status_code === null
    ? `No response after ${duration}: ${error}`
    : `HTTP ${status_code} in ${duration}`;
}

/** The first 4 kB of the response body, as text. */
export function AttemptResponse({ attempt: { attempt, answer } }: { attempt: Attempt }) {
  if (answer === null) return null;
  if (answer === "")
    return (
      <Text size="sm" c="dimmed">
        The response has no body.
      </Text>
    );
  return <CodeBlock label={`Response to attempt ${attempt}`} text={answer} />;
}
