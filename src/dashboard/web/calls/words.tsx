/** What a call is at and what came of it, in words with a sign. */
import { Badge } from "@mantine/core";
import { IconPhoneIncoming } from "@tabler/icons-react";
import type { Call } from "../../answers.ts";

export const DISPOSITIONS = [
  { value: "completed", label: "Completed" },
  { value: "hangup", label: "Hung up" },
  { value: "transferred", label: "Transferred" },
  { value: "escalated", label: "Escalated" },
  { value: "missed", label: "Missed" },
];
export const DIRECTIONS = [
  { value: "inbound", label: "Incoming" },
  { value: "outbound", label: "Outgoing" },
];

export const labelOf = (list: { value: string; label: string }[], value: string | null) =>
  list.find((each) => each.value === value)?.label ?? value ?? "";

/** The number of the other party. */
export const otherNumber = ({ direction, from_number, to_number }: Call) =>
  direction === "inbound" ? from_number : to_number;

/** What came of it, else how it ended; a running call says so. */
export function Outcome({ call }: { call: Call }) {
  if (call.status === "in_progress")
    return (
      <Badge
        variant="light"
        tt="none"
        miw="max-content"
        leftSection={<IconPhoneIncoming size={12} aria-hidden />}
      >
        Running
      </Badge>
    );
  return <>{call.outcome ?? labelOf(DISPOSITIONS, call.disposition)}</>;
}

/** Calls that are hidden in lists unless asked for. */
export function Marks({ call }: { call: Pick<Call, "spam" | "unscorable"> }) {
  return (
    <>
      {call.spam && (
        <Badge variant="default" tt="none">
          Spam
        </Badge>
      )}
      {call.unscorable && (
        <Badge variant="default" tt="none">
          Unscorable
        </Badge>
      )}
    </>
  );
}
