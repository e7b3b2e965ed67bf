/** How often each kind of call occurs. */
import { booking, cancellation, firstVisit, reminder, rescheduling } from "./appointments.ts";
import { aftercareQuestion, hoursQuestion, priceQuestion } from "./questions.ts";
import { billingQuestion, complaint, emergency, message, order } from "./requests.ts";
import type { Scene, Story } from "./scene.ts";
import { hangup, missedCall, robocall, salesPitch, wrongNumber } from "./unwanted.ts";

interface CallKind {
  writeStory(scene: Scene): Story;
  /** Relative frequency while the practice is open, and while it is closed. */
  open: number;
  closed: number;
  /** The caller is not a patient. */
  isStranger?: true;
}

/** In an order that must not change, because a seed chooses by position. */
export const CALL_KINDS: readonly CallKind[] = [
  { writeStory: booking, open: 24, closed: 14 },
  { writeStory: rescheduling, open: 10, closed: 6 },
  { writeStory: cancellation, open: 5, closed: 4 },
  { writeStory: emergency, open: 3, closed: 9 },
  { writeStory: priceQuestion, open: 9, closed: 5 },
  { writeStory: hoursQuestion, open: 8, closed: 12 },
  { writeStory: message, open: 9, closed: 8 },
  { writeStory: billingQuestion, open: 7, closed: 2 },
  { writeStory: aftercareQuestion, open: 5, closed: 6 },
  { writeStory: firstVisit, open: 6, closed: 4 },
  { writeStory: order, open: 5, closed: 3 },
  { writeStory: complaint, open: 2, closed: 0 },
  { writeStory: reminder, open: 4, closed: 0 },
  { writeStory: hangup, open: 3, closed: 6 },
  { writeStory: missedCall, open: 2, closed: 12, isStranger: true },
  { writeStory: robocall, open: 3, closed: 5, isStranger: true },
  { writeStory: salesPitch, open: 3, closed: 1, isStranger: true },
  { writeStory: wrongNumber, open: 2, closed: 3, isStranger: true },
];
