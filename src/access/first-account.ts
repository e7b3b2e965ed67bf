/**
 * The way to the first account: a link with a token that only whoever started the server can read. It opens once, and
 * never again as soon as there is an account, however it was made.
 */
import { timingSafeEqual } from "node:crypto";
import type { Random } from "../lib/random.ts";
import { TOKEN_BYTES } from "./sessions.ts";
import type { Users } from "./users.ts";

export interface FirstAccount {
  /** For the link; null once there is an account. */
  token(): string | null;
  /** Whether this token opens the way now. */
  opens(token: string): boolean;
}

export function createFirstAccount(users: Pick<Users, "any">, random: Random): FirstAccount {
  const made = users.any() ? null : Buffer.from(random.bytes(TOKEN_BYTES)).toString("base64url");
  const token = () => (users.any() ? null : made);
  return {
    token,
    opens(given) {
      const expected = token();
      if (expected === null) return false;
      const [a, b] = [Buffer.from(given), Buffer.from(expected)];
      return a.length === b.length && timingSafeEqual(a, b);
    },
  };
}
