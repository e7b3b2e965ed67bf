/** What goes to the terminal: data to stdout, words to stderr, and nothing that could steer the terminal itself. */

/** A command did what it should, but what it was asked for is not so: exit 1 without a further word. */
export class Failed extends Error {}

/** Everything that is not data. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Data, for people or for the next program. */
export const print = (text: string): void => void process.stdout.write(`${text}\n`);

/**
 * Output that cannot be written ends a command: quietly where whoever reads it has read enough, as `head` does, and as a
 * failure where something is lost.
 */
export function outputFailed(error: Error & { code?: string }): void {
  if (error.code === "EPIPE") process.exit(0);
  say(`The output could not be written: ${error.message}.`);
  process.exit(1);
}

/** A server goes on whether anybody reads its output or not. */
export function goOnWithoutOutput(): void {
  process.stdout.off("error", outputFailed);
  process.stdout.on("error", () => {});
}

/** JSON text without the control characters beyond ASCII, which JSON leaves as they are and terminals obey. */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(/\p{Cc}/gu, (control) =>
    control === "\n" ? control : `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

export const printJson = (value: unknown): void => print(jsonText(value, 2));

/**
 * Names and user agents come from outside; an escape sequence among them must not move the cursor, nor an invisible
 * character turn the line around.
 */
export const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u200b-\u200f\u2028-\u202e\u2066-\u2069]/gu, "\uFFFD");

/** Columns under the keys as their heads; a sentence on stderr in their place when there is nothing to show. */
export function printTable(rows: Record<string, string>[], empty: string): void {
  const [first] = rows;
  if (first === undefined) {
    say(empty);
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
    print(
      line
        .map((text, column) => pad(text, widths[column]!))
        .join("  ")
        .trimEnd(),
    );
  }
}

/** The facts of one thing, a line each. */
export function printFacts(facts: Record<string, string>): void {
  const width = Math.max(...Object.keys(facts).map((name) => name.length));
  for (const [name, value] of Object.entries(facts))
    print(`${name.padEnd(width)}  ${printable(value)}`);
}

/** A word of a command as it can be typed into a shell. */
export const shellWord = (text: string): string =>
  /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** How this program was called, as it can be typed again. */
export function programName(): string {
  const { execPath } = process;
  const here = `${process.cwd()}/`;
  return execPath.startsWith(here) ? `./${execPath.slice(here.length)}` : execPath;
}
