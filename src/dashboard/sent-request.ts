/** Rebuilds the request of a webhook delivery, byte for byte, as it was last sent or will be sent. */
import type { Vault } from "../access/vault.ts";
import type { Db } from "../store/database.ts";
import {
  SECRET_PREFIX,
  SIGNATURE_HEADERS,
  signedHeaders,
  TIMESTAMP_HEADERS,
} from "../webhooks/sign.ts";
import { type Subscription, secretPurpose } from "../webhooks/subscriptions.ts";
import type { SentRequest } from "./answers.ts";

type Secret =
  | { secret: string; signature: "shown" }
  | { secret: null; signature: Exclude<SentRequest["signature"], "shown"> };

/** `subscription`: null where it is deleted. `attemptedAt`: when the last attempt began; null before the first. */
export type RebuildRequest = (
  eventId: string,
  subscription: Subscription | null,
  attemptedAt: string | null,
) => SentRequest;

export function createRequestRebuilder(db: Db, vault: Vault): RebuildRequest {
  const bodyOf = db.$client.prepare<{ body: string }, [string]>(
    "select body from events where id = ?",
  );
  const findSecret = createSecretFinder(db, vault);

  return (eventId, subscription, attemptedAt) => {
    const { body } = bodyOf.get(eventId)!;
    const { secret, signature } = findSecret(subscription, attemptedAt);
    const time = attemptedAt === null ? 0 : Date.parse(attemptedAt);
    const headers: SentRequest["headers"] = signedHeaders(
      secret ?? SECRET_PREFIX,
      eventId,
      body,
      time,
    );
    if (attemptedAt === null) for (const name of TIMESTAMP_HEADERS) headers[name] = null;
    if (secret === null) for (const name of SIGNATURE_HEADERS) headers[name] = null;
    return { headers, body, signature };
  };
}

/** Finds the secret that signed an attempt, or the reason why the signature cannot be shown. */
function createSecretFinder(db: Db, vault: Vault) {
  const rotation = db.$client.prepare<object, [string, string]>(
    `select 1 from audit where entity_type = 'webhook_subscription' and entity_id = ? and action = 'updated'
     and at >= ? and changes ->> '$.secret' is not null limit 1`,
  );
  return (subscription: Subscription | null, attemptedAt: string | null): Secret => {
    if (attemptedAt === null) return { secret: null, signature: "not_sent" };
    if (!subscription) return { secret: null, signature: "unreadable" };
    // A rotation at the time of the attempt may have happened before or after it, so it counts as after.
    if (rotation.get(subscription.id, attemptedAt)) return { secret: null, signature: "rotated" };
    try {
      const secret = vault.open(subscription.secret, secretPurpose(subscription.id));
      return { secret, signature: "shown" };
    } catch {
      return { secret: null, signature: "unreadable" };
    }
  };
}
