/**
 * Runs a generator of clients in a process of its own: generate.ts GENERATOR URL DIRECTORY. Both write TypeScript by
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

const [generator, url = "", directory = ""] = process.argv.slice(2);
if (generator === "openapi-typescript") {
  const { default: openapiTS, astToString } = await import("openapi-typescript");
  const text = astToString(await openapiTS(new URL(url)));
  await Bun.write(join(directory, "schema.d.ts"), text);
} else {
  const { createClient } = await import("@hey-api/openapi-ts");
  await createClient({
    input: url,
    output: join(directory, "api"),
    logs: { level: "silent", file: false },
  });
}
