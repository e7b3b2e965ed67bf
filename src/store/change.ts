/**
 * The one write path. Everything in the product is written through `change(actor, work)`: the row, its audit row and its
 * events commit together or not at all, and the promise resolves when they are on disk.
 */
import { type Clock, isoTime } from "../lib/clock.ts";
import type { Ids } from "../lib/ids.ts";
import type { Actor } from "./actor.ts";
import { createAuditChain } from "./audit-chain.ts";
import { type Db, readOnly, type WritableDb } from "./database.ts";
import { createGroupCommit } from "./group-commit.ts";
import { createIdempotencyRecords } from "./idempotency.ts";
import { createOutbox } from "./outbox.ts";
import { createRows } from "./rows.ts";
import { createSearchIndexes } from "./search.ts";
import { createTransaction, type Transaction } from "./transaction.ts";

export interface Store {
  /** For reading. */
  readonly db: Db;
  /** Runs `work` in a write transaction. `work` is synchronous; what it throws undoes it alone and rejects. */
  change<T>(actor: Actor, work: (tx: Transaction) => T): Promise<T>;
  /**
   * Writes internal records (last use of a key, leases of deliveries, expired idempotency records). They are nobody's
   * changes and have no audit row.
   */
  housekeep<T>(work: (db: WritableDb, at: string) => T): Promise<T>;
  /** Calls `listener` after each commit of this process. */
  onCommit(listener: () => void): void;
  /** Resolves when every write handed in so far is decided. */
  idle(): Promise<void>;
}

export function createStore(writer: WritableDb, clock: Clock, ids: Ids): Store {
  const db = readOnly(writer);
  const chain = createAuditChain(writer);
  const indexes = createSearchIndexes(writer);
  const parts = {
    db,
    chain,
    indexes,
    rows: createRows(writer),
    outbox: createOutbox(writer, ids),
    idempotency: createIdempotencyRecords(writer),
    clock,
    ids,
  };
  const listeners: (() => void)[] = [];
  const { enqueue, idle } = createGroupCommit(writer.$client, clock, [chain, indexes], () => {
    for (const listener of listeners) listener();
  });
  return {
    db,
    change: (actor, work) => enqueue(() => work(createTransaction(parts, actor))),
    housekeep: (work) => enqueue(() => work(writer, isoTime(clock.now()))),
    onCommit: (listener) => listeners.push(listener),
    idle,
  };
}
