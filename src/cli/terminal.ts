/** What goes to the terminal: data to stdout, words to stderr, and nothing that could steer the terminal itself. */

/** A command did what it should, but what it was asked for is not so: exit 1 without a further word. */
export class Failed extends Error {}

/** Everything that is not data. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Data, for people or for the next program. */
export const print = (text: string): void => void process.stdout.write(`${text}\n`);

export const printJson = (value: unknown): void => print(JSON.stringify(value, null, 2));

/** Names and user agents come from outside; an escape sequence among them must not move the cursor. */
export const printable = (text: string): string => text.replace(/\p{Cc}/gu, "\uFFFD");

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
