/**
 * The way to the first account: a link with a token that only whoever started the server can read. It opens once, and
 * never again as soon as there is an account, however it was made.
 */
import type { Random } from "../lib/random.ts";
import { createOneTimeToken } from "./one-time.ts";
import type { Users } from "./users.ts";

export interface FirstAccount {
  /** For the link; null once there is an account. */
  token(): string | null;
  /** Whether this token opens the way now. */
  opens(token: string): boolean;
}

export function createFirstAccount(users: Pick<Users, "any">, random: Random): FirstAccount {
  const made = users.any() ? null : createOneTimeToken(random);
  return {
    token: () => (made === null || users.any() ? null : made.token),
    opens: (given) => made !== null && !users.any() && made.fits(given),
  };
}
