/** `allison health`: asks the server of a data directory whether it answers; a container's health check. */
import { get as getPlain } from "node:http";
import { get as getSecure } from "node:https";
import { Command } from "commander";
import { loopbackUrl } from "../lib/ip.ts";
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
    const url = readRunning(data)?.url ?? null;
    const failure = url === null ? `No server runs on ${data}.` : await ask(url);
    if (options.json) printJson({ url, healthy: failure === null });
    else if (failure === null) print(`healthy: ${url}`);
    else say(failure);
    if (failure !== null) throw new Failed();
  });
}

/** What is wrong, or null. Not by `fetch`, which would ask a proxy of the environment. */
function ask(url: string): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const unwell = (why: string) => resolve(`The server at ${url} is not well: ${why}.`);
  const get = url.startsWith("https:") ? getSecure : getPlain;
  get(
    `${loopbackUrl(url)}/health`,
    // The server's own certificate names its public host, not the loopback it is asked at.
    { timeout: ANSWER_MS, rejectUnauthorized: false, agent: false },
    (response) => {
      response.resume();
      if (response.statusCode === 200) resolve(null);
      else unwell(`it answered ${response.statusCode}`);
    },
  )
    .on("timeout", () => unwell(`it did not answer within ${ANSWER_MS / 1000} s`))
    .on("error", (error) => unwell(`it cannot be reached (${error.message})`));
  return promise;
}
