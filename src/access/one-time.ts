/** One-time tokens in the links that the server prints at its start. */
import { timingSafeEqual } from "node:crypto";
import type { Random } from "../lib/random.ts";
import { TOKEN_BYTES } from "./sessions.ts";

export interface OneTimeToken {
  token: string;
  /** Compares in constant time. */
  matches(candidate: string): boolean;
}

export function createOneTimeToken(random: Random): OneTimeToken {
  const token = Buffer.from(random.bytes(TOKEN_BYTES)).toString("base64url");
  return {
    token,
    matches(candidate) {
      const [a, b] = [Buffer.from(candidate), Buffer.from(token)];
      return a.length === b.length && timingSafeEqual(a, b);
    },
  };
}

/** A link that signs in whoever opens it first, for servers with a single local user: a mock, a demo. */
export interface SignInLink {
  /** For the link. */
  token: string;
  /** Uses up the token: the account's email the first time, null afterwards and for any other token. */
  take(candidate: string): string | null;
}

export function createSignInLink(email: string, random: Random): SignInLink {
  const { token, matches } = createOneTimeToken(random);
  let isTaken = false;
  return {
    token,
    take(candidate) {
      if (isTaken || !matches(candidate)) return null;
      isTaken = true;
      return email;
    },
  };
}
