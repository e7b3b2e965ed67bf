/** An escalation rule as a sentence. */
import type { EscalationRule } from "../../answers.ts";

export const CONDITIONS = [
  { value: "caller_request", label: "The caller asks for a person" },
  { value: "sentiment_threshold", label: "The caller is unhappy" },
  { value: "keywords", label: "The caller says certain words" },
  { value: "duration", label: "The call takes long" },
  { value: "repeated_failure", label: "The receptionist fails again and again" },
  { value: "topic_match", label: "The caller wants a certain thing" },
] as const;
export const ACTIONS = [
  { value: "transfer", label: "Transfer the call" },
  { value: "callback", label: "Offer to call back" },
  { value: "voicemail", label: "Take a voice message" },
  { value: "ticket", label: "Open a ticket" },
] as const;

type Condition = EscalationRule["condition"];

/** `nameOf`: the name of an intent. */
export function sayCondition(condition: Condition, nameOf: (id: string) => string): string {
  switch (condition.type) {
    case "caller_request":
      return "When the caller asks for a person";
    case "sentiment_threshold":
      return `When the caller's mood falls below ${condition.below} of 10`;
    case "keywords":
      return `When the caller says ${new Intl.ListFormat("en", { type: "disjunction" }).format(condition.keywords)}`;
    case "duration":
      return `When the call takes longer than ${condition.minutes} min`;
    case "repeated_failure":
      return `When the receptionist fails ${condition.attempts} times`;
    case "topic_match":
      return `When the caller wants ${nameOf(condition.intent_id) || "a certain thing"}`;
  }
}

/** `nameOf`: the name of a team member. */
export function sayAction(rule: EscalationRule, nameOf: (id: string) => string): string {
  const { action, destination } = rule;
  const to =
    destination === null
      ? ""
      : destination.type === "department"
        ? ` to ${destination.department}`
        : ` to ${nameOf(destination.team_member_id) || "a team member"}`;
  return (
    {
      transfer: "transfer",
      callback: "offer to call back",
      voicemail: "take a voice message",
      ticket: "open a ticket",
    }[action] + to
  );
}
