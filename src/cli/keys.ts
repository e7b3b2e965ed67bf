/** `allison keys …`: API keys. A running server applies a change from the next request on. */
import { Command, Option } from "commander";
import { type ApiKey, type Keys, keyView, SCOPES, type Scope } from "../access/keys.ts";
import { LIMITS, UsageError } from "../config.ts";
import type { Transaction } from "../store/transaction.ts";
import { durationParser, jsonOption, timeParser, withData, withSettings } from "./options.ts";
import {
  printable,
  printJson,
  printLine,
  printMessage,
  printRecord,
  printTable,
} from "./terminal.ts";

type Options = Record<string, unknown> & { json?: true };

export function keysCommand(): Command {
  return new Command("keys")
    .description("Create, list, disable, rotate and delete API keys.")
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(
      changeCommand(
        "disable",
        "Disable a key. Its next request is refused.",
        (tx, keys, key) => keys.setActive(tx, key, false),
        "is disabled",
      ),
    )
    .addCommand(
      changeCommand(
        "enable",
        "Enable a disabled key.",
        (tx, keys, key) => keys.setActive(tx, key, true),
        "is enabled",
      ),
    )
    .addCommand(rotateCommand())
    .addCommand(
      changeCommand(
        "delete",
        "Delete a key. The audit log keeps what it did.",
        (tx, keys, key) => {
          keys.remove(tx, key);
          return undefined;
        },
        "is deleted",
      ),
    );
}

function createCommand(): Command {
  const command = new Command("create")
    .description("Create a key and print it. It is not shown again.")
    .requiredOption("--name <name>", "what the key is for")
    .addOption(new Option("--scope <scope>", "what it may do; write includes read").choices(SCOPES))
    .option("--platform", "a key for the voice platform, instead of a scope")
    .option("--expires <when>", "when it expires: a time span such as 90d or 12h, or a date")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  allison keys create --name Zapier --scope write --expires 90d",
    );
  return withSettings(command, ["data"]).action(async (options) => {
    const name = String(options.name).trim();
    if (name === "" || [...name].length > LIMITS.nameLength || /\p{Cc}/u.test(name)) {
      throw new UsageError(
        `--name must be 1 to ${LIMITS.nameLength} characters, without control characters.`,
      );
    }
    if (options.platform ? options.scope : !options.scope) {
      throw new UsageError(`Give either --scope (${SCOPES.join(" or ")}) or --platform.`);
    }
    await withData(options, async ({ store, keys, clock }, actor) => {
      const { key, token } = await store.change(actor, (tx) =>
        keys.create(tx, {
          name,
          kind: options.platform ? "plat" : "live",
          scope: options.platform ? null : (options.scope as Scope),
          expires_at: parseExpiry(options.expires, clock.now()),
        }),
      );
      printToken(key, token, options);
    });
  });
}

function listCommand(): Command {
  const command = new Command("list")
    .description("List all keys, newest first.")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison keys list --json");
  return withSettings(command, ["data"]).action(async (options) => {
    await withData(options, async ({ keys }) => {
      const all = keys.list();
      if (options.json) return printJson(all.map((key) => keyView(keys, key)));
      printTable(
        all.map((key) => rowOf(keys, key)),
        "There are no keys yet. Create one: allison keys create --name Zapier --scope write",
      );
    });
  });
}

function rotateCommand(): Command {
  const command = new Command("rotate")
    .description(
      "Create a key that replaces another. The old key expires after an overlap, or at its own expiry if that is earlier.",
    )
    .argument("<key>", "id, or prefix if no other key has it")
    .addOption(
      new Option("--overlap <span>", "how long both keys work")
        .default(86_400_000, "24h")
        .argParser(durationParser("--overlap")),
    )
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison keys rotate av_live_a1B2c3 --overlap 1h");
  return withSettings(command, ["data"]).action(async (idOrPrefix: string, options) => {
    await withData(options, async ({ store, keys }, actor) => {
      const { key, token, old } = await store.change(actor, (tx) =>
        keys.rotate(tx, requireKey(keys, idOrPrefix), options.overlap),
      );
      printMessage(`The old key ${old.prefix} expires at ${old.expires_at}.`);
      printToken(key, token, options);
    });
  });
}

/** A command for one key. */
const keyCommand = (name: string, doc: string) =>
  withSettings(
    new Command(name)
      .description(doc)
      .argument("<key>", "id, or prefix if no other key has it")
      .addOption(jsonOption())
      .addHelpText("after", `\nExample:\n  allison keys ${name} av_live_a1B2c3`),
    ["data"],
  );

const showCommand = () =>
  keyCommand("show", "Show a key.").action(async (idOrPrefix: string, options: Options) => {
    await withData(options, async ({ keys }) => {
      const key = requireKey(keys, idOrPrefix);
      if (options.json) printJson(keyView(keys, key));
      else printRecord(rowOf(keys, key));
    });
  });

/** A command that changes one key and reports `result`. */
function changeCommand(
  name: string,
  doc: string,
  change: (tx: Transaction, keys: Keys, key: ApiKey) => ApiKey | undefined,
  result: string,
): Command {
  return keyCommand(name, doc).action(async (idOrPrefix: string, options: Options) => {
    await withData(options, async ({ store, keys }, actor) => {
      const key = await store.change(actor, (tx) => {
        const previous = requireKey(keys, idOrPrefix);
        return change(tx, keys, previous) ?? previous;
      });
      if (options.json) printJson(keyView(keys, key));
      else printMessage(`Key ${key.prefix} "${key.name}" ${result}.`);
    });
  });
}

function requireKey(keys: Keys, idOrPrefix: string): ApiKey {
  const key = keys.find(idOrPrefix);
  if (key === "ambiguous")
    throw new UsageError(
      `More than one key starts with "${printable(idOrPrefix)}"; use its id (see allison keys list).`,
    );
  if (key === null)
    throw new UsageError(
      `There is no key "${printable(idOrPrefix)}"; use an id or a prefix (see allison keys list).`,
    );
  return key;
}

/** The key is the only text on stdout, so that a script can use it. */
function printToken({ id, name, prefix, scope }: ApiKey, token: string, options: Options): void {
  if (options.json) {
    printJson({ id, key: token, name, prefix, scope });
  } else {
    printMessage(
      `Key "${name}" (${scope ?? "platform"}) was created. Store it now; it is not shown again.`,
    );
    printLine(token);
  }
}

/** A date or time as it is; a time span is counted from now. */
function parseExpiry(text: string | undefined, now: number): string | null {
  if (text === undefined) return null;
  const at = /^\d{4}-/.test(text)
    ? timeParser("--expires")(text)
    : new Date(now + durationParser("--expires")(text)).toISOString();
  if (Date.parse(at) <= now) throw new UsageError(`--expires must be in the future, not ${text}.`);
  return at;
}

function rowOf(keys: Keys, key: ApiKey): Record<string, string> {
  const { id, name, prefix, scope, active, created_at, expires_at } = key;
  const use = keys.lastUse(key);
  const isExpired = expires_at !== null && Date.parse(expires_at) <= Date.now();
  return {
    name,
    key: prefix,
    access: scope ?? "platform",
    state: active ? (isExpired ? "expired" : "active") : "disabled",
    created: created_at.slice(0, 10),
    "last used":
      use.at === null ? "never" : `${use.at.slice(0, 16).replace("T", " ")} from ${use.ip}`,
    expires: expires_at?.slice(0, 16).replace("T", " ") ?? "never",
    id,
  };
}
