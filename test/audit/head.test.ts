/** The head of the audit log is noted in the server's log, so that it also exists outside the database. */
import { expect, test } from "bun:test";
import { formatHead, parseHead } from "../../src/audit/log.ts";
import type { Log } from "../../src/lib/log.ts";
import { GENESIS, readAuditHead } from "../../src/store/audit-chain.ts";
import { createTestClock } from "../support/clock.ts";
import { startTestServer } from "../support/harness.ts";

const DAY_MS = 86_400_000;

test("a running server logs the head each day, and an error once somebody else has set it", async () => {
  const lines: { level: string; fields: Record<string, unknown>; message: unknown }[] = [];
  const write =
    (level: string) =>
    (fields: Record<string, unknown>, message?: unknown): void => {
      if (String(message).includes("audit log")) lines.push({ level, fields, message });
    };
  const log = {
    debug: write("debug"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
    isLevelEnabled: () => true,
  } as unknown as Log;
  const clock = createTestClock();
  await using it = await startTestServer({ clock, log });
  const { db, store, auditKey } = it.server;
  const head = () => {
    const { id, hash } = readAuditHead(db, auditKey)!;
    return formatHead(id, hash);
  };
  expect(lines).toMatchObject([{ level: "info", fields: { head: expect.any(String) } }]);
  clock.advance(DAY_MS);
  expect(lines.slice(1)).toEqual([
    { level: "info", fields: { head: head() }, message: "audit log head" },
  ]);
  await store.housekeep(({ $client }) => $client.exec("update audit_head set id = id - 1"));
  // The timer is set again after its job.
  await Bun.sleep(0);
  clock.advance(DAY_MS);
  expect(lines.slice(2)).toMatchObject([
    { level: "error", message: expect.stringContaining("allison audit verify") },
  ]);
  await store.housekeep(({ $client }) => $client.exec("update audit_head set id = id + 1"));
});

test("a noted head is a number and a hash, or a hash alone", () => {
  expect(parseHead(formatHead(12, GENESIS))).toEqual({ id: 12, hash: GENESIS });
  expect(parseHead(GENESIS)).toEqual({ id: null, hash: GENESIS });
  for (const text of ["", "12", `12:${GENESIS}0`, `x:${GENESIS}`, `-1:${GENESIS}`, "12:abc"]) {
    expect(parseHead(text)).toBeNull();
  }
});
