/** Egress: what is sent, which certificates are trusted, and what the environment cannot change. Real sockets on loopback. */
import { describe, expect, test } from "bun:test";
import { LIMITS } from "../../src/config.ts";
import { createEgress } from "../../src/webhooks/egress.ts";
import {
  authority,
  CERTIFIED_NAME,
  type Certificate,
  expired,
  selfSigned,
  valid,
  wrongName,
} from "../support/certificates.ts";
import { localEgress, MESSAGE, SHORT_LIMITS } from "../support/egress.ts";
import { startReceiver } from "../support/receiver.ts";

describe("a delivery", () => {
  test("arrives once, byte for byte, with our headers and a length, for the name in the URL", async () => {
    await using receiver = await startReceiver({
      tls: valid,
      script: [{ status: 201, body: "é" }],
    });
    const url = `https://${CERTIFIED_NAME}:${receiver.port}/hook?to=1#here`;
    const outcome = await localEgress().post(url, MESSAGE);
    expect(outcome).toEqual({
      statusCode: 201,
      error: null,
      answer: "é",
      durationMs: expect.any(Number),
    });
    expect(receiver.requests).toHaveLength(1);
    expect(receiver.requests[0]).toMatchObject({
      method: "POST",
      path: "/hook?to=1",
      body: MESSAGE.body,
      servername: CERTIFIED_NAME,
      headers: {
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(MESSAGE.body)),
        host: `${CERTIFIED_NAME}:${receiver.port}`,
      },
    });
  });

  test("sends a body of bytes unchanged", async () => {
    await using receiver = await startReceiver();
    await localEgress().post(receiver.url, { headers: {}, body: Buffer.from(MESSAGE.body) });
    expect(receiver.requests[0]?.body).toBe(MESSAGE.body);
  });

  test("uses a new connection each time, so that no connection outlives its address check", async () => {
    await using receiver = await startReceiver({
      script: [{ headers: { connection: "keep-alive" } }],
    });
    const egress = localEgress();
    await egress.post(receiver.url, MESSAGE);
    await egress.post(receiver.url, MESSAGE);
    expect(receiver.connections).toBe(2);
    expect(receiver.requests[1]?.headers.connection).toBe("close");
  });

  test("reports its duration in whole milliseconds", async () => {
    await using receiver = await startReceiver({ script: [{ delayMs: 100 }] });
    const { durationMs } = await localEgress().post(receiver.url, MESSAGE);
    expect(durationMs).toBeGreaterThanOrEqual(99);
    expect(durationMs).toBeLessThan(1_500);
    expect(Number.isInteger(durationMs)).toBe(true);
  });

  test("is not affected by many others at the same time", async () => {
    await using receiver = await startReceiver({
      tls: valid,
      script: (request) => ({ body: request.path }),
    });
    const egress = localEgress();
    const paths = Array.from({ length: 50 }, (_, n) => `/${n}`);
    const outcomes = await Promise.all(
      paths.map((path) => egress.post(`https://localhost:${receiver.port}${path}`, MESSAGE)),
    );
    expect(outcomes.map((outcome) => outcome.answer)).toEqual(paths);
  });
});

describe("every status is returned as it is, and no redirect is followed", () => {
  test.each([200, 204, 400, 410, 429, 500, 503])("%i", async (status) => {
    const script = [{ status, headers: { "retry-after": "86400" } }];
    await using receiver = await startReceiver({ script });
    expect(await localEgress().post(receiver.url, MESSAGE)).toMatchObject({
      statusCode: status,
      error: null,
    });
    expect(receiver.requests).toHaveLength(1);
  });

  test.each([300, 301, 302, 303, 307, 308])(
    "%i to the receiver itself or to a metadata service",
    async (status) => {
      await using receiver = await startReceiver();
      for (const location of [receiver.url, "/hook", "https://169.254.169.254/latest/meta-data"]) {
        receiver.script([{ status, headers: { location }, body: "moved" }]);
        expect(await localEgress().post(receiver.url, MESSAGE)).toMatchObject({
          statusCode: status,
          error: null,
          answer: "moved",
        });
      }
      expect(receiver.connections).toBe(3);
    },
  );
});

/** The error or else the status of a POST to a receiver with this certificate, from an egress that trusts `ca`. */
async function postTo(tls: Certificate, host: string, ca: string | null) {
  await using receiver = await startReceiver({ tls });
  const outcome = await localEgress({ ca }).post(`https://${host}:${receiver.port}/`, MESSAGE);
  expect(receiver.requests).toHaveLength(outcome.error === null ? 1 : 0);
  return outcome.error ?? outcome.statusCode;
}

describe("a receiver that does not prove its name receives nothing", () => {
  const UNKNOWN =
    "the receiver's certificate is not signed by a known authority; add the authority with --webhook-ca";

  test("a certificate of a private authority is valid for its names and addresses", async () => {
    for (const host of [CERTIFIED_NAME, `${CERTIFIED_NAME}.`, "localhost", "127.0.0.1"]) {
      expect(await postTo(valid, host, authority)).toBe(200);
    }
  });

  test("without --webhook-ca a private authority is not trusted", async () => {
    expect(await postTo(valid, CERTIFIED_NAME, null)).toBe(UNKNOWN);
    expect(await postTo(valid, CERTIFIED_NAME, selfSigned.cert)).toBe(UNKNOWN);
  });

  test("a self-signed certificate is trusted only if --webhook-ca contains it", async () => {
    expect(await postTo(selfSigned, CERTIFIED_NAME, authority)).toBe(UNKNOWN);
    expect(await postTo(selfSigned, CERTIFIED_NAME, selfSigned.cert)).toBe(200);
    expect(await postTo(selfSigned, CERTIFIED_NAME, `${authority}\n${selfSigned.cert}`)).toBe(200);
  });

  test("a certificate for another name is refused, by name and by address", async () => {
    const mismatch = "the receiver's certificate is for another name";
    for (const host of [CERTIFIED_NAME, "localhost", "127.0.0.1"]) {
      expect(await postTo(wrongName, host, authority)).toBe(mismatch);
    }
    expect(await postTo(wrongName, "other.example.com", authority)).toBe(200);
    expect(await postTo(valid, "127.0.0.2.example.com", authority)).toBe(mismatch);
  });

  test("an expired certificate is refused", async () => {
    expect(await postTo(expired, CERTIFIED_NAME, authority)).toBe(
      "the receiver's certificate has expired",
    );
  });

  test("a receiver that speaks plain http at an https URL is refused", async () => {
    await using receiver = await startReceiver({ script: [{ fault: "garbage" }] });
    const url = `https://127.0.0.1:${receiver.port}/`;
    const { error, durationMs } = await localEgress({ limits: SHORT_LIMITS }).post(url, MESSAGE);
    expect(error).toBe("the connection was not established within 0.25 s");
    expect(durationMs).toBeLessThan(1_000);
    expect(receiver.requests).toEqual([]);
  });

  test.each(["", "not PEM", valid.key, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"])(
    "text that is not a certificate is refused as an authority: %j",
    (ca) => {
      expect(() => createEgress({ allow: [], ca })).toThrow(/--webhook-ca/);
    },
  );

  test("an invalid certificate among valid ones is named by its position", () => {
    const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    expect(() => createEgress({ allow: [], ca: authority + broken })).toThrow(
      "certificate 2 in the file of --webhook-ca is invalid",
    );
  });
});

test("a header that HTTP cannot carry is an error outcome, neither an injection nor an exception", async () => {
  await using receiver = await startReceiver();
  const bad: [string, string][] = [
    ["x-a", "1\r\nx-b: 2"],
    ["x a", "1"],
    ["x-a", "\u2603"],
  ];
  for (const [name, value] of bad) {
    const headers = { [name]: value };
    const outcome = await localEgress().post(receiver.url, { headers, body: "" });
    expect(outcome).toMatchObject({ statusCode: null, error: "a header cannot be sent" });
  }
  expect(receiver.connections).toBe(0);
});

test("the Host and Content-Length headers are always our own", async () => {
  await using receiver = await startReceiver();
  const headers = { Host: "10.0.0.1", "Accept-Encoding": "gzip" };
  await localEgress().post(receiver.url, { headers, body: "{}" });
  expect(receiver.requests[0]?.headers).toMatchObject({
    host: `127.0.0.1:${receiver.port}`,
    "accept-encoding": "identity",
    "content-length": "2",
  });
});

test("the limits are 10 s in total, 5 s to connect, 1 s for the body after a 2xx head, 64 KiB read and 4 KiB kept", () => {
  expect(LIMITS.egress).toEqual({
    totalMs: 10_000,
    connectMs: 5_000,
    bodyMs: 1_000,
    answerBytes: 65_536,
    keptBytes: 4_096,
  });
});

describe("the environment", () => {
  /** In a process of its own: posts to the URLs, fetches one as a control, and prints the outcomes. */
  const CHILD = `
    const { createEgress } = await import(${JSON.stringify(
      Bun.resolveSync("../../src/webhooks/egress.ts", import.meta.dir),
    )});
    const { parseCidr } = await import(${JSON.stringify(
      Bun.resolveSync("../../src/lib/ip.ts", import.meta.dir),
    )});
    const { urls, ca, control } = JSON.parse(process.env.TEST_INPUT);
    const resolve = async () => ["127.0.0.1"];
    const egress = createEgress({ allow: [parseCidr("127.0.0.0/8")], ca, resolve });
    const outcomes = [];
    for (const url of urls) outcomes.push(await egress.post(url, { headers: {}, body: "{}" }));
    const seen = await fetch(control).then((response) => response.text());
    console.log(JSON.stringify({ outcomes, seen }));
  `;

  async function inChild(env: Record<string, string>, input: object) {
    const child = Bun.spawn([process.execPath, "-e", CHILD], {
      env: { PATH: process.env.PATH, ...env, TEST_INPUT: JSON.stringify(input) },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect(await child.exited, err).toBe(0);
    return JSON.parse(out);
  }

  test("cannot set a proxy, although the same process uses it elsewhere", async () => {
    await using proxy = await startReceiver({ script: [{ body: "from the proxy" }] });
    await using plain = await startReceiver();
    await using secure = await startReceiver({ tls: valid });
    const address = `http://127.0.0.1:${proxy.port}`;
    const names = [
      "HTTP_PROXY",
      "HTTPS_PROXY",
      "ALL_PROXY",
      "http_proxy",
      "https_proxy",
      "all_proxy",
    ];
    const env = Object.fromEntries(names.map((name) => [name, address]));
    const { outcomes, seen } = await inChild(
      { ...env, NODE_USE_ENV_PROXY: "1" },
      {
        urls: [
          `http://${CERTIFIED_NAME}:${plain.port}/`,
          `https://${CERTIFIED_NAME}:${secure.port}/`,
        ],
        ca: authority,
        control: "http://control.example.com/",
      },
    );
    expect(outcomes).toMatchObject([{ statusCode: 200 }, { statusCode: 200 }]);
    expect(seen).toBe("from the proxy");
    expect(proxy.connections).toBe(1);
    expect([plain.connections, secure.connections]).toEqual([1, 1]);
  });

  test("may add certificate authorities; --webhook-ca adds to them and does not replace them", async () => {
    await using bySystem = await startReceiver({ tls: valid });
    await using byOption = await startReceiver({ tls: selfSigned });
    const urls = [bySystem, byOption].map(({ port }) => `https://127.0.0.1:${port}/`);
    const extra = new URL("../support/fixtures/authority.crt", import.meta.url).pathname;
    const { outcomes } = await inChild(
      { NODE_EXTRA_CA_CERTS: extra },
      { urls, ca: selfSigned.cert, control: urls[0] },
    );
    expect(outcomes).toMatchObject([{ statusCode: 200 }, { statusCode: 200 }]);
  });

  test("cannot disable the verification of certificates", async () => {
    await using secure = await startReceiver({ tls: selfSigned });
    const url = `https://127.0.0.1:${secure.port}/`;
    const { outcomes, seen } = await inChild(
      { NODE_TLS_REJECT_UNAUTHORIZED: "0" },
      { urls: [url], ca: null, control: url },
    );
    expect(outcomes[0].error).toContain("not signed by a known authority");
    expect(seen).toBe("ok");
    expect(secure.requests).toHaveLength(1);
  });
});
