/** `allison openapi`: the OpenAPI document, as the server serves it at /openapi.json. */
import { Command } from "commander";
import { openApiDocument } from "../app.ts";
import { configOf, withSettings } from "./options.ts";
import { printJson } from "./terminal.ts";

export function openapiCommand(): Command {
  const command = new Command("openapi")
    .description("Print the OpenAPI document of the API.")
    .option("--no-webhooks", "leave out the events, which some generators of clients cannot read")
    .addHelpText("after", "\nExample:\n  allison openapi > openapi.json");
  return withSettings(command, ["publicUrl", "readsPerMinute", "writesPerMinute"]).action(
    (options) => {
      const { webhooks, ...document } = openApiDocument(configOf(options)) as { webhooks: object };
      printJson(options.webhooks ? { ...document, webhooks } : document);
    },
  );
}
