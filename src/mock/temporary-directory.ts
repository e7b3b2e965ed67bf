/**
 * The directory of a mock's database. It is a file, so that the background reader can read it too, and it is removed when
 * the mock stops, resets or exits.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../config.ts";

export interface TemporaryDirectory {
  path: string;
  remove(): void;
}

/** Throws a UsageError if the directory for temporary files is not writable. */
export function createTemporaryDirectory(): TemporaryDirectory {
  const path = makeDirectory();
  const removeFiles = () => rmSync(path, { recursive: true, force: true });
  process.once("exit", removeFiles);
  return {
    path,
    remove() {
      process.off("exit", removeFiles);
      removeFiles();
    },
  };
}

function makeDirectory(): string {
  try {
    return mkdtempSync(join(tmpdir(), "allison-mock-"));
  } catch (error) {
    throw new UsageError(
      `The mock cannot store its temporary data in ${tmpdir()} (${(error as Error).message}); set TMPDIR to a writable directory.`,
    );
  }
}
