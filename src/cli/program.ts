/**
 * The command line: which commands there are, and how each ends. Data goes to stdout, everything else to stderr. Exit 0
 * done, 1 failed, 2 wrong usage; wrong usage is told in one plain sentence, never in a stack.
 */
import { Command, CommanderError } from "commander";
import { UsageError } from "../config.ts";
import { toApiError } from "../http/errors.ts";
import { VERSION } from "../lib/version.ts";
import { adminCommand } from "./admin.ts";
import { auditCommand } from "./audit.ts";
import { callsCommand } from "./calls.ts";
import { demoCommand } from "./demo.ts";
import { healthCommand } from "./health.ts";
import { keysCommand } from "./keys.ts";
import { listenCommand } from "./listen.ts";
import { mockCommand } from "./mock.ts";
import { openapiCommand } from "./openapi.ts";
import { serveCommand } from "./serve.ts";
import { Failed, say } from "./terminal.ts";
import { triggerCommand } from "./trigger.ts";
import { versionCommand } from "./version.ts";
import { webhooksCommand } from "./webhooks.ts";

/** Runs one command and returns the exit code. A server has only been started then, and goes on. */
export async function run(args: string[]): Promise<number> {
  const program = new Command("allison")
    .description("The voice receptionist's API, on your own machine.")
    .version(VERSION, "-V, --version", "print the version")
    .addCommand(serveCommand())
    .addCommand(demoCommand())
    .addCommand(mockCommand())
    .addCommand(triggerCommand())
    .addCommand(listenCommand())
    .addCommand(adminCommand())
    .addCommand(keysCommand())
    .addCommand(callsCommand())
    .addCommand(auditCommand())
    .addCommand(webhooksCommand())
    .addCommand(openapiCommand())
    .addCommand(healthCommand())
    .addCommand(versionCommand())
    .addHelpText(
      "after",
      "\nTo begin: allison serve, then allison keys create --name Zapier --scope write",
    );
  everyCommand(program, (command) =>
    command
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({ outputError: (text) => say(sentence(text)) }),
  );
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    return exitCodeOf(error);
  }
}

function everyCommand(command: Command, change: (command: Command) => void): void {
  change(command);
  for (const inner of command.commands) everyCommand(inner, change);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Failed) return 1;
  if (error instanceof UsageError) {
    say(error.message);
    return 2;
  }
  const refusal = toApiError(error);
  if (refusal.code !== "internal_error") {
    const details = Object.entries(refusal.details ?? {}).map(
      ([field, issue]) => `${field} ${issue}`,
    );
    say(`Refused: ${details.join("; ") || refusal.reason || refusal.code}.`);
    return 1;
  }
  say(`Failed: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
}

/** Commander's "error: unknown option '--x'" as a sentence of ours. */
function sentence(text: string): string {
  const plain = text
    .replace(/^error: /, "")
    .trim()
    .replace("\n", " ");
  if (plain.startsWith("unknown command")) return `U${plain.slice(1)}; see allison --help.`;
  return `${plain[0]?.toUpperCase()}${plain.slice(1)}${/[.)]$/.test(plain) ? "" : "."}`;
}
