/**
 * The health of the storage. A check once a second reads the state of the files and the free space; a write only reads the last
 * result. While the disk is nearly full, writes of clients are refused; sign-in, outcomes of webhooks and internal records
 * go on, since they are small or free space. Once the files are replaced or damaged, nothing is written any more.
 */
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { LIMITS } from "../config.ts";
import type { Log } from "../lib/log.ts";
import type { WritableDb } from "./database.ts";
import { isCorruption, type StorageProblem, StorageUnavailable } from "./errors.ts";
import { type FileProblem, watchFiles } from "./file-watch.ts";
import { abandonDatabase, closeDatabase, closeSnapshots } from "./open.ts";

export interface StorageHealth {
  problem(): StorageProblem | null;
  /** Checks the files and the disk. */
  check(): Promise<void>;
  /** Takes note of an error that SQLite reported anywhere, if it means damage. */
  reportError(error: unknown): void;
  /** Closes the database, or leaves files that are no longer its own. */
  close(writer: WritableDb): void;
}

export interface HealthOptions {
  log?: Log | undefined;
  /** Free bytes of the volume below which clients cannot write. */
  diskReserve?: ((volumeBytes: number) => number) | undefined;
  /** Size of the write-ahead log at which to warn; again at each doubling. */
  logWarnBytes?: number | undefined;
}

/** The health of a database with temporary data, or of one that a command has open for a moment. */
export const UNWATCHED: StorageHealth = {
  problem: () => null,
  check: async () => {},
  reportError() {},
  close: closeDatabase,
};

/** 256 MiB, but at most a tenth of the volume. */
const defaultReserve = (volumeBytes: number): number =>
  Math.min(LIMITS.diskReserveBytes, volumeBytes / 10);
/** How far above the reserve the free space must rise before writes are accepted again. */
const RECOVERY_FACTOR = 1.25;

const DAMAGED: StorageProblem = {
  state: "damaged",
  message: "the database is damaged, so nothing is written to it",
};
const REPLACED: Record<FileProblem, StorageProblem> = {
  moved: {
    state: "replaced",
    message: "a file of the database was removed or replaced while the server runs",
  },
  overwritten: {
    state: "replaced",
    message: "a file of the database was overwritten while the server runs",
  },
};
const DISK_LOW: StorageProblem = {
  state: "disk_low",
  message: "the disk is almost full; free space, and writes are accepted again",
};

/** What the owner does about a problem that lasts until a restart. */
const REMEDIES = {
  damaged: "run `allison doctor` to see which tables are affected, and restore a backup",
  moved:
    "stop the server, which writes a copy of its data beside the database; put that copy or a backup in place, and start again",
  overwritten:
    "stop the server, which puts the write-ahead log of the previous database aside; put the right database in place, and start again",
};

/** Throws StorageUnavailable while the storage has a problem; on a low disk only if the write is not allowed there. */
export function requireWritable(health: StorageHealth, isAllowedOnLowDisk: boolean): void {
  const problem = health.problem();
  if (problem === null || (problem.state === "disk_low" && isAllowedOnLowDisk)) return;
  throw new StorageUnavailable(problem);
}

/** Starts to watch the files of `writer`, which must have read from them already. */
export function watchStorage(
  { $client: sqlite }: WritableDb,
  options: HealthOptions,
): StorageHealth {
  const { log, diskReserve = defaultReserve, logWarnBytes = LIMITS.logWarnBytes } = options;
  const file = sqlite.filename;
  const files = watchFiles(sqlite);
  const watchLogSize = createLogSizeWatch(file, logWarnBytes, log);
  let lasting: StorageProblem | null = null;
  let isDiskLow = false;

  function setLasting(problem: StorageProblem, remedy: string, error?: unknown): void {
    // A replaced file explains damage that was met in it.
    if (lasting !== null && (lasting.state === "replaced" || problem.state === "damaged")) return;
    lasting = problem;
    log?.error({ file, state: problem.state, remedy, err: error }, problem.message);
  }

  async function checkDisk(): Promise<void> {
    const { bavail, bsize, blocks } = await statfs(dirname(file));
    const free = bavail * bsize;
    const reserve = diskReserve(blocks * bsize);
    const isLow = free < (isDiskLow ? reserve * RECOVERY_FACTOR : reserve);
    if (isLow === isDiskLow) return;
    isDiskLow = isLow;
    const state = { file, free_bytes: free, reserve_bytes: Math.round(reserve) };
    if (isLow) log?.error({ ...state, state: DISK_LOW.state }, DISK_LOW.message);
    else log?.info(state, "the disk has space again; writes are accepted");
  }

  return {
    problem: () => lasting ?? (isDiskLow ? DISK_LOW : null),
    async check() {
      if (lasting?.state === "replaced") return;
      const found = await files.findProblem();
      if (found !== null) return setLasting(REPLACED[found], REMEDIES[found]);
      watchLogSize(files.logBytes());
      await checkDisk();
    },
    reportError(error) {
      if (isCorruption(error)) setLasting(DAMAGED, REMEDIES.damaged, error);
    },
    close(writer) {
      const hasOwnFile = files.owner("") === "own";
      const ownerOfLog = files.owner("-wal");
      // If only the log was removed, this process still has it open and can checkpoint it.
      const canClose = hasOwnFile && ownerOfLog !== "foreign" && lasting !== REPLACED.overwritten;
      if (lasting?.state !== "replaced" || canClose) {
        closeDatabase(writer);
        files.close();
        return;
      }
      const hasData = lasting === REPLACED.moved;
      const kept = abandonDatabase(writer, { hasData, ownsLog: ownerOfLog === "own" });
      log?.warn({ file, kept }, "the server leaves the database and keeps its data in these files");
    },
  };
}

/**
 * Warns of a log that grows because a reader holds it, and closes our own readers. SQLite copies the log into the main
 * file after every 32 MiB, but starts it anew only when nobody reads from it any more.
 */
function createLogSizeWatch(file: string, warnBytes: number, log: Log | undefined) {
  let warnAt = warnBytes;
  return (bytes: number): void => {
    if (bytes < warnBytes) warnAt = warnBytes;
    if (bytes < warnAt) return;
    while (bytes >= warnAt) warnAt *= 2;
    const closed = closeSnapshots(file);
    log?.warn(
      { file: `${file}-wal`, bytes, closed_readers: closed },
      "the write-ahead log grows because a program reads the database without end; close that program",
    );
  };
}
