/** Calls that nobody at the practice needs to know about: hang-ups, spam and wrong numbers. */
import { greet, type Scene, type Story } from "./scene.ts";

export const hangup = (scene: Scene): Story => ({
  disposition: "hangup",
  summary: "The caller hung up after the greeting.",
  said: [
    greet(scene),
    scene.dice.one(["Oh. Sorry, wrong button.", "Hello? … I will try later.", "Never mind."]),
  ],
});

export const missedCall = (): Story => ({
  disposition: "missed",
  summary: "Nobody spoke; the call ended while it was ringing.",
  said: [],
});

export const robocall = (scene: Scene): Story => ({
  unscorable: true,
  spam: true,
  outcome_tags: ["robocall"],
  summary: "A recorded voice about a car warranty.",
  said: [
    greet(scene),
    "We have been trying to reach you about your car's extended warranty. This is your final notice.",
    "This sounds like a recording. I am ending the call.",
  ],
});

export const salesPitch = (scene: Scene): Story => {
  const product = scene.dice.one([
    "dental search ads",
    "a cheaper card terminal",
    "office plants",
    "a new phone contract",
  ]);
  return {
    spam: true,
    outcome_tags: ["sales"],
    summary: `Somebody wanted to sell ${product}.`,
    said: [
      greet(scene),
      `Good day! I would like to speak with the owner about ${product}. It takes two minutes.`,
      "Thank you, but we do not buy on the telephone. You are welcome to write to us.",
      "I can make you a special price, today only.",
      "No, thank you. Goodbye.",
    ],
  };
};

export const wrongNumber = (scene: Scene): Story => ({
  unscorable: true,
  outcome_tags: ["wrong number"],
  summary: "Wrong number: the caller was looking for a pizzeria.",
  said: [
    greet(scene),
    scene.dice.one([
      "One large margherita, please.",
      "Is this Luigi's? I am waiting for my pizza.",
    ]),
    "This is a dental practice. I am afraid you have the wrong number.",
    "Oh, sorry!",
    "No problem at all. Enjoy your dinner.",
  ],
});
