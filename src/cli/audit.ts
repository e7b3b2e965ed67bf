/** `allison audit …`: who changed what, and whether the log is intact. */
import { Command, Option } from "commander";
import type { Keys } from "../access/keys.ts";
import {
  type AuditFilter,
  entryView,
  formatHead,
  listNewestEntries,
  type NotedHead,
  parseHead,
  readEntries,
  type Verdict,
  verifyAuditLog,
} from "../audit/log.ts";
import { UsageError } from "../config.ts";
import { readAuditHead } from "../store/audit-chain.ts";
import { findSchemaChanges } from "../store/schema.ts";
import { jsonOption, limitOption, timeParser, withData, withSettings } from "./options.ts";
import {
  CommandFailed,
  jsonText,
  printJson,
  printLine,
  printLines,
  printMessage,
  printTable,
} from "./terminal.ts";

export function auditCommand(): Command {
  return new Command("audit")
    .description("Read and verify the audit log, which has a row for every write.")
    .addCommand(listCommand())
    .addCommand(verifyCommand())
    .addCommand(headCommand())
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
      "Verify the hash chain with the secret key, from the first row to the last; exit 1 at the first changed or missing row.",
    )
    .option(
      "--head <head>",
      "a head noted earlier, as `audit head` prints it, which must be in the log",
    )
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison audit verify");
  return withSettings(command, ["data"]).action(async (options) => {
    const head = options.head === undefined ? undefined : parseHeadOption(options.head);
    const { verdict, repair } = await withData(options, async ({ db, auditKey }) => ({
      verdict: verifyAuditLog(db, { auditKey, head }),
      repair: findSchemaChanges(db).flatMap(({ sql }) => sql ?? []),
    }));
    if (options.json) printJson(verdict);
    else if (verdict.intact) printLine(describeIntact(verdict));
    else {
      const { row, problem } = verdict;
      printMessage(
        `The audit log is not intact: ${row === null ? problem : `row ${row} ${problem}`}.`,
      );
      if (repair.length > 0)
        printMessage(`These statements restore the schema:\n${repair.join(";\n")};`);
    }
    if (!verdict.intact) throw new CommandFailed();
  });
}

function parseHeadOption(text: string): NotedHead {
  const head = parseHead(text);
  if (head) return head;
  throw new UsageError(
    "--head must be a row number, a colon and 64 hexadecimal digits, as `allison audit head` prints them.",
  );
}

function describeIntact({ rows, head, unkeyed_rows }: Extract<Verdict, { intact: true }>): string {
  const line = `intact: ${rows} rows, head ${formatHead(rows, head)}`;
  return unkeyed_rows === 0
    ? line
    : `${line}; rows 1 to ${unkeyed_rows} are older than the key, row ${unkeyed_rows + 1} covers them`;
}

function headCommand(): Command {
  const command = new Command("head")
    .description(
      "Print the number and hash of the newest row, to note elsewhere for `audit verify --head`.",
    )
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison audit head");
  return withSettings(command, ["data"]).action(async (options) => {
    const head = await withData(options, async ({ db, auditKey }) => readAuditHead(db, auditKey));
    if (!head?.isSigned) {
      printMessage(
        "The recorded head of the audit log is missing or not signed with this secret key; run `allison audit verify`.",
      );
      throw new CommandFailed();
    }
    if (options.json) printJson({ row: head.id, hash: head.hash });
    else printLine(formatHead(head.id, head.hash));
  });
}

function exportCommand(): Command {
  const command = new Command("export")
    .description("Print rows as NDJSON, oldest first.")
    .addHelpText("after", "\nExample:\n  allison audit export --from 2026-01-01 > audit.ndjson");
  return withFilters(command).action(async (options) => {
    await withData(options, async ({ db, keys }) => {
      const rows = readEntries(db, filterOf(options, keys));
      await printLines(rows.map((row) => jsonText(entryView(row))));
    });
  });
}
