/** `allison calls import`: stores the call records of an NDJSON file. */
import { statSync } from "node:fs";
import { SingleBar } from "cli-progress";
import { Command } from "commander";
import { UsageError } from "../config.ts";
import { createIngest } from "../platform/ingest.ts";
import { ingestLines, type LineResult, splitLines } from "../platform/lines.ts";
import { readRunning } from "../store/lock.ts";
import { configOf, jsonOption, withData, withSettings } from "./options.ts";
import { CommandFailed, printable, printJson, printLine, printMessage } from "./terminal.ts";

/** Invalid lines that are listed; the rest is counted. */
const MAX_LISTED_LINES = 50;
const STDIN = "-";

export function callsCommand(): Command {
  return new Command("calls").description("Import call records.").addCommand(importCommand());
}

function importCommand(): Command {
  const command = new Command("import")
    .description("Import call records as NDJSON. Importing the same file again changes nothing.")
    .argument("<file>", "the file, or - for stdin")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison calls import calls.ndjson");
  return withSettings(command, ["data", "publicUrl"]).action(async (file: string, options) => {
    const source = openSource(file);
    const tally = await withData(options, async ({ store, db }, actor) => {
      const { publicUrl, data, port } = configOf(options);
      const url = publicUrl ?? readRunning(data)?.url ?? `http://127.0.0.1:${port}`;
      const ingest = createIngest({ db, publicUrl: () => url });
      const onUnexpected = (error: unknown, line: number) =>
        printMessage(`Line ${line}: ${error instanceof Error ? error.message : String(error)}`);
      return importLines(
        ingestLines({ store, ingest, actor, onUnexpected }, splitLines(source.bytes)),
        source,
      );
    });
    printTally(tally, options);
    if (tally.failed.length > 0) throw new CommandFailed();
  });
}

interface Source {
  bytes: ReadableStream<Uint8Array>;
  /** Shows the progress; null where the size is unknown or stderr is not a terminal. */
  bar: SingleBar | null;
}

function openSource(file: string): Source {
  if (file === STDIN) return { bytes: Bun.stdin.stream(), bar: null };
  const size = sizeOf(file);
  const bar = process.stderr.isTTY
    ? new SingleBar({
        format: "Importing |{bar}| {percentage}% | {lines} records",
        stream: process.stderr,
        hideCursor: true,
        clearOnComplete: true,
      })
    : null;
  bar?.start(size, 0, { lines: 0 });
  if (bar) {
    // Restores the cursor.
    process.once("SIGINT", () => {
      bar.stop();
      printMessage(
        "Interrupted. The records read so far are stored; import the file again to store the rest.",
      );
      process.exit(130);
    });
  }
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bar?.increment(chunk.length);
      controller.enqueue(chunk);
    },
  });
  return { bytes: Bun.file(file).stream().pipeThrough(counted), bar };
}

function sizeOf(file: string): number {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found)
    throw new UsageError(`The file ${file} does not exist; use an NDJSON file, or - for stdin.`);
  if (!found.isFile())
    throw new UsageError(`${file} is not a file; use an NDJSON file, or - for stdin.`);
  return found.size;
}

interface Tally {
  created: number;
  updated: number;
  unchanged: number;
  failed: { line: number; external_id: string | null; details: Record<string, string> }[];
}

async function importLines(results: AsyncIterable<LineResult>, { bar }: Source): Promise<Tally> {
  const tally: Tally = { created: 0, updated: 0, unchanged: 0, failed: [] };
  let lines = 0;
  try {
    for await (const { number, answer } of results) {
      const { status, external_id, details = {} } = answer;
      if (status === "error") tally.failed.push({ line: number, external_id, details });
      else tally[status] += 1;
      lines += 1;
      bar?.update({ lines });
    }
  } finally {
    bar?.stop();
  }
  return tally;
}

function printTally(tally: Tally, options: { json?: true }): void {
  if (options.json) {
    printJson(tally);
    return;
  }
  const { created, updated, unchanged, failed } = tally;
  for (const { line, external_id, details } of failed.slice(0, MAX_LISTED_LINES)) {
    const issues = Object.entries(details).map(([field, issue]) => `${field} ${issue}`);
    printMessage(
      printable(
        `line ${line}${external_id === null ? "" : ` (${external_id})`}: ${issues.join("; ")}`,
      ),
    );
  }
  if (failed.length > MAX_LISTED_LINES)
    printMessage(
      `… and ${failed.length - MAX_LISTED_LINES} more invalid lines; --json lists all of them.`,
    );
  printLine(
    `${created} created, ${updated} updated, ${unchanged} unchanged, ${failed.length} failed`,
  );
}
