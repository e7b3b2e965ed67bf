/**
 * The one write path. Everything in the product is written through `change(actor, work)`: the row, its audit row and its
 * events commit together or not at all, and the promise resolves when they are on disk.
 */
import { LIMITS } from "../config.ts";
import { type Clock, isoTime } from "../lib/clock.ts";
import type { Ids } from "../lib/ids.ts";
import type { Actor } from "./actor.ts";
import { createAuditChain } from "./audit-chain.ts";
import { type Db, readOnly, type WritableDb } from "./database.ts";
import { createGroupCommit, type GroupParticipant, type Pace } from "./group-commit.ts";
import { requireWritable, type StorageHealth, UNWATCHED } from "./health.ts";
import { createIdempotencyRecords } from "./idempotency.ts";
import { createOutbox } from "./outbox.ts";
import { createRows } from "./rows.ts";
import { createSearchIndexes } from "./search.ts";
import { createTransaction, type Transaction } from "./transaction.ts";

export interface Store {
  /** For reading. */
  readonly db: Db;
  /**
   * Runs `work` in a write transaction. `work` is synchronous; what it throws undoes it alone and rejects. Rejects with
   * StorageUnavailable while the storage has a problem, and with what `actor.requireValid` throws. `isEssential`: the write
   * is small and goes on while the disk is low.
   */
  change<T>(
    actor: Actor,
    work: (tx: Transaction) => T,
    options?: { isEssential: boolean },
  ): Promise<T>;
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

/** The pace of a server, whose requests wait for nothing but their own group. */
const SERVER_PACE: Pace = { groupMs: LIMITS.groupMs, pauseMs: 0 };

/** `auditKey`: the key of the audit log. `pace`: read before each group. */
export function createStore(
  writer: WritableDb,
  clock: Clock,
  ids: Ids,
  auditKey: Uint8Array,
  health: StorageHealth = UNWATCHED,
  pace: () => Pace = () => SERVER_PACE,
): Store {
  const db = readOnly(writer);
  const chain = createAuditChain(writer, auditKey);
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
  const failures: GroupParticipant<null> = {
    mark: () => null,
    restore() {},
    close() {},
    discard: health.reportError,
  };
  const participants = [chain, indexes, failures];
  const onChange = () => {
    for (const listener of listeners) listener();
  };
  const { enqueue, idle } = createGroupCommit(writer.$client, clock, participants, onChange, pace);
  return {
    db,
    async change(actor, work, { isEssential } = { isEssential: isOperator(actor) }) {
      requireWritable(health, isEssential);
      return enqueue(() => {
        actor.requireValid?.();
        return work(createTransaction(parts, actor));
      });
    },
    async housekeep(work) {
      requireWritable(health, true);
      return enqueue(() => work(writer, isoTime(clock.now())));
    },
    onCommit: (listener) => listeners.push(listener),
    idle,
  };
}

/** Outcomes of webhooks and the owner's commands go on while the disk is low: they are few, and may be the remedy. */
const isOperator = ({ type }: Actor): boolean => type === "system" || type === "cli";
