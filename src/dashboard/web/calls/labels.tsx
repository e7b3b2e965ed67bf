/** Labels of a call's status, direction and result. */
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
  { value: "inbound", label: "Inbound" },
  { value: "outbound", label: "Outbound" },
];

/** The label of a value; the value itself where the list does not have it. */
export const labelOf = (list: { value: string; label: string }[], value: string | null) =>
  list.find((each) => each.value === value)?.label ?? value ?? "";

/** The number of the other party; null if it is withheld. */
export const otherNumber = ({ direction, from_number, to_number }: Call) =>
  direction === "inbound" ? from_number : to_number;

/** The outcome, or the disposition if there is none; "In progress" during the call. */
export function Outcome({ call }: { call: Call }) {
  if (call.status === "in_progress")
    return (
      <Badge
        variant="light"
        tt="none"
        miw="max-content"
        leftSection={<IconPhoneIncoming size={12} aria-hidden />}
      >
        In progress
      </Badge>
    );
  return <>{call.outcome ?? labelOf(DISPOSITIONS, call.disposition)}</>;
}

/** Badges of calls that lists hide by default. */
export function SpamBadges({ call }: { call: Pick<Call, "spam" | "unscorable"> }) {
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
