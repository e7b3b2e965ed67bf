/**
 * Notices that the files of an open database are no longer those that SQLite opened. SQLite goes on writing to a removed
 * file without an error, and what it writes is lost when the process ends.
 *
 * The files stay open for the watch: closing any descriptor of a file drops the locks that SQLite holds on it in this
 * process (fcntl(2)), and the next command beside the server would take itself for the only one and delete the log.
 */
import type { Database } from "bun:sqlite";
import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import {
  INDEX_BYTES,
  LOG_HEADER_BYTES,
  offsetOfFrame,
  parseLogHeader,
  parseLogIndex,
  readAt,
} from "./log-file.ts";
import { type MainFileHead, readMainFile } from "./main-file.ts";

export type FileProblem = "moved" | "overwritten";

export interface FileWatch {
  /** Checks the files; null while they are those that SQLite opened. */
  findProblem(): Promise<FileProblem | null>;
  /** The size of the write-ahead log at the last check. */
  logBytes(): number;
  /** Whether the directory still has this file under its name: the own one, another one, or none. */
  owner(suffix: FileSuffix): "own" | "foreign" | "none";
  /** Ends the watch. The database must be closed. */
  close(): void;
}

interface FileState {
  dev: bigint;
  ino: bigint;
  size: bigint;
  ctimeMs: bigint;
}

const SUFFIXES = ["", "-wal", "-shm"] as const;
type FileSuffix = (typeof SUFFIXES)[number];
/** How coarse the times of a file system may be: a file that changed this recently may change again unnoticed. */
const CTIME_GRAIN_MS = 2_000;
/** The delay before the second check of a log, which another process may just have been resetting. */
const RECHECK_MS = 50;

/** Starts to watch the files of `sqlite`, which must have read from them already. */
export function watchFiles(sqlite: Database): FileWatch {
  const file = sqlite.filename;
  const handles = SUFFIXES.map((suffix) => openSync(file + suffix, "r"));
  const [main, log, index] = handles as [number, number, number];
  const opened = handles.map((handle) => fstatSync(handle, { bigint: true }));
  const inspectMain = createMainInspector(sqlite, main);
  let logBytes = Number(opened[1]!.size);

  async function hasForeignLog(): Promise<boolean> {
    if (!isForeignLog(log, index)) return false;
    await new Promise((resolve) => setTimeout(resolve, RECHECK_MS));
    return isForeignLog(log, index);
  }

  const isSame = (state: FileState | null, i: number) =>
    state?.ino === opened[i]!.ino && state.dev === opened[i]!.dev;

  return {
    async findProblem() {
      const states = await Promise.all(SUFFIXES.map((suffix) => readState(file + suffix)));
      if (!states.every(isSame)) return "moved";
      logBytes = Number(states[1]!.size);
      return inspectMain(states[0]!) || (await hasForeignLog()) ? "overwritten" : null;
    },
    logBytes: () => logBytes,
    owner(suffix) {
      const state = statSync(file + suffix, { bigint: true, throwIfNoEntry: false });
      if (state === undefined) return "none";
      return isSame(state, SUFFIXES.indexOf(suffix)) ? "own" : "foreign";
    },
    close() {
      for (const handle of handles) closeSync(handle);
    },
  };
}

/** Null if there is no such file. Any other failure is no evidence against the file. */
async function readState(path: string): Promise<FileState | null> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return null;
    throw error;
  }
}

/**
 * Reports whether the main file was overwritten in place. Only checkpoints write to it, and they only move the end of its
 * audit log forward, along our own chain. So it is read again, without the log, whenever it was written.
 */
function createMainInspector(sqlite: Database, handle: number) {
  const hashOf = sqlite.prepare<{ hash: string }, [number]>("select hash from audit where id = ?");
  const findRoot = sqlite.prepare<{ rootpage: number }, []>(
    "select rootpage from sqlite_schema where name = 'audit_head'",
  );
  const root = findRoot.get()!.rootpage;
  let previous: MainFileHead | null = readMainFile(handle, root).head;
  let previousBytes = fstatSync(handle).size;
  let inspectedAt = 0;
  let inspectedCtime = -1n;

  function isOverwritten(bytes: number): boolean {
    const { isOurs, neededBytes, head } = readMainFile(handle, findRoot.get()?.rootpage ?? root);
    if (!isOurs) return true;
    // A checkpoint that grows the file writes the new number of pages first, but never shortens the file before it.
    if (bytes < previousBytes && bytes < neededBytes) return true;
    if (head !== null) {
      if (head.id < (previous?.id ?? 0)) return true;
      if (head.id > 0 && hashOf.get(head.id)?.hash !== head.hash) return true;
      previous = head;
    }
    previousBytes = bytes;
    return false;
  }

  return ({ ctimeMs, size }: FileState): boolean => {
    const isUnchanged =
      ctimeMs === inspectedCtime && Number(ctimeMs) + CTIME_GRAIN_MS < inspectedAt;
    if (isUnchanged) return false;
    inspectedCtime = ctimeMs;
    inspectedAt = Date.now();
    return isOverwritten(Number(size));
  };
}

/** Whether the log is shorter than its index says, or of another generation. */
function isForeignLog(log: number, index: number): boolean {
  const current = parseLogIndex(readAt(index, 0, INDEX_BYTES));
  if (current === null || current.frames === 0) return false;
  const header = parseLogHeader(readAt(log, 0, LOG_HEADER_BYTES));
  if (header === null || !header.salts.equals(current.salts)) return true;
  return fstatSync(log).size < offsetOfFrame(current.frames + 1, header.pageSize);
}
