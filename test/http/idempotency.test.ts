/** Kept answers: the same for a day, for the same request only, unreadable in the file, and there after a restart. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { createVault } from "../../src/access/vault.ts";
import { LIMITS } from "../../src/config.ts";
import { ApiError } from "../../src/http/errors.ts";
import {
  findAnswer,
  readIdempotencyKey,
  type StoredAnswer,
  storeAnswer,
} from "../../src/http/idempotency.ts";
import { isoTime } from "../../src/lib/clock.ts";
import { systemRandom } from "../../src/lib/random.ts";
import {
  createIdempotencyRecords,
  type RequestName,
  removeAllExpiredIdempotency,
  removeExpiredIdempotency,
} from "../../src/store/idempotency.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { ACTOR, insertContact, openTestStore, spawnScript } from "../support/store.ts";

const KEY = new Uint8Array(32).fill(7);
const REQUEST: RequestName = { apiKeyId: "key-1", path: "/v1/contacts", key: "first" };
const ANSWER: StoredAnswer = {
  status: 201,
  location: "/v1/contacts/1",
  etag: '"abc"',
  body: '{"data":{"id":"1"},"secret":"whsec_plain"}',
};
const DAY = LIMITS.idempotencyHours * 3_600_000;

function openRecords(directory?: string) {
  const world = openTestStore({ directory });
  const idempotency = createIdempotencyRecords(world.db);
  const vault = createVault(KEY, systemRandom);
  const now = () => isoTime(world.clock.now());
  const tx = () => ({ idempotency, at: now() });
  return Object.assign(world, {
    find: (request = REQUEST, body: unknown = { a: 1 }) => findAnswer(tx(), vault, request, body),
    keep: (request = REQUEST, body: unknown = { a: 1 }, answer = ANSWER) =>
      storeAnswer(tx(), vault, request, body, answer),
    removeExpired: () => removeExpiredIdempotency(world.db, now()),
  });
}

describe("a stored response", () => {
  test("is returned unchanged, with or without a body, also by the next process", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    const empty = { status: 204, location: null, etag: null, body: null };
    {
      await using world = openRecords(data);
      expect(world.find()).toBeNull();
      world.keep();
      world.keep({ ...REQUEST, key: "second" }, undefined, empty);
      expect(world.find()).toEqual(ANSWER);
    }
    await using world = openRecords(data);
    expect(world.find()).toEqual(ANSWER);
    expect(world.find({ ...REQUEST, key: "second" }, undefined)).toEqual(empty);
  });

  test("is part of the transaction of its write: after a crash both exist or neither", async () => {
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    await using child = spawnScript(
      `
      import { createVault } from "../../src/access/vault.ts";
      import { storeAnswer } from "../../src/http/idempotency.ts";
      import { systemRandom } from "../../src/lib/random.ts";
      import { ACTOR, insertContact, openTestStore } from "./store.ts";
      const world = openTestStore({ directory: process.argv.at(-1) });
      const vault = createVault(new Uint8Array(32).fill(7), systemRandom);
      for (let i = 0; ; i += 1) {
        await world.store.change(ACTOR, (tx) => {
          insertContact(tx, "n" + i);
          const name = { apiKeyId: "key-1", path: "/v1/contacts", key: "n" + i };
          storeAnswer(tx, vault, name, {}, { status: 201, location: null, etag: null, body: "n" + i });
        });
        console.log(i);
      }
      `,
      [data],
    );
    let output = "";
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      output += part;
      if (output.split("\n").length > 60) child.kill("SIGKILL");
    }
    await child.exited;
    await using world = openRecords(data);
    const stored = world.rows<{ phone_number: string }>(
      "select phone_number from contacts order by seq",
    );
    expect(stored.length).toBeGreaterThanOrEqual(output.split("\n").length - 1);
    expect(world.value("select count(*) from idempotency")).toBe(stored.length as never);
    for (const { phone_number: key } of stored) {
      expect(world.find({ ...REQUEST, key }, {})?.body).toBe(key);
    }
  });

  test("does not exist for a write that was refused", async () => {
    await using world = openRecords();
    const refused = world.store.change(ACTOR, (tx) => {
      insertContact(tx, "one");
      world.keep();
      throw new Error("no");
    });
    await refused.catch(() => undefined);
    expect(world.find()).toBeNull();
  });

  test(`is returned until the last millisecond of ${LIMITS.idempotencyHours} hours, and the key is free afterwards`, async () => {
    await using world = openRecords();
    world.keep();
    world.clock.advance(DAY - 1);
    expect(world.find()).toEqual(ANSWER);
    expect(world.removeExpired()).toBe(0);
    world.clock.advance(1);
    expect(world.find()).toBeNull();
    const later = { ...ANSWER, body: "later" };
    world.keep(REQUEST, { another: true }, later);
    expect(world.find(REQUEST, { another: true })).toEqual(later);
  });

  test("is deleted from the file after it expires, a bounded number at a time, and no other with it", async () => {
    await using world = openRecords();
    for (let i = 0; i < 1_500; i += 1) world.keep({ ...REQUEST, key: `old ${i}` });
    world.clock.advance(1_000);
    world.keep({ ...REQUEST, key: "young" });
    world.clock.advance(DAY - 999);
    const removed = [world.removeExpired(), world.removeExpired(), world.removeExpired()];
    expect(removed).toEqual([1_000, 500, 0]);
    expect(world.rows("select key from idempotency")).toEqual([{ key: "young" }]);
  });

  test("is deleted from the file however many expired since the last clean-up, and no other with them", async () => {
    await using world = openRecords();
    for (let i = 0; i < 3_500; i += 1) world.keep({ ...REQUEST, key: `old ${i}` });
    world.clock.advance(DAY + 1);
    world.keep({ ...REQUEST, key: "young" });
    await removeAllExpiredIdempotency(world.store);
    expect(world.rows("select key from idempotency")).toEqual([{ key: "young" }]);
  });

  test("is encrypted in the file, and cannot be decrypted after it is altered or moved to another request", async () => {
    await using world = openRecords();
    world.keep();
    const bytes = ["", "-wal"]
      .filter((end) => existsSync(world.file + end))
      .map((end) => readFileSync(world.file + end).toString("latin1"))
      .join();
    expect(bytes).toContain("/v1/contacts");
    for (const plain of ["whsec_plain", '"data"', Buffer.from(ANSWER.body!).toString("base64")]) {
      expect(bytes).not.toContain(plain);
    }
    const sealed: string = world.value("select answer from idempotency");
    world.keep({ ...REQUEST, key: "second" });
    expect(world.value("select answer from idempotency where key = 'second'")).not.toBe(
      sealed as never,
    );
    world.db.$client.run("update idempotency set answer = ? where key = 'second'", [sealed]);
    expect(() => world.find({ ...REQUEST, key: "second" })).toThrow();
    const altered = Buffer.from(sealed, "base64");
    altered[20]! ^= 1;
    world.db.$client.run("update idempotency set answer = ? where key = 'first'", [
      altered.toString("base64"),
    ]);
    expect(() => world.find()).toThrow();
  });
});

describe("the identity of a request", () => {
  test("a stored response belongs to one API key, path and Idempotency-Key; any other is a new request", async () => {
    await using world = openRecords();
    world.keep();
    for (const other of [
      { apiKeyId: "key-2" },
      { path: "/v1/intents" },
      { key: "First" },
      { key: "first " },
    ]) {
      expect(world.find({ ...REQUEST, ...other })).toBeNull();
    }
  });

  test("another body with the same key is a conflict on idempotency_key; the same JSON in another notation is not", async () => {
    await using world = openRecords();
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), fc.uuid(), async (body, other, key) => {
        const request = { ...REQUEST, key };
        world.keep(request, body);
        const same = JSON.parse(JSON.stringify(body), (_, inner) =>
          inner !== null && typeof inner === "object" && !Array.isArray(inner)
            ? Object.fromEntries(Object.entries(inner).reverse())
            : inner,
        );
        expect(world.find(request, same)).toEqual(ANSWER);
        if (Bun.deepEquals(JSON.parse(JSON.stringify(body)), JSON.parse(JSON.stringify(other))))
          return;
        let thrown: unknown;
        try {
          world.find(request, other);
        } catch (error) {
          thrown = error;
        }
        expect(thrown).toBeInstanceOf(ApiError);
        expect((thrown as ApiError).code).toBe("conflict");
        expect((thrown as ApiError).details).toHaveProperty("idempotency_key");
      }),
      { numRuns: 200 },
    );
  });

  test(`an Idempotency-Key has 1 to ${LIMITS.idempotencyKeyLength} characters and may be absent`, () => {
    const read = (key: string) => readIdempotencyKey(new Headers({ "Idempotency-Key": key }));
    expect(readIdempotencyKey(new Headers())).toBeNull();
    for (const key of ["x", "x".repeat(LIMITS.idempotencyKeyLength)]) expect(read(key)).toBe(key);
    for (const key of ["", "x".repeat(LIMITS.idempotencyKeyLength + 1)]) {
      expect(() => read(key)).toThrow("validation_failed");
    }
  });
});
