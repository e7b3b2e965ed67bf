/** /docs/mock is correct: its examples work as described, and the options it names exist. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { MOCK_KEYS } from "../../src/contract/mock-keys.ts";
import {
  FAULT_EXAMPLE,
  mockPage,
  READY_LINE,
  RULES_COMMANDS,
  RULES_EXAMPLE,
  TRIGGER_COMMANDS,
  TRIGGER_EXAMPLE,
} from "../../src/docs/mock-page.ts";
import { parseFault } from "../../src/mock/faults.ts";
import { type Client, createClient } from "../support/client.ts";
import { type Executable, installExecutable, type Running } from "../support/executable.ts";

const PAGE = mockPage();

let allison: Executable;
let mock: Running;
let ready: typeof READY_LINE;
let client: Client;
beforeAll(async () => {
  allison = installExecutable();
  writeFileSync(join(allison.path, "faults.json"), JSON.stringify(RULES_EXAMPLE));
  const command = RULES_COMMANDS.split("\n")[0]!.split(" ").slice(1);
  mock = await allison.start([...command, "--port", "0", "--json"], /\n/);
  ready = JSON.parse(mock.stdout());
  client = createClient(ready.url, MOCK_KEYS.write);
});
afterAll(async () => {
  await mock?.[Symbol.asyncDispose]();
  allison[Symbol.dispose]();
});

test("the mock prints the ready line of the page", () => {
  expect(ready).toEqual({ ...READY_LINE, url: expect.any(String), pid: mock.pid });
});

test("every option on the page exists", async () => {
  const helps = await Promise.all(
    ["mock", "trigger", "listen", "openapi"].map((command) => allison.run([command, "--help"])),
  );
  const help = helps.map(({ stdout }) => stdout).join("");
  const options = new Set(
    [...PAGE.matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([option]) => option),
  );
  expect(options.size).toBeGreaterThan(10);
  for (const option of options) expect([option, help.includes(option)]).toEqual([option, true]);
});

test("the page lists every kind of fault, and none that the mock refuses", () => {
  const [, section = ""] = /^## Faults\n(.*?)^## /ms.exec(PAGE) ?? [];
  const faults = [...section.matchAll(/^\| `([^`]+)` \|/gm)].map(([, fault]) => fault!);
  const kinds = faults.map((fault) => parseFault(fault)?.kind);
  expect([...new Set(kinds)]).toEqual(["error", "slow", "drop", "truncate"]);
  const [, slowest] = /The maximum is (\d+) milliseconds/.exec(section)!;
  expect(parseFault(`slow=${slowest}`)).not.toBeNull();
  expect(parseFault(`slow=${Number(slowest) + 1}`)).toBeNull();
});

test("the fault example fails twice and then succeeds", async () => {
  const [, key, fault, path] =
    /Bearer (\S+)" \\\s+-H "X-Mock-Fault: (\S+)" http:\/\/127.0.0.1:8080(\S+)$/.exec(
      FAULT_EXAMPLE,
    )!;
  const headers = { authorization: `Bearer ${key}`, "x-mock-fault": fault! };
  const statuses = [];
  for (let i = 0; i < 3; i += 1) statuses.push((await client.get(path!, headers)).status);
  expect(statuses).toEqual([429, 429, 200]);
});

test("rules apply from the file and from a request", async () => {
  const readRules = async () => (await client.get("/mock/faults")).body.data;
  const [first] = RULES_EXAMPLE.rules;
  expect(await readRules()).toMatchObject(RULES_EXAMPLE.rules);
  const sent = await client.post("/mock/faults", RULES_EXAMPLE);
  expect([sent.status, sent.body.data.length]).toEqual([200, 3]);
  expect(sent.body.data[0]).toEqual({ ...first, key: null, probability: 1, met: 0, left: 1 });
  const create = () => client.post("/v1/contacts", { phone_number: "+15550100555" });
  expect((await create()).status).toBe(503);
  expect((await readRules())[0]).toMatchObject({ met: 1, left: 0 });
  await client.post("/mock/faults", { rules: [] });
  expect([await readRules(), (await create()).status]).toEqual([[], 201]);
});

test("both trigger examples raise the event, and a reset restores the start", async () => {
  const body = { url: "http://127.0.0.1:9/hook", events: [TRIGGER_EXAMPLE.event] };
  expect((await client.post("/v1/webhook-subscriptions", body)).status).toBe(201);
  const { status, body: answer } = await client.post("/mock/trigger", TRIGGER_EXAMPLE);
  expect([status, answer.data]).toMatchObject([
    200,
    { event: { data: TRIGGER_EXAMPLE.set }, deliveries: 1 },
  ]);
  const [, event, name] = /^allison trigger (\S+) --set caller_name="(.+)"$/.exec(
    TRIGGER_COMMANDS[1],
  )!;
  const raised = await allison.run(
    ["trigger", event!, "--set", `caller_name=${name}`, "--server", ready.url],
    {},
  );
  expect([raised.exitCode, JSON.parse(raised.stdout).data.caller_name]).toEqual([0, name]);

  expect((await client.post("/mock/reset")).status).toBe(200);
  expect((await client.get("/v1/webhook-subscriptions")).body.data).toEqual([]);
  expect((await client.get("/mock/faults")).body.data).toMatchObject(RULES_EXAMPLE.rules);
});
