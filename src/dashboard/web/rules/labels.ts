/** Labels of an escalation rule's conditions and actions, and a rule as a sentence. */
import type { EscalationRule } from "../../answers.ts";

export const CONDITIONS = [
  { value: "caller_request", label: "The caller asks for a person" },
  { value: "sentiment_threshold", label: "The caller is unhappy" },
  { value: "keywords", label: "The caller says a keyword" },
  { value: "duration", label: "The call is long" },
  { value: "repeated_failure", label: "The receptionist fails repeatedly" },
  { value: "topic_match", label: "The caller has a specific intent" },
] as const;
export const ACTIONS = [
  { value: "transfer", label: "Transfer the call" },
  { value: "callback", label: "Offer a callback" },
  { value: "voicemail", label: "Take a voicemail" },
  { value: "ticket", label: "Open a ticket" },
] as const;

type Condition = EscalationRule["condition"];

const list = new Intl.ListFormat("en", { type: "disjunction" });

/** `intentName`: the name of an intent by id; empty while it loads. */
export function formatCondition(condition: Condition, intentName: (id: string) => string): string {
  switch (condition.type) {
    case "caller_request":
      return "When the caller asks for a person";
    case "sentiment_threshold":
      return `When the caller's sentiment is below ${condition.below} of 10`;
    case "keywords":
      return `When the caller says ${list.format(condition.keywords)}`;
    case "duration":
      return `When the call takes longer than ${condition.minutes} min`;
    case "repeated_failure":
      return `When the receptionist fails ${condition.attempts} times`;
    case "topic_match":
      return `When the intent is ${intentName(condition.intent_id) || "…"}`;
  }
}

/** Each action as a phrase, and the preposition before its destination. */
const ACTION_PHRASES = {
  transfer: ["transfer", "to"],
  callback: ["offer a callback", "from"],
  voicemail: ["take a voicemail", "for"],
  ticket: ["open a ticket", "for"],
} as const;

/** `memberName`: the name of a team member by id; empty while it loads. */
export function formatAction(rule: EscalationRule, memberName: (id: string) => string): string {
  const { action, destination } = rule;
  const [phrase, preposition] = ACTION_PHRASES[action];
  if (destination === null) return phrase;
  const target =
    destination.type === "department"
      ? destination.department
      : memberName(destination.team_member_id) || "a team member";
  return `${phrase} ${preposition} ${target}`;
}
