/** Names the processes that hold SQLite's locks on a database, so that an owner knows what to stop. */
import { readFileSync, statSync } from "node:fs";

/** A line of proc_locks(5): a POSIX lock for writing, its process and the inode of its file. */
const WRITE_LOCK = /POSIX\s+\S+\s+WRITE\s+(\d+)\s+\S+:(\d+)\s/;

/**
 * Returns text such as "held by process 4711 (sqlite3)", or an empty string where the system does not say, as outside
 * of Linux. SQLite locks the `-shm` file in WAL mode, and the database itself otherwise.
 */
export function describeLockHolders(file: string): string {
  try {
    const inodes = [`${file}-shm`, file].map((path) =>
      String(statSync(path, { throwIfNoEntry: false })?.ino),
    );
    const holders = new Set<string>();
    for (const line of readFileSync("/proc/locks", "utf8").split("\n")) {
      const [, pid, inode] = WRITE_LOCK.exec(line) ?? [];
      if (inode && inodes.includes(inode) && pid !== String(process.pid)) holders.add(pid!);
    }
    if (holders.size === 0) return "";
    return `held by ${[...holders].map((pid) => `process ${pid}${programOf(pid)}`).join(", ")}`;
  } catch {
    return "";
  }
}

function programOf(pid: string): string {
  try {
    return ` (${readFileSync(`/proc/${pid}/comm`, "utf8").trim()})`;
  } catch {
    return "";
  }
}
