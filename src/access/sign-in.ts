/**
 * Signing in: email, password and, if the account has a second factor, a code. An unknown email and a wrong password get
 * the same answer after the same time.
 */
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import { type RequestOrigin, userActor } from "../store/actor.ts";
import type { Store } from "../store/change.ts";
import { createDevice } from "./device.ts";
import { AccessError } from "./errors.ts";
import type { Passwords } from "./passwords.ts";
import type { Session, Sessions } from "./sessions.ts";
import { createSignInLimits } from "./sign-in-limits.ts";
import type { User, Users } from "./users.ts";
import type { Vault } from "./vault.ts";

export interface Credentials {
  email: string;
  password: string;
  /** Of the second factor, or a recovery code. */
  code?: string | undefined;
}

/** What the browser gets: the session's token, and the device cookie by which the account recognizes it later. */
export interface SignedIn {
  user: User;
  session: Session;
  token: string;
  device: string;
}

export interface SignIn {
  /** `device`: the device cookie. Throws `sign_in_refused`, `too_many_tries` or `password_queue_full`. */
  signIn(credentials: Credentials, origin: RequestOrigin, device: string | null): Promise<SignedIn>;
  /** Starts a session for a user whose password was just set or checked. Throws `sign_in_refused`. */
  startSession(userId: string, passwordHash: string, origin: RequestOrigin): Promise<SignedIn>;
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

export function createSignIn(services: SignInServices): SignIn {
  const { users, passwords, log } = services;
  const limits = createSignInLimits(services.vault, services.clock);
  return {
    startSession: (userId, passwordHash, origin) =>
      startSession(services, userId, passwordHash, origin),
    async signIn({ email, password, code }, origin, device) {
      const user = users.byEmail(email);
      const { isKnownDevice, undo } = limits.count({ email, user, ip: origin.ip, device });
      const logRefusal = (reason: string) =>
        log.info({ request_id: origin.request_id, ip: origin.ip, reason }, "sign-in refused");
      const isCorrect = await passwords
        .verify(password, user?.active ? user.password_hash : null, { isStranger: !isKnownDevice })
        .catch((error) => {
          undo();
          throw error;
        });
      if (!isCorrect || !user) {
        logRefusal(!user ? "unknown email" : user.active ? "wrong password" : "disabled account");
        throw wrongPassword();
      }
      let recoveryCode: string | undefined;
      if (user.totp_secret !== null) {
        if (code === undefined || code === "") {
          undo();
          throw wrongCode("is required");
        }
        const trimmed = code.trim();
        if (!/^\d{6}$/.test(trimmed)) recoveryCode = trimmed;
        else if (!(await users.takeCode(user, trimmed, services.clock.now()))) {
          logRefusal("wrong code");
          throw wrongCode("is wrong or was used before");
        }
      }
      const signedIn = await startSession(
        services,
        user.id,
        user.password_hash,
        origin,
        recoveryCode,
      );
      undo();
      return signedIn;
    },
  };
}

/** The owner can sign in to see what is wrong. */
const SIGN_IN = { isEssential: true };

async function startSession(
  { store, users, sessions, vault, random }: SignInServices,
  userId: string,
  passwordHash: string,
  origin: RequestOrigin,
  recoveryCode?: string,
): Promise<SignedIn> {
  const user = users.find(userId);
  if (!user) throw wrongPassword();
  // A password change ends all sessions, including those that were about to start; so does disabling the account.
  const requireSamePassword = () => {
    const stored = users.find(userId);
    if (!stored?.active || stored.password_hash !== passwordHash) throw wrongPassword();
  };
  const started = await store.change(
    userActor(user, origin, requireSamePassword),
    (tx) => {
      if (recoveryCode !== undefined && !users.takeRecoveryCode(tx, userId, recoveryCode))
        throw wrongCode("is wrong or was used before");
      return sessions.start(tx, userId);
    },
    SIGN_IN,
  );
  return { ...started, user, device: createDevice(vault, random, userId) };
}

const wrongPassword = () =>
  new AccessError({ kind: "sign_in_refused", field: "email", issue: "or password is wrong" });

const wrongCode = (issue: string) =>
  new AccessError({ kind: "sign_in_refused", field: "code", issue });
