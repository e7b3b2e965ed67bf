/**
 * Idempotency-Key: the answer to a POST is stored in the transaction of the write and replayed for 24 hours. A client
 * that lost the answer may repeat the request without repeating its effect, also after a crash of the server.
 */
import type { Vault } from "../access/vault.ts";
import { LIMITS } from "../config.ts";
import { canonicalJson, sha256Hex } from "../lib/json.ts";
import type { RequestName } from "../store/idempotency.ts";
import type { Transaction } from "../store/transaction.ts";
import { conflict, invalid } from "./errors.ts";

/** An answer as it was sent and is sent again. `body` is its text, byte for byte; null without one. */
export interface StoredAnswer {
  status: number;
  location: string | null;
  etag: string | null;
  body: string | null;
}

/** The header's value, or null without one. Throws `validation_failed` for one that is too long or empty. */
export function readIdempotencyKey(headers: Headers): string | null {
  const key = headers.get("idempotency-key");
  if (key === null) return null;
  if (key.length < 1 || key.length > LIMITS.idempotencyKeyLength) {
    throw invalid({ idempotency_key: `must be 1 to ${LIMITS.idempotencyKeyLength} characters` });
  }
  return key;
}

/** The part of a transaction that records need. */
type Kept = Pick<Transaction, "idempotency" | "at">;

const hashOf = (body: unknown): string => sha256Hex(canonicalJson(body ?? null));

/** What an answer is sealed for. Answers are sealed because one may contain a webhook secret. */
const purposeOf = ({ apiKeyId, path, key }: RequestName): string =>
  canonicalJson(["idempotency", apiKeyId, path, key]);

/** The stored answer, or null for a new request. Throws `conflict` when the key was used with another body. */
export function findAnswer(
  tx: Kept,
  vault: Vault,
  name: RequestName,
  body: unknown,
): StoredAnswer | null {
  const record = tx.idempotency.find(name, tx.at);
  if (!record) return null;
  if (record.body_hash !== hashOf(body))
    throw conflict({ idempotency_key: "was used before with another body" });
  const { status, location, etag, answer } = record;
  return { status, location, etag, body: answer && vault.open(answer, purposeOf(name)) };
}

/** Stores the answer to a new request, in the transaction of its write. */
export function storeAnswer(
  tx: Kept,
  vault: Vault,
  name: RequestName,
  body: unknown,
  answer: StoredAnswer,
): void {
  tx.idempotency.insert({
    api_key_id: name.apiKeyId,
    path: name.path,
    key: name.key,
    body_hash: hashOf(body),
    status: answer.status,
    location: answer.location,
    etag: answer.etag,
    answer: answer.body && vault.seal(answer.body, purposeOf(name)),
    created_at: tx.at,
  });
}
