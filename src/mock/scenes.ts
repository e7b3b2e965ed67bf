/**
 * What is said in the calls of a mock's practice: a scene for each reason to call, in several wordings. Agent and caller
 * take turns, the agent first. Pure: everything is drawn from the dice that a scene is handed.
 */
import type { CallRecord } from "../platform/record.ts";
import {
  INTENTS,
  type IntentName,
  type LocationName,
  PARKING,
  PRICES,
  PRODUCTS,
  type RuleName,
  type TeamName,
} from "./practice.ts";

/** Chance in the words that scenes need. */
export interface Dice {
  one<T>(list: readonly T[]): T;
  chance(probability: number): boolean;
  /** A whole number, both ends included. */
  between(least: number, most: number): number;
}

/** Whoever is on the line. */
export interface Caller {
  first: string;
  last: string;
  email: string;
  /** Null for a number that is withheld. */
  number: string | null;
}

/** A time that is free, as it is stored and as it is said. */
export interface Slot {
  starts_at: string;
  said: string;
}

export interface Scene {
  dice: Dice;
  caller: Caller;
  place: LocationName;
  /** Three free times in their order. */
  slots: [Slot, Slot, Slot];
  /** Opening hours as they are said. */
  hours: string;
  member(name: TeamName): { id: string; name: string };
  rule(name: RuleName): {
    rule_id: string;
    rule_name: string;
    action: "transfer" | "callback" | "voicemail" | "ticket";
  };
}

/** How a call went; the rest of its record follows from it. */
export interface Story extends Partial<Omit<CallRecord, "transcript" | "intent" | "escalations">> {
  intent?: IntentName;
  /** Agent, caller, agent, … */
  said: string[];
  /** Which rule matched, after so many turns. */
  escalation?: { rule: ReturnType<Scene["rule"]>; after: number };
}

const SERVICES = [
  { service: "Check-up", minutes: 30, said: "a check-up" },
  { service: "Cleaning", minutes: 45, said: "a cleaning" },
  { service: "Check-up and cleaning", minutes: 60, said: "a check-up and a cleaning" },
  { service: "Filling", minutes: 45, said: "that filling we talked about" },
] as const;

const nameOf = ({ first, last }: Caller) => `${first} ${last}`;
const greeting = ({ dice, place }: Scene) => {
  const at = place === "lakeside" ? "Bright Dental Lakeside" : "Bright Dental";
  return dice.one([
    `Thank you for calling ${at}, this is Allison. How can I help you?`,
    `${at}, good to hear from you. This is Allison, what can I do for you?`,
    `Hello, you have reached ${at}. My name is Allison. How can I help?`,
  ]);
};
const goodbye = ({ dice, caller }: Scene) =>
  dice.one([
    `You are welcome, ${caller.first}. Have a good day.`,
    "My pleasure. Take care, and goodbye.",
    `Thank you for calling, ${caller.first}. Goodbye.`,
  ]);
const thanks = ({ dice }: Scene) =>
  dice.one([
    "No, that is all. Thank you.",
    "That was it, thanks so much.",
    "Great, thank you. Bye.",
  ]);
const which = ({ dice }: Scene) =>
  dice.one([
    "May I have your name, please?",
    "Sure. Under which name?",
    "Happy to. What is your name?",
  ]);

export const book = (scene: Scene): Story => {
  const { dice, caller, slots } = scene;
  const { service, minutes, said } = dice.one(SERVICES);
  const [first, second, third] = slots;
  const taken = dice.one([first, second]);
  const choosing =
    taken === first
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
    summary: `${nameOf(caller)} booked ${said.replace("that filling we talked about", "a filling")} for ${taken.said}.`,
    appointment: {
      starts_at: taken.starts_at,
      duration_minutes: minutes,
      service,
      attendee_name: nameOf(caller),
    },
    said: [
      greeting(scene),
      dice.one([
        `Hi, I would like to book ${said}.`,
        `Good morning, I think I am due for ${said}.`,
        `Hello, can I get an appointment for ${said}, please?`,
      ]),
      which(scene),
      `${nameOf(caller)}.`,
      `Thank you, ${caller.first}. The next free times are ${first.said}, ${second.said} and ${third.said}. Does one of them suit you?`,
      ...choosing,
      `Good, ${taken.said}, about ${minutes} minutes. You will get a text two days before. Is there anything else?`,
      thanks(scene),
      goodbye(scene),
    ],
  };
};

export const reschedule = (scene: Scene): Story => {
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
      greeting(scene),
      dice.one([
        "I have an appointment this week and I need to move it.",
        "Hi, something came up at work. Can I move my appointment?",
        "My son is ill, so I cannot come tomorrow. Could we find another day?",
      ]),
      `Of course. ${which(scene)}`,
      `${nameOf(caller)}.`,
      `I see it, ${caller.first}. I could offer you ${first.said} or ${second.said}.`,
      dice.one([
        `${second.said} would be great.`,
        "The second one, please.",
        `Let us say ${second.said}.`,
      ]),
      `Done: ${second.said}. The old time is free again, and there is nothing to pay. Anything else?`,
      thanks(scene),
      goodbye(scene),
    ],
  };
};

export const cancel = (scene: Scene): Story => {
  const { dice, caller, place } = scene;
  const ahead = place === "lakeside" ? 48 : 24;
  return {
    intent: "cancel",
    outcome: "canceled",
    outcome_tags: ["cancellation"],
    summary: `${nameOf(caller)} canceled the appointment and will call again.`,
    said: [
      greeting(scene),
      dice.one([
        "Hi, I need to cancel my appointment.",
        "Hello, I am afraid I have to cancel.",
        "I am traveling next week, so please take me off the schedule.",
      ]),
      `No problem. ${which(scene)}`,
      `${nameOf(caller)}.`,
      `Thank you. It is canceled. As it is more than ${ahead} hours ahead, it costs you nothing. Shall I look for another day right away?`,
      dice.one([
        "Not yet, I will call when I am back.",
        "I will call you next month.",
        "Let me check my calendar first.",
      ]),
      `That is fine. ${goodbye(scene)}`,
    ],
  };
};

export const emergency = (scene: Scene): Story => {
  const { dice, caller } = scene;
  const [trouble, told, tag] = dice.one([
    [
      "My cheek is swollen and it hurts like crazy since last night.",
      "swollen cheek and strong pain",
      "swelling",
    ],
    [
      "I fell off my bike and my front tooth got knocked out.",
      "front tooth knocked out in a fall",
      "trauma",
    ],
    [
      "I had a tooth pulled and it will not stop bleeding.",
      "bleeding that does not stop after an extraction",
      "bleeding",
    ],
    [
      "I bit on an olive pit and now I have a broken tooth. I cannot close my mouth.",
      "broken tooth",
      "trauma",
    ],
  ] as const);
  const advice = {
    swelling: "Please keep it cool from outside, and do not lie flat.",
    trauma: "If you have the piece, keep it in milk, and do not scrub it.",
    bleeding: "Please bite on a folded clean cloth, and do not rinse.",
  }[tag];
  return {
    intent: "emergency",
    disposition: "escalated",
    outcome: "transferred",
    outcome_tags: ["emergency", tag],
    summary: `Emergency: ${told}. Put through to ${scene.member("okafor").name}.`,
    escalation: { rule: scene.rule("emergency"), after: 5 },
    said: [
      greeting(scene),
      trouble,
      `I am sorry, that sounds painful. How long has it been like this${dice.chance(0.5) ? ", and do you have a fever" : ""}?`,
      dice.one([
        "About two hours.",
        "Since this morning.",
        "It started last night. No fever, I think.",
      ]),
      `${advice} That needs a dentist right away. I am putting you through to Doctor Okafor, please stay on the line. May I tell him your name?`,
      `${nameOf(caller)}. Thank you, please hurry.`,
      "Connecting you now.",
    ],
  };
};

export const prices = (scene: Scene): Story => {
  const { dice, caller } = scene;
  const [asked, answer, tag] = dice.one([
    [
      "How much is a check-up without insurance?",
      `A check-up is $${PRICES.checkup}, and once a year the X-rays are included. A cleaning is $${PRICES.cleaning}.`,
      "check-up",
    ],
    [
      "What do you charge for whitening?",
      `The take-home kit is $${PRICES.whitening}. You wear it an hour a day for two weeks.`,
      "whitening",
    ],
    [
      "What would a filling cost me?",
      `Fillings start at $${PRICES.filling}, depending on the size. The dentist tells you the exact price before anything is done.`,
      "filling",
    ],
  ] as const);
  const plan = dice.one(["Delta Dental", "Cigna", "MetLife", "Aetna", "Guardian"]);
  return {
    intent: "prices",
    outcome: "answered",
    outcome_tags: ["prices", tag],
    summary: `Asked what ${tag === "check-up" ? "a check-up" : tag === "filling" ? "a filling" : "whitening"} costs, and about ${plan}.`,
    said: [
      greeting(scene),
      `${dice.one(["Hi, a quick question.", "Hello there.", `This is ${caller.first}.`])} ${asked}`,
      answer,
      `And do you take ${plan}?`,
      `Yes, we work with ${plan}. What exactly it covers depends on your plan; Joseph in Billing can check that for you. Would you like to book?`,
      dice.one([
        "Let me talk to my wife first.",
        "Not today, but thank you.",
        "I will think about it.",
      ]),
      `Of course. ${goodbye(scene)}`,
    ],
  };
};

export const hours = (scene: Scene): Story => {
  const { dice, place, hours: open } = scene;
  return {
    intent: "hours",
    outcome: "answered",
    outcome_tags: ["hours"],
    summary: `Asked about opening hours and parking${place === "lakeside" ? " at Lakeside" : ""}.`,
    said: [
      greeting(scene),
      dice.one([
        "When are you open this week?",
        "Hi, until when are you open today?",
        "What are your hours, please?",
      ]),
      open,
      dice.one(["And where can I park?", "Is there parking nearby?", "Good. Can I come by car?"]),
      PARKING[place],
      thanks(scene),
      goodbye(scene),
    ],
  };
};

export const message = (scene: Scene): Story => {
  const { dice, caller } = scene;
  const who = dice.one(["bright", "lindqvist", "reyes", "whitfield", "chen"] as const);
  const member = scene.member(who);
  const [wish, text] = dice.one([
    [
      "she asked me for the letter from my doctor, and I have it now",
      "Has the letter from the doctor that was asked for. Where should it be sent?",
    ],
    [
      "the new aligner presses on one side",
      "The new aligner presses on the left side. Is that normal in the first week?",
    ],
    [
      "I left my scarf in the waiting room",
      "Left a grey scarf in the waiting room. Could it be kept at the front desk?",
    ],
    [
      "I would like a copy of my X-rays for my new job abroad",
      "Needs a copy of the X-rays before the end of the month.",
    ],
    [
      "I want to say thank you, my tooth is fine again",
      "Wants to say thank you: the tooth is fine again.",
    ],
  ] as const);
  const number = caller.number ?? `+1555018${dice.between(1000, 9999)}`;
  return {
    intent: "message",
    outcome: "message",
    outcome_tags: ["message"],
    summary: `${nameOf(caller)} left a message for ${member.name}.`,
    messages: [
      {
        message: text,
        caller_name: nameOf(caller),
        callback_number: number,
        team_member_id: member.id,
      },
    ],
    said: [
      greeting(scene),
      `Hi, is ${member.name} there? I have to tell her something.`.replace(
        "her",
        who === "chen" ? "him" : "her",
      ),
      `${member.name} is with a patient right now. I can take a message and see that it arrives today.`,
      `Yes, please. It is ${nameOf(caller)}, and ${wish.replace("she asked", who === "chen" ? "he asked" : "she asked")}.`,
      "I have that. Is the number you are calling from the right one to reach you?",
      dice.one(["Yes, any time.", "Yes, after five is best.", "It is."]),
      `Thank you, ${caller.first}. I pass it on right away.`,
      thanks(scene),
      goodbye(scene),
    ],
  };
};

export const billing = (scene: Scene): Story => {
  const { dice, caller } = scene;
  const reason = dice.one([
    "A bill that seems to be charged twice.",
    "The part that the insurance did not pay.",
    "Paying the crown in installments.",
    "A receipt for the tax return.",
  ]);
  const requested_window = dice.one([
    "tomorrow before noon",
    "this afternoon",
    "Monday morning",
    "any time after four",
  ]);
  const number = caller.number ?? `+1555018${dice.between(1000, 9999)}`;
  return {
    intent: "billing",
    outcome: "callback",
    outcome_tags: ["billing"],
    summary: `${nameOf(caller)} wants to be called back by Billing: ${reason[0]!.toLowerCase()}${reason.slice(1)}`,
    callback_request: { callback_number: number, requested_window, reason },
    escalation: { rule: scene.rule("billing"), after: 4 },
    said: [
      greeting(scene),
      dice.one([
        "I got a bill from you and I do not understand it.",
        "Hello, I have a question about my invoice.",
        "Hi, it is about the payment for my last visit.",
      ]),
      "Joseph in Billing has your account in front of him and can explain it. May he call you back?",
      `Yes. ${nameOf(caller)}. ${reason}`,
      "Thank you. When would suit you?",
      `${requested_window[0]!.toUpperCase()}${requested_window.slice(1)} would be good.`,
      `I have noted that. He calls the number you are calling from. ${goodbye(scene)}`,
    ],
  };
};

export const aftercare = (scene: Scene): Story => {
  const { dice, caller } = scene;
  const [asked, answer, about] = dice.one([
    [
      "I had a tooth taken out this morning. When can I eat?",
      "When the numbness is gone, something soft and not hot. No straws, no smoking and no rinsing for the first 24 hours, and cool the cheek.",
      "an extraction",
    ],
    [
      "My new filling feels cold when I drink. Is that normal?",
      "Feeling cold or pressure for some days after a filling is normal. If it gets worse, or wakes you at night, please call again and a dentist has a look.",
      "a filling",
    ],
    [
      "Can I go running after my extraction?",
      "Please rest today. From tomorrow on a walk is fine; wait two days with running, so that it does not bleed again.",
      "an extraction",
    ],
  ] as const);
  return {
    intent: "aftercare",
    outcome: "answered",
    outcome_tags: ["after-care"],
    summary: `${nameOf(caller)} asked what to do after ${about}.`,
    said: [
      greeting(scene),
      `Hi, it is ${nameOf(caller)}. ${asked}`,
      answer,
      dice.one([
        "Good, that is what I thought.",
        "Oh, that is a relief.",
        "All right, I will be careful.",
      ]),
      "And if the bleeding does not stop, or you get a fever, call us at once, at any hour.",
      thanks(scene),
      goodbye(scene),
    ],
  };
};

export const newPatient = (scene: Scene): Story => {
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
      greeting(scene),
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
      thanks(scene),
      goodbye(scene),
    ],
  };
};

export const order = (scene: Scene): Story => {
  const { dice, caller, place } = scene;
  const product = dice.one(Object.values(PRODUCTS));
  const quantity = product === PRODUCTS.brushes ? dice.between(1, 3) : 1;
  const dollars = (product.price_cents * quantity) / 100;
  const many = quantity === 1 ? "one" : quantity === 2 ? "two" : "three";
  return {
    intent: "order",
    outcome: "order",
    outcome_tags: ["pick-up"],
    summary: `${nameOf(caller)} ordered ${many} ${product.name.toLowerCase()} for pick-up${place === "lakeside" ? " at Lakeside" : ""}.`,
    order: {
      profile_name: "Pick-up",
      items: [{ name: product.name, quantity, price_cents: product.price_cents, notes: null }],
      total_cents: product.price_cents * quantity,
    },
    said: [
      greeting(scene),
      `Hi, can I order the ${product.name.toLowerCase()} and pick it up?`,
      `Sure. The ${product.name.toLowerCase()} is $${product.price_cents / 100}. How many would you like?`,
      quantity === 1 ? "Just one." : `${many[0]!.toUpperCase()}${many.slice(1)}, please.`,
      `Under which name?`,
      `${nameOf(caller)}.`,
      `Thank you, ${caller.first}. That is $${dollars}, to be paid when you pick it up. You get a text as soon as it is here.`,
      thanks(scene),
      goodbye(scene),
    ],
  };
};

export const complaint = (scene: Scene): Story => {
  const { dice, caller } = scene;
  const [words, told] = dice.one([
    ["I waited fifty minutes yesterday and nobody told me why!", "a wait of fifty minutes"],
    ["I was promised a call on Monday, and nobody called.", "a promised call that did not come"],
    [
      "You charged me for an appointment that I canceled in time.",
      "a fee for an appointment canceled in time",
    ],
  ] as const);
  return {
    intent: "complaint",
    disposition: "transferred",
    outcome: "transferred",
    outcome_tags: ["complaint"],
    summary: `${nameOf(caller)} complained about ${told}. Put through to ${scene.member("whitfield").name}.`,
    escalation: { rule: scene.rule("complaint"), after: 4 },
    said: [
      greeting(scene),
      words,
      "I am sorry, that should not happen. May I have your name?",
      `${nameOf(caller)}, and I want to speak to somebody in charge.`,
      "Our office manager Dana Whitfield would like to hear it from you. I am connecting you now.",
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

export const hangup = (scene: Scene): Story => ({
  disposition: "hangup",
  summary: "The caller hung up after the greeting.",
  said: [
    greeting(scene),
    scene.dice.one(["Oh. Sorry, wrong button.", "Hello? … I will try later.", "Never mind."]),
  ],
});

export const missed = (): Story => ({
  disposition: "missed",
  summary: "Nobody spoke; the call ended while it was ringing.",
  said: [],
});

export const robocall = (scene: Scene): Story => ({
  ...{ unscorable: true, spam: true, outcome_tags: ["robocall"] },
  summary: "A recorded voice about a car warranty.",
  said: [
    greeting(scene),
    "We have been trying to reach you about your car's extended warranty. This is your final notice.",
    "This sounds like a recording. I am ending the call.",
  ],
});

export const salesPitch = (scene: Scene): Story => {
  const thing = scene.dice.one([
    "dental search ads",
    "a cheaper card terminal",
    "office plants",
    "a new phone contract",
  ]);
  return {
    ...{ spam: true, outcome_tags: ["sales"] },
    summary: `Somebody wanted to sell ${thing}.`,
    said: [
      greeting(scene),
      `Good day! I would like to speak with the owner about ${thing}. It takes two minutes.`,
      "Thank you, but we do not buy on the telephone. You are welcome to write to us.",
      "I can make you a special price, today only.",
      "No, thank you. Goodbye.",
    ],
  };
};

export const wrongNumber = (scene: Scene): Story => ({
  ...{ unscorable: true, outcome_tags: ["wrong number"] },
  summary: "Wrong number: the caller was looking for a pizzeria.",
  said: [
    greeting(scene),
    scene.dice.one([
      "One large margherita, please.",
      "Is this Luigi's? I am waiting for my pizza.",
    ]),
    "This is a dental practice. I am afraid you have the wrong number.",
    "Oh, sorry!",
    "No problem at all. Enjoy your dinner.",
  ],
});

/** How often each comes, while the practice is open and while it is closed. */
export const SCENES: [scene: (scene: Scene) => Story, open: number, closed: number][] = [
  ...([
    [book, 24, 14],
    [reschedule, 10, 6],
    [cancel, 5, 4],
    [emergency, 3, 9],
  ] as const),
  ...([
    [prices, 9, 5],
    [hours, 8, 12],
    [message, 9, 8],
    [billing, 7, 2],
  ] as const),
  ...([
    [aftercare, 5, 6],
    [newPatient, 6, 4],
    [order, 5, 3],
    [complaint, 2, 0],
  ] as const),
  ...([
    [reminder, 4, 0],
    [hangup, 3, 6],
    [missed, 2, 12],
    [robocall, 3, 5],
  ] as const),
  ...([
    [salesPitch, 3, 1],
    [wrongNumber, 2, 3],
  ] as const),
].map(([scene, open, closed]) => [scene, open, closed]);

/** The name that a call's intent has. */
export const intentName = (intent: IntentName): string => INTENTS[intent][0];
