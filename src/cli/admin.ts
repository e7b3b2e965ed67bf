/** `allison admin …`: dashboard accounts, for whoever holds the machine. A running server goes by the change at once. */
import { Command } from "commander";
import { generatePassword, passwordIssue } from "../access/passwords.ts";
import type { User } from "../access/users.ts";
import type { Appliance } from "../appliance.ts";
import { UsageError } from "../config.ts";
import { email, label } from "../contract/fields.ts";
import { jsonOption, withData, withSettings } from "./options.ts";
import { print, printJson, printTable, say } from "./terminal.ts";

type Options = Record<string, unknown> & { json?: true; passwordStdin?: true };

export function adminCommand(): Command {
  return new Command("admin")
    .description("Dashboard accounts, for whoever holds the machine.")
    .addCommand(createCommand())
    .addCommand(resetCommand())
    .addCommand(disableCommand())
    .addCommand(listCommand());
}

const withPassword = (command: Command) =>
  command
    .option("--password-stdin", "take the password from stdin; otherwise one is made and printed")
    .addOption(jsonOption());

function createCommand(): Command {
  const command = new Command("create")
    .description("Make an account.")
    .requiredOption("--email <email>", "what it signs in with")
    .option("--name <name>", "what the person is called")
    .addHelpText("after", "\nExample:\n  allison admin create --email maria@example.com");
  return withSettings(withPassword(command), ["data"]).action(async (options) => {
    const address = checked("--email", email, options.email)!;
    const name = checked("--name", label, options.name);
    await withData(options, async (appliance, actor) => {
      const { store, users } = appliance;
      const { password, passwordHash } = await choosePassword(appliance, options);
      const user = await store.change(actor, (tx) =>
        users.create(tx, { email: address, name, passwordHash }),
      );
      told(user, password, "is made", options);
    });
  });
}

function resetCommand(): Command {
  const command = new Command("reset-password")
    .description("Set a new password; every session of the account ends.")
    .argument("<email>", "of the account")
    .addHelpText("after", "\nExample:\n  allison admin reset-password maria@example.com");
  return withSettings(withPassword(command), ["data"]).action(async (given: string, options) => {
    await withData(options, async (appliance, actor) => {
      const { id } = pick(appliance, given);
      const { password, passwordHash } = await choosePassword(appliance, options);
      const user = await appliance.store.change(actor, (tx) =>
        appliance.users.setPassword(tx, id, passwordHash),
      );
      told(user, password, "has a new password, and is signed out everywhere", options);
    });
  });
}

function disableCommand(): Command {
  const command = new Command("disable-2fa")
    .description(
      "Switch the second factor off, for a lost phone; every session of the account ends.",
    )
    .argument("<email>", "of the account")
    .addHelpText("after", "\nExample:\n  allison admin disable-2fa maria@example.com");
  return withSettings(command, ["data"]).action(async (given: string, options) => {
    await withData(options, async (appliance, actor) => {
      const { id, email: address } = pick(appliance, given);
      await appliance.store.change(actor, (tx) => {
        appliance.users.disableTotp(tx, id);
        appliance.sessions.endAll(tx, id);
      });
      say(`Account ${address} has no second factor, and is signed out everywhere.`);
    });
  });
}

function listCommand(): Command {
  const command = new Command("list")
    .description("List all accounts.")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison admin list --json");
  return withSettings(command, ["data"]).action(async (options) => {
    await withData(options, async (appliance) => {
      const all = appliance.users.list().map((user) => shown(appliance, user));
      if (options.json) return printJson(all);
      printTable(
        all.map(({ email: address, name, two_factor, sessions, created_at, id }) => ({
          ...{ email: address, name: name ?? "" },
          "2fa": two_factor ? "on" : "off",
          ...{ sessions: String(sessions), created: created_at.slice(0, 10), id },
        })),
        "There is no account yet. Make one: allison admin create --email maria@example.com",
      );
    });
  });
}

function pick({ users }: Appliance, given: string): User {
  const user = users.byEmail(given.trim());
  if (user === null)
    throw new UsageError(
      `There is no account "${given}"; see allison admin list for those there are.`,
    );
  return user;
}

/** The option's value as the dashboard would take it; null where it is not given. */
function checked(
  option: string,
  field: typeof email | typeof label,
  given: unknown,
): string | null {
  if (given === undefined) return null;
  const result = field({ doc: option, example: "" }).safeParse(given);
  if (result.success) return result.data;
  throw new UsageError(`${option} ${result.error.issues[0]!.message}.`);
}

/** From stdin up to its end, without the line's; or a new one. */
async function choosePassword({ passwords, random }: Appliance, { passwordStdin }: Options) {
  const given = passwordStdin ? (await Bun.stdin.text()).replace(/\r?\n$/, "") : null;
  const password = given ?? generatePassword(random);
  const issue = passwordIssue(password);
  if (issue) throw new UsageError(`The password ${issue}.`);
  return {
    password: given === null ? password : null,
    passwordHash: await passwords.hash(password),
  };
}

/** A password that was made goes to stdout alone, so that a script can take it as it is. */
function told(user: User, password: string | null, done: string, { json }: Options): void {
  const { id, email: address, name } = user;
  if (json) {
    printJson({ id, email: address, name, ...(password && { password }) });
    return;
  }
  say(`Account ${address} ${done}.`);
  if (password === null) return;
  say("Its password follows; it is not shown again.");
  print(password);
}

function shown({ sessions }: Appliance, user: User) {
  const { id, email: address, name, created_at, totp_secret } = user;
  return {
    ...{ id, email: address, name, two_factor: totp_secret !== null },
    ...{ sessions: sessions.list(id).length, created_at },
  };
}
