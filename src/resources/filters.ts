/** The kinds of list filters. */
import { sql } from "drizzle-orm";
import type { SQLiteColumn } from "drizzle-orm/sqlite-core";
import type { z } from "zod";
import { LIMITS } from "../config.ts";
import { queryFlag, queryTime, search } from "../contract/fields.ts";
import { folded, type SearchRules } from "../store/search.ts";
import type { Filter } from "./define.ts";

/** The column has exactly this value. */
export function equals(column: SQLiteColumn, schema: z.ZodType<string>): Filter {
  return {
    schema: schema.optional(),
    column,
    condition: (value, bind) => sql`${column} = ${bind(value)}`,
  };
}

/** The column has this value in any case of its ASCII letters. Needs an index on the same expression. */
export function equalsIgnoringCase(column: SQLiteColumn, schema: z.ZodType<string>): Filter {
  return {
    schema: schema.optional(),
    hasIndex: true,
    condition: (value, bind) => sql`${column} = ${bind(value)} collate nocase`,
  };
}

export function isTrue(column: SQLiteColumn, doc: string): Filter {
  return {
    schema: queryFlag({ doc, example: true }).optional(),
    column,
    condition: (value, bind) => sql`${column} = ${bind(value === "true" ? 1 : 0)}`,
  };
}

/** At or after this time. */
export function since(column: SQLiteColumn, doc: string): Filter {
  return {
    schema: time(doc),
    column,
    isRange: true,
    condition: (value, bind) => sql`${column} >= ${bind(value)}`,
  };
}

/** Before this time. */
export function until(column: SQLiteColumn, doc: string): Filter {
  return {
    schema: time(doc),
    column,
    isRange: true,
    condition: (value, bind) => sql`${column} < ${bind(value)}`,
  };
}

const time = (doc: string) => queryTime({ doc, example: "2026-11-01T00:00:00.000Z" }).optional();

/** The column is a JSON list with this entry. */
export function contains(column: SQLiteColumn, schema: z.ZodType<string>): Filter {
  return {
    schema: schema.optional(),
    condition: (value, bind) =>
      sql`exists (select 1 from json_each(${column}) where value = ${bind(value)})`,
  };
}

/** Each word is a prefix of a word in the indexed text. */
export function fullText({ index }: SearchRules, seq: SQLiteColumn, doc: string): Filter {
  const name = sql.identifier(index);
  return {
    schema: search(doc).optional(),
    condition(value, bind) {
      const query = splitWords(value).map((word) => `${quote(word)}*`);
      if (query.length === 0) return NOTHING;
      return sql`${seq} in (select rowid from ${name} where ${name} match ${bind(query.join(" "))})`;
    },
  };
}

/** A trigram index cannot find fewer characters. */
const TRIGRAM = 3;

/** Each word is a substring of the indexed text. Words too short for the trigram index are searched row by row. */
export function substring({ index }: SearchRules, seq: SQLiteColumn, doc: string): Filter {
  const name = sql.identifier(index);
  return {
    schema: search(doc).optional(),
    condition(value, bind) {
      const words = splitWords(value);
      if (words.length === 0) return NOTHING;
      if (words.every((word) => [...word].length >= TRIGRAM)) {
        const query = bind(words.map(quote).join(" "));
        return sql`${seq} in (select rowid from ${name} where ${name} match ${query})`;
      }
      const list = bind(JSON.stringify(words), "words");
      const missing = sql`select 1 from json_each(${list}) where instr(${name}.text, value) = 0`;
      return sql`${seq} in (select rowid from ${name} where not exists (${missing}))`;
    },
  };
}

/** For a text without words, such as a lone accent: an empty query is an error of FTS5. */
const NOTHING = sql`0`;

/** The different words of a text, normalized like the indexed text; words beyond the limit are ignored. */
const splitWords = (text: string): string[] => {
  const words = new Set(folded(text).split(/\s+/));
  words.delete("");
  return [...words].slice(0, LIMITS.searchWords);
};
/** A string of the FTS5 query language; the quote is its only special character. */
const quote = (word: string) => `"${word.replaceAll('"', '""')}"`;
