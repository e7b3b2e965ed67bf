/**
 * Creating the first account: the link with its token is printed only to the terminal or log of the server. It is valid
 * until an account exists, however that was created.
 */
import type { Random } from "../lib/random.ts";
import { createOneTimeToken } from "./one-time.ts";
import type { Users } from "./users.ts";

export interface FirstAccount {
  /** For the link; null once there is an account. */
  token(): string | null;
  /** Whether the first account may be created with this token now. */
  isValid(token: string): boolean;
}

export function createFirstAccount(users: Pick<Users, "hasAny">, random: Random): FirstAccount {
  const issued = users.hasAny() ? null : createOneTimeToken(random);
  return {
    token: () => (issued === null || users.hasAny() ? null : issued.token),
    isValid: (token) => issued !== null && !users.hasAny() && issued.matches(token),
  };
}
