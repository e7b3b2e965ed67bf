/** How hard a password is to guess; loaded when one is typed, for its list of common passwords is long. */
import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { adjacencyGraphs, dictionary } from "@zxcvbn-ts/language-common";

const estimator = new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });

/** From 0, guessed at once, to 4. `known`: what somebody who guesses knows of the person. */
export const scoreOf = (password: string, known: readonly string[]): number =>
  estimator.check(password, [...known]).score;
