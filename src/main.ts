#!/usr/bin/env bun
/** The program: runs the command that the arguments name. */
import { runCommand } from "./cli/program.ts";
import { exitOnOutputError } from "./cli/terminal.ts";

process.stdout.on("error", exitOnOutputError);
process.stderr.on("error", () => {});
// Without process.exit, which would discard output that is not yet written to a pipe.
process.exitCode = await runCommand(process.argv.slice(2));
