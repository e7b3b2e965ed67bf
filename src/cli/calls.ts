/** `allison calls import`: call records from a file, a line each. */
import { statSync } from "node:fs";
import { SingleBar } from "cli-progress";
import { Command } from "commander";
import { LIMITS, UsageError } from "../config.ts";
import { createIngest } from "../platform/ingest.ts";
import { ingestLines, type LineResult, splitLines } from "../platform/lines.ts";
import { readRunning } from "../store/lock.ts";
import { configOf, jsonOption, withData, withSettings } from "./options.ts";
import { Failed, print, printable, printJson, say } from "./terminal.ts";

/** How many bad lines are told of one by one; the rest is counted. */
const TOLD = 50;
const STDIN = "-";
const PAUSE_MS = 2;

export function callsCommand(): Command {
  return new Command("calls").description("Bring call records in.").addCommand(importCommand());
}

function importCommand(): Command {
  const command = new Command("import")
    .description("Import call records as NDJSON; the same file again changes nothing.")
    .argument("<file>", "the file, or - for stdin")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison calls import calls.ndjson");
  return withSettings(command, ["data", "publicUrl"]).action(async (file: string, options) => {
    const source = open(file);
    const tally = await withData(options, async ({ store, db }, actor) => {
      const { publicUrl, data, port } = configOf(options);
      const url = publicUrl ?? readRunning(data)?.url ?? `http://127.0.0.1:${port}`;
      const ingest = createIngest({ db, publicUrl: () => url });
      const onUnexpected = (error: unknown, line: number) =>
        say(`Line ${line}: ${error instanceof Error ? error.message : String(error)}`);
      return count(
        ingestLines({ store, ingest, actor, onUnexpected }, splitLines(source.bytes)),
        source,
      );
    });
    tell(tally, options);
    if (tally.failed.length > 0) throw new Failed();
  });
}

interface Source {
  bytes: ReadableStream<Uint8Array>;
  /** Shows how much of it has been read; null where that is not known. */
  bar: SingleBar | null;
}

function open(file: string): Source {
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
    // Gives the terminal back as it was.
    process.once("SIGINT", () => {
      bar.stop();
      say("Interrupted. What was read is stored; the same file again brings the rest.");
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
    throw new UsageError(`The file ${file} does not exist; give an NDJSON file, or - for stdin.`);
  if (!found.isFile())
    throw new UsageError(`${file} is not a file; give an NDJSON file, or - for stdin.`);
  return found.size;
}

interface Tally {
  created: number;
  updated: number;
  unchanged: number;
  failed: { line: number; external_id: string | null; details: Record<string, string> }[];
}

async function count(results: AsyncIterable<LineResult>, { bar }: Source): Promise<Tally> {
  const tally: Tally = { created: 0, updated: 0, unchanged: 0, failed: [] };
  let lines = 0;
  try {
    for await (const { number, answer } of results) {
      const { status, external_id, details = {} } = answer;
      if (status === "error") tally.failed.push({ line: number, external_id, details });
      else tally[status] += 1;
      lines += 1;
      bar?.update({ lines });
      // A server on the same directory gets its turn to write.
      if (lines % LIMITS.groupOperations === 0) await Bun.sleep(PAUSE_MS);
    }
  } finally {
    bar?.stop();
  }
  return tally;
}

function tell(tally: Tally, options: { json?: true }): void {
  if (options.json) {
    printJson(tally);
    return;
  }
  const { created, updated, unchanged, failed } = tally;
  for (const { line, external_id, details } of failed.slice(0, TOLD)) {
    const issues = Object.entries(details).map(([field, issue]) => `${field} ${issue}`);
    say(
      printable(
        `line ${line}${external_id === null ? "" : ` (${external_id})`}: ${issues.join("; ")}`,
      ),
    );
  }
  if (failed.length > TOLD) say(`… and ${failed.length - TOLD} bad lines more; --json tells all.`);
  print(`${created} created, ${updated} updated, ${unchanged} unchanged, ${failed.length} bad`);
}
