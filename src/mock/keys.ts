/** The keys of a mock: the same at every start, so that a test may hold them. They open a mock only. */
import type { Keys } from "../access/keys.ts";
import { MOCK_KEYS } from "../contract/mock-keys.ts";
import type { Transaction } from "../store/change.ts";

export function createMockKeys(tx: Transaction, keys: Keys): void {
  const make = (name: string, token: string, scope: "read" | "write" | null) =>
    keys.create(tx, {
      ...{ name, token, scope, expires_at: null },
      kind: scope === null ? "plat" : "test",
    });
  make("Reporting", MOCK_KEYS.read, "read");
  make("Booking system", MOCK_KEYS.write, "write");
  make("Voice platform", MOCK_KEYS.platform, null);
}
