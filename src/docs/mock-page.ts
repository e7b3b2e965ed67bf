/** /docs/mock: how to test an integration against a mock server. */
import { LIMITS } from "../config.ts";
import { ERRORS } from "../contract/errors.ts";
import { MOCK_KEYS } from "../contract/mock-keys.ts";
import { codeBlock, type Html, html, jsonBlock, sentence } from "./html.ts";
import { RECIPES, type Recipe } from "./recipes.ts";

const SECTIONS = [
  ["starting", "Starting"],
  ["keys", "Keys"],
  ["data", "Data and time"],
  ["faults", "Faults"],
  ["rules", "Rules"],
  ["limits", "Limits and strictness"],
  ["webhooks", "Webhooks"],
  ["reset", "Reset"],
  ["clients", "Generated clients"],
  ["recipes", "Recipes"],
] as const;

const heading = (id: (typeof SECTIONS)[number][0]) =>
  html`<h2 id="${id}"><a href="#${id}">${SECTIONS.find(([known]) => known === id)![1]}</a></h2>`;

const table = (
  columns: string[],
  rows: [string, string][],
): Html => html`<div class="table" tabindex="0"><table>
<thead><tr>${columns.map((column) => html`<th>${column}</th>`)}</tr></thead>
<tbody>${rows.map(([name, meaning]) => html`<tr><td><code>${name}</code></td><td>${sentence(meaning)}</td></tr>`)}</tbody>
</table></div>`;

/** What `--json` prints. */
export const READY_LINE = {
  url: "http://127.0.0.1:40404",
  read_key: MOCK_KEYS.read,
  write_key: MOCK_KEYS.write,
  platform_key: MOCK_KEYS.platform,
  pid: 4711,
};

const starting = (): Html => html`${heading("starting")}
<p>${sentence("`allison mock`")} is the whole server with its database in memory: every path, check and answer of the reference, the dashboard and webhooks too. It needs no set-up, and when it ends, all is gone. It is for development: its keys are no secret.</p>
${codeBlock(`# At http://127.0.0.1:8080; says what there is to try.
allison mock
# For tests: at a free port, and one line of JSON when it is ready.
allison mock --port 0 --json`)}
${jsonBlock(READY_LINE)}
<p>Wait for the line and take the address from it. End the mock by its process, with SIGTERM. Its own page, ${sentence("`/mock`")}, shows in a browser what was asked of it and what it answered. The paths under it need no key. Each option has an environment variable too; ${sentence("`allison mock --help`")} names them.</p>`;

const keys = (): Html => html`${heading("keys")}
<p>They are the same at every start, so a test may hold them. They open a mock only.</p>
${table(
  ["Key", "Opens"],
  [
    [MOCK_KEYS.read, "Every GET."],
    [MOCK_KEYS.write, "Everything under `/v1`."],
    [MOCK_KEYS.platform, "`/platform/v1`, where calls come in."],
  ],
)}`;

const data = (): Html => html`${heading("data")}
<p>A mock holds a made-up business and its latest calls. The same seed makes the same ids, names and times.</p>
${table(
  ["Option", "What it does"],
  [
    ["--calls 0", `How many calls there are, 0 to ${LIMITS.mockCalls.toLocaleString("en-US")}.`],
    [
      "--data calls.ndjson",
      "Calls of your own in place of made-up ones, a record a line, each as for `POST /platform/v1/calls`.",
    ],
    ["--seed 7", "Another business. Its clock starts at a time of its own, the same every day."],
    ["--now 2026-11-23T10:00:00Z", "The time it is. It stands still, unless `--speed` is given."],
    [
      "--speed 60",
      "A minute of its clock passes in one second of yours: budgets fill up and deliveries are tried again so much sooner.",
    ],
  ],
)}`;

const STATUSES = [...new Set(Object.values(ERRORS).map(({ status }) => status))].sort(
  (a, b) => a - b,
);

/** Every form of a fault: as the header has it, and as a rule has it. */
export const FAULT_FORMS: [string, string][] = [
  [
    "500",
    `An error with its code, as the server itself would answer it; nothing is done. Any of ${STATUSES.join(", ")}. 429 and 503 carry \`Retry-After: 1\`.`,
  ],
  ["429;retry-after=3", "The same with another time to wait, in seconds."],
  ["429;times=2", "Twice only; then the request gets through. `times` goes with every form."],
  ["slow=3000", "The answer comes as usual, after 3 seconds; at most 600000 milliseconds."],
  ["drop", "The connection is closed without an answer; nothing is done."],
  ["truncate", "The request is done, and the connection is closed in the middle of the answer."],
];

export const FAULT_EXAMPLE = `curl -i -H "Authorization: Bearer ${MOCK_KEYS.read}" \\
  -H "X-Mock-Fault: 429;times=2" http://127.0.0.1:8080/v1/contacts`;

const faults = (): Html => html`${heading("faults")}
<p>A request fails as its header ${sentence("`X-Mock-Fault`")} says:</p>
${table(["Fault", "What happens"], FAULT_FORMS)}
${codeBlock(FAULT_EXAMPLE)}
<p>With ${sentence("`times`")} in the header, each request is counted by itself: its method, address and key. After ${sentence("`drop`")} and ${sentence("`truncate`")} a client cannot know whether its POST was done; with an ${sentence("`Idempotency-Key`")} it repeats it, and it is done once. A value that asks for no fault is 400, and so is the header on a real server.</p>`;

/** What a faults file holds, and a POST to /mock/faults. */
export const RULES_EXAMPLE = {
  rules: [
    { route: "POST /v1/contacts", fault: "503;times=1" },
    { route: "GET /v1/calls/{id}", key: "read", fault: "slow=2000" },
    { route: "*", fault: "500", probability: 0.01 },
  ],
};

export const RULES_COMMANDS = `allison mock --faults faults.json
curl -H "Content-Type: application/json" -d @faults.json \\
  http://127.0.0.1:8080/mock/faults`;

const rules = (): Html => html`${heading("rules")}
<p>Where your own code makes the request, a rule makes it fail. Rules are read from a file at the start, or sent while the mock runs:</p>
${jsonBlock(RULES_EXAMPLE)}
${codeBlock(RULES_COMMANDS)}
${table(
  ["Field", "What it is"],
  [
    [
      "route",
      'A path as the reference has it, with or without its method. `"*"` is every request, and what holds if it is left out.',
    ],
    [
      "key",
      "Only requests with this key: `read`, `write` or `platform`, or a key's name or id. Every key if it is left out.",
    ],
    ["fault", "What happens, as in the header. `times` counts all requests that the rule meets."],
    ["probability", "For how many of them: above 0, up to 1. 1 if it is left out."],
  ],
)}
<p>The first rule that is for a request decides; the header comes before all rules. A POST takes the place of the rules before, so ${sentence('`{"rules": []}`')} ends them. ${sentence("`GET /mock/faults`")} tells how many requests each has met and for how many it is left.</p>`;

const limits = (): Html => html`${heading("limits")}
<p>A mock tells the budget of a key in ${sentence("`RateLimit`")}, and refuses nobody over it. With ${sentence("`--limits`")} it does, and ${sentence("`--reads-per-minute`")} and ${sentence("`--writes-per-minute`")} make the budgets small:</p>
${codeBlock("allison mock --limits --writes-per-minute 2 --speed 60")}
<p>A real server passes over fields and parameters that it does not know, so a mistyped one looks like one that does nothing. With ${sentence("`--strict`")} it is 400, and ${sentence("`details`")} names the nearest that there is.</p>`;

export const TRIGGER_EXAMPLE = {
  event: "call.message_taken",
  set: { message: "Please call back.", caller_name: "Ada King" },
};

export const TRIGGER_COMMANDS = [
  "allison listen --forward http://127.0.0.1:3000/hooks",
  'allison trigger call.message_taken --set caller_name="Ada King"',
] as const;

const webhooks = (): Html => html`${heading("webhooks")}
<p>Subscriptions are made as ever, and may name a plain http address of this machine. ${sentence("`allison listen`")} subscribes for you, shows what comes in, checks it and hands it on to your own receiver. ${sentence("`allison trigger`")} makes an event happen, as a call would; ${sentence("`--set`")} says what is in it. Both find a mock at another address by ${sentence("`--server`")}.</p>
${codeBlock(TRIGGER_COMMANDS.join("\n"))}
<p>A test does the same with ${sentence("`POST /mock/trigger`")}. The answer has the event as it is sent, and to how many subscriptions.</p>
${jsonBlock(TRIGGER_EXAMPLE)}
<p>Fields are named by their path, such as ${sentence("`order.items.0.name`")}; what is left out is made up. The events and their fields are at <a href="/docs/webhooks#events">Webhooks</a>. Deliveries are signed with the time that it really is, also where the mock's clock says another.</p>`;

const reset = (): Html => html`${heading("reset")}
<p>${sentence("`POST /mock/reset`")} makes the mock as it was at its start: data, keys, subscriptions, and the rules of its file. It takes a moment, less than a tenth of a second, and the address stays. It is for everybody who uses this mock, so tests that run side by side need one each.</p>`;

/** A command for types, and one for a whole client. */
export const GENERATORS = `npx openapi-typescript http://127.0.0.1:8080/openapi.json -o schema.d.ts
npx @hey-api/openapi-ts -i http://127.0.0.1:8080/openapi.json -o api`;

const clients = (): Html => html`${heading("clients")}
<p>The <a href="/openapi.json">OpenAPI document</a> is the same here as on a real server. Both of these make typed clients of it as it is; the types of the first are for ${sentence("`openapi-fetch`")}:</p>
${codeBlock(GENERATORS)}`;

const recipe = ({
  id,
  name,
  words,
  command,
  files,
}: Recipe): Html => html`<h3 id="${id}"><a href="#${id}">${name}</a></h3>
<p>${sentence(words)}</p>
${Object.entries(files).map(
  ([file, source]) => html`<p class="caption">${file}</p>
${codeBlock(source)}`,
)}
<p class="caption">Run it</p>
${codeBlock(command)}`;

const recipes = (): Html => html`${heading("recipes")}
<p>Each starts a mock at a free port, hands its address and keys to the tests, resets it before each, makes a request fail, and ends the mock with the last test, also when one has failed. The program is ${sentence("`allison`")} on your PATH, or the one that ${sentence("`ALLISON_BIN`")} names.</p>
${RECIPES.map(recipe)}`;

export const mockBody = (): Html => html`<main class="with-contents">
<div class="opening">
<h1>Testing your integration</h1>
<p class="lead">A mock server of your own: the real thing, with data, without a set-up, and it fails when you ask it to.</p>
</div>
<nav class="contents" aria-label="On this page">
<p>On this page</p>
<ul>${SECTIONS.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul>
<p>Recipes</p>
<ul>${RECIPES.map(({ id, name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ul>
</nav>
<article>
${starting()}
${keys()}
${data()}
${faults()}
${rules()}
${limits()}
${webhooks()}
${reset()}
${clients()}
${recipes()}
</article>
</main>`;
