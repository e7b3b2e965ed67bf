/** `allison trigger` and `allison listen` with the executable and a mock, as the developer of a receiver uses them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { EVENT_TYPES } from "../../src/contract/event-types.ts";
import { MOCK_KEYS } from "../../src/contract/mock-keys.ts";
import { VERSION } from "../../src/lib/version.ts";
import { createClient } from "../support/client.ts";
import { type Executable, installExecutable, type Running } from "../support/executable.ts";
import { startReceiver } from "../support/receiver.ts";

const AGENT = `Allison/${VERSION}`;

let allison: Executable;
let mock: Running;
let url: string;
beforeAll(async () => {
  allison = installExecutable();
  mock = await allison.start(["mock", "--port", "0", "--json"], /\n/);
  ({ url } = JSON.parse(mock.stdout()));
});
afterAll(async () => {
  await mock[Symbol.asyncDispose]();
  allison[Symbol.dispose]();
});

const trigger = (...args: string[]) => allison.run(["trigger", ...args, "--server", url]);
const listen = (...args: string[]) =>
  allison.start(["listen", "--server", url, ...args], /Listening at (\S+)/);
const subscriptions = async () =>
  (await createClient(url, MOCK_KEYS.read).get("/v1/webhook-subscriptions")).body.data;
/** Removes what earlier tests left. */
const reset = () => createClient(url, null).post("/mock/reset");

test("a triggered event is received, verified and printed field by field; Ctrl-C deletes the subscription", async () => {
  await using listening = await listen();
  for (const event of EVENT_TYPES) {
    const { exitCode, stdout, stderr } = await trigger(event);
    expect([exitCode, stderr]).toEqual([0, `${event} was raised; 1 subscription receives it.\n`]);
    const { id } = JSON.parse(stdout);
    await listening.until(new RegExp(`${event} ${id} signature valid`));
  }
  await trigger("call.message_taken", "--set", "message=Bring the \u001b[2Jkey.");
  await listening.until(/message +Bring the \ufffd\[2Jkey\./);
  expect(await subscriptions()).toHaveLength(1);
  listening.kill("SIGINT");
  expect(await listening.ended).toBe(0);
  expect(await subscriptions()).toEqual([]);
});

test("without a subscription, trigger prints how to receive the event", async () => {
  const { exitCode, stderr } = await trigger("call.ended");
  expect(exitCode).toBe(0);
  expect(stderr).toContain("no subscription receives it. To receive it: ");
  expect(stderr).toContain(`listen --server ${url}`);
});

describe("trigger", () => {
  test("--set sets fields by path, as text or as the JSON value of the text", async () => {
    const { stdout } = await trigger(
      "call_order.status_changed",
      "--set",
      "order.items.0.name=Night guard = new",
      "--set",
      "order.items.0.quantity=2",
      "--set",
      "order_status=fulfilled",
    );
    expect(JSON.parse(stdout).data).toMatchObject({
      order: { items: [{ name: "Night guard = new", quantity: 2 }] },
      order_status: "fulfilled",
    });
  });

  test("--json takes a received delivery and raises the event for a new call", async () => {
    await using listening = await listen("--json", "--events", "call.appointment_booked");
    await trigger("call.appointment_booked", "--set", "service=Crown");
    await listening.until(/Crown.*\n/);
    const delivered = JSON.parse(listening.stdout()).event;
    const file = join(allison.path, "delivery.json");
    writeFileSync(file, JSON.stringify(delivered));
    const again = JSON.parse((await trigger(delivered.type, "--json", file)).stdout);
    expect(again.data.service).toBe("Crown");
    expect(again.data.call_id).not.toBe(delivered.data.call_id);
    const other = await trigger("call.ended", "--json", file);
    expect([other.exitCode, other.stderr]).toEqual([
      2,
      `--json ${file} contains the event call.appointment_booked, not call.ended.\n`,
    ]);
  });

  test.each([
    [["call.endd"], 2, "did you mean call.ended?"],
    [[], 2, "Missing required argument 'event'."],
    [["call.ended", "--set", "summary"], 2, "--set must be a field and its value"],
    [["call.ended", "--json", "nowhere.json"], 2, "--json nowhere.json cannot be read"],
    [["call.ended", "--set", "sumary=x"], 1, "sumary is not a known field; did you mean summary?"],
    [
      ["call.ended", "--set", "direction=up"],
      1,
      "Refused: direction must be one of inbound, outbound.",
    ],
    [
      ["call.ended", "--server", "nowhere"],
      2,
      '--server must be an http or https address, not "nowhere".',
    ],
    [
      ["call.ended", "--server", "http://127.0.0.1:9"],
      1,
      "No server answers at http://127.0.0.1:9; start one with allison mock",
    ],
  ])("%j exits with %i and one sentence", async (args, code, message) => {
    const run = args.includes("--server") ? allison.run(["trigger", ...args]) : trigger(...args);
    const { exitCode, stdout, stderr } = await run;
    expect([exitCode, stdout]).toEqual([code, ""]);
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });

  test("a server that is not a mock is recognized", async () => {
    await using real = await allison.serve();
    const { exitCode, stderr } = await allison.run(["trigger", "call.ended", "--server", real.url]);
    expect([exitCode, stderr]).toEqual([
      1,
      `The server at ${real.url} is not a mock; start one with allison mock.\n`,
    ]);
  });
});

describe("listen", () => {
  test("a verified webhook is forwarded with its headers, and answered with the status of the receiver", async () => {
    await using receiver = await startReceiver({ script: [{ status: 500 }, { status: 204 }] });
    await using listening = await listen("--forward", receiver.url, "--events", "call.ended");
    await trigger("call.ended");
    await listening.until(/forwarded: 500, \d+ ms/);
    const [subscription] = await subscriptions();
    await trigger("call.ended");
    await listening.until(/forwarded: 204, \d+ ms/);
    const [first] = await receiver.received(2);
    expect(JSON.parse(first!.body).type).toBe("call.ended");
    expect(first!.headers["webhook-id"]).toBe(JSON.parse(first!.body).id);
    expect(first!.headers["x-allison-signature"]).toMatch(/^v1=[0-9a-f]{64}$/);
    const client = createClient(url, MOCK_KEYS.read);
    const path = `/v1/webhook-subscriptions/${subscription.id}/deliveries`;
    for (let statuses: string[] = []; statuses.join() !== "succeeded,pending"; )
      statuses = (await client.get(path)).body.data.map(({ status }: { status: string }) => status);
  });

  test("a webhook is forwarded to localhost, also to a receiver that listens on IPv6 only", async () => {
    using receiver = Bun.serve({
      hostname: "::1",
      port: 0,
      fetch: (request) =>
        new Response(null, { status: request.headers.get("user-agent") === AGENT ? 202 : 500 }),
    });
    const forward = `http://localhost:${receiver.port}/hook`;
    await using listening = await listen("--forward", forward, "--events", "call.ended");
    await trigger("call.ended");
    await listening.until(/forwarded: 202, \d+ ms/);
  });

  test("a receiver that does not answer is named with the reason", async () => {
    const receiver = await startReceiver();
    await receiver.stop();
    await using listening = await listen("--forward", receiver.url, "--events", "call.ended");
    await trigger("call.ended");
    await listening.until(/forwarded: the connection was refused, \d+ ms/);
  });

  test("a webhook with a forged signature is refused and not forwarded", async () => {
    await using receiver = await startReceiver();
    await using listening = await listen("--forward", receiver.url);
    const [, address] = await listening.until(/Listening at (\S+)/);
    const seconds = String(Math.floor(Date.now() / 1000));
    const answer = await fetch(address!, {
      method: "POST",
      headers: {
        "webhook-id": "evt_x",
        "webhook-timestamp": seconds,
        "x-allison-timestamp": seconds,
        "webhook-signature": "v1,AAAA",
        "x-allison-signature": `v1=${"0".repeat(64)}`,
      },
      body: '{"type":"call.ended","data":{}}',
    });
    expect(answer.status).toBe(401);
    await listening.until(/refused a request without a valid signature/);
    expect(receiver.requests).toEqual([]);
  });

  test("a real server requires --webhook-allow and a key of its own", async () => {
    await using closed = await allison.serve();
    const made = await allison.run(["keys", "create", "--name", "Test", "--scope", "write"]);
    const key = made.stdout.trim();
    const refused = await allison.run(["listen", "--server", closed.url]);
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      `The server at ${closed.url} does not accept this key; set one with write access with --key.\n`,
    ]);
    const unopened = await allison.run(["listen", "--server", closed.url], {
      env: { ALLISON_KEY: key },
    });
    expect([unopened.exitCode, unopened.stderr]).toEqual([
      1,
      expect.stringContaining("--webhook-allow"),
    ]);
    await closed[Symbol.asyncDispose]();
    await using real = await allison.serve(["--webhook-allow", "127.0.0.1/32"]);
    const args = ["listen", "--server", real.url, "--key", key];
    await using listening = await allison.start(args, /Listening at/);
    const client = createClient(real.url, key);
    const [{ id }] = (await client.get("/v1/webhook-subscriptions")).body.data;
    await client.post(`/v1/webhook-subscriptions/${id}/test`, { event: "call.ended" });
    await listening.until(/call\.ended evt_\w+ signature valid/);
  });

  test("an unknown event is refused, and a server that has stopped does not prevent the exit", async () => {
    const { exitCode, stderr } = await allison.run(["listen", "--events", "call.ended,call.endd"]);
    expect([exitCode, stderr.split(";")[0]]).toEqual([
      2,
      'There is no event "call.endd" (did you mean call.ended?)',
    ]);
    const other = await allison.start(["mock", "--port", "0", "--json"], /\n/);
    await using listening = await allison.start(
      ["listen", "--server", JSON.parse(other.stdout()).url],
      /Listening at/,
    );
    await other[Symbol.asyncDispose]();
    listening.kill("SIGTERM");
    expect(await listening.ended).toBe(0);
    await reset();
  });
});
