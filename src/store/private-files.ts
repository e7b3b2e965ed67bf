/** Files of the data directory that only the server's user may read or change. */
import {
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { UsageError } from "../config.ts";
import type { Log } from "../lib/log.ts";
import { DATABASE_FILE, KEY_FILE } from "./paths.ts";

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
const FILE_MODE = 0o600;

/**
 * Creates a file with mode 0600 and syncs it. Throws EEXIST for anything that has the name: a link that somebody placed
 * there would lead the write to another file (open(2)).
 */
export function createPrivateFile(file: string, text = ""): void {
  const handle = openSync(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Like `createPrivateFile`, in place of a file or link that has the name. */
export function replacePrivateFile(file: string, text: string): void {
  rmSync(file, { force: true });
  createPrivateFile(file, text);
}

/** The bits of a mode that other users must not have, and the mode that replaces it. */
const RULES = [
  { name: ".", forbidden: 0o022, mode: 0o700, danger: "other users can replace its files" },
  { name: KEY_FILE, forbidden: 0o077, mode: FILE_MODE, danger: "other users can read it" },
  { name: DATABASE_FILE, forbidden: 0o077, mode: FILE_MODE, danger: "other users can read it" },
];

const formatMode = (mode: number) => `0${(mode & 0o777).toString(8)}`;

/**
 * Restricts the modes of the data directory, its key and its database to the server's user, and logs each change. Throws
 * a UsageError if the user may not change them.
 */
export function restrictModes(dataDir: string, log: Log): void {
  for (const { name, forbidden, mode, danger } of RULES) {
    const path = join(dataDir, name);
    const current = statSync(path, { throwIfNoEntry: false })?.mode;
    if (current === undefined || (current & forbidden) === 0) continue;
    try {
      chmodSync(path, mode);
    } catch (error) {
      throw new UsageError(
        `${path} has mode ${formatMode(current)}, so that ${danger}, and it cannot be changed (${(error as Error).message}). Run chmod ${formatMode(mode)} ${path} as its owner.`,
      );
    }
    // A file system without modes ignores the change.
    const isFixed = (statSync(path).mode & forbidden) === 0;
    const modes = { path, mode: formatMode(current), ...(isFixed && { now: formatMode(mode) }) };
    log.warn(modes, isFixed ? `restricted the mode, since ${danger}` : `${danger}`);
  }
}

/** Bits that a private key may not have: reading is for its owner and group, as for the TLS keys of PostgreSQL. */
const FORBIDDEN_FOR_TLS_KEY = 0o037;

/** Throws a UsageError if other users can read or change the private key that `setting` names. */
export function requirePrivateKeyFile(setting: string, file: string): void {
  const { mode } = statSync(file);
  if ((mode & FORBIDDEN_FOR_TLS_KEY) === 0) return;
  throw new UsageError(
    `${setting} names a private key that other users can read or change (mode ${formatMode(mode)}). Run chmod 0600 ${file}; 0640 is allowed, too.`,
  );
}
