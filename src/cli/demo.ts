/** `allison demo`: a made-up business that receives calls. */
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
import { DEFAULT_SEED, MOCK_SERVER, seedOption } from "./mock.ts";
import { configOf, withSettings } from "./options.ts";
import { keepRunning, logUncaughtErrors } from "./serve.ts";
import { printLine, printMessage, programName, quoteForShell } from "./terminal.ts";

export function demoCommand(): Command {
  const command = new Command("demo")
    .description(
      "Run a demo with temporary data: a made-up business that receives calls and sends webhooks.",
    )
    .addOption(new Option("--open", "open the dashboard in the browser").env("ALLISON_OPEN"))
    .addOption(seedOption().default(DEFAULT_SEED))
    .addHelpText("after", "\nExample:\n  allison demo --open");
  const settings = ["port", "host", "webhookAllow", "logLevel"] as const;
  return withSettings(command, settings, { logLevel: "error" }).action(
    async (options: Partial<Config> & { open?: true; seed: number }) => {
      printMessage("Creating a dental practice with 90 days of calls …");
      const mock = await startOnPort(options, command.getOptionValueSource("port") === "default");
      await keepRunning(mock, async () => {
        printWelcome(mock);
        if (options.open) await openInBrowser(mock.signInLink());
        printLine(`listening on ${mock.url}`);
      });
    },
  );
}

/** Starts the demo. With `anyPort`, it takes a free port if the configured one is in use. */
async function startOnPort(
  options: Partial<Config> & { seed: number },
  anyPort: boolean,
): Promise<Mock> {
  const config = configOf(options);
  const demo = {
    config,
    seed: options.seed,
    email: MOCK_ACCOUNT.email,
    log: createLog(config.logLevel),
  };
  logUncaughtErrors(demo.log);
  try {
    return await startDemo(demo);
  } catch (error) {
    if (!(error instanceof PortInUse) || !anyPort) throw error;
    printMessage(`Port ${config.port} is in use; using a free one.`);
    return startDemo({ ...demo, config: { ...config, port: 0 } });
  }
}

async function openInBrowser(link: string): Promise<void> {
  try {
    const browser = await open(link);
    browser.once("error", (error) => printMessage(openFailure(error)));
  } catch (error) {
    printMessage(openFailure(error as Error));
  }
}

const openFailure = (error: Error) =>
  `The browser could not be opened (${error.message}); open the link above.`;

function printWelcome({ url, signInLink }: Mock): void {
  const program = quoteForShell(programName());
  const server = url === MOCK_SERVER ? "" : ` --server ${url}`;
  printMessage(`
Allison ${VERSION}, a demo: Bright Dental, two locations, 90 days of calls, and a new call every few seconds.
All data is temporary and is deleted when you stop the demo with Ctrl-C.

Open the dashboard. This link signs you in once:

  ${signInLink()}

Three things to try:

1. Read the newest calls through the API:

   curl -H "Authorization: Bearer ${MOCK_KEYS.read}" "${url}/v1/calls?limit=2"

2. Simulate a caller who leaves a message, and find it in the dashboard under "To do":

   ${program} trigger call.message_taken --set caller_name="Ada King" --set message="Please call me back."${server}

3. Receive signed webhooks, as a program of yours would:

   ${program} listen${server}

Your write key is ${MOCK_KEYS.write}. The reference is at ${url}/docs.
To sign in again: ${MOCK_ACCOUNT.email}, password "${MOCK_ACCOUNT.password}".
`);
}
