/**
 * Egress: no receiver can hold a connection open, fill the memory or falsify an outcome. Real sockets on loopback, with
 * shortened limits where a test waits for one.
 */
import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { valid } from "../support/certificates.ts";
import { localEgress, MESSAGE, SHORT_LIMITS } from "../support/egress.ts";
import { type Answer, startReceiver } from "../support/receiver.ts";

const HEADER_FLOOD = "x: y\r\n".repeat(200_000);
const chunked = (status: number) => `HTTP/1.1 ${status} X\r\ntransfer-encoding: chunked\r\n\r\n`;
const INCOMPLETE = "the receiver closed the connection before its response was complete";
const TOO_SLOW = "the receiver did not complete its response within 0.5 s";
const TOO_LARGE = "the headers of the response are too large";
const NOT_HTTP = "the response is not HTTP";
const BEGUN = " (the response had begun with status 500)";
const FAULTS: [string, Answer, string][] = [
  ["never answers", { fault: "hang" }, TOO_SLOW],
  ["answers too late", { delayMs: 700 }, TOO_SLOW],
  ["drips its head byte by byte", { fault: "drip" }, TOO_SLOW],
  ["drips header lines without end", { fault: "dripHeaders" }, TOO_SLOW],
  ["closes without a response", { raw: "" }, INCOMPLETE],
  ["resets without a response", { fault: "reset" }, INCOMPLETE],
  ["closes within the status line", { raw: "HTTP/1.1 2" }, INCOMPLETE],
  ["speaks another protocol", { fault: "garbage" }, NOT_HTTP],
  ["speaks HTTP/0.9", { raw: "<h1>hello</h1>" }, NOT_HTTP],
  ["has a status of five digits", { raw: "HTTP/1.1 20000 OK\r\n\r\n" }, NOT_HTTP],
  ["has a line break in a header", { raw: "HTTP/1.1 200 OK\r\nx: a\rb: c\r\n\r\nok" }, NOT_HTTP],
  ["has a header without a colon", { raw: "HTTP/1.1 200 OK\r\nx y\r\n\r\nok" }, NOT_HTTP],
  [
    "sends two lengths",
    { raw: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 5\r\n\r\nok" },
    NOT_HTTP,
  ],
  [
    "sends a length and chunks",
    { raw: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" },
    NOT_HTTP,
  ],
  ["sends one header of 4 MB", { headers: { x: "y".repeat(4e6) } }, TOO_LARGE],
  ["sends 200,000 headers", { raw: `HTTP/1.1 200 OK\r\n${HEADER_FLOOD}\r\n` }, TOO_LARGE],
  [
    "sends interim responses without end",
    { raw: "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(50_000) },
    "the receiver sent too many interim responses",
  ],
];
const faultsAfterHead = (status: number): [string, Answer, string][] => [
  ["drips its body", { status, fault: "drip", dripMs: 2, body: "z".repeat(999) }, TOO_SLOW + BEGUN],
  ["closes within its body", { status, fault: "closeEarly" }, INCOMPLETE + BEGUN],
  ["resets after its headers", { status, fault: "resetEarly" }, INCOMPLETE + BEGUN],
  ["closes between chunks", { raw: `${chunked(status)}4\r\npart\r\n` }, INCOMPLETE + BEGUN],
  ["has a chunk without a size", { raw: `${chunked(status)}zz\r\nhello\r\n` }, NOT_HTTP + BEGUN],
  [
    "sends 200,000 trailers",
    { raw: `${chunked(status)}0\r\n${HEADER_FLOOD}\r\n` },
    TOO_LARGE + BEGUN,
  ],
  [
    "sends a chunk extension of 4 MB",
    { raw: `${chunked(status)}5;${"a".repeat(4e6)}\r\n` },
    NOT_HTTP + BEGUN,
  ],
];

describe.each([
  ["http", undefined],
  ["https", valid],
] as const)("over %s", (_, tls) => {
  test.each([...FAULTS, ...faultsAfterHead(500)])(
    "a receiver that %s costs at most the time limit, and the error says what it did",
    async (_, answer, error) => {
      await using receiver = await startReceiver({ tls, script: [answer] });
      const outcome = await localEgress({ limits: SHORT_LIMITS }).post(receiver.url, MESSAGE);
      expect(outcome.error).toBe(error);
      expect(outcome.statusCode).toBeNull();
      expect(outcome.answer === null).toBe(!error.endsWith(BEGUN));
      expect(outcome.durationMs).toBeLessThan(1_000);
      expect(receiver.requests).toHaveLength(1);
      // Nothing remains: the receiver sees that the connection is closed.
      await receiver.idle();
    },
  );

  test.each<[string, Answer]>([
    ...faultsAfterHead(200).map(([name, answer]): [string, Answer] => [name, answer]),
    ["announces a body for a 204", { raw: "HTTP/1.1 204 X\r\ncontent-length: 2\r\n\r\nok" }],
    ["sends chunks after a 204", { raw: `${chunked(204)}2\r\nok\r\n0\r\n\r\n` }],
    ["sends bytes after a 204", { raw: "HTTP/1.1 204 X\r\n\r\nnot expected" }],
  ])(
    "a receiver that sent a complete 2xx head and then %s has accepted the webhook",
    async (_, answer) => {
      await using receiver = await startReceiver({ tls, script: [answer] });
      const outcome = await localEgress({ limits: SHORT_LIMITS }).post(receiver.url, MESSAGE);
      expect(outcome.error).toBeNull();
      expect(outcome.statusCode).toBeOneOf([200, 204]);
      await receiver.idle();
    },
  );

  test("a response just within the time limit counts", async () => {
    const script = [{ delayMs: 250, status: 202 }];
    await using receiver = await startReceiver({ tls, script });
    const outcome = await localEgress({ limits: SHORT_LIMITS }).post(receiver.url, MESSAGE);
    expect(outcome).toMatchObject({ statusCode: 202, error: null });
  });

  test("once connected, the limit for connecting no longer applies", async () => {
    await using receiver = await startReceiver({ tls, script: [{ delayMs: 200 }] });
    const limits = { totalMs: 1_000, connectMs: 100 };
    expect(await localEgress({ limits }).post(receiver.url, MESSAGE)).toMatchObject({
      statusCode: 200,
    });
  });

  test("a body without end is cut after 64 KiB; the status counts, and 4 KiB are kept", async () => {
    await using receiver = await startReceiver({ tls, script: [{ fault: "endless" }] });
    const outcome = await localEgress().post(receiver.url, MESSAGE);
    expect(outcome).toMatchObject({ statusCode: 200, error: null, answer: "x".repeat(4096) });
    // What the socket buffers on both sides hold, not what the receiver would have sent.
    await receiver.idle();
    expect(receiver.sentBytes).toBeLessThan(16 * 1024 * 1024);
  });

  test("a body of 10 GB is cut by the bytes received, whatever its announced length", async () => {
    const raw = `HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n${"y".repeat(70_000)}`;
    await using receiver = await startReceiver({ tls, script: [{ raw }] });
    const outcome = await localEgress().post(receiver.url, MESSAGE);
    expect(outcome).toMatchObject({ statusCode: 200, error: null, answer: "y".repeat(4096) });
  });

  test("compression is declined, and a compressed response is never decompressed", async () => {
    const body = gzipSync(Buffer.alloc(40_000_000));
    const headers = { "content-encoding": "gzip" };
    await using receiver = await startReceiver({ tls, script: [{ headers, body }] });
    const outcome = await localEgress().post(receiver.url, MESSAGE);
    expect(outcome).toMatchObject({ statusCode: 200, error: null });
    expect(Buffer.byteLength(outcome.answer!)).toBeLessThanOrEqual(4096);
    expect(outcome.answer).toContain("\uFFFD");
    expect(receiver.requests[0]?.headers["accept-encoding"]).toBe("identity");
  });

  test("HTTP/1.0, a response sent twice, a few interim responses and an upgrade return their status", async () => {
    await using receiver = await startReceiver({ tls });
    const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    for (const [raw, statusCode, answer] of [
      ["HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end"],
      [`${ok}HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno`, 200, "ok"],
      [`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n${ok}`, 200, "ok"],
      ["HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n", 101, ""],
      [`${chunked(200)}3\r\nabc\r\n2\r\nde\r\n0\r\nx: y\r\n\r\n`, 200, "abcde"],
    ] as const) {
      receiver.script([{ raw }]);
      const outcome = await localEgress({ limits: SHORT_LIMITS }).post(receiver.url, MESSAGE);
      expect(outcome).toMatchObject({ statusCode, error: null, answer });
    }
  });
});

describe("the kept part of a response is well-formed text of at most 4 KiB", () => {
  test.each<[string, string | Uint8Array, string]>([
    ["nothing", "", ""],
    ["exactly 4 KiB", "x".repeat(4096), "x".repeat(4096)],
    ["one byte more", "x".repeat(4097), "x".repeat(4096)],
    ["a character of two bytes across the limit", `${"é".repeat(2047)}xéé`, `${"é".repeat(2047)}x`],
    [
      "a character of four bytes across the limit",
      `x${"😀".repeat(2000)}`,
      `x${"😀".repeat(1023)}`,
    ],
    ["bytes that are not text", Buffer.alloc(9_000, 0xff), "\uFFFD".repeat(1365)],
    ["half a character", Uint8Array.of(0x61, 0xc3, 0x28), "a\uFFFD("],
    ["a surrogate", Uint8Array.of(0xed, 0xa0, 0x80), "\uFFFD".repeat(3)],
    ["control characters", "a\u0000b\u001b[31mc\u009b\td\r\n", "a\uFFFDb\uFFFD[31mc\uFFFD\td\r\n"],
  ])("%s", async (_, body, kept) => {
    await using receiver = await startReceiver({ script: [{ body }] });
    const { answer } = await localEgress().post(receiver.url, MESSAGE);
    expect(answer).toBe(kept);
    expect(Buffer.byteLength(answer!)).toBeLessThanOrEqual(4096);
    expect(answer!.isWellFormed()).toBe(true);
  });
});

test("100 endless responses at the same time leave no memory behind but what is kept", async () => {
  await using receiver = await startReceiver({ script: [{ fault: "endless" }] });
  const egress = localEgress();
  const flood = () =>
    Promise.all(Array.from({ length: 100 }, () => egress.post(receiver.url, MESSAGE)));
  await flood();
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  for (let round = 0; round < 5; round++) await flood();
  Bun.gc(true);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  expect(receiver.sentBytes / receiver.connections).toBeLessThan(8 * 1024 * 1024);
});
