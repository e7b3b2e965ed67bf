/** The API keys of a mock. They are the same at every start, so a test may contain them. */
import type { Scope } from "../access/keys.ts";
import type { Appliance } from "../appliance.ts";
import { MOCK_KEYS } from "../contract/mock-keys.ts";
import { MOCK_ACTOR } from "./account.ts";

const KEYS: { name: string; token: string; scope: Scope | null }[] = [
  { name: "Reporting", token: MOCK_KEYS.read, scope: "read" },
  { name: "Booking system", token: MOCK_KEYS.write, scope: "write" },
  { name: "Voice platform", token: MOCK_KEYS.platform, scope: null },
];

/** Creates the keys in a new mock. */
export async function createMockKeys({ store, keys }: Appliance): Promise<void> {
  await store.change(MOCK_ACTOR, (tx) => {
    for (const key of KEYS)
      keys.create(tx, { ...key, kind: key.scope === null ? "plat" : "test", expires_at: null });
  });
}
