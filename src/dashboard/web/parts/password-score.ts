/** Estimates password strength. Loaded on demand, because its list of common passwords is large. */
import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { adjacencyGraphs, dictionary } from "@zxcvbn-ts/language-common";

const estimator = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });

/** From 0, very weak, to 4, very strong. `userInputs`: what an attacker knows about the user. */
export const scoreOf = (password: string, userInputs: readonly string[]): number =>
  estimator.check(password, [...userInputs]).score;
