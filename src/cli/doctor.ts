/** `allison doctor`: checks the database of a data directory, in a process of its own. */
import { SingleBar } from "cli-progress";
import { Command } from "commander";
import { openIntegrityCheck, type TableCheck } from "../store/integrity.ts";
import { configOf, jsonOption, withSettings } from "./options.ts";
import { CommandFailed, printJson, printLine, printMessage, printTable } from "./terminal.ts";

const REMEDY =
  "Restore a backup, or copy the directory and try `sqlite3 allison.db .recover` on the copy.";

export function doctorCommand(): Command {
  const command = new Command("doctor")
    .description("Check the database and name the damaged tables; exit 1 if there are any.")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison doctor --data /var/lib/allison");
  return withSettings(command, ["data"]).action((options) => {
    using check = openIntegrityCheck(configOf(options).data);
    const tables = runWithProgress(check.count + 1, check.tables());
    const damaged = tables.filter(({ problems }) => problems.length > 0);
    const isWhole = check.logDamage === null && damaged.length === 0;
    if (options.json) printJson({ ok: isWhole, log_damage: check.logDamage, tables });
    else printFindings(check.logDamage !== null, tables, damaged);
    if (!isWhole) throw new CommandFailed();
  });
}

function printFindings(hasLogDamage: boolean, tables: TableCheck[], damaged: TableCheck[]): void {
  if (hasLogDamage) {
    printMessage(
      "The write-ahead log is damaged, so no table was checked. `allison serve` says what may be missing.",
    );
  } else if (damaged.length === 0) printLine(`intact: ${tables.length} tables`);
  else {
    printTable(
      damaged.map(({ table, problems }) => ({
        table,
        problems: String(problems.length),
        first: problems[0]!.replaceAll(/\s+/g, " "),
      })),
      "",
    );
    printMessage(REMEDY);
  }
}

/** Shows a progress bar on a terminal. */
function runWithProgress(count: number, checks: Iterable<TableCheck>): TableCheck[] {
  const format = "{bar} {value} of {total} tables";
  const bar = process.stderr.isTTY ? new SingleBar({ format, stream: process.stderr }) : null;
  bar?.start(count, 0);
  const tables: TableCheck[] = [];
  for (const table of checks) {
    tables.push(table);
    bar?.update(tables.length);
  }
  bar?.stop();
  return tables;
}
