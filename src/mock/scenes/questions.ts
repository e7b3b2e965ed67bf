/** Calls with a question that the agent answers. */
import { PARKING, PRICES } from "../practice.ts";
import { declineMore, greet, nameOf, type Scene, type Story, sayGoodbye } from "./scene.ts";

export const priceQuestion = (scene: Scene): Story => {
  const { dice, caller } = scene;
  const [question, answer, tag] = dice.one([
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
      greet(scene),
      `${dice.one(["Hi, a quick question.", "Hello there.", `This is ${caller.first}.`])} ${question}`,
      answer,
      `And do you take ${plan}?`,
      `Yes, we work with ${plan}. What exactly it covers depends on your plan; Joseph in Billing can check that for you. Would you like to book?`,
      dice.one([
        "Let me talk to my wife first.",
        "Not today, but thank you.",
        "I will think about it.",
      ]),
      `Of course. ${sayGoodbye(scene)}`,
    ],
  };
};

export const hoursQuestion = (scene: Scene): Story => {
  const { dice, place, hours } = scene;
  return {
    intent: "hours",
    outcome: "answered",
    outcome_tags: ["hours"],
    summary: `Asked about opening hours and parking${place === "lakeside" ? " at Lakeside" : ""}.`,
    said: [
      greet(scene),
      dice.one([
        "When are you open this week?",
        "Hi, until when are you open today?",
        "What are your hours, please?",
      ]),
      hours,
      dice.one(["And where can I park?", "Is there parking nearby?", "Good. Can I come by car?"]),
      PARKING[place],
      declineMore(scene),
      sayGoodbye(scene),
    ],
  };
};

export const aftercareQuestion = (scene: Scene): Story => {
  const { dice, caller } = scene;
  const [question, answer, treatment] = dice.one([
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
    summary: `${nameOf(caller)} asked what to do after ${treatment}.`,
    said: [
      greet(scene),
      `Hi, it is ${nameOf(caller)}. ${question}`,
      answer,
      dice.one([
        "Good, that is what I thought.",
        "Oh, that is a relief.",
        "All right, I will be careful.",
      ]),
      "And if the bleeding does not stop, or you get a fever, call us at once, at any hour.",
      declineMore(scene),
      sayGoodbye(scene),
    ],
  };
};
