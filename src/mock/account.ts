/** The dashboard account of a mock. Its password is public: everybody who reaches a mock has full access anyway. */

import type { Appliance } from "../appliance.ts";
import { type Actor, systemActor } from "../store/actor.ts";

/** The actor of everything that a mock does by itself. */
export const MOCK_ACTOR: Actor = systemActor("mock");

export const MOCK_ACCOUNT = {
  email: "owner@brightdental.example",
  name: "Olivia Bright",
  password: "bright smiles",
  /** Precomputed: hashing takes longer than the rest of the start. */
  passwordHash:
    "$argon2id$v=19$m=19456,t=2,p=1$yfzcGt/EvKlsE5GpID01/JXT9S0RECzIRwSJMD++aCg$pkbgvGQwfuFFtd38qjWXGjLQED9n6ZQgb05xKxuRBgg",
} as const;

/** Creates the account in a new mock. */
export async function createMockAccount({ store, users }: Appliance): Promise<void> {
  const { email, name, passwordHash } = MOCK_ACCOUNT;
  await store.change(MOCK_ACTOR, (tx) => users.create(tx, { email, name, passwordHash }));
}
