/** `allison health`: asks the server of a data directory whether it answers; a container's health check. */
import { Command } from "commander";
import { loopbackUrl } from "../lib/ip.ts";
import { readRunning } from "../store/lock.ts";
import { ask } from "./http.ts";
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
    const url = readRunning(data)?.url ?? null;
    const failure = url === null ? `No server runs on ${data}.` : await unwell(url);
    if (options.json) printJson({ url, healthy: failure === null });
    else if (failure === null) print(`healthy: ${url}`);
    else say(failure);
    if (failure !== null) throw new Failed();
  });
}

/** What is wrong, or null. */
async function unwell(url: string): Promise<string | null> {
  const told = (why: string) => `The server at ${url} is not well: ${why}.`;
  try {
    const options = { withinMs: ANSWER_MS, anyCertificate: true };
    const { status } = await ask(`${loopbackUrl(url)}/health`, options);
    return status === 200 ? null : told(`it answered ${status}`);
  } catch (error) {
    return told((error as Error).message);
  }
}
