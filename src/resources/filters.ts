/** The kinds of filters that lists have. */
import { sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { z } from "zod";
import { queryFlag, queryTime, search } from "../contract/fields.ts";
import { folded, type SearchRules } from "../store/search.ts";
import type { Filter } from "./define.ts";

/** The column has exactly this value. */
export function equals(name: string, column: SQLiteColumn, schema: z.ZodType<string>): Filter {
  return {
    schema: schema.optional(),
    condition: (value, bind) => sql`${column} = ${bind(name, value)}`,
  };
}

export function isTrue(name: string, column: SQLiteColumn, doc: string): Filter {
  return {
    schema: queryFlag({ doc, example: true }).optional(),
    condition: (value, bind) => sql`${column} = ${bind(name, value === "true" ? 1 : 0)}`,
  };
}

/** From this time on, it included. */
export function since(name: string, column: SQLiteColumn, doc: string): Filter {
  return { schema: time(doc), condition: (value, bind) => sql`${column} >= ${bind(name, value)}` };
}

/** Before this time, it not included. */
export function until(name: string, column: SQLiteColumn, doc: string): Filter {
  return { schema: time(doc), condition: (value, bind) => sql`${column} < ${bind(name, value)}` };
}

const time = (doc: string) => queryTime({ doc, example: "2026-11-01T00:00:00.000Z" }).optional();

/** One of the entries of a JSON list. */
export function contains(name: string, column: SQLiteColumn, schema: z.ZodType<string>): Filter {
  return {
    schema: schema.optional(),
    condition: (value, bind) =>
      sql`exists (select 1 from json_each(${column}) where value = ${bind(name, value)})`,
  };
}

/** Each word is the beginning of a word in the indexed text. */
export function fullText({ index }: SearchRules, seq: SQLiteColumn, doc: string): Filter {
  const name = sql.identifier(index);
  return {
    schema: search(doc).optional(),
    condition(value, bind) {
      const query = words(value).map((word) => `${quoted(word)}*`);
      return sql`${seq} in (select rowid from ${name} where ${name} match ${bind("q", query.join(" "))})`;
    },
  };
}

/** The index of a trigram search cannot answer for fewer characters. */
const TRIGRAM = 3;

/**
 * Each word stands somewhere in the indexed text, within a word too. The index is one of trigrams; words too short for
 * it are looked for row by row in its text.
 */
export function substring({ index }: SearchRules, seq: SQLiteColumn, doc: string): Filter {
  const name = sql.identifier(index);
  return {
    schema: search(doc).optional(),
    condition(value, bind) {
      const all = words(value);
      if (all.every((word) => [...word].length >= TRIGRAM)) {
        const query = bind("q", all.map(quoted).join(" "));
        return sql`${seq} in (select rowid from ${name} where ${name} match ${query})`;
      }
      const list = bind("q_words", JSON.stringify(all));
      const missing = sql`select 1 from json_each(${list}) where instr(${name}.text, value) = 0`;
      return sql`${seq} in (select rowid from ${name} where not exists (${missing}))`;
    },
  };
}

/** As they are indexed. */
const words = (text: string) =>
  folded(text)
    .split(/\s+/)
    .filter((word) => word !== "");
/** As a string of the FTS5 query language, in which nothing but the quote itself is special. */
const quoted = (word: string) => `"${word.replaceAll('"', '""')}"`;
