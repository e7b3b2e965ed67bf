/**
 * Reads the main file of a database without its log, as bytes (sqlite.org/fileformat.html): SQLite itself would open and
 * close the file, which drops the locks that this process holds on it.
 */
import { readSync } from "node:fs";
import { APPLICATION_ID } from "./migrate.ts";
import { readPageSize } from "./open.ts";

/** The end of the audit log, as the last checkpoint wrote it. */
export interface MainFileHead {
  id: number;
  hash: string;
}

export interface MainFile {
  /** Whether the header is that of a database of this program, or of one that is still being created. */
  isOurs: boolean;
  /** The size that the header asks for. */
  neededBytes: number;
  /** Null if the page holds something else, as while all of the database is in the log. */
  head: MainFileHead | null;
}

const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const LEAF_OF_TABLE = 13;
const HASH_LENGTH = 64;
/** Serial types of section 2.1: a null, which stands for the row's number, and a text of `HASH_LENGTH` bytes. */
const TYPE_NULL = 0;
const TYPE_HASH = [0x81, 13 + 2 * HASH_LENGTH - 0x80] as const;
/** Bytes of an integer by its serial type; types 8 and 9 are the values 0 and 1. */
const INTEGER_BYTES: Partial<Record<number, number>> = { 1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 8: 0, 9: 0 };

/** `root`: the page of the table `audit_head`, which has one row. */
export function readMainFile(handle: number, root: number): MainFile {
  const header = readAt(handle, 0, HEADER_BYTES);
  const application = header.readUInt32BE(68);
  const isOurs =
    header.toString("latin1", 0, 16) === MAGIC &&
    (application === APPLICATION_ID || application === 0);
  const pageSize = readPageSize(header);
  const neededBytes = pageSize * header.readUInt32BE(28);
  const head = isOurs ? parseHead(readAt(handle, (root - 1) * pageSize, pageSize)) : null;
  return { isOurs, neededBytes, head };
}

/** The bytes at an offset, padded with zeros. */
function readAt(handle: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  readSync(handle, bytes, 0, length, offset);
  return bytes;
}

/** Parses the row (seq, id, hash, signature) of a page with one row; null for any other page. */
function parseHead(page: Buffer): MainFileHead | null {
  if (page[0] !== LEAF_OF_TABLE || page.readUInt16BE(3) !== 1) return null;
  const cell = page.readUInt16BE(8);
  // The payload size takes a second byte with the signature, which older databases lack. The row number is 1: one byte.
  const sizeBytes = page[cell]! < 0x80 ? 1 : 2;
  const record = page.subarray(cell + sizeBytes + 1);
  const [headerBytes, seq, id, ...hash] = record.subarray(0, 5);
  const integerBytes = INTEGER_BYTES[id ?? -1];
  const isHead =
    headerBytes! >= 5 && seq === TYPE_NULL && hash[0] === TYPE_HASH[0] && hash[1] === TYPE_HASH[1];
  if (!isHead || integerBytes === undefined) return null;
  const number =
    id === 9 ? 1 : integerBytes === 0 ? 0 : record.readUIntBE(headerBytes!, integerBytes);
  const start = headerBytes! + integerBytes;
  return { id: number, hash: record.toString("latin1", start, start + HASH_LENGTH) };
}
