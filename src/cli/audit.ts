/** `allison audit …`: who changed what, and whether the log is intact. */
import { Command, Option } from "commander";
import type { Keys } from "../access/keys.ts";
import {
  type AuditFilter,
  entryView,
  listNewestEntries,
  readEntries,
  verifyAuditLog,
} from "../audit/log.ts";
import { UsageError } from "../config.ts";
import { jsonOption, limitOption, timeParser, withData, withSettings } from "./options.ts";
import {
  CommandFailed,
  jsonText,
  printJson,
  printLine,
  printMessage,
  printTable,
} from "./terminal.ts";

export function auditCommand(): Command {
  return new Command("audit")
    .description("Read and verify the audit log, which has a row for every write.")
    .addCommand(listCommand())
    .addCommand(verifyCommand())
    .addCommand(exportCommand());
}

const withFilters = (command: Command) =>
  withSettings(
    command
      .option(
        "--key <key>",
        "only changes by this key: its id, or its prefix if no other key has it",
      )
      .option(
        "--entity <entity>",
        "only this type of entity, or one entity: contact, or contact:ID",
      )
      .addOption(
        new Option("--from <time>", "only at or after this time").argParser(timeParser("--from")),
      )
      .addOption(new Option("--to <time>", "only before this time").argParser(timeParser("--to"))),
    ["data"],
  );

function filterOf(options: Record<string, string | undefined>, keys: Keys): AuditFilter {
  const [entityType, entityId] = options.entity?.split(":") ?? [];
  return {
    actorId: options.key === undefined ? undefined : keyId(options.key, keys),
    entityType,
    entityId,
    from: options.from,
    to: options.to,
  };
}

/** The id of a key. An unknown text is an id too, because a deleted key has rows in the log. */
function keyId(idOrPrefix: string, keys: Keys): string {
  const key = keys.find(idOrPrefix);
  if (key === "ambiguous")
    throw new UsageError(`More than one key starts with "${idOrPrefix}"; use its id.`);
  return key?.id ?? idOrPrefix;
}

function listCommand(): Command {
  const command = new Command("list")
    .description("Print the newest rows.")
    .addOption(limitOption())
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  allison audit list --key av_live_a1B2c3 --entity contact --from 2026-11-01",
    );
  return withFilters(command).action(async (options) => {
    await withData(options, async ({ db, keys }) => {
      const rows = listNewestEntries(db, filterOf(options, keys), options.limit).map(entryView);
      if (options.json) return printJson(rows);
      printTable(
        rows.map((row) => ({
          row: String(row.id),
          time: row.at.slice(0, 19).replace("T", " "),
          actor: `${row.actor.name ?? ""} (${row.actor.type})`,
          change: `${row.action} ${row.entity_type} ${row.entity_id}`,
          fields: Object.keys(row.changes).slice(0, 4).join(", "),
          ip: row.ip ?? "",
        })),
        "There are no matching rows.",
      );
    });
  });
}

function verifyCommand(): Command {
  const command = new Command("verify")
    .description(
      "Verify the hash chain from the first row to the last; exit 1 at the first changed or missing row.",
    )
    .option("--head <hash>", "a hash noted earlier, which must still be in the log")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison audit verify");
  return withSettings(command, ["data"]).action(async (options) => {
    if (options.head !== undefined && !/^[0-9a-f]{64}$/.test(options.head)) {
      throw new UsageError("--head must be 64 hexadecimal digits, as `audit verify` prints them.");
    }
    const verdict = await withData(options, async ({ db }) => verifyAuditLog(db, options.head));
    if (options.json) printJson(verdict);
    else if (verdict.intact) printLine(`intact: ${verdict.rows} rows, head ${verdict.head}`);
    else printMessage(`The audit log is not intact: row ${verdict.row} ${verdict.problem}.`);
    if (!verdict.intact) throw new CommandFailed();
  });
}

function exportCommand(): Command {
  const command = new Command("export")
    .description("Print rows as NDJSON, oldest first.")
    .addHelpText("after", "\nExample:\n  allison audit export --from 2026-01-01 > audit.ndjson");
  return withFilters(command).action(async (options) => {
    await withData(options, async ({ db, keys }) => {
      for (const row of readEntries(db, filterOf(options, keys)))
        printLine(jsonText(entryView(row)));
    });
  });
}
