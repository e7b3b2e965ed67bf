/** `allison demo`: a business at work, for whoever has five minutes. */
import { Command, Option } from "commander";
import open from "open";
import type { Config } from "../config.ts";
import { MOCK_KEYS } from "../contract/mock-keys.ts";
import { createLog } from "../lib/log.ts";
import { VERSION } from "../lib/version.ts";
import { MOCK_ACCOUNT } from "../mock/account.ts";
import { startDemo } from "../mock/demo.ts";
import type { Mock } from "../mock/server.ts";
import { PortInUse } from "../server.ts";
import { MOCK_SERVER, seedOption } from "./mock.ts";
import { configOf, withSettings } from "./options.ts";
import { stopOnSignals } from "./serve.ts";
import { goOnWithoutOutput, print, programName, say, shellWord } from "./terminal.ts";

const USUAL_SEED = 1;

export function demoCommand(): Command {
  const command = new Command("demo")
    .description("Show a made-up business at work: calls come in, webhooks go out. In memory.")
    .addOption(new Option("--open", "open the dashboard in the browser").env("ALLISON_OPEN"))
    .addOption(seedOption().default(USUAL_SEED))
    .addHelpText("after", "\nExample:\n  allison demo --open");
  const settings = ["port", "host", "webhookAllow", "logLevel"] as const;
  return withSettings(command, settings, { logLevel: "error" }).action(
    async (options: Partial<Config> & { open?: true; seed: number }) => {
      say("Filling a dental practice with 90 days of calls …");
      const mock = await start(options, command.getOptionValueSource("port") === "default");
      goOnWithoutOutput();
      stopOnSignals(mock);
      welcome(mock);
      if (options.open) await show(mock.signInLink());
      print(`listening on ${mock.url}`);
    },
  );
}

/** Nobody chose the port where `anyPort` is so: then a free one does as well. */
async function start(options: Partial<Config> & { seed: number }, anyPort: boolean): Promise<Mock> {
  const config = configOf(options);
  const demo = {
    ...{ config, seed: options.seed, email: MOCK_ACCOUNT.email },
    log: createLog(config.logLevel),
  };
  try {
    return await startDemo(demo);
  } catch (error) {
    if (!(error instanceof PortInUse) || !anyPort) throw error;
    say(`Port ${config.port} is in use; taking a free one.`);
    return startDemo({ ...demo, config: { ...config, port: 0 } });
  }
}

async function show(link: string): Promise<void> {
  try {
    const browser = await open(link);
    browser.once("error", (error) => say(notOpened(error)));
  } catch (error) {
    say(notOpened(error as Error));
  }
}

const notOpened = (error: Error) =>
  `No browser could be opened (${error.message}); open the link above yourself.`;

function welcome({ url, signInLink }: Mock): void {
  const program = shellWord(programName());
  const server = url === MOCK_SERVER ? "" : ` --server ${url}`;
  say(`
Allison ${VERSION}, a demo: Bright Dental, two locations, 90 days of calls, and one more every few seconds.
Everything is in memory and gone when you stop it with Ctrl-C.

Open the dashboard; this link signs you in, once:

  ${signInLink()}

Three things to try:

1. Read the newest calls as a program does:

   curl -H "Authorization: Bearer ${MOCK_KEYS.read}" "${url}/v1/calls?limit=2"

2. Let a caller leave a message, and see it in the dashboard under "To do":

   ${program} trigger call.message_taken --set caller_name="Ada King" --set message="Please call me back."${server}

3. Watch signed webhooks arrive, as your own program would receive them:

   ${program} listen${server}

Your key for writing is ${MOCK_KEYS.write}; the reference is at ${url}/docs.
To sign in again: ${MOCK_ACCOUNT.email}, password "${MOCK_ACCOUNT.password}".
`);
}
