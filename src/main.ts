#!/usr/bin/env bun
/** The entry point: runs the command given in the arguments. */
import { runCommand } from "./cli/program.ts";
import { exitOnOutputError } from "./cli/terminal.ts";

process.stdout.on("error", exitOnOutputError);
process.stderr.on("error", () => {});
// process.exit would discard output that is not yet written to a pipe.
process.exitCode = await runCommand(process.argv.slice(2));
