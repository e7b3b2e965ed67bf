/** Import of many records: each line is stored by itself and in order, whatever the other lines are. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { verifyAuditLog } from "../../src/audit/log.ts";
import { LIMITS } from "../../src/config.ts";
import { ingestLines, type Line, splitLines } from "../../src/platform/lines.ts";
import { StorageError } from "../../src/store/errors.ts";
import { ACTOR, AUDIT_KEY } from "../support/store.ts";
import { ended, freshName, lines, openWorld, running } from "./world.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const streamOf = (...chunks: Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
const split = (...chunks: (string | Uint8Array)[]): Promise<Line[]> =>
  Array.fromAsync(
    splitLines(
      streamOf(...chunks.map((chunk) => (typeof chunk === "string" ? encode(chunk) : chunk))),
    ),
  );

describe("lines", () => {
  test.each([
    ["LF", "a\nb\n", [1, "a", 2, "b"]],
    ["CRLF", "a\r\nb\r\n", [1, "a", 2, "b"]],
    ["no end after the last", "a\nb", [1, "a", 2, "b"]],
    ["a lone CR at the very end", "a\nb\r", [1, "a", 2, "b"]],
    ["blank ones, which count", "\n\na\n  \t\r\n\nb\n\n", [3, "a", 6, "b"]],
    ["a byte order mark", "\ufeffa\nb", [1, "a", 2, "b"]],
    ["a byte order mark alone", "\ufeff\na", [2, "a"]],
    ["nothing", "", []],
    ["CR within a line, which ends none", "a\rb\n", [1, "a\rb"]],
    ["signs of many bytes", "ä😀\nß\n", [1, "ä😀", 2, "ß"]],
  ])("with %s", async (_, text, expected) => {
    const found = await split(text);
    expect(found.flatMap((line) => [line.number, "text" in line ? line.text : null])).toEqual(
      expected,
    );
    const bytewise = await split(...[...encode(text)].map((byte) => Uint8Array.of(byte)));
    expect(bytewise).toEqual(found);
  });

  test("invalid UTF-8 affects its own line only", async () => {
    const found = await split("a\n", Uint8Array.of(0x22, 0xe4, 0x22, 10), "b\n");
    expect(found).toEqual([
      { number: 1, text: "a" },
      { number: 2, notText: true },
      { number: 3, text: "b" },
    ]);
  });

  test("are the same for any split of the bytes into chunks", async () => {
    const text = fc.string({ unit: fc.constantFrom("a", "\n", "\r", "\r\n", " ", "ä", "😀") });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat({ max: 40 })), async (whole, cuts) => {
        const bytes = encode(whole);
        const places = [
          0,
          ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b),
          bytes.length,
        ];
        const pieces = places.slice(1).map((end, i) => bytes.slice(places[i], end));
        const expected = whole
          .split("\n")
          .map((line, i) => ({ number: i + 1, text: line.replace(/\r$/, "") }))
          .filter((line) => line.text.trim() !== "");
        expect(await split(...pieces)).toEqual(expected);
      }),
    );
  });

  test("of exactly the limit are read, with LF or CRLF; one byte more is skipped to its end", async () => {
    const fits = "a".repeat(LIMITS.recordBytes);
    for (const end of ["\n", "\r\n", ""]) {
      const [line] = await split(fits + end);
      expect([end, line!.number, "text" in line! && line.text.length]).toEqual([
        end,
        1,
        LIMITS.recordBytes,
      ]);
      expect(await split(`${fits}a${end}`)).toEqual([{ number: 1, tooLong: true }]);
    }
    const cut = [fits.slice(0, 1_000), fits.slice(1_000), "aa", fits, "\nb\n"];
    expect(await split(...cut)).toEqual([
      { number: 1, tooLong: true },
      { number: 2, text: "b" },
    ]);
  });

  test("without end use no more memory than the longest line that is read", async () => {
    const chunk = new Uint8Array(1024 * 1024).fill(97);
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        if (sent > 300) {
          controller.enqueue(encode("\nb"));
          controller.close();
        } else controller.enqueue(chunk);
      },
    });
    Bun.gc(true);
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const found: Line[] = [];
    const watch = endless.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(piece, controller) {
          if (sent % 50 === 0) {
            Bun.gc(true);
            peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
          }
          controller.enqueue(piece);
        },
      }),
    );
    for await (const line of splitLines(watch)) found.push(line);
    expect(found).toEqual([
      { number: 1, tooLong: true },
      { number: 2, text: "b" },
    ]);
    expect(peak).toBeLessThan(4 * LIMITS.recordBytes);
  });
});

describe("records in lines", () => {
  test("an invalid line is reported by number and field and affects no other", async () => {
    await using world = openWorld();
    const good = () => JSON.stringify(ended());
    const bad = (fields: object) => JSON.stringify({ ...ended(), ...fields });
    const before = encode(
      [
        `\ufeff${good()}`,
        '{"external_id": "CA',
        "",
        bad({ direction: 5 }),
        "[1]",
        "null\r",
        good(),
        bad({ external_id: " ", messages: [{}] }),
        bad({ location_id: crypto.randomUUID() }),
        '"a"',
        "",
      ].join("\n"),
    );
    const notText = Uint8Array.of(0x7b, 0xff, 0x7d, 10);
    const after = encode(`"${"a".repeat(LIMITS.recordBytes)}"\n${good()}`);
    const results = await world.import(streamOf(before, notText, after));
    const statuses = results.map(({ number, answer }) => [number, answer.status, answer.details]);
    expect(statuses).toEqual([
      [1, "created", undefined],
      [2, "error", { record: "is not valid JSON" }],
      [4, "error", { direction: "must be one of inbound, outbound" }],
      [5, "error", { record: "must be an object" }],
      [6, "error", { record: "must be an object" }],
      [7, "created", undefined],
      [8, "error", { external_id: "must not be blank" }],
      [9, "created", undefined],
      [10, "error", { record: "must be an object" }],
      [11, "error", { record: "is not valid UTF-8" }],
      [12, "error", { record: "must be at most 8 MiB per line" }],
      [13, "created", undefined],
    ]);
    expect(world.value("select count(*) from calls")).toBe(4 as never);
  });

  test("an answer has external_id, id (null if there is none) and status, details only with an error, and warnings without one", async () => {
    await using world = openWorld();
    const record = ended();
    const text = `${lines([record, record, { ...record, outcome: "booked" }, { external_id: "CA-x" }])}{`;
    const results = await world.import(text);
    const id = results[0]!.answer.id;
    const { external_id } = record as { external_id: string };
    expect(results.map(({ answer }) => answer)).toEqual([
      { external_id, id, status: "created", warnings: [] },
      { external_id, id, status: "unchanged", warnings: [] },
      { external_id, id, status: "updated", warnings: [] },
      {
        external_id: "CA-x",
        id: null,
        status: "error",
        details: { direction: "is required", started_at: "is required" },
      },
      { external_id: null, id: null, status: "error", details: { record: "is not valid JSON" } },
    ]);
  });

  test("lines of one call are applied in their order, whatever lines are between them", async () => {
    await using world = openWorld();
    const external_id = freshName();
    const steps = Array.from({ length: 600 }, (_, i) =>
      i % 3 === 0 ? { ...running(), external_id, summary: `Step ${i}` } : ended(),
    );
    const results = await world.import(lines(steps));
    expect(results.map(({ number }) => number)).toEqual(steps.map((_, i) => i + 1));
    const statuses = results.filter((_, i) => i % 3 === 0).map(({ answer }) => answer.status);
    expect(statuses).toEqual(["created", ...Array.from({ length: 199 }, () => "updated" as const)]);
    expect(world.ingest.find(external_id)!.summary).toBe("Step 597");
  });

  test("10,000 records create 10,000 calls; importing the file again changes nothing", async () => {
    await using world = openWorld();
    const count = 10_000;
    const file = lines(
      Array.from({ length: count }, (_, i) =>
        ended({
          from_number: `+1555${String(1_000_000 + (i % 2_000))}`,
          summary: `Call number ${i}`,
        }),
      ),
    );
    const first = await world.import(file);
    expect(first).toHaveLength(count);
    expect(new Set(first.map(({ answer }) => answer.status))).toEqual(new Set(["created"]));
    expect(
      world.rows("select count(*) as n, count(distinct external_id) as names from calls"),
    ).toEqual([{ n: count, names: count }]);
    expect(world.rows("select count(*) as n, sum(call_count) as calls from contacts")).toEqual([
      { n: 2_000, calls: count },
    ]);
    const traces = world.traces();
    const again = await world.import(file);
    expect(new Set(again.map(({ answer }) => answer.status))).toEqual(new Set(["unchanged"]));
    expect(again.map(({ answer }) => answer.id)).toEqual(first.map(({ answer }) => answer.id));
    expect(world.traces()).toEqual(traces);
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY }).intact).toBe(true);
  });

  test("many records share a commit", async () => {
    await using world = openWorld();
    let commits = 0;
    world.store.onCommit(() => {
      commits += 1;
    });
    await world.import(lines(Array.from({ length: 1_000 }, () => ended())));
    expect(commits).toBeLessThan(100);
  });

  test("each answer is sent as soon as its record is stored", async () => {
    await using world = openWorld();
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const services = {
      store: world.store,
      ingest: world.ingest,
      actor: ACTOR,
      onUnexpected: () => {},
    };
    const results = ingestLines(services, splitLines(readable));
    for (let number = 1; number <= 5; number += 1) {
      void writer.write(encode(lines([ended()])));
      const { value } = await results.next();
      expect(value).toMatchObject({ number, answer: { status: "created" } });
    }
    void writer.close();
    expect((await results.next()).done).toBe(true);
  });

  test("records before an interrupted input are stored and answered", async () => {
    await using world = openWorld();
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1;
        if (sent <= 3) controller.enqueue(encode(lines([ended()])));
        else controller.error(new Error("connection lost"));
      },
    });
    const services = {
      store: world.store,
      ingest: world.ingest,
      actor: ACTOR,
      onUnexpected: () => {},
    };
    const statuses: string[] = [];
    const reading = (async () => {
      for await (const { answer } of ingestLines(services, splitLines(body)))
        statuses.push(answer.status);
    })();
    expect(await reading.catch(String)).toContain("connection lost");
    await reading.catch(() => {});
    expect(statuses).toEqual(["created", "created", "created"]);
    expect(world.value("select count(*) from calls")).toBe(3 as never);
  });

  test("a storage failure stops the import; every answered record is stored", async () => {
    await using world = openWorld();
    const pages = world.value("pragma page_count") as unknown as number;
    world.db.$client.exec(`pragma max_page_count = ${pages + 40}`);
    const statuses: string[] = [];
    const records = Array.from({ length: 3_000 }, () => ended({ summary: "a".repeat(2_000) }));
    const services = {
      store: world.store,
      ingest: world.ingest,
      actor: ACTOR,
      onUnexpected: () => {},
    };
    const reading = (async () => {
      const bytes = new Blob([lines(records)]).stream();
      for await (const { answer } of ingestLines(services, splitLines(bytes)))
        statuses.push(answer.status);
    })();
    const [result] = await Promise.allSettled([reading]);
    expect(result.status === "rejected" && result.reason).toBeInstanceOf(StorageError);
    expect(statuses.length).toBeLessThan(records.length);
    expect(new Set(statuses).size).toBeLessThanOrEqual(1);
    await world.store.idle();
    expect(world.value("select count(*) from calls") as unknown as number).toBeGreaterThanOrEqual(
      statuses.length,
    );
    expect(verifyAuditLog(world.db, { auditKey: AUDIT_KEY }).intact).toBe(true);
  });

  test("an unexpected error affects its own line only and is not shown", async () => {
    await using world = openWorld();
    const noticed: [unknown, number][] = [];
    const onUnexpected = (error: unknown, number: number) => void noticed.push([error, number]);
    const spoilt = freshName();
    world.db.$client.exec(
      `create temp trigger spoil before insert on calls when new.external_id = '${spoilt}' begin select raise(abort, 'secret reason'); end`,
    );
    const services = { store: world.store, ingest: world.ingest, actor: ACTOR, onUnexpected };
    const records = [ended(), ended({ external_id: spoilt, from_number: "+15550100777" }), ended()];
    const bytes = new Blob([lines(records)]).stream();
    const answers = await Array.fromAsync(ingestLines(services, splitLines(bytes)));
    expect(answers.map(({ answer }) => answer.status)).toEqual(["created", "error", "created"]);
    expect(answers[1]!.answer).toEqual({
      external_id: spoilt,
      id: null,
      status: "error",
      details: { record: "could not be stored because of an internal error; see the server log" },
    });
    expect(noticed.map(([error, number]) => [(error as Error).message, number])).toEqual([
      ["secret reason", 2],
    ]);
    expect(world.contact("+15550100777")).toBeUndefined();
  });
});
