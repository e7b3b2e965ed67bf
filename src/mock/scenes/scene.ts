/**
 * What the calls of a mock's practice are written from. A scene is the setting of a call; a function per kind of call turns
 * it into a story, in one of several wordings. Every random value comes from the dice of the scene.
 */
import type { CallRecord } from "../../platform/record.ts";
import type { Escalation } from "../../resources/calls.ts";
import type { IntentName, LocationName, RuleName, TeamName } from "../practice.ts";

/** Random choices. */
export interface Dice {
  one<T>(list: readonly T[]): T;
  chance(probability: number): boolean;
  /** A whole number, both ends included. */
  between(least: number, most: number): number;
}

/** The person on the line. */
export interface Caller {
  first: string;
  last: string;
  email: string;
  /** Null for a withheld number. */
  number: string | null;
}

/** A free time, as it is stored and as the agent says it. */
export interface Slot {
  starts_at: string;
  said: string;
}

export interface Scene {
  dice: Dice;
  caller: Caller;
  place: LocationName;
  /** Three free times in ascending order. */
  slots: [Slot, Slot, Slot];
  /** The opening hours as the agent says them. */
  hours: string;
  member(name: TeamName): { id: string; name: string };
  rule(name: RuleName): Omit<Escalation, "triggered_at">;
}

/** What happens in a call. The rest of its record is derived from this. */
export interface Story extends Partial<Omit<CallRecord, "transcript" | "intent" | "escalations">> {
  intent?: IntentName;
  /** What agent and caller say in turn, the agent first. */
  said: string[];
  /** The rule that matches, and the number of turns before it does. */
  escalation?: { rule: ReturnType<Scene["rule"]>; after: number };
}

// Phrases that most calls share.
export const nameOf = ({ first, last }: Caller) => `${first} ${last}`;
export const greet = ({ dice, place }: Scene) => {
  const at = place === "lakeside" ? "Bright Dental Lakeside" : "Bright Dental";
  return dice.one([
    `Thank you for calling ${at}, this is Allison. How can I help you?`,
    `${at}, good to hear from you. This is Allison, what can I do for you?`,
    `Hello, you have reached ${at}. My name is Allison. How can I help?`,
  ]);
};
export const sayGoodbye = ({ dice, caller }: Scene) =>
  dice.one([
    `You are welcome, ${caller.first}. Have a good day.`,
    "My pleasure. Take care, and goodbye.",
    `Thank you for calling, ${caller.first}. Goodbye.`,
  ]);
export const declineMore = ({ dice }: Scene) =>
  dice.one([
    "No, that is all. Thank you.",
    "That was it, thanks so much.",
    "Great, thank you. Bye.",
  ]);
export const askName = ({ dice }: Scene) =>
  dice.one([
    "May I have your name, please?",
    "Sure. Under which name?",
    "Happy to. What is your name?",
  ]);
