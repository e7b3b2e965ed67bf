#!/usr/bin/env bun
/** argv to one command. */
import { run } from "./cli/program.ts";

// Whoever reads our output may stop reading, as `head` does; there is nothing left to say then.
process.stdout.on("error", () => process.exit(0));
// Set, not exited with: what was printed into a pipe is still on its way.
process.exitCode = await run(process.argv.slice(2));
