/** The actions that require "confirm it is you", and the bodies that they share with their routes. */
import { z } from "zod";
import { SCOPES } from "../access/keys.ts";
import type { Action } from "../access/step-up.ts";
import { label, reference, timestamp } from "../contract/fields.ts";
import type { Route } from "../http/route.ts";
import { webhookSubscriptionDefinition as webhookDefinition } from "../resources/webhook-subscriptions.ts";

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

/** How long the old key remains valid after a rotation. */
export const overlapHours = z
  .number()
  .min(0)
  .max(30 * 24)
  .default(24);

const webhookUrl = webhookDefinition.createBody.shape.url as z.ZodType<string>;
const webhookId = reference({
  doc: "The id of the webhook subscription.",
  example: "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e14",
});

/** Each action carries every value that distinguishes it: a proof for one action is not valid for another. */
export const confirmableAction = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("keys.create"), key: NewKeyBody }),
  z.object({ kind: z.literal("keys.enable"), id: keyId }),
  z.object({ kind: z.literal("keys.rotate"), id: keyId, overlap_hours: overlapHours }),
  z.object({ kind: z.literal("keys.delete"), id: keyId }),
  z.object({ kind: z.literal("webhooks.create"), webhook: webhookDefinition.createBody }),
  z.object({ kind: z.literal("webhooks.set_url"), id: webhookId, url: webhookUrl }),
  z.object({ kind: z.literal("totp.enable") }),
  z.object({ kind: z.literal("totp.disable") }),
  z.object({ kind: z.literal("recovery_codes.renew") }),
]);

/** The action that a write of the API must be confirmed as in the dashboard; null for one that needs no proof. */
export function actionOfWrite(
  { path, method }: Route,
  body: unknown,
  target: unknown,
): Action | null {
  if (method === "POST" && path === webhookDefinition.path)
    return { kind: "webhooks.create", webhook: body };
  if (path !== `${webhookDefinition.path}/:id`) return null;
  const { url } = Object(body) as { url?: string };
  const { id, url: current } = target as { id: string; url: string };
  return url === undefined || url === current ? null : { kind: "webhooks.set_url", id, url };
}
