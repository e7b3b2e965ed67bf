#!/usr/bin/env bun
/** argv to one command. */
import { run } from "./cli/program.ts";

const exitCode = await run(process.argv.slice(2));
// A server goes on; everything else is done here, whatever may still be open.
if (exitCode !== null) process.exit(exitCode);
