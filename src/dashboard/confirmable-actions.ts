/** The actions that need "confirm it is you", and the forms they share with the routes that do them. */
import { z } from "zod";
import { SCOPES } from "../access/keys.ts";
import { label, reference, timestamp } from "../contract/fields.ts";

/** What a key may do; `platform` is the voice platform's, which has no scope. */
export const ACCESS = [...SCOPES, "platform"] as const;

export const NewKeyBody = z.object({
  name: label({ doc: "What the key is for.", example: "Zapier" }),
  access: z.enum(ACCESS),
  expires_at: timestamp({ doc: "When it ends.", example: "2027-02-21T00:00:00.000Z" })
    .nullable()
    .default(null),
});

const keyId = reference({ doc: "Which key.", example: "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e02" });

/** Each names everything that makes it this action and no other; a proof for one is none for another. */
export const confirmable = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("keys.create"), key: NewKeyBody }),
  z.object({ kind: z.literal("keys.rotate"), id: keyId }),
  z.object({ kind: z.literal("keys.delete"), id: keyId }),
  z.object({ kind: z.literal("totp.enable") }),
  z.object({ kind: z.literal("totp.disable") }),
  z.object({ kind: z.literal("recovery_codes.renew") }),
]);
