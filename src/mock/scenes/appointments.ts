/** Calls that book, move, cancel or confirm an appointment. */
import {
  askName,
  declineMore,
  greet,
  nameOf,
  type Scene,
  type Story,
  sayGoodbye,
} from "./scene.ts";

const SERVICES = [
  { service: "Check-up", minutes: 30, said: "a check-up" },
  { service: "Cleaning", minutes: 45, said: "a cleaning" },
  { service: "Check-up and cleaning", minutes: 60, said: "a check-up and a cleaning" },
  { service: "Filling", minutes: 45, said: "that filling we talked about" },
] as const;

export const booking = (scene: Scene): Story => {
  const { dice, caller, slots } = scene;
  const { service, minutes, said } = dice.one(SERVICES);
  const [first, second, third] = slots;
  const chosen = dice.one([first, second]);
  const choice =
    chosen === first
      ? [dice.one(["The first one works.", `${first.said} is perfect.`, "Let us take the first."])]
      : [
          dice.one(["Hmm, I work that day. Anything later?", "The first one is difficult for me."]),
          `Then ${second.said}, or ${third.said}.`,
          dice.one([`${second.said} is good.`, "The earlier of those two, please."]),
        ];
  return {
    intent: "book",
    outcome: "booked",
    outcome_tags: [service.toLowerCase()],
    summary: `${nameOf(caller)} booked ${said.replace("that filling we talked about", "a filling")} for ${chosen.said}.`,
    appointment: {
      starts_at: chosen.starts_at,
      duration_minutes: minutes,
      service,
      attendee_name: nameOf(caller),
    },
    said: [
      greet(scene),
      dice.one([
        `Hi, I would like to book ${said}.`,
        `Good morning, I think I am due for ${said}.`,
        `Hello, can I get an appointment for ${said}, please?`,
      ]),
      askName(scene),
      `${nameOf(caller)}.`,
      `Thank you, ${caller.first}. The next free times are ${first.said}, ${second.said} and ${third.said}. Does one of them suit you?`,
      ...choice,
      `Good, ${chosen.said}, about ${minutes} minutes. You will get a text two days before. Is there anything else?`,
      declineMore(scene),
      sayGoodbye(scene),
    ],
  };
};

export const rescheduling = (scene: Scene): Story => {
  const { dice, caller, slots } = scene;
  const [first, second] = slots;
  return {
    intent: "reschedule",
    outcome: "booked",
    outcome_tags: ["reschedule"],
    summary: `${nameOf(caller)} moved the appointment to ${second.said}.`,
    appointment: {
      starts_at: second.starts_at,
      duration_minutes: 30,
      service: "Check-up",
      attendee_name: nameOf(caller),
    },
    said: [
      greet(scene),
      dice.one([
        "I have an appointment this week and I need to move it.",
        "Hi, something came up at work. Can I move my appointment?",
        "My son is ill, so I cannot come tomorrow. Could we find another day?",
      ]),
      `Of course. ${askName(scene)}`,
      `${nameOf(caller)}.`,
      `I see it, ${caller.first}. I could offer you ${first.said} or ${second.said}.`,
      dice.one([
        `${second.said} would be great.`,
        "The second one, please.",
        `Let us say ${second.said}.`,
      ]),
      `Done: ${second.said}. The old time is free again, and there is nothing to pay. Anything else?`,
      declineMore(scene),
      sayGoodbye(scene),
    ],
  };
};

export const cancellation = (scene: Scene): Story => {
  const { dice, caller, place } = scene;
  const ahead = place === "lakeside" ? 48 : 24;
  return {
    intent: "cancel",
    outcome: "canceled",
    outcome_tags: ["cancellation"],
    summary: `${nameOf(caller)} canceled the appointment and will call again.`,
    said: [
      greet(scene),
      dice.one([
        "Hi, I need to cancel my appointment.",
        "Hello, I am afraid I have to cancel.",
        "I am traveling next week, so please take me off the schedule.",
      ]),
      `No problem. ${askName(scene)}`,
      `${nameOf(caller)}.`,
      `Thank you. It is canceled. As it is more than ${ahead} hours ahead, it costs you nothing. Shall I look for another day right away?`,
      dice.one([
        "Not yet, I will call when I am back.",
        "I will call you next month.",
        "Let me check my calendar first.",
      ]),
      `That is fine. ${sayGoodbye(scene)}`,
    ],
  };
};

export const firstVisit = (scene: Scene): Story => {
  const { dice, caller, slots } = scene;
  const [first, second] = slots;
  return {
    intent: "newPatient",
    outcome: "booked",
    outcome_tags: ["new patient"],
    summary: `${nameOf(caller)} is new and booked a first visit for ${first.said}.`,
    appointment: {
      starts_at: first.starts_at,
      duration_minutes: 60,
      service: "First visit",
      attendee_name: nameOf(caller),
    },
    said: [
      greet(scene),
      dice.one([
        "Hello, we just moved here. Are you taking new patients?",
        "Hi, a friend told me about you. Do you have room for a new patient?",
        "I have never been with you before. Can I come in?",
      ]),
      "Yes, gladly, at both locations. May I have your name and your email?",
      `${nameOf(caller)}, and the email is ${caller.email.replace("@", " at ")}.`,
      "Thank you. And are you insured?",
      dice.one(["Yes, with Delta Dental.", "Through work, with Aetna.", "No, I pay myself."]),
      `Good. A first visit takes about an hour, with X-rays. I have ${first.said} or ${second.said}.`,
      dice.one(["The first one, please.", `${first.said} it is.`]),
      "You are booked. Please bring your insurance card and a list of medicines, if you take any.",
      declineMore(scene),
      sayGoodbye(scene),
    ],
  };
};

export const reminder = (scene: Scene): Story => {
  const { dice, caller, slots } = scene;
  return {
    direction: "outbound",
    intent: "book",
    outcome: "confirmed",
    outcome_tags: ["reminder"],
    summary: `Reminded ${nameOf(caller)} of ${slots[0].said}; it was confirmed.`,
    said: [
      `Hello, this is Allison from Bright Dental. Am I speaking with ${nameOf(caller)}?`,
      dice.one(["Yes, speaking.", "That is me."]),
      `I am calling about your appointment on ${slots[0].said}. Does it still suit you?`,
      dice.one([
        "Yes, I will be there.",
        "It does, thank you for calling.",
        "Yes. Thanks for the reminder.",
      ]),
      "Wonderful. See you then.",
    ],
  };
};
