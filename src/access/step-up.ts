/**
 * "Confirm it is you": a sensitive action needs the password or a code again, however fresh the sign-in, so that a stolen
 * session alone does no lasting harm. The proof is for one session and one action, is used up by it and ends after some
 * minutes. Kept in memory: after a restart one confirms again.
 */
import { LRUCache } from "lru-cache";
import { LIMITS } from "../config.ts";
import { ApiError, invalid } from "../http/errors.ts";
import { type Clock, isoTime } from "../lib/clock.ts";
import { canonicalJson, sha256Hex } from "../lib/json.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import type { Passwords } from "./passwords.ts";
import { type Session, TOKEN_BYTES } from "./sessions.ts";
import type { User, Users } from "./users.ts";

/** What is confirmed: its kind, such as `keys.delete`, and everything that tells it from another of its kind. */
export type Action = Readonly<{ kind: string } & Record<string, unknown>>;

export interface Proof {
  proof: string;
  expires_at: string;
}

export interface StepUp {
  /** Throws `validation_failed` with the tries that are left, or `rate_limited`. */
  confirm(
    who: { user: User; session: Session },
    action: Action,
    given: { password?: string | undefined; code?: string | undefined },
  ): Promise<Proof>;
  /** Checks the password; `field` is where a wrong one is told. Its tries are those of `confirm`. */
  requirePassword(
    who: { user: User; session: Session },
    password: string,
    field: string,
  ): Promise<void>;
  /** Uses the proof up. Throws `confirmation_required` without one that is for this session and action. */
  spend(session: Session, action: Action, proof: string | null): void;
}

const MINUTE_MS = 60_000;

export function createStepUp(
  users: Pick<Users, "takeCode">,
  passwords: Passwords,
  clock: Clock,
  random: Random,
  log: Log,
): StepUp {
  const { tries, minutes, proofMinutes } = LIMITS.confirm;
  const proofs = new LRUCache<string, { sessionId: string; action: string; ends: number }>({
    max: LIMITS.keysInMemory,
  });
  /** When a session's wrong tries were, the oldest first. */
  const wrongTries = new LRUCache<string, number[]>({ max: LIMITS.keysInMemory });

  /** Runs a check as one of the tries. It counts from its begin, so that many at once are no more than their number. */
  async function attempt(session: Session, field: string, check: () => Promise<boolean>) {
    const now = clock.monotonic();
    const recent = wrongTries.get(session.id) ?? [];
    while (recent[0] !== undefined && recent[0] <= now - minutes * MINUTE_MS) recent.shift();
    if (recent.length >= tries) {
      const seconds = Math.ceil((recent[0]! + minutes * MINUTE_MS - now) / 1_000);
      throw new ApiError("rate_limited", {
        headers: { "Retry-After": String(Math.max(1, seconds)) },
        details: { limit: `${tries} wrong tries per ${minutes} minutes` },
      });
    }
    recent.push(now);
    wrongTries.set(session.id, recent);
    const takeBack = () => {
      const place = recent.indexOf(now);
      if (place >= 0) recent.splice(place, 1);
    };
    let right: boolean;
    try {
      right = await check();
    } catch (error) {
      takeBack();
      throw error;
    }
    if (right) return takeBack();
    log.info({ user: session.user_id, reason: `wrong ${field}` }, "confirmation refused");
    const left = tries - recent.length;
    throw invalid({ [field]: "is wrong", tries_left: String(left) });
  }

  return {
    async confirm({ user, session }, action, { password, code }) {
      if (password !== undefined) {
        await attempt(session, "password", () => passwords.verify(password, user.password_hash));
      } else if (code !== undefined && user.totp_secret !== null) {
        await attempt(session, "code", () => users.takeCode(user, code.trim(), clock.now()));
      } else {
        throw invalid({ password: "is required" });
      }
      const proof = Buffer.from(random.bytes(TOKEN_BYTES)).toString("base64url");
      const lastsMs = proofMinutes * MINUTE_MS;
      proofs.set(sha256Hex(proof), {
        sessionId: session.id,
        action: canonicalJson(action),
        ends: clock.monotonic() + lastsMs,
      });
      return { proof, expires_at: isoTime(clock.now() + lastsMs) };
    },
    requirePassword: ({ user, session }, password, field) =>
      attempt(session, field, () => passwords.verify(password, user.password_hash)),
    spend(session, action, proof) {
      const id = proof === null ? null : sha256Hex(proof);
      const kept = id === null ? undefined : proofs.get(id);
      const fits =
        kept?.sessionId === session.id &&
        kept.action === canonicalJson(action) &&
        clock.monotonic() < kept.ends;
      if (!fits) throw new ApiError("confirmation_required", { details: { action: action.kind } });
      proofs.delete(id!);
    },
  };
}
