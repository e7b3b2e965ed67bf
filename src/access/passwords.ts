/**
 * Passwords of dashboard accounts: argon2id, worked off the main thread, few at a time and with a bounded queue, so that
 * a flood of sign-ins takes neither the memory nor the processor from the API.
 */
import { LIMITS } from "../config.ts";
import { ApiError } from "../http/errors.ts";
import { randomBase62 } from "../lib/base62.ts";
import type { Random } from "../lib/random.ts";

/** OWASP's parameters for argon2id where memory is dear: 19 MiB, two passes, one lane. */
const COST = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;

/** Costs as much to check as a real one, and no password fits it: what it should come out as is all zeroes. */
const NOBODYS = `$argon2id$v=19$m=${COST.memoryCost},t=${COST.timeCost},p=1$${"A".repeat(43)}$${"A".repeat(43)}`;

const GENERATED_LENGTH = 20;

export interface Passwords {
  /** What is stored in place of the password. Throws `unavailable` when too many wait. */
  hash(password: string): Promise<string>;
  /** Whether the password has this hash; with null, for an account that is not there, no, after the same time. */
  verify(password: string, hash: string | null): Promise<boolean>;
}

export function createPasswords(): Passwords {
  let running = 0;
  const waiting: (() => void)[] = [];

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running < LIMITS.passwordsAtOnce) running += 1;
    else if (waiting.length < LIMITS.passwordsWaiting) {
      // Whoever ends hands its place on.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      throw new ApiError("unavailable", {
        headers: { "Retry-After": "2" },
        reason: "too many passwords wait to be checked",
      });
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  }

  return {
    hash: (password) => inTurn(() => Bun.password.hash(typed(password), COST)),
    verify: (password, hash) =>
      inTurn(async () => {
        const fits = await Bun.password.verify(typed(password), hash ?? NOBODYS);
        return fits && hash !== null;
      }),
  };
}

/** An accented letter is one character on one keyboard and two on another. */
const typed = (password: string) => password.normalize("NFC");

/** What is wrong with a new password, as the end of a sentence; null for a good one. */
export function passwordIssue(password: string): string | null {
  const { length } = [...password];
  if (length < LIMITS.passwordMin) return `must have at least ${LIMITS.passwordMin} characters`;
  if (length > LIMITS.passwordMax) return `must have at most ${LIMITS.passwordMax} characters`;
  return null;
}

/** A password for somebody who has asked for none: 119 random bits. */
export const generatePassword = (random: Random): string => randomBase62(random, GENERATED_LENGTH);
