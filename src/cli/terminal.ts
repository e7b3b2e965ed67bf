/** Output to the terminal: data to stdout, messages to stderr, and no character that could control the terminal. */
import { once } from "node:events";

/** Ends the command with exit 1. The reason has been printed already. */
export class CommandFailed extends Error {}

/** Prints a message for people. */
export const printMessage = (text: string): void => void process.stderr.write(`${text}\n`);

/** Prints a message and ends the command with exit 1. */
export function failWith(text: string): never {
  printMessage(text);
  throw new CommandFailed();
}

/** Prints data, for people or for another program. */
export const printLine = (text: string): void => void process.stdout.write(`${text}\n`);

/** Prints many lines, and reads the next only when the reader of the output has taken the previous ones. */
export async function printLines(lines: Iterable<string>): Promise<void> {
  for (const line of lines)
    if (!process.stdout.write(`${line}\n`)) await once(process.stdout, "drain");
}

/**
 * Ends the command when its output cannot be written: with success when the reader has closed the pipe, as `head` does,
 * and otherwise with a failure, because output is lost.
 */
export function exitOnOutputError(error: Error & { code?: string }): void {
  if (error.code === "EPIPE") process.exit(0);
  printMessage(`The output could not be written: ${error.message}.`);
  process.exit(1);
}

/** For servers, which keep running when nobody reads their output. */
export function ignoreOutputErrors(): void {
  process.stdout.off("error", exitOnOutputError);
  process.stdout.on("error", () => {});
}

/** JSON text that also escapes the control characters beyond ASCII, which terminals obey. */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(/\p{Cc}/gu, (control) =>
    control === "\n" ? control : `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** Prints JSON data. */
export const printJson = (value: unknown): void => printLine(jsonText(value, 2));

/**
 * Replaces control and direction characters. Texts such as names come from outside and must not move the cursor or
 * reverse the line.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u200b-\u200f\u2028-\u202e\u2066-\u2069]/gu, "\uFFFD");

/** Prints rows as a table whose column titles are their keys, or the message `empty` if there are none. */
export function printTable(rows: Record<string, string>[], empty: string): void {
  const [first] = rows;
  if (first === undefined) {
    printMessage(empty);
    return;
  }
  const names = Object.keys(first);
  const lines = [names.map((name) => name.toUpperCase())].concat(
    rows.map((row) => names.map((name) => printable(row[name] ?? ""))),
  );
  const widths = names.map((_name, column) =>
    Math.max(...lines.map((line) => Bun.stringWidth(line[column]!))),
  );
  const pad = (text: string, width: number) => text + " ".repeat(width - Bun.stringWidth(text));
  for (const line of lines) {
    printLine(
      line
        .map((text, column) => pad(text, widths[column]!))
        .join("  ")
        .trimEnd(),
    );
  }
}

/** Prints the fields of one record, a line each. */
export function printRecord(record: Record<string, string>): void {
  const width = Math.max(...Object.keys(record).map((name) => name.length));
  for (const [name, value] of Object.entries(record))
    printLine(`${name.padEnd(width)}  ${printable(value)}`);
}

/** A word of a command, quoted for a shell if necessary. */
export const quoteForShell = (text: string): string =>
  /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** The path of this program for example commands. */
export function programName(): string {
  const { execPath } = process;
  const directory = `${process.cwd()}/`;
  return execPath.startsWith(directory) ? `./${execPath.slice(directory.length)}` : execPath;
}
