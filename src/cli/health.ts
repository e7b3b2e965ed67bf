/** `allison health`: the health check of a container. Asks the server on a data directory whether it answers. */
import { Command } from "commander";
import { loopbackUrl } from "../lib/ip.ts";
import { readRunning } from "../store/lock.ts";
import { sendRequest } from "./http.ts";
import { configOf, jsonOption, withSettings } from "./options.ts";
import { CommandFailed, printJson, printLine, printMessage } from "./terminal.ts";

const TIMEOUT_MS = 5_000;

export function healthCommand(): Command {
  const command = new Command("health")
    .description("Check whether the server on the data directory is healthy; exit 1 if not.")
    .addOption(jsonOption())
    .addHelpText("after", "\nExample:\n  allison health --data /var/lib/allison");
  return withSettings(command, ["data"]).action(async (options) => {
    const { data } = configOf(options);
    const url = readRunning(data)?.url ?? null;
    const failure = url === null ? `No server runs on ${data}.` : await findFailure(url);
    if (options.json) printJson({ url, healthy: failure === null });
    else if (failure === null) printLine(`healthy: ${url}`);
    else printMessage(failure);
    if (failure !== null) throw new CommandFailed();
  });
}

/** A sentence about what is wrong, or null for a healthy server. */
async function findFailure(url: string): Promise<string | null> {
  const describe = (reason: string) => `The server at ${url} is not healthy: ${reason}.`;
  try {
    const options = { timeoutMs: TIMEOUT_MS, anyCertificate: true };
    const { status, body } = await sendRequest(`${loopbackUrl(url)}/health`, options);
    const storage: string | undefined = body?.details?.storage;
    return status === 200 ? null : describe(storage ?? `it answered ${status}`);
  } catch (error) {
    return describe((error as Error).message);
  }
}
