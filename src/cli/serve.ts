/** `allison serve`: the appliance, until it is told to stop. */
import { Command } from "commander";
import { type Config, SETTINGS } from "../config.ts";
import { createLog } from "../lib/log.ts";
import { VERSION } from "../lib/version.ts";
import { type Server, startServer } from "../server.ts";
import { canDecryptSecrets } from "../webhooks/subscriptions.ts";
import { configOf, withSettings } from "./options.ts";
import { goOnWithoutOutput, print, programName, say, shellWord } from "./terminal.ts";

export function serveCommand(): Command {
  const command = new Command("serve").description("Run the server: API, reference, webhooks.");
  return withSettings(command, Object.keys(SETTINGS) as (keyof Config)[])
    .addHelpText("after", "\nExample:\n  allison serve --data /var/lib/allison --port 8080")
    .action(async (options) => {
      const config = configOf(options);
      const server = await startServer({ config, log: createLog(config.logLevel) });
      goOnWithoutOutput();
      stopOnSignals(server);
      welcome(server, config);
      print(`listening on ${server.url}`);
    });
}

/** The first signal stops in order, a second one at once. */
export function stopOnSignals(server: Pick<Server, "stop">): void {
  let signals = 0;
  const onSignal = () => {
    signals += 1;
    if (signals > 1) process.exit(1);
    server.stop().then(
      () => process.exit(0),
      (error) => {
        say(`Stopping failed: ${error}`);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

function welcome(server: Server, config: Config): void {
  const { publicUrl, keys } = server;
  say(`Allison ${VERSION}, data in ${config.data}`);
  const link = server.firstAccountLink();
  say(
    link === null
      ? `Dashboard: ${publicUrl}`
      : `Open the dashboard and make the first account: ${link}`,
  );
  say(`Reference: ${publicUrl}/docs`);
  if (!canDecryptSecrets(server)) {
    say(
      "The webhook secrets in the database were sealed with another key: put the right secret.key back, or rotate each secret.",
    );
  }
  if (keys.list().length > 0) return;
  const data = config.data === SETTINGS.data.default ? "" : ` --data ${shellWord(config.data)}`;
  say(
    `There is no API key yet. Make one: ${shellWord(programName())} keys create --name "My first key" --scope write${data}`,
  );
}
