/** `allison health`: asks the server of a data directory whether it answers; a container's health check. */
import { Command } from "commander";
import { UsageError } from "../config.ts";
import { readRunning } from "../store/lock.ts";
import { configOf, jsonOption, withSettings } from "./options.ts";
import { Failed, print, printJson, say } from "./terminal.ts";

const ANSWER_MS = 5_000;

export function healthCommand(): Command {
  const command = new Command("health")
    .description(
      "Ask the server that runs on the data directory whether it is well; exit 1 if not.",
    )
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison health --data /var/lib/allison");
  return withSettings(command, ["data"]).action(async (options) => {
    const { data } = configOf(options);
    const running = readRunning(data);
    if (running === null)
      throw new UsageError(`No server runs on ${data}; start one, or see --data.`);
    const { url } = running;
    const failure = await fetch(`${loopback(url)}/health`, {
      signal: AbortSignal.timeout(ANSWER_MS),
      proxy: undefined,
      // The server's own certificate names its public host, not the loopback it is asked at.
      tls: { rejectUnauthorized: false },
    }).then(
      (response) => (response.ok ? null : `it answered ${response.status}`),
      (error) => `it cannot be reached (${(error as Error).message})`,
    );
    if (options.json) printJson({ url, healthy: failure === null });
    else if (failure === null) print(`healthy: ${url}`);
    else say(`The server at ${url} is not well: ${failure}.`);
    if (failure !== null) throw new Failed();
  });
}

/** A server that listens on every address is asked on this machine's own. */
const loopback = (url: string) =>
  url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
