/**
 * API keys: created, shown once, found by their hash, disabled, rotated and deleted. A disabled key is refused from the
 * next request on, also when another process disabled it.
 */
import { timingSafeEqual } from "node:crypto";
import { desc, eq, getTableColumns, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { LRUCache } from "lru-cache";
import { LIMITS } from "../config.ts";
import { type Clock, isoTime } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import type { Store } from "../store/change.ts";
import { rowColumns } from "../store/columns.ts";
import type { Entity } from "../store/entity.ts";
import { prepareQuery } from "../store/query.ts";
import type { Transaction } from "../store/transaction.ts";
import { AccessError } from "./errors.ts";
import { createLastUses } from "./last-uses.ts";
import {
  createToken,
  KEY_KINDS,
  type KeyKind,
  tokenHash,
  tokenKind,
  tokenPrefix,
} from "./token.ts";

export const SCOPES = ["read", "write"] as const;
export type Scope = (typeof SCOPES)[number];

export const apiKeys = sqliteTable("api_keys", {
  ...rowColumns(),
  name: text().notNull(),
  kind: text({ enum: KEY_KINDS }).notNull(),
  /** Null for a platform key, which has no scope in v1. */
  scope: text({ enum: SCOPES }),
  prefix: text().notNull(),
  hash: text().notNull().unique(),
  active: integer({ mode: "boolean" }).notNull(),
  expires_at: text(),
  last_used_at: text(),
  last_used_ip: text(),
});
export type ApiKey = typeof apiKeys.$inferSelect;

export const apiKeyEntity = {
  type: "api_key",
  table: apiKeys,
  ignored: ["hash", "last_used_at", "last_used_ip"],
} satisfies Entity;

/** A key as its owner sees it, with its last use to the second. */
export function keyView(keys: Keys, key: ApiKey) {
  const { id, name, prefix, kind, scope, active, created_at, expires_at } = key;
  const shown = { id, name, prefix, kind, scope, active, created_at, expires_at };
  const { at, ip } = keys.lastUse(key);
  return { ...shown, last_used_at: at, last_used_ip: ip };
}

/** Why a token was refused; for the log only. */
export type Refusal = "missing" | "malformed" | "wrong kind" | "unknown" | "inactive" | "expired";

export interface NewKey {
  name: string;
  kind: KeyKind;
  scope: Scope | null;
  expires_at: string | null;
  /** Only for the keys of a mock, which are the same at every start; any other token is random. */
  token?: string;
}

export interface Keys {
  /** The key of a token that is valid now, or why it is refused. `kinds`: the kinds of keys that are accepted. */
  authenticate(token: string, kinds: readonly KeyKind[]): ApiKey | Refusal;
  /** Throws `credential_ended` if the key was disabled or deleted, or has expired. Reads the database, for transactions. */
  requireActive(key: ApiKey): void;
  /** Records a use. Written to the database every few seconds, never during a request. */
  recordUse(key: ApiKey, ip: () => string): void;
  /** When and from where a key was last used, including what is not written yet. */
  lastUse(key: ApiKey): { at: string | null; ip: string | null };
  flushUses(): Promise<void>;
  list(): ApiKey[];
  /** By id, or by the shown prefix (with or without dots) if only one key has it. */
  find(idOrPrefix: string): ApiKey | null | "ambiguous";
  create(tx: Transaction, key: NewKey): CreatedKey;
  setActive(tx: Transaction, key: ApiKey, active: boolean): ApiKey;
  /**
   * Creates a key with the same name, scope and expiry. The old one expires after `overlapMs`, or at its own expiry if
   * that comes first: rotating never extends a key's life. Throws `key_inactive` or `key_expired`.
   */
  rotate(tx: Transaction, key: ApiKey, overlapMs: number): CreatedKey & { old: ApiKey };
  remove(tx: Transaction, key: ApiKey): void;
}

export interface CreatedKey {
  key: ApiKey;
  /** The secret itself. It is stored nowhere. */
  token: string;
}

export function createKeys(store: Store, clock: Clock, random: Random): Keys {
  const { db } = store;
  const lookUp = createKeyLookup(store);
  const uses = createLastUses(store, clock, (writer, id, { at, ip }) => {
    writer
      .update(apiKeys)
      .set({ last_used_at: at, last_used_ip: ip })
      .where(eq(apiKeys.id, id))
      .run();
  });
  return {
    authenticate(token, kinds) {
      const key = lookUp(token);
      if (typeof key === "string") return key;
      if (!kinds.includes(key.kind)) return "wrong kind";
      if (!key.active) return "inactive";
      return isExpired(key, clock.now()) ? "expired" : key;
    },
    requireActive: bindActiveCheck(db, clock),
    recordUse: (key, ip) => uses.record(key.id, ip),
    lastUse(key) {
      const { at, ip } = uses.find(key.id) ?? { at: key.last_used_at, ip: key.last_used_ip };
      return { at, ip };
    },
    flushUses: uses.flush,
    list: () => db.select().from(apiKeys).orderBy(desc(apiKeys.created_at), desc(apiKeys.id)).all(),
    find(idOrPrefix) {
      const prefix = idOrPrefix.replace(/\.+$/, "");
      const matches = db
        .select()
        .from(apiKeys)
        .all()
        .filter((key) => key.id === idOrPrefix || key.prefix === `${prefix}...`);
      return matches.length > 1 ? "ambiguous" : (matches[0] ?? null);
    },
    create: (tx, key) => insertKey(tx, random, key),
    setActive: (tx, key, active) => tx.update(apiKeyEntity, key, { active }),
    rotate: (tx, key, overlapMs) => rotateKey(tx, random, key, overlapMs),
    remove: (tx, key) => tx.remove(apiKeyEntity, key),
  };
}

const isExpired = ({ expires_at }: ApiKey, now: number): boolean =>
  expires_at !== null && Date.parse(expires_at) <= now;

/** By row number, the quickest look-up, since every write of a key does one. */
function bindActiveCheck({ $client }: Store["db"], clock: Clock): Keys["requireActive"] {
  const statement = $client.prepare<Pick<ApiKey, "expires_at">, [number]>(
    "select expires_at from api_keys where seq = ? and active = 1",
  );
  return ({ seq }) => {
    const stored = statement.get(seq);
    if (stored && (stored.expires_at === null || Date.parse(stored.expires_at) > clock.now()))
      return;
    throw new AccessError({ kind: "credential_ended", credential: "key" });
  };
}

/** Finds keys by token, with a cache that is dropped as soon as the database has changed. */
function createKeyLookup(store: Store): (token: string) => ApiKey | "malformed" | "unknown" {
  const { db } = store;
  const byHash = prepareQuery<ApiKey>(
    db,
    db
      .select()
      .from(apiKeys)
      .where(eq(apiKeys.hash, sql.placeholder("hash"))),
    getTableColumns(apiKeys),
  );
  const dataVersion = db.$client.prepare<{ data_version: number }, []>("pragma data_version");
  const cache = new LRUCache<string, ApiKey>({ max: LIMITS.keysInMemory });
  let seenVersion = 0;
  let isCheckedThisTurn = false;
  store.onCommit(() => cache.clear());

  /**
   * Drops the cache when another process has written. Once a turn of the event loop is enough: the requests of one turn
   * have all arrived before its first check.
   */
  function clearIfChanged(): void {
    if (isCheckedThisTurn) return;
    isCheckedThisTurn = true;
    setImmediate(() => {
      isCheckedThisTurn = false;
    });
    const version = dataVersion.get()!.data_version;
    if (version !== seenVersion) cache.clear();
    seenVersion = version;
  }

  return (token) => {
    clearIfChanged();
    const hash = tokenHash(token);
    const cached = cache.get(hash);
    if (cached) return cached;
    if (tokenKind(token) === null) return "malformed";
    const key = byHash.get({ hash });
    if (!key || !timingSafeEqual(Buffer.from(key.hash), Buffer.from(hash))) return "unknown";
    cache.set(hash, key);
    return key;
  };
}

function insertKey(tx: Transaction, random: Random, key: NewKey): CreatedKey {
  const { name, kind, scope, expires_at, token = createToken(kind, random) } = key;
  const row = {
    id: tx.newId(),
    created_at: tx.at,
    updated_at: tx.at,
    name,
    kind,
    scope,
    prefix: tokenPrefix(token),
    hash: tokenHash(token),
    active: true,
    expires_at,
    last_used_at: null,
    last_used_ip: null,
  };
  return { key: { ...row, seq: tx.insert(apiKeyEntity, row) }, token };
}

function rotateKey(
  tx: Transaction,
  random: Random,
  key: ApiKey,
  overlapMs: number,
): CreatedKey & { old: ApiKey } {
  const now = Date.parse(tx.at);
  if (!key.active) throw new AccessError({ kind: "key_inactive" });
  if (isExpired(key, now)) throw new AccessError({ kind: "key_expired" });
  const { name, kind, scope, expires_at } = key;
  const end = expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(expires_at);
  const created = insertKey(tx, random, { name, kind, scope, expires_at });
  const old = tx.update(apiKeyEntity, key, { expires_at: isoTime(Math.min(end, now + overlapMs)) });
  return { ...created, old };
}
