/** Calls with a request to the practice: an emergency, a message, a callback, an order or a complaint. */
import { PRODUCTS } from "../practice.ts";
import { declineMore, greet, nameOf, type Scene, type Story, sayGoodbye } from "./scene.ts";

export const emergency = (scene: Scene): Story => {
  const { dice, caller } = scene;
  const [problem, description, tag] = dice.one([
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
    summary: `Emergency: ${description}. Put through to ${scene.member("okafor").name}.`,
    escalation: { rule: scene.rule("emergency"), after: 5 },
    said: [
      greet(scene),
      problem,
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

export const message = (scene: Scene): Story => {
  const { dice, caller } = scene;
  const name = dice.one(["bright", "lindqvist", "reyes", "whitfield", "chen"] as const);
  const member = scene.member(name);
  const [request, text] = dice.one([
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
      greet(scene),
      `Hi, is ${member.name} there? I have to tell her something.`.replace(
        "her",
        name === "chen" ? "him" : "her",
      ),
      `${member.name} is with a patient right now. I can take a message and see that it arrives today.`,
      `Yes, please. It is ${nameOf(caller)}, and ${request.replace("she asked", name === "chen" ? "he asked" : "she asked")}.`,
      "I have that. Is the number you are calling from the right one to reach you?",
      dice.one(["Yes, any time.", "Yes, after five is best.", "It is."]),
      `Thank you, ${caller.first}. I pass it on right away.`,
      declineMore(scene),
      sayGoodbye(scene),
    ],
  };
};

export const billingQuestion = (scene: Scene): Story => {
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
      greet(scene),
      dice.one([
        "I got a bill from you and I do not understand it.",
        "Hello, I have a question about my invoice.",
        "Hi, it is about the payment for my last visit.",
      ]),
      "Joseph in Billing has your account in front of him and can explain it. May he call you back?",
      `Yes. ${nameOf(caller)}. ${reason}`,
      "Thank you. When would suit you?",
      `${requested_window[0]!.toUpperCase()}${requested_window.slice(1)} would be good.`,
      `I have noted that. He calls the number you are calling from. ${sayGoodbye(scene)}`,
    ],
  };
};

export const order = (scene: Scene): Story => {
  const { dice, caller, place } = scene;
  const product = dice.one(Object.values(PRODUCTS));
  const quantity = product === PRODUCTS.brushes ? dice.between(1, 3) : 1;
  const dollars = (product.price_cents * quantity) / 100;
  const quantityText = quantity === 1 ? "one" : quantity === 2 ? "two" : "three";
  return {
    intent: "order",
    outcome: "order",
    outcome_tags: ["pick-up"],
    summary: `${nameOf(caller)} ordered ${quantityText} ${product.name.toLowerCase()} for pick-up${place === "lakeside" ? " at Lakeside" : ""}.`,
    order: {
      profile_name: "Pick-up",
      items: [{ name: product.name, quantity, price_cents: product.price_cents, notes: null }],
      total_cents: product.price_cents * quantity,
    },
    said: [
      greet(scene),
      `Hi, can I order the ${product.name.toLowerCase()} and pick it up?`,
      `Sure. The ${product.name.toLowerCase()} is $${product.price_cents / 100}. How many would you like?`,
      quantity === 1
        ? "Just one."
        : `${quantityText[0]!.toUpperCase()}${quantityText.slice(1)}, please.`,
      "Under which name?",
      `${nameOf(caller)}.`,
      `Thank you, ${caller.first}. That is $${dollars}, to be paid when you pick it up. You get a text as soon as it is here.`,
      declineMore(scene),
      sayGoodbye(scene),
    ],
  };
};

export const complaint = (scene: Scene): Story => {
  const { dice, caller } = scene;
  const [complaintText, description] = dice.one([
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
    summary: `${nameOf(caller)} complained about ${description}. Put through to ${scene.member("whitfield").name}.`,
    escalation: { rule: scene.rule("complaint"), after: 4 },
    said: [
      greet(scene),
      complaintText,
      "I am sorry, that should not happen. May I have your name?",
      `${nameOf(caller)}, and I want to speak to somebody in charge.`,
      "Our office manager Dana Whitfield would like to hear it from you. I am connecting you now.",
    ],
  };
};
