#!/usr/bin/env bun
/** argv to one command. */
import { run } from "./cli/program.ts";
import { outputFailed } from "./cli/terminal.ts";

process.stdout.on("error", outputFailed);
process.stderr.on("error", () => {});
// Set, not exited with: what was printed into a pipe is still on its way.
process.exitCode = await run(process.argv.slice(2));
