/** `allison serve`: runs the server until a signal stops it. */
import { Command } from "commander";
import { type Config, SETTINGS } from "../config.ts";
import { createLog, type Log } from "../lib/log.ts";
import { VERSION } from "../lib/version.ts";
import { type Server, startServer } from "../server.ts";
import { canDecryptSecrets } from "../webhooks/subscriptions.ts";
import { configOf, withSettings } from "./options.ts";
import {
  ignoreOutputErrors,
  printLine,
  printMessage,
  programName,
  quoteForShell,
} from "./terminal.ts";

export function serveCommand(): Command {
  const command = new Command("serve").description(
    "Run the server: API, reference, dashboard and webhooks.",
  );
  return withSettings(command, Object.keys(SETTINGS) as (keyof Config)[])
    .addHelpText("after", "\nExample:\n  allison serve --data /var/lib/allison --port 8080")
    .action(async (options) => {
      const config = configOf(options);
      const log = createLog(config.logLevel);
      logUncaughtErrors(log);
      const server = await startServer({ config, log });
      await keepRunning(server, () => {
        printWelcome(server, config);
        printLine(`listening on ${server.url}`);
      });
    });
}

/**
 * Logs errors that no code handles, under their code of the error catalogue. A rejected promise belongs to one request or
 * job and does not stop the server. After an uncaught exception the state is unknown, so the server exits with 1.
 */
export function logUncaughtErrors(log: Log): void {
  process.on("unhandledRejection", (error) => log.error({ err: error }, "internal_error"));
  process.on("uncaughtException", (error) => {
    log.error({ err: error }, "internal_error");
    process.exit(1);
  });
}

/**
 * Prints the welcome and leaves the server running until a signal. If the welcome fails, the server stops, because its
 * open listener would keep the process alive.
 */
export async function keepRunning(
  server: Pick<Server, "stop">,
  printWelcome: () => void | Promise<void>,
): Promise<void> {
  ignoreOutputErrors();
  stopOnSignals(server);
  try {
    await printWelcome();
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** The first signal stops the server gracefully, a second one immediately. */
function stopOnSignals(server: Pick<Server, "stop">): void {
  let signals = 0;
  const onSignal = () => {
    signals += 1;
    if (signals > 1) process.exit(1);
    server.stop().then(
      () => process.exit(0),
      (error) => {
        printMessage(`Stopping failed: ${error}`);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  // Sent when a terminal closes. Its default would end the process without finishing the requests in flight.
  process.on("SIGHUP", onSignal);
}

function printWelcome(server: Server, config: Config): void {
  const { publicUrl, keys } = server;
  printMessage(`Allison ${VERSION}, data in ${config.data}`);
  const link = server.firstAccountLink();
  printMessage(
    link === null
      ? `Dashboard: ${publicUrl}`
      : `Open the dashboard and create the first account: ${link}`,
  );
  printMessage(`Reference: ${publicUrl}/docs`);
  if (!canDecryptSecrets(server)) {
    printMessage(
      "The webhook secrets in the database were encrypted with another key. Restore the right secret.key, or rotate each secret.",
    );
  }
  if (keys.list().length > 0) return;
  const data = config.data === SETTINGS.data.default ? "" : ` --data ${quoteForShell(config.data)}`;
  printMessage(
    `There are no API keys yet. Create one: ${quoteForShell(programName())} keys create --name "My first key" --scope write${data}`,
  );
}
