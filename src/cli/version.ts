/** `allison version`: the versions of the program and its parts. */
import { Database } from "bun:sqlite";
import { Command } from "commander";
import { VERSION } from "../lib/version.ts";
import { SCHEMA_VERSION } from "../store/migrate.ts";
import { jsonOption } from "./options.ts";
import { printJson, printLine } from "./terminal.ts";

export function versionCommand(): Command {
  return new Command("version")
    .description("Print the versions of the program, of Bun, of SQLite and of the database schema.")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison version --json")
    .action((options) => {
      const memory = new Database(":memory:");
      const { sqlite } = memory.query("select sqlite_version() as sqlite").get() as {
        sqlite: string;
      };
      memory.close();
      const versions = { allison: VERSION, bun: Bun.version, sqlite, schema: SCHEMA_VERSION };
      if (options.json) return printJson(versions);
      printLine(
        `allison ${VERSION} (Bun ${Bun.version}, SQLite ${sqlite}, schema ${SCHEMA_VERSION})`,
      );
    });
}
