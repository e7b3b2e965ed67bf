/**
 * The full-text indexes, updated once per group of writes, before its commit. Triggers would be slower: FTS5 flushes its
 * buffer at each savepoint, so that many small writes would cost more than the rows.
 */
import { getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { WritableDb } from "./database.ts";
import type { GroupParticipant } from "./group-commit.ts";

/** The text by which the rows of an entity are found. */
export interface SearchRules {
  /** The full-text table with one column `text`; its rowid is the row's `seq`. */
  index: string;
  /** The indexed fields; a change of other fields does not touch the index. */
  fields: readonly string[];
  /** SQL for the text of a row; the concatenated values of `fields` by default. */
  text?: string;
}

interface Searchable {
  table: SQLiteTable;
  search?: SearchRules;
}

/** Takes part in each group: collects the rows whose words changed and writes them once, before the commit. */
export interface SearchIndexes extends GroupParticipant<number> {
  /** Plans to index a row again; `changed` names the fields that changed, absent for all. */
  touch(entity: Searchable, seq: number, row: Record<string, unknown>, changed?: object): void;
  /** Plans to remove a row from the index. */
  forget(entity: Searchable, seq: number): void;
}

/** Normalizes text for indexing and searching: removes case and accents, in every script. */
export const folded = (text: string): string =>
  text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

export function createSearchIndexes({ $client: sqlite }: WritableDb): SearchIndexes {
  let notes: { entity: Searchable; seq: number; text: string | null; gone: boolean }[] = [];
  const statements = new Map<string, ReturnType<typeof prepare>>();

  function prepare({ table, search }: Searchable) {
    const { index, text = "''" } = search!;
    return {
      read: sqlite.prepare<{ text: string }, [number]>(
        `select ${text} as text from ${getTableName(table)} where seq = ?`,
      ),
      write: sqlite.prepare<never, [number, string]>(
        `insert or replace into ${index} (rowid, text) values (?, ?)`,
      ),
      remove: sqlite.prepare<never, [number]>(`delete from ${index} where rowid = ?`),
    };
  }

  function statementsFor(entity: Searchable) {
    const { index } = entity.search!;
    let prepared = statements.get(index);
    if (!prepared) {
      prepared = prepare(entity);
      statements.set(index, prepared);
    }
    return prepared;
  }

  return {
    touch(entity, seq, row, changed) {
      const { search } = entity;
      if (!search || (changed && !search.fields.some((field) => field in changed))) return;
      const joined = () =>
        search.fields.map((field) => (row[field] as string | null) ?? "").join(" ");
      notes.push({ entity, seq, text: search.text ? null : joined(), gone: false });
    },
    forget(entity, seq) {
      if (entity.search) notes.push({ entity, seq, text: null, gone: true });
    },
    mark: () => notes.length,
    restore(mark) {
      notes.length = mark;
    },
    discard() {
      notes = [];
    },
    close() {
      const latest = new Map(
        notes.map((note) => [`${note.entity.search!.index} ${note.seq}`, note]),
      );
      notes = [];
      for (const { entity, seq, text, gone } of latest.values()) {
        const { read, write, remove } = statementsFor(entity);
        if (gone) remove.run(seq);
        else write.run(seq, folded(text ?? read.get(seq)!.text));
      }
    },
  };
}
