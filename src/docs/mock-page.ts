/** /docs/mock: how to test an integration against a mock server. Its samples are exported, so that tests run them. */
import { LIMITS, SETTINGS } from "../config.ts";
import { ERRORS } from "../contract/errors.ts";
import { MOCK_KEYS } from "../contract/mock-keys.ts";
import template from "./pages/mock.md" with { type: "text" };
import { fence, fillPlaceholders } from "./placeholders.ts";
import { RECIPES, type Recipe } from "./recipes.ts";

const MOCK_URL = `http://127.0.0.1:${SETTINGS.port.default}`;

/** The line that `allison mock --json` prints. */
export const READY_LINE = {
  url: "http://127.0.0.1:40404",
  read_key: MOCK_KEYS.read,
  write_key: MOCK_KEYS.write,
  platform_key: MOCK_KEYS.platform,
  pid: 4711,
};

export const FAULT_EXAMPLE = `curl -i -H "Authorization: Bearer ${MOCK_KEYS.read}" \\
  -H "X-Mock-Fault: 429;times=2" ${MOCK_URL}/v1/contacts`;

/** The content of a faults file, and the body of a POST to /mock/faults. */
export const RULES_EXAMPLE = {
  rules: [
    { route: "POST /v1/contacts", fault: "503;times=1" },
    { route: "GET /v1/calls/{id}", key: "read", fault: "slow=2000" },
    { route: "*", fault: "500", probability: 0.01 },
  ],
};

export const RULES_COMMANDS = `allison mock --faults faults.json
curl -H "Content-Type: application/json" -d @faults.json \\
  ${MOCK_URL}/mock/faults`;

export const TRIGGER_EXAMPLE = {
  event: "call.message_taken",
  set: { message: "Please call back.", caller_name: "Ada King" },
};

export const TRIGGER_COMMANDS = [
  "allison listen --forward http://127.0.0.1:3000/hooks",
  'allison trigger call.message_taken --set caller_name="Ada King"',
] as const;

/** A command that generates types, and one that generates a complete client. */
export const GENERATORS = `npx openapi-typescript ${MOCK_URL}/openapi.json -o schema.d.ts
npx @hey-api/openapi-ts -i ${MOCK_URL}/openapi.json -o api`;

const STATUSES = [...new Set(Object.values(ERRORS).map(({ status }) => status))].sort(
  (a, b) => a - b,
);

const formatJson = (value: unknown): string => JSON.stringify(value, null, 2);

function describeRecipe({ name, description, language, command, files }: Recipe): string {
  const blocks = Object.entries(files).map(([file, source]) => fence(language, source, file));
  return [`### ${name}`, description, ...blocks, fence("sh", command, "Run it")].join("\n\n");
}

export const mockPage = (): string =>
  fillPlaceholders(template, {
    mockUrl: MOCK_URL,
    readyLine: formatJson(READY_LINE),
    readKey: MOCK_KEYS.read,
    writeKey: MOCK_KEYS.write,
    platformKey: MOCK_KEYS.platform,
    mockCalls: LIMITS.mockCalls.toLocaleString("en-US"),
    statuses: STATUSES.join(", "),
    faultExample: FAULT_EXAMPLE,
    rulesExample: formatJson(RULES_EXAMPLE),
    rulesCommands: RULES_COMMANDS,
    limitsCommand: "allison mock --limits --writes-per-minute 2 --speed 60",
    triggerCommands: TRIGGER_COMMANDS.join("\n"),
    triggerExample: formatJson(TRIGGER_EXAMPLE),
    generatorCommands: GENERATORS,
    recipes: RECIPES.map(describeRecipe).join("\n\n"),
  });
