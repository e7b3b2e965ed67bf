/**
 * The command line: its commands and their exit codes. Data goes to stdout, everything else to stderr. Exit 0 means
 * success, 1 failure, 2 wrong usage. An error is one plain sentence, without a stack trace.
 */
import { Command, CommanderError } from "commander";
import { UsageError } from "../config.ts";
import { toApiError } from "../http/errors.ts";
import { VERSION } from "../lib/version.ts";
import { adminCommand } from "./admin.ts";
import { auditCommand } from "./audit.ts";
import { callsCommand } from "./calls.ts";
import { demoCommand } from "./demo.ts";
import { doctorCommand } from "./doctor.ts";
import { healthCommand } from "./health.ts";
import { keysCommand } from "./keys.ts";
import { listenCommand } from "./listen.ts";
import { mockCommand } from "./mock.ts";
import { openapiCommand } from "./openapi.ts";
import { serveCommand } from "./serve.ts";
import { CommandFailed, printMessage } from "./terminal.ts";
import { triggerCommand } from "./trigger.ts";
import { versionCommand } from "./version.ts";
import { webhooksCommand } from "./webhooks.ts";

/** Runs one command and returns its exit code. A server is started when this returns, and keeps running. */
export async function runCommand(args: string[]): Promise<number> {
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
    .addCommand(doctorCommand())
    .addCommand(versionCommand())
    .addHelpText(
      "after",
      "\nTo get started: allison serve, then allison keys create --name Zapier --scope write",
    );
  forEachCommand(program, (command) =>
    command
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({ outputError: (text) => printMessage(formatUsageError(text)) }),
  );
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    return exitCodeOf(error);
  }
}

function forEachCommand(command: Command, configure: (command: Command) => void): void {
  configure(command);
  for (const inner of command.commands) forEachCommand(inner, configure);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CommandFailed) return 1;
  if (error instanceof UsageError) {
    printMessage(error.message);
    return 2;
  }
  const refusal = toApiError(error);
  if (refusal.code !== "internal_error") {
    const details = Object.entries(refusal.details ?? {}).map(
      ([field, issue]) => `${field} ${issue}`,
    );
    printMessage(`Refused: ${details.join("; ") || refusal.reason || refusal.code}.`);
    return 1;
  }
  printMessage(`Failed: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
}

/** Turns an error of commander, such as "error: unknown option '--x'", into a sentence. */
function formatUsageError(text: string): string {
  const plain = text
    .replace(/^error: /, "")
    .trim()
    .replace("\n", " ");
  if (plain.startsWith("unknown command")) return `U${plain.slice(1)}; see allison --help.`;
  return `${plain[0]?.toUpperCase()}${plain.slice(1)}${/[.)]$/.test(plain) ? "" : "."}`;
}
