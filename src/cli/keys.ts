/** `allison keys …`: API keys, for whoever sits at the machine. A running server goes by the change on its next request. */
import { Command, Option } from "commander";
import { type ApiKey, type Keys, keyView, SCOPES, type Scope } from "../access/keys.ts";
import { LIMITS, UsageError } from "../config.ts";
import type { Transaction } from "../store/transaction.ts";
import { duration, jsonOption, pointInTime, withData, withSettings } from "./options.ts";
import { print, printable, printFacts, printJson, printTable, say } from "./terminal.ts";

type Options = Record<string, unknown> & { json?: true };

export function keysCommand(): Command {
  return new Command("keys")
    .description("Make, list, switch off, rotate and delete API keys.")
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(
      changing(
        "disable",
        "Switch a key off; it stops with the next request.",
        (tx, keys, key) => keys.setActive(tx, key, false),
        "is switched off",
      ),
    )
    .addCommand(
      changing(
        "enable",
        "Switch a key on again.",
        (tx, keys, key) => keys.setActive(tx, key, true),
        "is switched on",
      ),
    )
    .addCommand(rotateCommand())
    .addCommand(
      changing(
        "delete",
        "Delete a key; what it did stays in the audit log.",
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
    .description("Make a key and print it, this once.")
    .requiredOption("--name <name>", "what the key is for")
    .addOption(new Option("--scope <scope>", "what it may do; write implies read").choices(SCOPES))
    .option("--platform", "a key for the voice platform, in place of a scope")
    .option("--expires <when>", "when it ends: a time span such as 90d or 12h, or a date")
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
          expires_at: expiry(options.expires, clock.now()),
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
        all.map((key) => row(keys, key)),
        "There is no key yet. Make one: allison keys create --name Zapier --scope write",
      );
    });
  });
}

function rotateCommand(): Command {
  const command = new Command("rotate")
    .description(
      "Make a key like another one, which ends after an overlap or at its own expiry, whichever is first.",
    )
    .argument("<key>", "id, or the shown prefix where only one key has it")
    .addOption(
      new Option("--overlap <span>", "how long both work")
        .default(86_400_000, "24h")
        .argParser(duration("--overlap")),
    )
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison keys rotate av_live_a1B2c3 --overlap 1h");
  return withSettings(command, ["data"]).action(async (given: string, options) => {
    await withData(options, async ({ store, keys }, actor) => {
      const { key, token, old } = await store.change(actor, (tx) =>
        keys.rotate(tx, pick(keys, given), options.overlap),
      );
      say(`The old key ${old.prefix} ends at ${old.expires_at}.`);
      printToken(key, token, options);
    });
  });
}

/** A command on one key. */
const onKey = (name: string, doc: string) =>
  withSettings(
    new Command(name)
      .description(doc)
      .argument("<key>", "id, or the shown prefix where only one key has it")
      .addOption(jsonOption())
      .addHelpText("after", `\nExample:\n  allison keys ${name} av_live_a1B2c3`),
    ["data"],
  );

const showCommand = () =>
  onKey("show", "Show a key.").action(async (given: string, options: Options) => {
    await withData(options, async ({ keys }) => {
      const key = pick(keys, given);
      if (options.json) printJson(keyView(keys, key));
      else printFacts(row(keys, key));
    });
  });

function changing(
  name: string,
  doc: string,
  change: (tx: Transaction, keys: Keys, key: ApiKey) => ApiKey | undefined,
  done: string,
): Command {
  return onKey(name, doc).action(async (given: string, options: Options) => {
    await withData(options, async ({ store, keys }, actor) => {
      const key = await store.change(actor, (tx) => {
        const before = pick(keys, given);
        return change(tx, keys, before) ?? before;
      });
      if (options.json) printJson(keyView(keys, key));
      else say(`Key ${key.prefix} "${key.name}" ${done}.`);
    });
  });
}

function pick(keys: Keys, given: string): ApiKey {
  const key = keys.find(given);
  if (key === "ambiguous")
    throw new UsageError(
      `More than one key begins with "${printable(given)}"; give its id (see keys list).`,
    );
  if (key === null)
    throw new UsageError(
      `There is no key "${printable(given)}"; give an id or a shown prefix (see keys list).`,
    );
  return key;
}

/** The key alone goes to stdout, so that a script can take it as it is. */
function printToken({ id, name, prefix, scope }: ApiKey, token: string, options: Options): void {
  if (options.json) {
    printJson({ id, key: token, name, prefix, scope });
  } else {
    say(`Key "${name}" (${scope ?? "platform"}) is made. Store it now; it is not shown again.`);
    print(token);
  }
}

function expiry(given: string | undefined, now: number): string | null {
  if (given === undefined) return null;
  const parse = /^\d{4}-/.test(given) ? pointInTime("--expires") : undefined;
  const at = parse ? parse(given) : new Date(now + duration("--expires")(given)).toISOString();
  if (Date.parse(at) <= now) throw new UsageError(`--expires must be in the future, not ${given}.`);
  return at;
}

function row(keys: Keys, key: ApiKey): Record<string, string> {
  const { id, name, prefix, scope, active, created_at, expires_at } = key;
  const use = keys.lastUse(key);
  const ended = expires_at !== null && Date.parse(expires_at) <= Date.now();
  return {
    name,
    key: prefix,
    access: scope ?? "platform",
    state: active ? (ended ? "expired" : "active") : "off",
    created: created_at.slice(0, 10),
    "last used":
      use.at === null ? "never" : `${use.at.slice(0, 16).replace("T", " ")} from ${use.ip}`,
    expires: expires_at?.slice(0, 16).replace("T", " ") ?? "never",
    id,
  };
}
