/** Lists page by page while others write: nothing that was there all along is skipped or comes twice. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { LIMITS } from "../../src/config.ts";
import { ApiError } from "../../src/http/errors.ts";
import { filterMark, readCursor } from "../../src/http/paging.ts";
import type { Query } from "../../src/http/route.ts";
import { checkQuery } from "../../src/http/validate.ts";
import { contactDefinition } from "../../src/resources/contacts.ts";
import { bindResource } from "../../src/resources/define.ts";
import { intentDefinition } from "../../src/resources/intents.ts";
import { ACTOR, insertContact, openTestStore } from "../support/store.ts";

const contactQuery = (query: Record<string, string>): Query =>
  checkQuery(contactDefinition.listQuery, new URLSearchParams(query));

function openContacts() {
  const world = openTestStore();
  return Object.assign(world, { contacts: bindResource(contactDefinition, world.db) });
}
type World = ReturnType<typeof openContacts>;

let counter = 0;
const insert = (world: World, fields: Parameters<typeof insertContact>[2] = {}) =>
  world.store.change(ACTOR, (tx) => insertContact(tx, `+${counter++}`, fields));

interface Contact {
  id: string;
  created_at: string;
  last_contact_at: string | null;
}
/** The order that the reference promises: latest contact, else creation, newest first, ties by id. */
const inOrder = (list: Contact[]) =>
  list.toSorted((a, b) => {
    const [left, right] = [a, b].map((row) => `${row.last_contact_at ?? row.created_at} ${row.id}`);
    return left! > right! ? -1 : 1;
  });

async function walk(world: World, query: Record<string, string>, between = async () => {}) {
  const seen: Contact[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const page = world.contacts.list(contactQuery(cursor === null ? query : { ...query, cursor }));
    expect(page.data.length).toBeLessThanOrEqual(Number(query.limit ?? LIMITS.pageDefault));
    expect(page.has_more).toBe(page.next_cursor !== null);
    if (page.has_more) expect(page.data.length).toBe(Number(query.limit ?? LIMITS.pageDefault));
    seen.push(...(page.data as Contact[]));
    cursor = page.next_cursor;
    pages += 1;
    expect(pages).toBeLessThan(1_000);
    await between();
  } while (cursor !== null);
  return { seen, pages };
}

describe("a list that is read in pages", () => {
  // Many rows of one moment, so that ties are common; some were called since.
  const rows = fc.array(
    fc.record({ pause: fc.constantFrom(0, 0, 1, 1_000), called: fc.option(fc.nat(3_000)) }),
    { maxLength: 40 },
  );
  const writes = fc.array(
    fc.record({
      kind: fc.constantFrom("insert", "insert older", "update", "follow"),
      pick: fc.nat(),
      pause: fc.constantFrom(0, 1, -60_000),
    }),
    { maxLength: 6 },
  );

  test("returns each row that existed from the start exactly once and in order, while others are added and updated", async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.integer({ min: 1, max: 12 }),
        fc.array(writes),
        async (all, limit, rounds) => {
          await using world = openContacts();
          const start = world.clock.now();
          const there: string[] = [];
          for (const { pause, called } of all) {
            world.clock.advance(pause);
            const last_contact_at = called === null ? null : new Date(start + called).toISOString();
            there.push((await insert(world, { last_contact_at })).id);
          }
          const pending = [...rounds];
          const { seen } = await walk(world, { limit: String(limit) }, async () => {
            for (const { kind, pick, pause } of pending.shift() ?? []) {
              world.clock.setWall(world.clock.now() + pause);
              if (kind === "insert") await insert(world);
              else if (kind === "insert older") {
                await insert(world, {
                  last_contact_at: new Date(start + (pick % 3_000)).toISOString(),
                });
              } else if (there.length > 0) {
                const row = world.contacts.find(there[pick % there.length]!)!;
                await world.store.change(ACTOR, (tx) =>
                  world.contacts.update(tx, row, {
                    first_name: `changed ${pick}`,
                    custom: { a: "b" },
                  }),
                );
              }
            }
          });
          const ids = seen.map(({ id }) => id);
          expect(new Set(ids).size).toBe(ids.length);
          const kept = seen.filter(({ id }) => there.includes(id));
          expect(kept.map(({ id }) => id).sort()).toEqual(there.toSorted());
          expect(seen.map(({ id }) => id)).toEqual(inOrder(seen).map(({ id }) => id));
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  test("has the same rows with every limit and filter, and only the last page has no next page", async () => {
    await using world = openContacts();
    for (let i = 0; i < 50; i += 1) {
      await insert(world, {
        email: i % 3 === 0 ? "a@example.com" : "b@example.com",
        first_name: "Zoë",
      });
    }
    const filters: Record<string, string>[] = [
      {},
      { email: "a@example.com" },
      { q: "Zoë" },
      { q: "zo" },
      { q: "nobody" },
    ];
    for (const filter of filters) {
      const whole = world.contacts.list(contactQuery({ ...filter, limit: "100" }));
      expect(whole.has_more).toBe(false);
      for (const limit of [1, 7, 17, 49, 50, 51, 100]) {
        const { seen, pages } = await walk(world, { ...filter, limit: String(limit) });
        expect(seen).toEqual(whole.data as Contact[]);
        expect(pages).toBe(Math.max(1, Math.ceil(whole.data.length / limit)));
      }
    }
  });

  test("continues after a row that was deleted in the meantime", async () => {
    await using world = openTestStore();
    const intents = bindResource(intentDefinition, world.db);
    for (const name of ["a", "b", "c", "d"]) {
      await world.store.change(ACTOR, (tx) =>
        intents.create(tx, { name, description: null, active: true }),
      );
    }
    const first = intents.list({ limit: "2" });
    const last = intents.find((first.data[1] as { id: string }).id)!;
    await world.store.change(ACTOR, (tx) => intents.remove(tx, last));
    const second = intents.list({ limit: "2", cursor: first.next_cursor! });
    expect(second.data.map((row) => (row as { name: string }).name)).toEqual(["b", "a"]);
  });

  test("has the documented page length if no limit is sent", async () => {
    await using world = openContacts();
    for (let i = 0; i <= LIMITS.pageDefault; i += 1) await insert(world);
    const page = world.contacts.list(contactQuery({}));
    expect(page.data.length).toBe(LIMITS.pageDefault);
    expect(page.has_more).toBe(true);
  });

  test("accepts whole numbers from 1 to the documented maximum as its limit, and nothing else", () => {
    for (const limit of ["1", "9", "10", "99", String(LIMITS.pageMax)]) {
      expect(contactQuery({ limit }).limit).toBe(limit);
    }
    for (const limit of ["0", "-1", "1.5", "01", "1e1", String(LIMITS.pageMax + 1), " 1", "all"]) {
      expect(refusalOf(() => contactQuery({ limit }))).toHaveProperty("limit");
    }
  });
});

function refusalOf(work: () => unknown): Record<string, string> {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).code).toBe("validation_failed");
    return (error as ApiError).details!;
  }
  throw new Error("was let through");
}

describe("a cursor", () => {
  async function cursorOf(query: Record<string, string>) {
    const world = openContacts();
    for (let i = 0; i < 3; i += 1) await insert(world, { email: "a@example.com" });
    const page = world.contacts.list(contactQuery({ ...query, limit: "1" }));
    return { world, cursor: page.next_cursor! };
  }

  test("is refused with filters other than its own, and accepted with another limit", async () => {
    const queries: Record<string, string>[] = [
      {},
      { email: "a@example.com" },
      { email: "a@example.com", source: "api" },
      { source: "api" },
    ];
    for (const from of queries) {
      const { world, cursor } = await cursorOf(from);
      await using _ = world;
      for (const to of [...queries, { ...from, email: "b@example.com" }]) {
        const list = (limit: string) => world.contacts.list(contactQuery({ ...to, cursor, limit }));
        if (Bun.deepEquals(from, to)) {
          expect(list("1").data.length).toBe(1);
          expect(list("100").data.length).toBe(2);
        } else {
          expect(refusalOf(() => list("1")).cursor).toContain("other filters");
        }
      }
    }
  });

  test("of one list is refused by another list", async () => {
    const { world, cursor } = await cursorOf({});
    await using _ = world;
    const intents = bindResource(intentDefinition, world.db);
    expect(refusalOf(() => intents.list({ cursor })).cursor).toContain("other filters");
  });

  test("depends on the values of the filters, not on their order", () => {
    expect(filterMark("/v1/contacts", { email: "a", q: "b", limit: "1", cursor: "x" })).toBe(
      filterMark("/v1/contacts", { q: "b", email: "a", limit: "50" }),
    );
    const marks = [{ email: "a" }, { email: "b" }, { q: "a" }, { email: "a", q: "" }, {}];
    expect(new Set(marks.map((query) => filterMark("/v1/contacts", query))).size).toBe(
      marks.length,
    );
  });

  test("with arbitrary text is a validation error on `cursor`, never a server error", async () => {
    await using world = openContacts();
    await insert(world);
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const garbage = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.base64String(),
      fc.json().map((text) => Buffer.from(text).toString("base64url")),
      fc.array(fc.jsonValue(), { maxLength: 4 }).map(encoded),
      fc.tuple(fc.oneof(fc.string(), fc.double()), fc.string(), fc.string()).map(encoded),
    );
    fc.assert(
      // An empty cursor is as if absent.
      fc.property(
        garbage.filter((text) => text !== ""),
        (cursor) => {
          const details = refusalOf(() => world.contacts.list(contactQuery({ cursor })));
          expect(Object.keys(details)).toEqual(["cursor"]);
        },
      ),
      { numRuns: 500, examples: [["null"], [encoded(null)], [encoded([{}, "", ""])]] },
    );
    expect(refusalOf(() => contactQuery({ cursor: "x".repeat(2_001) }))).toHaveProperty("cursor");
  });

  test("that is cut or altered is refused or is another position of the same list, never a server error", async () => {
    const { world, cursor } = await cursorOf({});
    await using _ = world;
    const character = fc.constantFrom(..."ABCabc019-_");
    fc.assert(
      fc.property(fc.nat(cursor.length - 1), character, fc.boolean(), (at, by, cut) => {
        const altered = cut ? cursor.slice(0, at) : cursor.slice(0, at) + by + cursor.slice(at + 1);
        try {
          const page = world.contacts.list(contactQuery({ cursor: altered }));
          expect(page.data.length).toBeLessThanOrEqual(3);
        } catch (error) {
          expect((error as ApiError).details).toHaveProperty("cursor");
        }
      }),
      { numRuns: 300 },
    );
  });

  test("contains the sort value and the id of the last row of its page", async () => {
    const { world, cursor } = await cursorOf({});
    await using _ = world;
    const [first] = world.contacts.list(contactQuery({ limit: "1" })).data as Contact[];
    const position = readCursor(cursor, filterMark("/v1/contacts", {}));
    expect(position).toEqual([first!.created_at, first!.id]);
  });
});
