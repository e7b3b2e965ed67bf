/**
 * The benchmark. The load and the server have a core each. Compared servers are measured in turns, round by round, so a
 * slow minute of the machine affects all of them. It prints medians; ratios between them carry over to other machines.
 */
import { rmSync } from "node:fs";
import { measureReads, measureStart, measureWrites } from "./bench-api.ts";
import { measureDashboard } from "./bench-dashboard.ts";
import { CALLS, type Install, prepareInstall } from "./bench-data.ts";
import { measureMocks } from "./bench-mocks.ts";
import { measureStalls } from "./bench-stalls.ts";
import {
  formatNumber,
  LOAD_CORE,
  printLine,
  ROUNDS,
  SECONDS,
  SERVER_CORE,
  WORK,
} from "./bench-tools.ts";
import { measureWebhooks } from "./bench-webhooks.ts";

function printImport({ importSeconds }: Install): void {
  printLine("import of call records", `${formatNumber(CALLS / importSeconds)} /s`);
}

/** The parts that need an install with calls, in the order of their run. */
const INSTALL_PARTS: Record<string, (install: Install) => void | Promise<void>> = {
  import: printImport,
  start: measureStart,
  api: measureReads,
  writes: measureWrites,
  stalls: measureStalls,
  dashboard: measureDashboard,
  webhooks: measureWebhooks,
};

const args = process.argv.slice(2);
const isWanted = (part: string) => args.length === 0 || args.includes(part);
try {
  console.log(
    `Medians of ${ROUNDS} rounds of ${SECONDS} s, server on core ${SERVER_CORE}, load on core ${LOAD_CORE}\n`,
  );
  if (isWanted("mocks")) await measureMocks();
  const parts = Object.keys(INSTALL_PARTS).filter(isWanted);
  const install = parts.length > 0 ? await prepareInstall() : undefined;
  for (const part of parts) await INSTALL_PARTS[part]!(install!);
} finally {
  rmSync(WORK, { recursive: true, force: true });
}
