/** `allison admin …`: dashboard accounts. A running server applies a change at once. */
import { Command, Option } from "commander";
import { generatePassword, passwordIssue } from "../access/passwords.ts";
import { ROLES, type Role, type User, type Users } from "../access/users.ts";
import type { Appliance } from "../appliance.ts";
import { LIMITS, UsageError } from "../config.ts";
import { email, label } from "../contract/fields.ts";
import { PAGE_PATHS } from "../dashboard/page-paths.ts";
import { loopbackUrl } from "../lib/ip.ts";
import { readRunning } from "../store/lock.ts";
import type { Transaction } from "../store/transaction.ts";
import { configOf, jsonOption, withData, withSettings } from "./options.ts";
import { printJson, printLine, printMessage, printTable } from "./terminal.ts";

type Options = Record<string, unknown> & { json?: true; passwordStdin?: true };

export function adminCommand(): Command {
  return new Command("admin")
    .description("Manage dashboard accounts.")
    .addCommand(createCommand())
    .addCommand(inviteCommand())
    .addCommand(resetCommand())
    .addCommand(disableTotpCommand())
    .addCommand(
      changeCommand(
        "disable",
        "Disable an account and end all sessions of it.",
        "is disabled",
        (tx, users, id) => users.setActive(tx, id, false),
      ),
    )
    .addCommand(
      changeCommand("enable", "Enable a disabled account.", "is enabled", (tx, users, id) =>
        users.setActive(tx, id, true),
      ),
    )
    .addCommand(deleteCommand())
    .addCommand(listCommand());
}

const withPassword = (command: Command) =>
  command
    .option(
      "--password-stdin",
      "read the password from stdin; without it, one is generated and printed",
    )
    .addOption(jsonOption());

function createCommand(): Command {
  const command = new Command("create")
    .description("Create an account.")
    .requiredOption("--email <email>", "email address to sign in with")
    .option("--name <name>", "name of the person")
    .addOption(roleOption("owner"))
    .addHelpText("after", "\nExample:\n  allison admin create --email maria@example.com");
  return withSettings(withPassword(command), ["data"]).action(async (options) => {
    const address = parseOption("--email", email, options.email)!;
    const name = parseOption("--name", label, options.name);
    await withData(options, async (appliance, actor) => {
      const { store, users } = appliance;
      const { password, passwordHash } = await choosePassword(appliance, options);
      const user = await store.change(actor, (tx) =>
        users.create(tx, { email: address, name, passwordHash, role: options.role }),
      );
      reportAccount(user, password, "was created", options);
    });
  });
}

const roleOption = (byDefault: Role) =>
  new Option("--role <role>", "members manage no keys, accounts, webhooks and voice platforms")
    .choices(ROLES)
    .default(byDefault);

function inviteCommand(): Command {
  const command = new Command("invite")
    .description(
      `Print a link by which a person creates their own account. It works once, for ${LIMITS.invitationDays} days.`,
    )
    .requiredOption("--email <email>", "email address of the person")
    .addOption(roleOption("member"))
    .addOption(jsonOption())
    .addHelpText(
      "after",
      "\nExample:\n  allison admin invite --email maria@example.com --public-url https://allison.example",
    );
  return withSettings(command, ["data", "publicUrl"]).action(async (options) => {
    const address = parseOption("--email", email, options.email)!;
    await withData(options, async ({ store, invitations }, actor) => {
      const { token, role, expires_at } = await store.change(actor, (tx) =>
        invitations.create(tx, { email: address, role: options.role }),
      );
      const link = `${serverUrl(options)}${PAGE_PATHS.invitation}#${token}`;
      if (options.json) return printJson({ email: address, role, link, expires_at });
      printMessage(`Give this link to ${address}. It creates an account with the role ${role}.`);
      printLine(link);
    });
  });
}

/** Where people reach the dashboard: --public-url, else the address of the running server. */
function serverUrl(options: Options): string {
  const { publicUrl, data, port } = configOf(options);
  return publicUrl ?? loopbackUrl(readRunning(data)?.url ?? `http://127.0.0.1:${port}`);
}

function resetCommand(): Command {
  const command = new Command("reset-password")
    .description("Set a new password and end all sessions of the account.")
    .argument("<email>", "email address of the account")
    .addHelpText("after", "\nExample:\n  allison admin reset-password maria@example.com");
  return withSettings(withPassword(command), ["data"]).action(
    async (emailText: string, options) => {
      await withData(options, async (appliance, actor) => {
        const { id } = requireAccount(appliance, emailText);
        const { password, passwordHash } = await choosePassword(appliance, options);
        const user = await appliance.store.change(actor, (tx) =>
          appliance.users.setPassword(tx, id, passwordHash),
        );
        reportAccount(user, password, "has a new password and is signed out everywhere", options);
      });
    },
  );
}

/** A command that changes one account and reports `result`. */
function changeCommand(
  name: string,
  doc: string,
  result: string,
  change: (tx: Transaction, users: Users, userId: string) => unknown,
): Command {
  const command = new Command(name)
    .description(doc)
    .argument("<email>", "email address of the account")
    .addHelpText("after", `\nExample:\n  allison admin ${name} maria@example.com`);
  return withSettings(command, ["data"]).action(async (emailText: string, options) => {
    await withData(options, async (appliance, actor) => {
      const { id, email: address } = requireAccount(appliance, emailText);
      await appliance.store.change(actor, (tx) => change(tx, appliance.users, id));
      printMessage(`Account ${address} ${result}.`);
    });
  });
}

function deleteCommand(): Command {
  const command = new Command("delete")
    .description("Delete an account or an invitation. The audit log keeps what the account did.")
    .argument("<email>", "email address of the account")
    .addHelpText("after", "\nExample:\n  allison admin delete maria@example.com");
  return withSettings(command, ["data"]).action(async (emailText: string, options) => {
    await withData(options, async (appliance, actor) => {
      const { store, users, invitations } = appliance;
      const invitation = invitations.byEmail(emailText.trim());
      const { id } = invitation ?? requireAccount(appliance, emailText);
      await store.change(actor, (tx) =>
        invitation ? invitations.remove(tx, invitation) : users.remove(tx, id),
      );
      printMessage(`${invitation ? "Invitation of" : "Account"} ${emailText.trim()} is deleted.`);
    });
  });
}

function disableTotpCommand(): Command {
  const command = new Command("disable-2fa")
    .description(
      "Disable two-factor authentication, for a lost phone, and end all sessions of the account.",
    )
    .argument("<email>", "email address of the account")
    .addHelpText("after", "\nExample:\n  allison admin disable-2fa maria@example.com");
  return withSettings(command, ["data"]).action(async (emailText: string, options) => {
    await withData(options, async (appliance, actor) => {
      const { id, email: address } = requireAccount(appliance, emailText);
      await appliance.store.change(actor, (tx) => {
        appliance.users.disableTotp(tx, id);
        appliance.sessions.endAll(tx, id);
      });
      printMessage(
        `Account ${address} has no two-factor authentication any more and is signed out everywhere.`,
      );
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
      const all = appliance.users.list().map((user) => summaryOf(appliance, user));
      if (options.json) return printJson(all);
      printTable(
        all.map(({ email: address, name, role, active, two_factor, sessions, created_at, id }) => ({
          email: address,
          name: name ?? "",
          role,
          state: active ? "enabled" : "disabled",
          "2fa": two_factor ? "enabled" : "disabled",
          sessions: String(sessions),
          created: created_at.slice(0, 10),
          id,
        })),
        "There are no accounts yet. Create one: allison admin create --email maria@example.com",
      );
    });
  });
}

function requireAccount({ users }: Appliance, emailText: string): User {
  const user = users.byEmail(emailText.trim());
  if (user === null)
    throw new UsageError(`There is no account "${emailText}"; list them with allison admin list.`);
  return user;
}

/** The value of an option under the same rules as in the dashboard; null for an absent option. */
function parseOption(
  option: string,
  field: typeof email | typeof label,
  text: unknown,
): string | null {
  if (text === undefined) return null;
  const result = field({ doc: option, example: "" }).safeParse(text);
  if (result.success) return result.data;
  throw new UsageError(`${option} ${result.error.issues[0]!.message}.`);
}

/** The password from stdin, without its line break, or a generated one. */
async function choosePassword({ passwords, random }: Appliance, { passwordStdin }: Options) {
  const chosen = passwordStdin ? (await Bun.stdin.text()).replace(/\r?\n$/, "") : null;
  const password = chosen ?? generatePassword(random);
  const issue = passwordIssue(password);
  if (issue) throw new UsageError(`The password ${issue}.`);
  return {
    password: chosen === null ? password : null,
    passwordHash: await passwords.hash(password),
  };
}

/** Reports what was done. A generated password is the only text on stdout, so that a script can use it. */
function reportAccount(
  user: User,
  password: string | null,
  result: string,
  { json }: Options,
): void {
  const { id, email: address, name } = user;
  if (json) {
    printJson({ id, email: address, name, ...(password && { password }) });
    return;
  }
  printMessage(`Account ${address} ${result}.`);
  if (password === null) return;
  printMessage("Its password follows and is not shown again.");
  printLine(password);
}

function summaryOf({ sessions }: Appliance, user: User) {
  const { id, email: address, name, role, active, created_at, totp_secret } = user;
  return {
    id,
    email: address,
    name,
    role,
    active,
    two_factor: totp_secret !== null,
    sessions: sessions.list(id).length,
    created_at,
  };
}
