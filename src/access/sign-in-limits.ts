/**
 * Limits on guessing at sign-in: by account and by address. A browser that has signed in to the account before has a
 * limit of its own, so an attacker who guesses cannot lock the owner out.
 */
import { LIMITS } from "../config.ts";
import type { Clock } from "../lib/clock.ts";
import { networkOf } from "../lib/ip.ts";
import { createTokenBuckets, type TokenBuckets } from "../lib/token-bucket.ts";
import { readDevice } from "./device.ts";
import { AccessError } from "./errors.ts";
import type { User } from "./users.ts";
import type { Vault } from "./vault.ts";

export interface SignInAttempt {
  email: string;
  /** The account of the email, if there is one. */
  user: User | null;
  ip: string | null;
  /** The device cookie. */
  device: string | null;
}

export interface SignInLimits {
  /** Counts an attempt. Throws `too_many_tries`, and then counts nothing: the password is not checked. */
  count(attempt: SignInAttempt): CountedAttempt;
}

export interface CountedAttempt {
  /** The browser has signed in to the account before. */
  isKnownDevice: boolean;
  /** Takes the attempt back, because it succeeded or because its password was not checked. */
  undo(): void;
}

export function createSignInLimits(vault: Vault, clock: Clock): SignInLimits {
  const { minutes, address, account, device } = LIMITS.signIn;
  const create = (limit: number) =>
    createTokenBuckets({ limit, minutes, maxBuckets: LIMITS.keysInMemory });
  const byAddress = create(address);
  const byAccount = create(account);
  const byDevice = create(device);

  function spend(buckets: TokenBuckets, id: string): () => void {
    const { allowed, nextSeconds } = buckets.spend(id, clock.monotonic());
    if (!allowed) {
      throw new AccessError({
        kind: "too_many_tries",
        limit: `${buckets.limit} attempts to sign in per ${minutes} minutes`,
        retryAfterSeconds: nextSeconds,
      });
    }
    return () => buckets.giveBack(id);
  }

  return {
    count({ email, user, ip, device: cookie }) {
      const deviceId = cookie && user && readDevice(vault, cookie, user.id);
      if (deviceId) return { isKnownDevice: true, undo: spend(byDevice, deviceId) };
      // The address first: a refused address uses up nothing of the account's limit.
      const undoAddress = spend(byAddress, networkOf(ip ?? ""));
      try {
        const undoAccount = spend(byAccount, email.toLowerCase());
        return {
          isKnownDevice: false,
          undo() {
            undoAddress();
            undoAccount();
          },
        };
      } catch (error) {
        undoAddress();
        throw error;
      }
    },
  };
}
