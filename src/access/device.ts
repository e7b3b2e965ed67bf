/** The device cookie: recognizes a browser that has signed in to an account before. */
import type { Random } from "../lib/random.ts";
import type { Vault } from "./vault.ts";

const PURPOSE = "device";
const ID_BYTES = 16;

/** A new device cookie for an account, in characters that a cookie may hold. */
export function createDevice(vault: Vault, random: Random, userId: string): string {
  const id = Buffer.from(random.bytes(ID_BYTES)).toString("hex");
  // The vault reads both base64 alphabets.
  return Buffer.from(vault.seal(`${userId} ${id}`, PURPOSE), "base64").toString("base64url");
}

/** The id in a device cookie; null if the cookie is invalid or belongs to another account. */
export function readDevice(vault: Vault, device: string, userId: string): string | null {
  try {
    const [owner, id] = vault.open(device, PURPOSE).split(" ");
    return owner === userId ? id! : null;
  } catch {
    return null;
  }
}
