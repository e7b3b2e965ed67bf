/**
 * Step-up: a sensitive action requires the password or a code again, however recent the sign-in, so that a stolen session
 * alone does no lasting harm. A proof is for one session and one action, is used up by it and expires after some minutes.
 * Proofs are kept in memory: after a restart the user confirms again.
 */
import { LRUCache } from "lru-cache";
import { LIMITS } from "../config.ts";
import { type Clock, isoTime } from "../lib/clock.ts";
import { canonicalJson, sha256Hex } from "../lib/json.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import { AccessError } from "./errors.ts";
import type { Passwords } from "./passwords.ts";
import { type Session, TOKEN_BYTES } from "./sessions.ts";
import type { User, Users } from "./users.ts";

/** What is confirmed: its kind, such as `keys.delete`, and everything that identifies it among others of its kind. */
export type Action = Readonly<{ kind: string } & Record<string, unknown>>;

export interface Proof {
  proof: string;
  expires_at: string;
}

interface SignedInUser {
  user: User;
  session: Session;
}

export interface StepUp {
  /** Throws `wrong_confirmation`, `too_many_tries` or `confirmation_missing`. */
  confirm(
    who: SignedInUser,
    action: Action,
    credentials: { password?: string | undefined; code?: string | undefined },
  ): Promise<Proof>;
  /** Checks the password, within the tries of `confirm`. `field`: the request's field that holds it. */
  requirePassword(who: SignedInUser, password: string, field: string): Promise<void>;
  /** Uses up a proof. Throws `proof_required` without one for this session and action. */
  requireProof(session: Session, action: Action, proof: string | null): void;
}

const MINUTE_MS = 60_000;

export function createStepUp(
  users: Pick<Users, "takeCode">,
  passwords: Passwords,
  clock: Clock,
  random: Random,
  log: Log,
): StepUp {
  const { proofMinutes } = LIMITS.confirm;
  const attempt = createTries(clock, log);
  const proofs = new LRUCache<string, { sessionId: string; action: string; expiresAt: number }>({
    max: LIMITS.keysInMemory,
  });

  function issueProof(session: Session, action: Action): Proof {
    const proof = Buffer.from(random.bytes(TOKEN_BYTES)).toString("base64url");
    const lifeMs = proofMinutes * MINUTE_MS;
    proofs.set(sha256Hex(proof), {
      sessionId: session.id,
      action: canonicalJson(action),
      expiresAt: clock.monotonic() + lifeMs,
    });
    return { proof, expires_at: isoTime(clock.now() + lifeMs) };
  }

  return {
    async confirm({ user, session }, action, { password, code }) {
      if (password !== undefined) {
        await attempt(session, "password", () => passwords.verify(password, user.password_hash));
      } else if (code !== undefined && user.totp_secret !== null) {
        await attempt(session, "code", () => users.takeCode(user, code.trim(), clock.now()));
      } else {
        throw new AccessError({ kind: "confirmation_missing" });
      }
      return issueProof(session, action);
    },
    requirePassword: ({ user, session }, password, field) =>
      attempt(session, field, () => passwords.verify(password, user.password_hash)),
    requireProof(session, action, proof) {
      const id = proof === null ? null : sha256Hex(proof);
      const issued = id === null ? undefined : proofs.get(id);
      const isValid =
        issued?.sessionId === session.id &&
        issued.action === canonicalJson(action) &&
        clock.monotonic() < issued.expiresAt;
      if (!isValid) throw new AccessError({ kind: "proof_required", action: action.kind });
      proofs.delete(id!);
    },
  };
}

/** Runs a check as one of a session's tries. `field`: the request's field that it checks. */
type Attempt = (session: Session, field: string, check: () => Promise<boolean>) => Promise<void>;

function createTries(clock: Clock, log: Log): Attempt {
  const { tries, minutes } = LIMITS.confirm;
  /** The times of a session's wrong tries, oldest first. */
  const wrongTries = new LRUCache<string, number[]>({ max: LIMITS.keysInMemory });

  /** The tries within the last `minutes`. Throws `too_many_tries` when none is left. */
  function recentTries({ id }: Session, now: number): number[] {
    const recent = wrongTries.get(id) ?? [];
    while (recent[0] !== undefined && recent[0] <= now - minutes * MINUTE_MS) recent.shift();
    if (recent.length < tries) return recent;
    const seconds = Math.ceil((recent[0]! + minutes * MINUTE_MS - now) / 1_000);
    throw new AccessError({
      kind: "too_many_tries",
      limit: `${tries} wrong tries per ${minutes} minutes`,
      retryAfterSeconds: Math.max(1, seconds),
    });
  }

  return async (session, field, check) => {
    const now = clock.monotonic();
    const recent = recentTries(session, now);
    // A try counts from its start, so that many at the same time do not exceed the limit.
    recent.push(now);
    wrongTries.set(session.id, recent);
    const takeBack = () => {
      const place = recent.indexOf(now);
      if (place >= 0) recent.splice(place, 1);
    };
    let isCorrect: boolean;
    try {
      isCorrect = await check();
    } catch (error) {
      takeBack();
      throw error;
    }
    if (isCorrect) return takeBack();
    log.info({ user: session.user_id, reason: `wrong ${field}` }, "confirmation refused");
    throw new AccessError({ kind: "wrong_confirmation", field, triesLeft: tries - recent.length });
  };
}
