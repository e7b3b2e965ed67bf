/**
 * THE write path. `change(actor, work)` is the only way anything in the product is written: the row, its audit row and
 * its events commit together or not at all, and the promise resolves only when they are on the disk.
 *
 * Writes of one tick share a transaction (group commit), a savepoint each, so that one sync to the disk serves them all
 * and a refused one leaves the others alone.
 */
import { getTableColumns, getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import { LIMITS } from "../config.ts";
import type { EventType } from "../contract/event-types.ts";
import { type Clock, isoTime } from "../lib/clock.ts";
import type { Ids } from "../lib/ids.ts";
import type { Actor } from "./actor.ts";
import { type AuditRules, changesBetween, createAuditChain } from "./audit-chain.ts";
import { isStorageFailure, StorageError } from "./errors.ts";
import type { Db } from "./open.ts";
import { createOutbox } from "./outbox.ts";
import { createSearchIndexes, type SearchRules } from "./search.ts";

/** A table whose rows are the product's things: what the audit log calls them, and what it may show. */
export interface Entity<Table extends SQLiteTable = SQLiteTable> extends AuditRules {
  type: string;
  table: Table;
  search?: SearchRules;
  /**
   * Fields that stand in a table of their own, by the row's `seq`, so that a list reads none of them. Handed in with the
   * row's own (in an update: as part of `before` too), they are stored and audited with it.
   */
  apart?: Record<string, { table: SQLiteTable; seq: string; value: string }>;
}
type RowOf<E extends Entity> = E["table"]["$inferSelect"];
type NewRowOf<E extends Entity> = Omit<RowOf<E>, "seq">;

export interface Transaction {
  readonly actor: Actor;
  /** The moment of the change, as it is stored. */
  readonly at: string;
  /** For reading what decides; writing through it would leave no audit row, so nothing does. */
  readonly db: Db;
  newId(): string;
  /** Stores a row and its audit row; returns the row's `seq`. */
  insert<E extends Entity>(entity: E, row: NewRowOf<E>): number;
  /** Stores what differs, sets `updated_at`, and returns the row as it is then: the same object if nothing differs. */
  update<E extends Entity>(entity: E, before: RowOf<E>, changes: Partial<RowOf<E>>): RowOf<E>;
  /** Stores what merely follows from another change and is not told by itself: a rule that shifted. */
  follow<E extends Entity>(entity: E, before: RowOf<E>, changes: Partial<RowOf<E>>): void;
  remove<E extends Entity>(entity: E, row: RowOf<E>): void;
  /** Puts an event and a delivery for each subscription to it into the outbox. */
  emit(type: EventType, data: object): void;
  /** Deliveries by themselves are machinery: what is done to them leaves no audit row. */
  readonly outbox: {
    recordSample(subscriptionId: string, type: EventType, data: object): string;
    cancelPending(subscriptionId: string): void;
    sendAgain(deliveryId: string): void;
  };
}

export interface Store {
  readonly db: Db;
  /** Runs `work` in a write transaction. `work` is synchronous; what it throws undoes it alone and rejects. */
  change<T>(actor: Actor, work: (tx: Transaction) => T): Promise<T>;
  /**
   * For records about the machinery (last use of a key, delivery attempts, expired idempotency records), which are no
   * changes by anybody and have no audit row.
   */
  housekeep<T>(work: (db: Db, at: string) => T): Promise<T>;
  /** Called after each commit that this process made. */
  onCommit(listener: () => void): void;
  /** Resolves when every write handed in so far is decided. */
  idle(): Promise<void>;
}

interface Operation {
  run(): unknown;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

export function createStore(db: Db, clock: Clock, ids: Ids): Store {
  const sqlite = db.$client;
  const begin = sqlite.prepare("begin immediate");
  const commit = sqlite.prepare("commit");
  const savepoint = sqlite.prepare("savepoint operation");
  const release = sqlite.prepare("release operation");
  const undo = sqlite.prepare("rollback to operation");
  const chain = createAuditChain(db);
  const indexes = createSearchIndexes(db);
  const outbox = createOutbox(db, ids);
  const statements = new Map<SQLiteTable, Statements>();
  const placers = new Map<SQLiteTable, (seq: number, value: unknown) => void>();
  const listeners: (() => void)[] = [];
  let queue: Operation[] = [];
  let waiting: (() => void)[] = [];

  function statementsFor(table: SQLiteTable): Statements {
    let prepared = statements.get(table);
    if (!prepared) {
      prepared = prepareStatements(db, table);
      statements.set(table, prepared);
    }
    return prepared;
  }

  /** Stores those of an entity's fields apart that are among `fields`. */
  function place(
    entity: Entity,
    seq: number,
    values: Record<string, unknown>,
    fields: object,
  ): void {
    for (const [field, where] of Object.entries(entity.apart ?? {})) {
      if (!(field in fields)) continue;
      let prepared = placers.get(where.table);
      if (!prepared) {
        prepared = preparePlacing(db, where);
        placers.set(where.table, prepared);
      }
      prepared(seq, values[field]);
    }
  }

  function transaction(actor: Actor): Transaction {
    const at = isoTime(clock.now());
    const log = (
      action: "created" | "updated" | "deleted",
      entity: Entity,
      id: string,
      changes: object,
    ) =>
      chain.append(actor, at, {
        action,
        entity_type: entity.type,
        entity_id: id,
        changes: JSON.stringify(changes),
      });
    return {
      actor,
      at,
      db,
      newId: ids.uuid,
      insert(entity, row) {
        const values = row as Record<string, unknown>;
        const seq = statementsFor(entity.table).insert(values);
        place(entity, seq, values, values);
        indexes.touch(entity, seq, values);
        log("created", entity, values.id as string, changesBetween(null, values, entity) ?? {});
        return seq;
      },
      update(entity, before, changes) {
        const after = { ...before, ...changes, updated_at: at };
        const difference = changesBetween(before, after, entity);
        if (difference === null) return before;
        statementsFor(entity.table).update(after);
        place(entity, after.seq as number, after, difference);
        indexes.touch(entity, after.seq as number, after, difference);
        log("updated", entity, after.id as string, difference);
        return after;
      },
      follow(entity, before, changes) {
        statementsFor(entity.table).update({ ...before, ...changes });
      },
      remove(entity, row) {
        statementsFor(entity.table).remove(row.id as string);
        indexes.forget(entity, row.seq as number);
        log("deleted", entity, row.id as string, changesBetween(row, null, entity) ?? {});
      },
      emit: (type, data) => outbox.record(type, data, at),
      outbox: {
        recordSample: (subscriptionId, type, data) =>
          outbox.recordSample(subscriptionId, type, data, at),
        cancelPending: outbox.cancelPending,
        sendAgain: (deliveryId) => outbox.sendAgain(deliveryId, at),
      },
    };
  }

  function enqueue<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (queue.length === 0) setImmediate(flush);
      queue.push({ run, resolve: resolve as (value: unknown) => void, reject });
    });
  }

  function flush(): void {
    const answers: (() => void)[] = [];
    const changedBefore = totalChanges();
    let taken = 0;
    try {
      begin.run();
      chain.open();
      const deadline = clock.monotonic() + LIMITS.groupMs;
      while (taken < queue.length && taken < LIMITS.groupOperations) {
        taken += 1;
        answers.push(attempt(queue[taken - 1]!));
        if (clock.monotonic() > deadline) break;
      }
      chain.close();
      indexes.write();
      commit.run();
    } catch (error) {
      indexes.restore(0);
      // The storage itself failed: nothing of the group is stored, and every writer in it is told so.
      if (sqlite.inTransaction) sqlite.exec("rollback");
      // Where it could not even begin, those that would have been in it.
      taken ||= Math.min(queue.length, LIMITS.groupOperations);
      answers.length = 0;
      const refusal = isStorageFailure(error) ? new StorageError(error) : error;
      for (const operation of queue.slice(0, taken)) answers.push(() => operation.reject(refusal));
    }
    queue = queue.slice(taken);
    if (queue.length > 0) setImmediate(flush);
    if (totalChanges() !== changedBefore) for (const listener of listeners) listener();
    for (const answer of answers) answer();
    if (queue.length === 0) {
      for (const resolve of waiting) resolve();
      waiting = [];
    }
  }

  /** Runs one operation in its savepoint. Returns how to answer it once the group has committed. */
  function attempt(operation: Operation): () => void {
    const mark = chain.mark();
    const noted = indexes.mark();
    savepoint.run();
    try {
      const value = operation.run();
      release.run();
      return () => operation.resolve(value);
    } catch (error) {
      if (isStorageFailure(error) || !sqlite.inTransaction) throw error;
      undo.run();
      release.run();
      chain.restore(mark);
      indexes.restore(noted);
      return () => operation.reject(error);
    }
  }

  const countChanges = sqlite.prepare("select total_changes() as n");
  const totalChanges = () => (countChanges.get() as { n: number }).n;

  return {
    db,
    change: (actor, work) => enqueue(() => work(transaction(actor))),
    housekeep: (work) => enqueue(() => work(db, isoTime(clock.now()))),
    onCommit: (listener) => listeners.push(listener),
    idle: () =>
      queue.length === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
  };
}

type StoredValue = string | number | null;
type Stored = Record<string, StoredValue>;

interface Statements {
  /** Returns the row's `seq`. */
  insert(values: object): number;
  update(values: object): void;
  remove(id: string): void;
}

/**
 * Insert, update of every column, and delete, made once for each table from its columns. By hand, for a prepared
 * statement of the query builder stores an absent JSON value as the text `null`.
 */
function prepareStatements({ $client: sqlite }: Db, table: SQLiteTable): Statements {
  const columns = Object.entries(getTableColumns(table)).filter(([name]) => name !== "seq");
  const name = getTableName(table);
  const list = (part: (column: string) => string, but = "") =>
    columns.flatMap(([column]) => (column === but ? [] : [part(column)])).join(", ");
  const insert = sqlite.prepare<never, [Stored]>(
    `insert into ${name} (${list((column) => `"${column}"`)}) values (${list((column) => `$${column}`)})`,
  );
  const update = sqlite.prepare(
    `update ${name} set ${list((column) => `"${column}" = $${column}`, "id")} where id = $id`,
  );
  const remove = sqlite.prepare(`delete from ${name} where id = ?`);
  const stored = (values: object): Stored => {
    const row: Stored = {};
    for (const [column, definition] of columns) {
      const value = (values as Record<string, unknown>)[column];
      row[column] = value === null ? null : (definition.mapToDriverValue(value) as StoredValue);
    }
    return row;
  };
  return {
    insert: (values) => Number(insert.run(stored(values)).lastInsertRowid),
    update: (values) => requireRow(update.run(stored(values))),
    remove: (id) => requireRow(remove.run(id)),
  };
}

/** A row that is gone is a mistake of the caller's: its audit row would tell of a change that was not made. */
function requireRow({ changes }: { changes: number }): void {
  if (changes === 0) throw new Error("the row to change is gone");
}

/** Stores a value that stands apart from its row, in place of the one before. */
function preparePlacing({ $client: sqlite }: Db, where: NonNullable<Entity["apart"]>[string]) {
  const { table, seq, value } = where;
  const column = getTableColumns(table)[value]!;
  const place = sqlite.prepare<never, [number, StoredValue]>(
    `insert into ${getTableName(table)} ("${seq}", "${value}") values (?, ?)
     on conflict ("${seq}") do update set "${value}" = excluded."${value}"`,
  );
  return (of: number, what: unknown) => {
    place.run(of, column.mapToDriverValue(what) as StoredValue);
  };
}
