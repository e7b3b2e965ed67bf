/**
 * Passwords of dashboard accounts: argon2id, hashed off the main thread, a few at a time and with a bounded queue, so that
 * a flood of sign-ins takes neither memory nor processor time from the API.
 */
import { LIMITS } from "../config.ts";
import { randomBase62 } from "../lib/base62.ts";
import type { Random } from "../lib/random.ts";
import { AccessError } from "./errors.ts";

/** OWASP's parameters for argon2id with little memory: 19 MiB, two passes, one lane. */
const COST = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;

/** Takes as long to check as a real hash, and no password matches it: its digest is all zeros. */
const HASH_OF_NOBODY = `$argon2id$v=19$m=${COST.memoryCost},t=${COST.timeCost},p=1$${"A".repeat(43)}$${"A".repeat(43)}`;

const GENERATED_LENGTH = 20;
const RETRY_SECONDS = 2;

export interface Passwords {
  /** The hash to store. Throws `password_queue_full`. */
  hash(password: string): Promise<string>;
  /**
   * Whether the password has this hash. For null, an account that does not exist: false, after the same time. Throws
   * `password_queue_full`; a flood of `isStranger` attempts leaves places for the others.
   */
  verify(
    password: string,
    hash: string | null,
    options?: { isStranger: boolean },
  ): Promise<boolean>;
}

export function createPasswords(): Passwords {
  let running = 0;
  const waiting: (() => void)[] = [];

  async function runQueued<T>(work: () => Promise<T>, reserved = 0): Promise<T> {
    if (running < LIMITS.passwordsAtOnce) running += 1;
    else if (waiting.length < LIMITS.passwordsWaiting - reserved) {
      // The work that ends passes its slot on to this one.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else {
      throw new AccessError({ kind: "password_queue_full", retryAfterSeconds: RETRY_SECONDS });
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
    hash: (password) => runQueued(() => Bun.password.hash(normalize(password), COST)),
    verify: (password, hash, { isStranger } = { isStranger: false }) =>
      runQueued(
        async () => {
          const matches = await Bun.password.verify(normalize(password), hash ?? HASH_OF_NOBODY);
          return matches && hash !== null;
        },
        isStranger ? LIMITS.passwordsReserved : 0,
      ),
  };
}

/** Keyboards differ in whether an accented letter is one character or two. */
const normalize = (password: string) => password.normalize("NFC");

/** Why a new password is not allowed, as the end of a sentence; null if it is allowed. */
export function passwordIssue(password: string): string | null {
  const { length } = [...password];
  if (length < LIMITS.passwordMin) return `must have at least ${LIMITS.passwordMin} characters`;
  if (length > LIMITS.passwordMax) return `must have at most ${LIMITS.passwordMax} characters`;
  return null;
}

/** A random password of 119 bits. */
export const generatePassword = (random: Random): string => randomBase62(random, GENERATED_LENGTH);
