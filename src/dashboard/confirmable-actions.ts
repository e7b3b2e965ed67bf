/** The actions that require "confirm it is you", and the bodies that they share with their routes. */
import { z } from "zod";
import { SCOPES } from "../access/keys.ts";
import { label, reference, timestamp } from "../contract/fields.ts";

/** What a key may do. `platform` marks a key of the voice platform, which has no scope. */
export const KEY_ACCESS = [...SCOPES, "platform"] as const;

export const NewKeyBody = z.object({
  name: label({ doc: "What the key is for.", example: "Zapier" }),
  access: z.enum(KEY_ACCESS),
  expires_at: timestamp({ doc: "When the key expires.", example: "2027-02-21T00:00:00.000Z" })
    .nullable()
    .default(null),
});

const keyId = reference({
  doc: "The key's id.",
  example: "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e02",
});

/** Each action carries every value that distinguishes it: a proof for one action is not valid for another. */
export const confirmableAction = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("keys.create"), key: NewKeyBody }),
  z.object({ kind: z.literal("keys.rotate"), id: keyId }),
  z.object({ kind: z.literal("keys.delete"), id: keyId }),
  z.object({ kind: z.literal("totp.enable") }),
  z.object({ kind: z.literal("totp.disable") }),
  z.object({ kind: z.literal("recovery_codes.renew") }),
]);
