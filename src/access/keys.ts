/**
 * API keys: made, shown once, found by their hash, switched off, rotated and deleted. A key stops with the next request,
 * also when another process stopped it.
 */
import { timingSafeEqual } from "node:crypto";
import { desc, eq, getTableColumns, sql } from "drizzle-orm";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { LRUCache } from "lru-cache";
import { LIMITS } from "../config.ts";
import { conflict } from "../http/errors.ts";
import { type Clock, isoTime } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import type { Store } from "../store/change.ts";
import { rowColumns } from "../store/columns.ts";
import type { Entity } from "../store/entity.ts";
import { prepareQuery } from "../store/query.ts";
import type { Transaction } from "../store/transaction.ts";
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
  const { at, ip } = keys.lastUse(key);
  const use = { last_used_at: at, last_used_ip: ip };
  return { id, name, prefix, kind, scope, active, created_at, expires_at, ...use };
}

/** Why a token was refused; for the log alone. */
export type Refusal = "missing" | "malformed" | "wrong kind" | "unknown" | "inactive" | "expired";

export interface NewKey {
  name: string;
  kind: KeyKind;
  scope: Scope | null;
  expires_at: string | null;
  /** Of a mock's own keys, which are the same at every start; any other is drawn. */
  token?: string;
}

export interface Keys {
  /** The key of a token that may be used now, or why not. `kinds`: which kinds open this path. */
  authenticate(token: string, kinds: readonly KeyKind[]): ApiKey | Refusal;
  /** Notes a use. Written to the database every few seconds, never on the way of a request. */
  used(key: ApiKey, ip: () => string): void;
  /** When and from where a key was last used, including what is not written yet. */
  lastUse(key: ApiKey): { at: string | null; ip: string | null };
  flushUses(): Promise<void>;
  list(): ApiKey[];
  /** By id, or by the shown prefix (dots or not) where only one key has it. */
  find(idOrPrefix: string): ApiKey | null | "ambiguous";
  create(tx: Transaction, key: NewKey): { key: ApiKey; token: string };
  setActive(tx: Transaction, key: ApiKey, active: boolean): ApiKey;
  /**
   * Makes a key with the same name, scope and expiry. The old one ends after `overlapMs`, or at its own expiry if that
   * comes first: rotating never lengthens a key's life. Throws `conflict` for a key that cannot be used any more.
   */
  rotate(
    tx: Transaction,
    key: ApiKey,
    overlapMs: number,
  ): { key: ApiKey; token: string; old: ApiKey };
  remove(tx: Transaction, key: ApiKey): void;
}

export function createKeys(store: Store, clock: Clock, random: Random): Keys {
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
  let lookedThisTick = false;
  store.onCommit(() => cache.clear());

  /**
   * Drops what is remembered when another process has written to the database. Once a turn of the event loop is enough:
   * requests answered in one turn had all come in before its first look.
   */
  function forgetIfChanged(): void {
    if (lookedThisTick) return;
    lookedThisTick = true;
    setImmediate(() => {
      lookedThisTick = false;
    });
    const version = dataVersion.get()!.data_version;
    if (version !== seenVersion) cache.clear();
    seenVersion = version;
  }

  function lookUp(token: string): ApiKey | "malformed" | "unknown" {
    forgetIfChanged();
    const hash = tokenHash(token);
    const known = cache.get(hash);
    if (known) return known;
    if (tokenKind(token) === null) return "malformed";
    const key = byHash.get({ hash });
    if (!key || !timingSafeEqual(Buffer.from(key.hash), Buffer.from(hash))) return "unknown";
    cache.set(hash, key);
    return key;
  }

  const uses = new Map<string, { ms: number; at: string; ip: string; written: boolean }>();

  function create(tx: Transaction, { name, kind, scope, expires_at, ...given }: NewKey) {
    const token = given.token ?? createToken(kind, random);
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

  return {
    authenticate(token, kinds) {
      const key = lookUp(token);
      if (typeof key === "string") return key;
      if (!kinds.includes(key.kind)) return "wrong kind";
      if (!key.active) return "inactive";
      if (key.expires_at !== null && Date.parse(key.expires_at) <= clock.now()) return "expired";
      return key;
    },
    used(key, ip) {
      const now = clock.now();
      const last = uses.get(key.id);
      // Once a second is close enough, and spares the look-up of the address.
      if (last && Math.abs(now - last.ms) < 1_000) return;
      uses.set(key.id, { ms: now, at: isoTime(now), ip: ip(), written: false });
    },
    lastUse(key) {
      const use = uses.get(key.id);
      return use ?? { at: key.last_used_at, ip: key.last_used_ip };
    },
    async flushUses() {
      const fresh = [...uses].filter(([, use]) => !use.written);
      if (fresh.length === 0) return;
      await store.housekeep((writer) => {
        for (const [id, { at, ip }] of fresh) {
          writer
            .update(apiKeys)
            .set({ last_used_at: at, last_used_ip: ip })
            .where(eq(apiKeys.id, id))
            .run();
        }
      });
      for (const [, use] of fresh) use.written = true;
    },
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
    create,
    setActive: (tx, key, active) => tx.update(apiKeyEntity, key, { active }),
    rotate(tx, key, overlapMs) {
      const now = Date.parse(tx.at);
      if (!key.active)
        throw conflict({ key: "is switched off; enable it first, or create a new one" });
      const end = key.expires_at === null ? Number.POSITIVE_INFINITY : Date.parse(key.expires_at);
      if (end <= now) throw conflict({ key: "has expired; create a new one" });
      const { name, kind, scope, expires_at } = key;
      const made = create(tx, { name, kind, scope, expires_at });
      const old = tx.update(apiKeyEntity, key, {
        expires_at: isoTime(Math.min(end, now + overlapMs)),
      });
      return { ...made, old };
    },
    remove: (tx, key) => tx.remove(apiKeyEntity, key),
  };
}
