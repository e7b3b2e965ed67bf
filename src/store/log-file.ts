/**
 * Reads the write-ahead log and its index as files (sqlite.org/fileformat2.html section 4, sqlite.org/walformat.html).
 * SQLite takes the first frame with a wrong checksum for the end of the log and drops what follows without an error.
 */
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  rmSync,
  truncateSync,
} from "node:fs";

/** A log whose valid part ends before its last commit. */
export interface LogDamage {
  /** The first frame that is damaged, counted from 1; 0 for the header of the log. */
  frame: number;
  /** Commits that stand after it. */
  commits: number;
  /** The length of the valid part. The main file already holds the whole log if it is 0. */
  validBytes: number;
}

/** The parts of the index that a reader of the log needs. */
export interface LogIndex {
  /** Frames up to the last commit, and how many of them are in the main file. */
  frames: number;
  backfilled: number;
  salts: Buffer;
}

export interface LogHeader {
  pageSize: number;
  isBigEndian: boolean;
  salts: Buffer;
  checksum: Checksum;
}

type Checksum = readonly [number, number];

export const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const INDEX_HEADER_BYTES = 48;
/** Two copies of the header, and then the number of frames that are in the main file. */
export const INDEX_BYTES = 2 * INDEX_HEADER_BYTES + 4;
const MAGIC = 0x377f0682;
const FRAMES_AT_ONCE = 256;

/** The offset in the log of a frame, counted from 1. */
export const offsetOfFrame = (frame: number, pageSize: number): number =>
  LOG_HEADER_BYTES + (frame - 1) * (FRAME_HEADER_BYTES + pageSize);

/** Null for an index that nothing was written to, or that was caught in the middle of a write. */
export function parseLogIndex(bytes: Buffer): LogIndex | null {
  if (bytes.length < INDEX_BYTES) return null;
  const header = bytes.subarray(0, INDEX_HEADER_BYTES);
  if (!header.equals(bytes.subarray(INDEX_HEADER_BYTES, 2 * INDEX_HEADER_BYTES))) return null;
  const [first, second] = addToChecksum([0, 0], header.subarray(0, 40), false);
  if (header.readUInt32LE(40) !== first || header.readUInt32LE(44) !== second) return null;
  if (header[12] === 0) return null;
  return {
    frames: header.readUInt32LE(16),
    backfilled: bytes.readUInt32LE(2 * INDEX_HEADER_BYTES),
    salts: header.subarray(32, 40),
  };
}

/** Null for a header that SQLite does not accept. */
export function parseLogHeader(bytes: Buffer): LogHeader | null {
  if (bytes.length < LOG_HEADER_BYTES) return null;
  const magic = bytes.readUInt32BE(0);
  if (magic !== MAGIC && magic !== MAGIC + 1) return null;
  const isBigEndian = magic === MAGIC + 1;
  const checksum = addToChecksum([0, 0], bytes.subarray(0, 24), isBigEndian);
  if (!isChecksumAt(bytes, 24, checksum)) return null;
  const pageSize = bytes.readUInt32BE(8);
  return { pageSize, isBigEndian, salts: bytes.subarray(16, 24), checksum };
}

/**
 * Looks for commits behind the end that SQLite would find in the log of `file`. A crash leaves at most one, which was
 * not acknowledged: each commit is synced before the next. The index of the log distinguishes it from damage; without the
 * index, one commit counts as damage.
 */
export function findLogDamage(file: string, pageSize: number): LogDamage | null {
  const log = `${file}-wal`;
  if (!existsSync(log)) return null;
  const handle = openSync(log, "r");
  try {
    const { size } = fstatSync(handle);
    const bytes = readAt(handle, 0, LOG_HEADER_BYTES + FRAME_HEADER_BYTES);
    const isUnused =
      size < LOG_HEADER_BYTES + FRAME_HEADER_BYTES || bytes.every((byte) => byte === 0);
    if (isUnused) return null;
    const header = parseLogHeader(bytes);
    if (header === null) {
      const commits = countCommits(handle, size, pageSize);
      return { frame: 0, commits, validBytes: 0 };
    }
    return evaluateScan(scanFrames(handle, size, header), header, readLogIndex(file));
  } finally {
    closeSync(handle);
  }
}

/**
 * Copies the log to `copy`, and cuts off what stands behind its valid part. SQLite would write over a part of it only, and
 * the rest would look like damage again.
 */
export function cutDamagedLog(file: string, { validBytes }: LogDamage, copy: string): void {
  copyFileSync(`${file}-wal`, copy, constants.COPYFILE_EXCL);
  chmodSync(copy, 0o600);
  const handle = openSync(copy, "r+");
  fsyncSync(handle);
  closeSync(handle);
  truncateSync(`${file}-wal`, validBytes);
  rmSync(`${file}-shm`, { force: true });
}

/** Frames are counted from 1. */
interface Scan {
  /** The last valid frame that ends a transaction; 0 for none. */
  lastCommit: number;
  firstInvalid: number | null;
  commitsAfter: number;
}

function evaluateScan(scan: Scan, { pageSize, salts }: LogHeader, index: LogIndex | null) {
  const { lastCommit, firstInvalid, commitsAfter } = scan;
  const isSameLog = index?.salts.equals(salts) ?? false;
  const isDamaged = isSameLog ? lastCommit < index!.frames || commitsAfter > 1 : commitsAfter > 0;
  if (!isDamaged) return null;
  const isCopied = isSameLog && index!.frames > 0 && index!.backfilled >= index!.frames;
  return {
    frame: firstInvalid ?? lastCommit + 1,
    commits: Math.max(1, commitsAfter),
    validBytes: isCopied ? 0 : offsetOfFrame(lastCommit + 1, pageSize),
  };
}

function scanFrames(handle: number, size: number, header: LogHeader): Scan {
  const scan: Scan = { lastCommit: 0, firstInvalid: null, commitsAfter: 0 };
  let { checksum } = header;
  let number = 0;
  for (const frame of readFrames(handle, size, header.pageSize)) {
    number += 1;
    const isCommit = frame.readUInt32BE(4) !== 0;
    if (scan.firstInvalid === null) {
      checksum = addToChecksum(checksum, frame.subarray(0, 8), header.isBigEndian);
      checksum = addToChecksum(checksum, frame.subarray(FRAME_HEADER_BYTES), header.isBigEndian);
      const isValid =
        header.salts.equals(frame.subarray(8, 16)) &&
        frame.readUInt32BE(0) !== 0 &&
        isChecksumAt(frame, 16, checksum);
      if (isValid) {
        if (isCommit) scan.lastCommit = number;
        continue;
      }
      scan.firstInvalid = number;
    }
    // Damage of one salt leaves the other; a frame of an earlier use of the file has neither.
    const isOfThisLog =
      header.salts.subarray(0, 4).equals(frame.subarray(8, 12)) ||
      header.salts.subarray(4, 8).equals(frame.subarray(12, 16));
    if (isOfThisLog && isCommit) scan.commitsAfter += 1;
  }
  return scan;
}

/** Counts the commits of a log without a usable header, by the salts of its first frame. */
function countCommits(handle: number, size: number, pageSize: number): number {
  let salts: Buffer | undefined;
  let commits = 0;
  for (const frame of readFrames(handle, size, pageSize)) {
    salts ??= Buffer.from(frame.subarray(8, 16));
    if (salts.equals(frame.subarray(8, 16)) && frame.readUInt32BE(4) !== 0) commits += 1;
  }
  return commits;
}

/** Yields each complete frame. The bytes are valid until the next one. */
function* readFrames(handle: number, size: number, pageSize: number): Generator<Buffer> {
  const frameBytes = FRAME_HEADER_BYTES + pageSize;
  const end = LOG_HEADER_BYTES + Math.floor((size - LOG_HEADER_BYTES) / frameBytes) * frameBytes;
  for (let offset = LOG_HEADER_BYTES; offset < end; offset += FRAMES_AT_ONCE * frameBytes) {
    const bytes = readAt(handle, offset, Math.min(FRAMES_AT_ONCE * frameBytes, end - offset));
    for (let at = 0; at + frameBytes <= bytes.length; at += frameBytes)
      yield bytes.subarray(at, at + frameBytes);
  }
}

function readLogIndex(file: string): LogIndex | null {
  if (!existsSync(`${file}-shm`)) return null;
  const handle = openSync(`${file}-shm`, "r");
  try {
    return parseLogIndex(readAt(handle, 0, INDEX_BYTES));
  } finally {
    closeSync(handle);
  }
}

/** The bytes at an offset; fewer at the end of the file. */
export function readAt(handle: number, offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  return bytes.subarray(0, readSync(handle, bytes, 0, length, offset));
}

/** The checksum of section 4.1: two sums over pairs of 32-bit words, each pair of which depends on all before. */
function addToChecksum([s0, s1]: Checksum, bytes: Buffer, isBigEndian: boolean): Checksum {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let first = s0;
  let second = s1;
  for (let at = 0; at < bytes.byteLength; at += 8) {
    first = (first + words.getUint32(at, !isBigEndian) + second) >>> 0;
    second = (second + words.getUint32(at + 4, !isBigEndian) + first) >>> 0;
  }
  return [first, second];
}

/** Whether the checksum stands at `offset`; in the log it is always stored in big-endian order. */
const isChecksumAt = (bytes: Buffer, offset: number, [first, second]: Checksum): boolean =>
  bytes.readUInt32BE(offset) === first && bytes.readUInt32BE(offset + 4) === second;
