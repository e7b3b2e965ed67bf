/**
 * Runs a generator's own command in a process of its own: generate.ts PACKAGE ARGUMENTS... Both write TypeScript by
 * TypeScript's JavaScript API, which version 7 has no more; they are given version 5, as they have it elsewhere.
 */
import { join } from "node:path";
import { plugin } from "bun";

plugin({
  name: "TypeScript 5",
  setup(build) {
    build.module("typescript", async () => {
      const { default: typescript } = await import("typescript-5");
      return { exports: { ...typescript, default: typescript }, loader: "object" };
    });
  },
});

/** What their commands come down to, in this process. */
const COMMANDS: Record<string, string> = {
  "openapi-typescript": "bin/cli.js",
  "@hey-api/openapi-ts": "dist/run.mjs",
};

const [generator = ""] = process.argv.splice(2, 1);
await import(join(import.meta.dir, "../../node_modules", generator, COMMANDS[generator]!));
