/** Whose dashboard a mock's is. The password is no secret: whoever reaches a mock may do everything with it. */

import type { Appliance } from "../appliance.ts";
import { systemActor } from "../store/actor.ts";

export const MOCK_ACCOUNT = {
  email: "owner@brightdental.example",
  name: "Olivia Bright",
  password: "bright smiles",
  /** Of the password, made beforehand: working it out takes longer than all the rest of a start. */
  passwordHash:
    "$argon2id$v=19$m=19456,t=2,p=1$yfzcGt/EvKlsE5GpID01/JXT9S0RECzIRwSJMD++aCg$pkbgvGQwfuFFtd38qjWXGjLQED9n6ZQgb05xKxuRBgg",
} as const;

export async function createMockAccount({ store, users }: Appliance): Promise<void> {
  const { email, name, passwordHash } = MOCK_ACCOUNT;
  await store.change(systemActor("mock"), (tx) => users.create(tx, { email, name, passwordHash }));
}
