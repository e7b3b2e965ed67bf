/** What a change may do: store, update and delete rows with their audit rows, and add events to the outbox. */
import type { EventType } from "../contract/event-types.ts";
import { type Clock, isoTime } from "../lib/clock.ts";
import type { Ids } from "../lib/ids.ts";
import type { Actor } from "./actor.ts";
import { type AuditChain, changesBetween } from "./audit-chain.ts";
import type { Db } from "./database.ts";
import type { Entity, NewRowOf, RowOf } from "./entity.ts";
import type { IdempotencyRecords } from "./idempotency.ts";
import type { AttemptRecord, DeliveryResult, Outbox } from "./outbox.ts";
import type { Rows } from "./rows.ts";
import type { SearchIndexes } from "./search.ts";

export interface Transaction {
  readonly actor: Actor;
  /** The time of the change, as it is stored. */
  readonly at: string;
  /** Sees what the transaction has written so far. */
  readonly db: Db;
  newId(): string;
  /** Stores a row and its audit row; returns the row's `seq`. */
  insert<E extends Entity>(entity: E, row: NewRowOf<E>): number;
  /** Stores the differing fields and `updated_at`; returns the row as stored, or `before` itself if nothing differs. */
  update<E extends Entity>(entity: E, before: RowOf<E>, changes: Partial<RowOf<E>>): RowOf<E>;
  /** Stores a consequence of another change that has no audit row of its own, such as a rule's shifted position. */
  follow<E extends Entity>(entity: E, before: RowOf<E>, changes: Partial<RowOf<E>>): void;
  remove<E extends Entity>(entity: E, row: RowOf<E>): void;
  /** Adds an event and one delivery for each subscription to it to the outbox. */
  emit(type: EventType, data: object): void;
  /** Deliveries are internal records: changing them writes no audit row. */
  readonly outbox: {
    /** Stores a sample event and its one delivery; returns the delivery's id. */
    recordSample(subscriptionId: string, type: EventType, data: object): string;
    cancelPending(subscriptionId: string): void;
    sendAgain(deliveryId: string): void;
    recordAttempt(deliverySeq: number, attempt: AttemptRecord, result: DeliveryResult): void;
  };
  readonly idempotency: IdempotencyRecords;
}

export interface TransactionParts {
  /** For reading. */
  db: Db;
  rows: Rows;
  chain: AuditChain;
  indexes: SearchIndexes;
  outbox: Outbox;
  idempotency: IdempotencyRecords;
  clock: Clock;
  ids: Ids;
}

export function createTransaction(parts: TransactionParts, actor: Actor): Transaction {
  const { db, rows, indexes, outbox, idempotency, ids } = parts;
  const at = isoTime(parts.clock.now());
  const audit = createAuditWriter(parts.chain, actor, at);
  return {
    actor,
    at,
    db,
    idempotency,
    newId: ids.uuid,
    insert(entity, row) {
      const values = row as Record<string, unknown>;
      const seq = rows.insert(entity.table, values);
      rows.storeSideValues(entity, seq, values, values);
      indexes.touch(entity, seq, values);
      audit("created", entity, values.id, changesBetween(null, values, entity) ?? {});
      return seq;
    },
    update(entity, before, changes) {
      const after = { ...before, ...changes, updated_at: at };
      const difference = changesBetween(before, after, entity);
      if (difference === null) return before;
      const seq = after.seq as number;
      rows.update(entity.table, after);
      rows.storeSideValues(entity, seq, after, difference);
      indexes.touch(entity, seq, after, difference);
      audit("updated", entity, after.id, difference);
      return after;
    },
    follow(entity, before, changes) {
      rows.update(entity.table, { ...before, ...changes });
    },
    remove(entity, row) {
      rows.remove(entity.table, row.id as string);
      indexes.forget(entity, row.seq as number);
      audit("deleted", entity, row.id, changesBetween(row, null, entity) ?? {});
    },
    emit: (type, data) => outbox.record(type, data, at),
    outbox: {
      recordSample: (subscriptionId, type, data) =>
        outbox.recordSample(subscriptionId, type, data, at),
      cancelPending: outbox.cancelPending,
      sendAgain: (deliveryId) => outbox.sendAgain(deliveryId, at),
      recordAttempt: outbox.recordAttempt,
    },
  };
}

function createAuditWriter(chain: AuditChain, actor: Actor, at: string) {
  return (
    action: "created" | "updated" | "deleted",
    entity: Entity,
    id: unknown,
    changes: object,
  ): void =>
    chain.append(actor, at, {
      action,
      entity_type: entity.type,
      entity_id: id as string,
      changes: JSON.stringify(changes),
    });
}
