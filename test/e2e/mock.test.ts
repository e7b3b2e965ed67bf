/** `allison mock` and `allison demo` with the executable, in an empty directory that stays empty. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openBrowser } from "../support/browser.ts";
import { createClient } from "../support/client.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { type Executable, installExecutable, type Running } from "../support/executable.ts";

let allison: Executable;
beforeAll(() => {
  allison = installExecutable();
});
afterAll(() => allison[Symbol.dispose]());

const READY = /^\{.*\}\n/;
const startMock = async (...args: string[]) => {
  const running = await allison.start(["mock", "--port", "0", "--json", ...args], READY);
  const ready = JSON.parse(running.stdout());
  return Object.assign(running, { ready, read: createClient(ready.url, ready.read_key) });
};
const file = (name: string, text: string) => {
  const path = join(allison.path, name);
  writeFileSync(path, text);
  return path;
};

/** Waits until `isTrue`; the time limit of the test ends it. */
async function expectSoon(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await Bun.sleep(10);
}

describe("allison mock", () => {
  test("--json prints one line when the mock is ready, with the same keys at every start", async () => {
    await using first = await startMock();
    await using second = await startMock("--seed", "9");
    expect(first.stdout().trim().split("\n")).toHaveLength(1);
    expect(first.ready).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      read_key: expect.stringMatching(/^av_test_[A-Za-z0-9]{32}$/),
      write_key: expect.stringMatching(/^av_test_[A-Za-z0-9]{32}$/),
      platform_key: expect.stringMatching(/^av_plat_[A-Za-z0-9]{32}$/),
      pid: first.pid,
    });
    const { url: _1, pid: _2, ...keys } = first.ready;
    expect(second.ready).toMatchObject(keys);
    expect((await first.read.get("/v1/me")).status).toBe(200);
    expect(first.stderr()).toBe("");
    first.kill("SIGTERM");
    expect(await first.ended).toBe(0);
    expect(readdirSync(allison.path)).toEqual(["allison"]);
  });

  test("the same seed gives the same data at every start, times included", async () => {
    await using first = await startMock("--seed", "9");
    await using second = await startMock("--seed", "9");
    for (const path of ["/v1/calls", "/v1/contacts", "/v1/knowledge", "/v1/escalation-rules"])
      expect((await second.read.get(path)).text).toBe(
        (await first.read.get(path)).text.replaceAll(first.ready.url, second.ready.url),
      );
  });

  test("the printed commands work", async () => {
    await using mock = await allison.start(["mock", "--port", "0"], /^listening on (\S+)\n/);
    const [, curl] = await mock.until(/(curl -H "Authorization: [^\n]+)/);
    const ran = Bun.spawn(["sh", "-c", `${curl} -s`]);
    expect(await new Response(ran.stdout).json()).toMatchObject({ has_more: true });
    const [, command] = await mock.until(/Raise events +(\S+ trigger [^\n]+)/);
    const raised = Bun.spawn(["sh", "-c", command!], { cwd: allison.path, stderr: "pipe" });
    expect(JSON.parse(await new Response(raised.stdout).text()).type).toBe("call.message_taken");
    const [, reset] = await mock.until(/Reset +(curl [^\n]+)/);
    expect(await Bun.spawn(["sh", "-c", `${reset} -sf`], { stdout: "ignore" }).exited).toBe(0);
  });

  test("each option works, also as an environment variable", async () => {
    await using fixed = await startMock(
      "--calls",
      "7",
      "--now",
      "2026-03-01T12:00:00Z",
      "--strict",
    );
    expect(await fixed.read.all("/v1/calls")).toHaveLength(7);
    expect((await fixed.read.get("/v1/calls?limt=1")).status).toBe(400);
    const state = createClient(fixed.ready.url, null);
    expect((await state.get("/mock/state")).body.data).toMatchObject({
      now: "2026-03-01T12:00:00.000Z",
      seed: 1,
      speed: 0,
      strict: true,
      limits: false,
    });
    const env = { ALLISON_MOCK_SEED: "4", ALLISON_MOCK_LIMITS: "1", ALLISON_READS_PER_MINUTE: "1" };
    await using other = await allison.start(["mock", "--port", "0", "--json"], READY, env);
    const { url, read_key } = JSON.parse(other.stdout());
    const client = createClient(url, read_key);
    expect([(await client.get("/v1/me")).status, (await client.get("/v1/me")).status]).toEqual([
      200, 429,
    ]);
    expect((await client.get("/mock/state")).body.data.now).toStartWith("2026-01-15T15:0");
  });

  test("--data stores the records of a file, and --faults sets the rules of a file", async () => {
    const lines = ["a", "b"].map((name) =>
      JSON.stringify({
        external_id: name,
        direction: "inbound",
        started_at: "2026-11-23T10:00:00Z",
      }),
    );
    const data = file("calls.ndjson", lines.join("\n"));
    const faults = file("faults.json", '[{"route": "GET /v1/intents", "fault": "503;times=1"}]');
    await using mock = await startMock("--data", data, "--faults", faults);
    const ids = (await mock.read.all("/v1/calls")).map(({ external_id }) => external_id);
    expect(new Set(ids)).toEqual(new Set(["a", "b"]));
    expect((await mock.read.get("/v1/intents")).status).toBe(503);
    expect((await mock.read.get("/v1/intents")).body.data).toEqual([]);
  });

  test.each([
    [["--seed", "-1"], "--seed must be a whole number from 0 to 2147483647"],
    [["--now", "noon"], "--now must be a date such as"],
    [["--speed", "0"], "--speed must be a whole number from 1"],
    [["--calls", "100001"], "--calls must be a whole number from 0 to 100000"],
    [["--data", "nowhere.ndjson"], '--data names a file that does not exist: "nowhere.ndjson".'],
    [["--data", "bad.ndjson"], "--data bad.ndjson has bad lines: line 1: direction is required"],
    [["--data", "bad.ndjson", "--calls", "3"], "give one of them"],
    [["--faults", "bad.ndjson"], "--faults has an invalid rule: "],
    [["--faults", "rules.json"], "--faults has an invalid rule: rules.0.fault must be one of 400"],
    [["--faults", "text.json"], "--faults text.json is not valid JSON"],
  ])("%j exits with 2 and one sentence", async (args, message) => {
    file("bad.ndjson", '{"external_id": "a"}');
    file("rules.json", '{"rules": [{"fault": "teapot"}]}');
    file("text.json", "rules");
    const { exitCode, stdout, stderr } = await allison.run(["mock", "--port", "0", ...args]);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("its data is in the directory for temporary files, and is deleted by a reset and by both signals", async () => {
    using temporary = temporaryDirectory();
    const env = { TMPDIR: temporary.path };
    const args = ["mock", "--port", "0", "--json"];
    for (const signals of [["SIGTERM"], ["SIGINT", "SIGINT"]] as const) {
      await using mock = await allison.start(args, READY, env);
      expect(readdirSync(temporary.path)).toHaveLength(1);
      const { url } = JSON.parse(mock.stdout());
      const reset = await createClient(url, null).post("/mock/reset");
      expect(reset.status).toBe(200);
      await expectSoon(() => readdirSync(temporary.path).length === 1);
      for (const signal of signals) mock.kill(signal);
      await mock.ended;
      expect(readdirSync(temporary.path)).toEqual([]);
    }
    const missing = await allison.run(args, { env: { TMPDIR: join(temporary.path, "missing") } });
    expect(missing.exitCode).toBe(2);
    expect(missing.stderr).toContain("set TMPDIR to a writable directory.");
  });

  test("allison serve refuses :memory: as a data directory", async () => {
    const { exitCode, stderr } = await allison.run(["serve", "--data", ":memory:"]);
    expect([exitCode, stderr]).toEqual([
      2,
      "--data must name a directory; to run a server with temporary data, use allison mock.\n",
    ]);
  });
});

describe("allison demo", () => {
  let demo: Running;
  beforeAll(async () => {
    mkdirSync(join(allison.path, "empty"));
    demo = await allison.start(["demo", "--port", "0"], /^listening on (\S+)\n/);
  });
  afterAll(() => demo[Symbol.asyncDispose]());

  test("the link signs in to the dashboard, and a new call appears", async () => {
    const [link] = await demo.until(/http\S+\/sign-in\/link#\S+/);
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(link);
      await page.getByRole("heading", { name: "Overview" }).waitFor();
      await page.getByRole("link", { name: "Calls", exact: true }).click();
      // The call is running at first, and complete a moment later.
      await page.getByText("In progress").first().waitFor({ timeout: 20_000 });
      await page.getByText("In progress").first().waitFor({ state: "detached", timeout: 20_000 });
      await page.getByRole("link", { name: "Webhooks" }).click();
      await page.getByText("Disabled by the server").waitFor();
      expect(await page.locator("table.list tbody tr").count()).toBe(3);
    } finally {
      await browser.close();
    }
  }, 60_000);

  test("the three printed commands work", async () => {
    const [, curl] = await demo.until(/(curl -H "Authorization[^\n]+)/);
    const read = Bun.spawn(["sh", "-c", `${curl} -s`]);
    expect(((await new Response(read.stdout).json()) as { data: object[] }).data).toHaveLength(2);
    const [, listen] = await demo.until(/(\S+ listen --server \S+)/);
    await using listening = await allison.start(listen!.split(" ").slice(1), /Listening at/);
    const [, trigger] = await demo.until(/(\S+ trigger call\.message_taken [^\n]+)/);
    const raised = Bun.spawn(["sh", "-c", trigger!], { cwd: allison.path, stderr: "pipe" });
    const event = (await new Response(raised.stdout).json()) as { id: string; data: object };
    expect(event.data).toMatchObject({ caller_name: "Ada King", message: "Please call me back." });
    await listening.until(new RegExp(`call.message_taken ${event.id} signature valid`));
  });

  test("has 90 days of calls, and both successful and failed deliveries", async () => {
    const [, key] = await demo.until(/(av_test_Read\w+)/);
    const [, url] = await demo.until(/listening on (\S+)/);
    const client = createClient(url!, key!);
    const calls = await client.all("/v1/calls");
    expect(calls.length).toBeGreaterThanOrEqual(2_000);
    const oldest = Date.now() - Date.parse(calls.at(-1).started_at);
    expect(oldest).toBeGreaterThan(85 * 86_400_000);
    const statuses = new Set<string>();
    for (const { id } of (await client.get("/v1/webhook-subscriptions")).body.data)
      for (const { status } of await client.all(`/v1/webhook-subscriptions/${id}/deliveries`))
        statuses.add(status);
    expect(statuses).toContain("succeeded");
    expect(statuses).toContain("failed");
  });

  test("uses a free port unless one is chosen, and leaves no files", async () => {
    const [, url] = await demo.until(/listening on (\S+)/);
    const port = new URL(url!).port;
    const chosen = await allison.run(["demo", "--port", port]);
    expect([chosen.exitCode, chosen.stderr.split("\n").at(-2)]).toEqual([
      2,
      `Port ${port} on 127.0.0.1 is in use; choose another with --port (0 picks a free one).`,
    ]);
    demo.kill("SIGINT");
    expect(await demo.ended).toBe(0);
    expect(readdirSync(join(allison.path, "empty"))).toEqual([]);
    expect(readdirSync(allison.path).filter((name) => !/\.(nd)?json$/.test(name))).toEqual([
      "allison",
      "empty",
    ]);
  });

  test("--open opens the link in the browser, or reports that there is none", async () => {
    const bin = join(allison.path, "bin");
    mkdirSync(bin);
    const openedLink = join(allison.path, "opened-link");
    writeFileSync(join(bin, "xdg-open"), `#!/bin/sh\necho "$1" > ${openedLink}\n`, { mode: 0o755 });
    const env = { PATH: `${bin}:${process.env.PATH}` };
    await using opened = await allison.start(
      ["demo", "--port", "0", "--open"],
      /listening on/,
      env,
    );
    const [link] = await opened.until(/http\S+\/sign-in\/link#\S+/);
    while (!(await Bun.file(openedLink).exists())) await Bun.sleep(20);
    expect((await Bun.file(openedLink).text()).trim()).toBe(link);
    await using withoutBrowser = await allison.start(
      ["demo", "--port", "0", "--open"],
      /listening on/,
      {
        PATH: "/nowhere",
      },
    );
    await withoutBrowser.until(/The browser could not be opened .*; open the link above\./);
  }, 60_000);
});
