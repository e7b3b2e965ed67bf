/**
 * Signing in: email, password and, where it is switched on, a code. An unknown email and a wrong password are answered
 * alike and after the same time. Guessing is slowed by account and by address; a browser that has signed in to the
 * account before has a budget of its own, so nobody who guesses can lock the owner out of it.
 */
import { LIMITS } from "../config.ts";
import { ApiError } from "../http/errors.ts";
import { createRateLimiter, type RateLimiter } from "../http/rate-limit.ts";
import type { Clock } from "../lib/clock.ts";
import { networkOf } from "../lib/ip.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import { type Actor, userActor } from "../store/actor.ts";
import type { Store } from "../store/change.ts";
import type { Passwords } from "./passwords.ts";
import type { Session, Sessions } from "./sessions.ts";
import type { User, Users } from "./users.ts";
import type { Vault } from "./vault.ts";

export interface Credentials {
  email: string;
  password: string;
  /** Of the second factor, or a recovery code. */
  code?: string | undefined;
}

/** From where somebody signs in, as the audit log tells it. */
export type Origin = Pick<Actor, "ip" | "user_agent" | "request_id">;

/** What the browser gets: the session's token, and what makes it known to the account. */
export interface SignedIn {
  user: User;
  session: Session;
  token: string;
  device: string;
}

export interface SignIn {
  /** `device`: what the browser got when it last signed in. Throws `unauthorized`, `rate_limited` or `unavailable`. */
  signIn(credentials: Credentials, from: Origin, device: string | null): Promise<SignedIn>;
  /** Begins a session for somebody whose password has just been set or checked. */
  begin(userId: string, passwordHash: string, from: Origin): Promise<SignedIn>;
}

export interface SignInServices {
  store: Store;
  users: Users;
  sessions: Sessions;
  passwords: Passwords;
  vault: Vault;
  clock: Clock;
  random: Random;
  log: Log;
}

const DEVICE_PURPOSE = "device";
const DEVICE_BYTES = 16;
const refused = () => new ApiError("unauthorized", { details: { email: "or password is wrong" } });

export function createSignIn(services: SignInServices): SignIn {
  const { store, users, sessions, passwords, vault, clock, random, log } = services;
  const { minutes } = LIMITS.signIn;
  const byAddress = createRateLimiter(LIMITS.signIn.address, minutes);
  const byAccount = createRateLimiter(LIMITS.signIn.account, minutes);
  const byDevice = createRateLimiter(LIMITS.signIn.device, minutes);

  function spend(limiter: RateLimiter, id: string): () => void {
    const { allowed, retrySeconds } = limiter.spend(id, clock.monotonic());
    if (!allowed) {
      throw new ApiError("rate_limited", {
        headers: { "Retry-After": String(retrySeconds) },
        details: { limit: `${limiter.limit} attempts to sign in per ${minutes} minutes` },
      });
    }
    return () => limiter.giveBack(id);
  }

  /** Counts an attempt; what is returned takes it back. An address that is refused uses up nothing of the account's. */
  function count(email: string, user: User | null, ip: string | null, device: string | null) {
    const known = deviceOf(device, user);
    if (known) return spend(byDevice, known);
    const undoAddress = spend(byAddress, networkOf(ip ?? ""));
    const undoAccount = spend(byAccount, email.toLowerCase());
    return () => {
      undoAddress();
      undoAccount();
    };
  }

  /** The id of a browser that has signed in to this account before; null for any other. */
  function deviceOf(device: string | null, user: User | null): string | null {
    if (device === null || user === null) return null;
    try {
      const [userId, id] = vault.open(device, DEVICE_PURPOSE).split(" ");
      return userId === user.id ? id! : null;
    } catch {
      return null;
    }
  }

  async function begin(userId: string, passwordHash: string, from: Origin, recoveryCode?: string) {
    const user = users.find(userId);
    if (!user) throw refused();
    const started = await store.change(userActor(user, from), (tx) => {
      // Whoever changed the password meanwhile ended all sessions, those about to begin too.
      if (users.find(userId)?.password_hash !== passwordHash) throw refused();
      if (recoveryCode !== undefined && !users.takeRecoveryCode(tx, userId, recoveryCode))
        throw wrongCode("is wrong or was used before");
      return sessions.start(tx, userId);
    });
    const id = Buffer.from(random.bytes(DEVICE_BYTES)).toString("hex");
    return { ...started, user, device: inCookie(vault.seal(`${userId} ${id}`, DEVICE_PURPOSE)) };
  }

  return {
    begin,
    async signIn({ email, password, code }, from, device) {
      const user = users.byEmail(email);
      const undo = count(email, user, from.ip, device);
      const told = { request_id: from.request_id, ip: from.ip };
      if (!(await passwords.verify(password, user?.password_hash ?? null)) || !user) {
        log.info({ ...told, reason: user ? "wrong password" : "unknown email" }, "sign-in refused");
        throw refused();
      }
      let recoveryCode: string | undefined;
      if (user.totp_secret !== null) {
        if (code === undefined || code === "") {
          undo();
          throw wrongCode("is required");
        }
        const plain = code.trim();
        if (!/^\d{6}$/.test(plain)) recoveryCode = plain;
        else if (!(await users.takeCode(user, plain, clock.now()))) {
          log.info({ ...told, reason: "wrong code" }, "sign-in refused");
          throw wrongCode("is wrong or was used before");
        }
      }
      const signedIn = await begin(user.id, user.password_hash, from, recoveryCode);
      undo();
      return signedIn;
    },
  };
}

/** In letters that a cookie takes as they are; the vault reads both alphabets. */
const inCookie = (sealed: string) => Buffer.from(sealed, "base64").toString("base64url");

const wrongCode = (issue: string) => new ApiError("unauthorized", { details: { code: issue } });
