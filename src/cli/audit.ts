/** `allison audit …`: who changed what, and whether the log is whole. */
import { Command, Option } from "commander";
import type { Keys } from "../access/keys.ts";
import { type AuditFilter, entries, entryView, newestEntries, verify } from "../audit/log.ts";
import { UsageError } from "../config.ts";
import { jsonOption, limitOption, pointInTime, withData, withSettings } from "./options.ts";
import { Failed, jsonText, print, printJson, printTable, say } from "./terminal.ts";

export function auditCommand(): Command {
  return new Command("audit")
    .description("Read and check the audit log: a row for every write.")
    .addCommand(listCommand())
    .addCommand(verifyCommand())
    .addCommand(exportCommand());
}

const filtered = (command: Command) =>
  withSettings(
    command
      .option(
        "--key <key>",
        "only what this key did: id, or the shown prefix where only one key has it",
      )
      .option(
        "--entity <entity>",
        "only this kind of thing, or one of them: contact, or contact:ID",
      )
      .addOption(
        new Option("--from <time>", "only from this time on").argParser(pointInTime("--from")),
      )
      .addOption(new Option("--to <time>", "only before this time").argParser(pointInTime("--to"))),
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

/** A deleted key's history is found by its id. */
function keyId(given: string, keys: Keys): string {
  const key = keys.find(given);
  if (key === "ambiguous")
    throw new UsageError(`More than one key begins with "${given}"; give its id.`);
  return key?.id ?? given;
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
  return filtered(command).action(async (options) => {
    await withData(options, async ({ db, keys }) => {
      const rows = newestEntries(db, filterOf(options, keys), options.limit).map(entryView);
      if (options.json) return printJson(rows);
      printTable(
        rows.map((row) => ({
          row: String(row.id),
          at: row.at.slice(0, 19).replace("T", " "),
          who: `${row.actor.name ?? ""} (${row.actor.type})`,
          did: `${row.action} ${row.entity_type} ${row.entity_id}`,
          fields: Object.keys(row.changes).slice(0, 4).join(", "),
          from: row.ip ?? "",
        })),
        "No row of the audit log fits.",
      );
    });
  });
}

function verifyCommand(): Command {
  const command = new Command("verify")
    .description(
      "Check the chain of hashes from the first row to the last; exit 1 at the first altered or missing row.",
    )
    .option("--head <hash>", "a hash noted earlier, which must still be in the log")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison audit verify");
  return withSettings(command, ["data"]).action(async (options) => {
    if (options.head !== undefined && !/^[0-9a-f]{64}$/.test(options.head)) {
      throw new UsageError("--head must be 64 hexadecimal digits, as `audit verify` prints them.");
    }
    const verdict = await withData(options, async ({ db }) => verify(db, options.head));
    if (options.json) printJson(verdict);
    else if (verdict.intact) print(`intact: ${verdict.rows} rows, head ${verdict.head}`);
    else say(`The audit log is not intact: row ${verdict.row} ${verdict.problem}.`);
    if (!verdict.intact) throw new Failed();
  });
}

function exportCommand(): Command {
  const command = new Command("export")
    .description("Print rows as NDJSON, oldest first.")
    .addHelpText("after", "\nExample:\n  allison audit export --from 2026-01-01 > audit.ndjson");
  return filtered(command).action(async (options) => {
    await withData(options, async ({ db, keys }) => {
      for (const row of entries(db, filterOf(options, keys))) print(jsonText(entryView(row)));
    });
  });
}
