/**
 * Runs the snippets of /docs/webhooks, in TypeScript and Python. The deliveries are signed by code of the test, written
 * from the published description only.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import standardSnippet from "../../src/docs/standard.ts.txt" with { type: "text" };
import pythonSnippet from "../../src/docs/verify.py.txt" with { type: "text" };
import typescriptSnippet from "../../src/docs/verify.ts.txt" with { type: "text" };
import { EXAMPLE_DELIVERY, EXAMPLE_SECRET } from "../../src/docs/webhooks-reference.ts";
import { temporaryDirectory } from "../support/directory.ts";

const directory = temporaryDirectory();
afterAll(() => directory[Symbol.dispose]());

const SECRET = "whsec_k7Qm2Xw9Lr4Tz8Vb1Nc6Yd3Hf5Jg0PsA";
const BODY = '{"id":"evt_1","data":{"summary":"Zoë asked for 30 €."}}';
const NOW = 1_800_000_000;

const hex = (secret: string, signed: string) =>
  createHmac("sha256", secret).update(signed).digest("hex");
const sign = (secret: string, timestamp: number | string, body: string) =>
  `v1=${hex(secret, `${timestamp}.${body}`)}`;

/** One call of a snippet. */
interface Case {
  name: string;
  secret: string;
  timestamp: string;
  signature: string;
  body: string;
  now: number;
  isGenuine: boolean;
}

function makeCase(
  name: string,
  isGenuine: boolean,
  change: Partial<Case> & { at?: number } = {},
): Case {
  const { at = NOW, ...rest } = change;
  const defaults = {
    name,
    isGenuine,
    secret: SECRET,
    timestamp: String(at),
    signature: sign(SECRET, at, BODY),
    body: BODY,
    now: NOW,
  };
  return { ...defaults, ...rest };
}

const { headers: shown, body: shownBody } = EXAMPLE_DELIVERY;
const CASES: Case[] = [
  makeCase("a genuine delivery", true),
  makeCase("a delivery at the edge of the tolerance", true, { at: NOW - 300 }),
  makeCase("a delivery from a clock slightly ahead", true, { at: NOW + 300 }),
  makeCase("the example on the page", true, {
    secret: EXAMPLE_SECRET,
    timestamp: shown["X-Allison-Timestamp"]!,
    signature: shown["X-Allison-Signature"]!,
    body: shownBody,
    now: Number(shown["X-Allison-Timestamp"]),
  }),
  makeCase("another secret", false, { signature: sign("whsec_other", NOW, BODY) }),
  makeCase("the secret without its prefix", false, {
    signature: sign(SECRET.slice(6), NOW, BODY),
  }),
  makeCase("a changed body", false, { body: BODY.replace("30", "31") }),
  makeCase("a body with an added space", false, { body: `${BODY} ` }),
  makeCase("an old timestamp", false, { at: NOW - 301 }),
  makeCase("a timestamp far ahead", false, { at: NOW + 301 }),
  makeCase("a replaced timestamp", false, {
    timestamp: String(NOW),
    signature: sign(SECRET, NOW - 3_600, BODY),
  }),
  makeCase("a timestamp that is not a number", false, {
    timestamp: "now",
    signature: sign(SECRET, "now", BODY),
  }),
  makeCase("an empty timestamp", false, { timestamp: "", signature: sign(SECRET, "", BODY) }),
  makeCase("an empty signature", false, { signature: "" }),
  makeCase("a signature without its version", false, {
    signature: sign(SECRET, NOW, BODY).slice(3),
  }),
  makeCase("another version of the signature", false, {
    signature: sign(SECRET, NOW, BODY).replace("v1", "v0"),
  }),
  makeCase("half a signature", false, { signature: sign(SECRET, NOW, BODY).slice(0, 35) }),
  makeCase("a signature that is not ASCII", false, { signature: "v1=ü€" }),
];

describe("TypeScript", () => {
  type Verify = (
    secret: string,
    timestamp: string,
    signature: string,
    rawBody: Uint8Array | string,
    nowSeconds?: number,
  ) => boolean;
  let verifyWebhook: Verify;
  beforeAll(async () => {
    const file = join(directory.path, "verify.ts");
    await Bun.write(file, typescriptSnippet);
    ({ verifyWebhook } = (await import(file)) as { verifyWebhook: Verify });
  });

  test.each(CASES)("$name", ({ secret, timestamp, signature, body, now, isGenuine }) => {
    expect(verifyWebhook(secret, timestamp, signature, body, now)).toBe(isGenuine);
    expect(verifyWebhook(secret, timestamp, signature, Buffer.from(body), now)).toBe(isGenuine);
  });

  test("the system clock is the default", () => {
    const at = Math.floor(Date.now() / 1000);
    expect(verifyWebhook(SECRET, String(at), sign(SECRET, at, BODY), BODY)).toBe(true);
    expect(verifyWebhook(SECRET, String(at - 999), sign(SECRET, at - 999, BODY), BODY)).toBe(false);
  });
});

describe("Python", () => {
  let results: boolean[];
  beforeAll(async () => {
    const python = Bun.which("python3");
    if (!python) throw new Error("python3 was not found; install Python 3.");
    await Bun.write(join(directory.path, "verify.py"), pythonSnippet);
    const script = `
import json, sys
from verify import verify_webhook
print(json.dumps([
    verify_webhook(case["secret"], case["timestamp"], case["signature"], case["body"].encode(), case["now"])
    for case in json.load(sys.stdin)
] + [
    verify_webhook(case["secret"], case["timestamp"], case["signature"], case["body"].encode())
    for case in json.loads(sys.argv[1])
]))`;
    const at = Math.floor(Date.now() / 1000);
    const withoutClock = [at, at - 999].map((time) => makeCase("", true, { at: time }));
    const run = Bun.spawn([python, "-c", script, JSON.stringify(withoutClock)], {
      cwd: directory.path,
      stdin: new Blob([JSON.stringify(CASES)]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([
      new Response(run.stdout).text(),
      new Response(run.stderr).text(),
      run.exited,
    ]);
    if (err !== "") throw new Error(err);
    results = JSON.parse(out);
  });

  test.each(CASES.map((each, index) => ({ ...each, index })))("$name", ({ isGenuine, index }) => {
    expect(results[index]).toBe(isGenuine);
  });

  test("the system clock is the default", () => {
    expect(results.slice(CASES.length)).toEqual([true, false]);
  });
});

describe("Standard Webhooks", () => {
  /** The signature of the standard: the secret after its prefix is base64. */
  const standard = (secret: string, id: string, timestamp: number, body: string) =>
    createHmac("sha256", Buffer.from(secret.slice(6), "base64"))
      .update(`${id}.${timestamp}.${body}`)
      .digest("base64");

  test("the snippet accepts a genuine delivery and refuses others", async () => {
    const at = Math.floor(Date.now() / 1000);
    const headers = (signature: string, timestamp = at) => ({
      "webhook-id": "evt_1",
      "webhook-timestamp": String(timestamp),
      "webhook-signature": `v1,${signature}`,
    });
    const genuine = standard(SECRET, "evt_1", at, BODY);
    const calls = [
      [SECRET, headers(genuine), BODY],
      ["whsec_b3RoZXI=", headers(genuine), BODY],
      [SECRET, headers(genuine), BODY.replace("30", "31")],
      [SECRET, headers(standard(SECRET, "evt_1", at - 999, BODY), at - 999), BODY],
    ];
    await Bun.write(join(directory.path, "standard.ts"), standardSnippet);
    await Bun.write(
      join(directory.path, "run.ts"),
      `import { readEvent } from "./standard.ts";
const results = (await Bun.stdin.json()).map((call) => {
  try { return readEvent(...call).id; } catch { return "refused"; }
});
console.log(JSON.stringify(results));`,
    );
    const run = Bun.spawn([process.execPath, "run.ts"], {
      cwd: directory.path,
      env: { ...process.env, NODE_PATH: join(import.meta.dir, "../../node_modules") },
      stdin: new Blob([JSON.stringify(calls)]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([
      new Response(run.stdout).text(),
      new Response(run.stderr).text(),
    ]);
    expect([err, JSON.parse(out)]).toEqual(["", ["evt_1", "refused", "refused", "refused"]]);
  });

  test("the example on the page has a valid signature", () => {
    const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signature } = shown;
    expect(signature).toBe(`v1,${standard(EXAMPLE_SECRET, id!, Number(at), shownBody)}`);
  });
});
