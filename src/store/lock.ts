/**
 * One server to a data directory. The lock is SQLite's own on a file of its own: the operating system lets go of it when
 * the process ends, however it ends, so none is ever stale.
 */
import { Database } from "bun:sqlite";
import { chmodSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { UsageError } from "../config.ts";

export const LOCK_FILE = "server.lock";
/** Beside the lock, for people and for `allison health`: which process it is and where it listens. */
export const SERVER_FILE = "server.json";

const Running = z.object({ pid: z.number(), url: z.string().regex(/^https?:/) });
export type Running = z.infer<typeof Running>;

export interface ServerLock {
  /** Notes where the server listens. */
  announce(running: Running): void;
  release(): void;
}

/** Keeps the locks from being collected, and so let go of, while nobody happens to refer to them. */
const held = new Set<Database>();

/** Takes the lock. Throws a UsageError that names the other server when there is one. */
export function lockDirectory(dataDir: string): ServerLock {
  const file = join(dataDir, LOCK_FILE);
  let lock: Database | undefined;
  try {
    lock = new Database(file, { create: true, strict: true });
    lock.exec("pragma busy_timeout = 0");
    lock.exec("begin exclusive");
    // Whoever can read it can hold it.
    chmodSync(file, 0o600);
  } catch (error) {
    lock?.close();
    const { code, message } = error as { code?: string; message: string };
    if (code !== "SQLITE_BUSY") {
      throw new UsageError(
        `${file} cannot be locked (${message}); make it writable, or remove it while no server runs on the directory.`,
      );
    }
    const other = readRunning(dataDir);
    const who = other ? ` (process ${other.pid}, ${other.url})` : "";
    throw new UsageError(
      `Another server${who} is running on ${dataDir}. Stop it first, or name another directory with --data.`,
    );
  }
  const taken = lock;
  held.add(taken);
  return {
    announce: (running) =>
      writeFileSync(join(dataDir, SERVER_FILE), `${JSON.stringify(running)}\n`, { mode: 0o600 }),
    release() {
      rmSync(join(dataDir, SERVER_FILE), { force: true });
      taken.close();
      held.delete(taken);
    },
  };
}

/** What a server last noted here; it may have ended since. Null where there is nothing readable. */
export function readRunning(dataDir: string): Running | null {
  try {
    return Running.parse(JSON.parse(readFileSync(join(dataDir, SERVER_FILE), "utf8")));
  } catch {
    return null;
  }
}
