/**
 * Idempotency-Key: the answer to a POST is stored in the transaction of the write itself and replayed for 24 hours, so a
 * client that lost the answer may ask again without doing the thing twice, across a crash of the server too.
 */
import { and, eq, lt, sql } from "drizzle-orm";
import type { Vault } from "../access/vault.ts";
import { LIMITS } from "../config.ts";
import { isoTime } from "../lib/clock.ts";
import { canonicalJson, sha256Hex } from "../lib/json.ts";
import type { Db } from "../store/open.ts";
import { idempotency } from "../store/tables.ts";
import { conflict, invalid } from "./errors.ts";

/** An answer as it went out, and goes out again. `body` is its text, byte for byte; null where it has none. */
export interface StoredAnswer {
  status: number;
  location: string | null;
  etag: string | null;
  body: string | null;
}

/** Which request of whom: the API key's id, the path, and the client's Idempotency-Key. */
export interface RequestName {
  apiKeyId: string;
  path: string;
  key: string;
}

export interface IdempotencyRecords {
  /** The stored answer; null for a new request. Throws `conflict` when the body was another. */
  find(request: RequestName, body: unknown, at: string): StoredAnswer | null;
  /** To be called in the transaction of the write. */
  keep(request: RequestName, body: unknown, answer: StoredAnswer, at: string): void;
  /** Removes a bounded number of records that have had their day; returns how many. */
  removeExpired(at: string): number;
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

export function createIdempotencyRecords(db: Db, vault: Vault): IdempotencyRecords {
  const { placeholder } = sql;
  const named = and(
    eq(idempotency.api_key_id, placeholder("apiKeyId")),
    eq(idempotency.path, placeholder("path")),
    eq(idempotency.key, placeholder("key")),
  );
  const select = db.select().from(idempotency).where(named).prepare();
  const remove = db.delete(idempotency).where(named).prepare();
  const insert = db
    .insert(idempotency)
    .values({
      api_key_id: placeholder("apiKeyId"),
      path: placeholder("path"),
      key: placeholder("key"),
      body_hash: placeholder("bodyHash"),
      status: placeholder("status"),
      location: placeholder("location"),
      etag: placeholder("etag"),
      answer: placeholder("answer"),
      created_at: placeholder("at"),
    })
    .prepare();
  const bodyHash = (body: unknown) => sha256Hex(canonicalJson(body ?? null));
  const purpose = ({ apiKeyId, path, key }: RequestName) =>
    canonicalJson(["idempotency", apiKeyId, path, key]);
  const expiry = (at: string) => isoTime(Date.parse(at) - LIMITS.idempotencyHours * 3_600_000);
  return {
    find(request, body, at) {
      const record = select.get({ ...request });
      if (!record) return null;
      if (record.created_at <= expiry(at)) {
        remove.run({ ...request });
        return null;
      }
      if (record.body_hash !== bodyHash(body)) {
        throw conflict({ idempotency_key: "was used before with another body" });
      }
      const { status, location, etag, answer } = record;
      return { status, location, etag, body: answer && vault.open(answer, purpose(request)) };
    },
    keep(request, body, answer, at) {
      insert.run({
        ...request,
        bodyHash: bodyHash(body),
        status: answer.status,
        location: answer.location,
        etag: answer.etag,
        answer: answer.body && vault.seal(answer.body, purpose(request)),
        at,
      });
    },
    removeExpired(at) {
      const old = db
        .select({ rowid: sql`rowid` })
        .from(idempotency)
        .where(lt(idempotency.created_at, expiry(at)))
        .limit(1_000);
      return db
        .delete(idempotency)
        .where(sql`rowid in ${old}`)
        .returning({ key: idempotency.key })
        .all().length;
    },
  };
}
