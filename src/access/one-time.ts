/** Tokens that open something once; whoever is told one at the start of the server can use it. */
import { timingSafeEqual } from "node:crypto";
import type { Random } from "../lib/random.ts";
import { TOKEN_BYTES } from "./sessions.ts";

export interface OneTimeToken {
  token: string;
  /** Whether this is it; takes as long for every answer. */
  fits(given: string): boolean;
}

export function createOneTimeToken(random: Random): OneTimeToken {
  const token = Buffer.from(random.bytes(TOKEN_BYTES)).toString("base64url");
  return {
    token,
    fits(given) {
      const [a, b] = [Buffer.from(given), Buffer.from(token)];
      return a.length === b.length && timingSafeEqual(a, b);
    },
  };
}

/** A link that signs its first reader in, for a server whose only user is whoever started it: a mock, a demo. */
export interface SignInLink {
  /** For the link. */
  token: string;
  /** The email of the account that it opens, the first time it is asked; null ever after, and for another token. */
  take(given: string): string | null;
}

export function createSignInLink(email: string, random: Random): SignInLink {
  const { token, fits } = createOneTimeToken(random);
  let taken = false;
  return {
    token,
    take(given) {
      if (taken || !fits(given)) return null;
      taken = true;
      return email;
    },
  };
}
