/**
 * One server per data directory. The lock is SQLite's lock on a separate file: the operating system releases it when the
 * process ends for any reason, so a lock is never stale. It is beside the real database, so that a directory whose database
 * is a symbolic link shares the lock of the directory that it points to.
 */
import { Database } from "bun:sqlite";
import { chmodSync, existsSync, lstatSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { UsageError } from "../config.ts";
import { databasePath } from "./paths.ts";
import { createPrivateFile, replacePrivateFile } from "./private-files.ts";

export const LOCK_FILE = "server.lock";
const BRIEF_LOCK_MS = 100;
/** The process id and the URL of the running server, for people and for `allison health`. */
export const SERVER_FILE = "server.json";

const Running = z.object({ pid: z.number(), url: z.string().regex(/^https?:/) });
export type Running = z.infer<typeof Running>;

export interface ServerLock {
  /** Stores the URL that the server listens on. */
  announce(running: Running): void;
  release(): void;
}

/** References to the held locks: the garbage collector would release an unreferenced one. */
const held = new Set<Database>();

/** Takes the lock. Throws a UsageError that names the other server if one runs on the directory. */
export function lockDirectory(dataDir: string): ServerLock {
  const realDir = dirname(databasePath(dataDir));
  const file = join(realDir, LOCK_FILE);
  let lock: Database | undefined;
  try {
    // An existing file is not opened here: closing it would release the lock that this process may hold (fcntl(2)).
    if (!existsSync(file)) createLockFile(file);
    // SQLite would follow a link and lock, and later restrict, whatever it leads to.
    if (lstatSync(file).isSymbolicLink()) throw new Error("it is a symbolic link");
    lock = new Database(file, { readwrite: true, strict: true });
    // A command that reads whether a server runs holds the lock for a moment; see `isServerRunning`.
    lock.exec(`pragma busy_timeout = ${BRIEF_LOCK_MS}`);
    // The file stores nothing, so it needs no journal, which would be readable for everybody.
    lock.exec("pragma journal_mode = memory");
    lock.exec("begin exclusive");
    // A user who can read the file can hold the lock.
    chmodSync(file, 0o600);
  } catch (error) {
    lock?.close();
    const { code, message } = error as { code?: string; message: string };
    if (code !== "SQLITE_BUSY") {
      throw new UsageError(
        `${file} cannot be locked (${message}); make it writable, or remove it while no server runs on the directory.`,
      );
    }
    const other = readRunning(dataDir) ?? readRunning(realDir);
    const who = other ? ` (process ${other.pid}, ${other.url})` : "";
    throw new UsageError(
      `Another server${who} is running on ${dataDir}. Stop it first, or name another directory with --data.`,
    );
  }
  const taken = lock;
  held.add(taken);
  return {
    announce: (running) =>
      replacePrivateFile(join(dataDir, SERVER_FILE), `${JSON.stringify(running)}\n`),
    release() {
      try {
        rmSync(join(dataDir, SERVER_FILE), { force: true });
      } catch {
        // What remains names a server that has ended, as after a kill.
      }
      taken.close();
      held.delete(taken);
    },
  };
}

function createLockFile(file: string): void {
  try {
    createPrivateFile(file);
  } catch (error) {
    // Another server that starts at the same time has created it.
    if ((error as { code?: string }).code !== "EEXIST" || !existsSync(file)) throw error;
  }
}

/** Whether a server holds the lock of the directory. Takes no lock that could keep one from starting for long. */
export function isServerRunning(dataDir: string): boolean {
  const file = join(dirname(databasePath(dataDir)), LOCK_FILE);
  if (!existsSync(file)) return false;
  let lock: Database | undefined;
  try {
    lock = new Database(file, { readonly: true, strict: true });
    lock.query("select 1 from sqlite_schema").get();
    return false;
  } catch (error) {
    return (error as { code?: string }).code === "SQLITE_BUSY";
  } finally {
    lock?.close();
  }
}

/** The record of the last server, which may have ended since; null if there is no readable record. */
export function readRunning(dataDir: string): Running | null {
  try {
    return Running.parse(JSON.parse(readFileSync(join(dataDir, SERVER_FILE), "utf8")));
  } catch {
    return null;
  }
}
