/** Sizes are compared with the schema before a pattern or an entry is. */
import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { LIMITS } from "../../src/config.ts";
import { ApiError } from "../../src/http/errors.ts";
import { findOversized } from "../../src/http/sizes.ts";
import { checkBody } from "../../src/http/validate.ts";
import { ROUTES } from "../../src/routes.ts";
import { openBrowser } from "../support/dashboard.ts";
import { startTestServer } from "../support/harness.ts";

const SIZE = LIMITS.bodyBytes;
const TEXTS = ["a.", "1", "+", " ", "\u0301", "http://a."].map((part) =>
  part.repeat(SIZE / part.length),
);
const LISTS = [{}, "", 0].map((entry) => Array(SIZE >> 1).fill(entry));
const OBJECT = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, ""]));
/** The sums below are far above what bounded work takes, and far below that of the same inputs without the bound. */
const GENEROUS_MS = 60_000;

interface Place {
  path: string;
  schema: z.ZodType;
  wrap(value: unknown): unknown;
}

/** Every value that a schema describes. */
function placesOf({ path, schema, wrap }: Place): Place[] {
  const inner = (
    schema instanceof z.ZodPipe
      ? schema.def.in instanceof z.ZodTransform
        ? schema.def.out
        : schema.def.in
      : (schema.def as { innerType?: z.ZodType }).innerType
  ) as z.ZodType | undefined;
  if (inner) return placesOf({ path, schema: inner, wrap });
  const here = { path, schema, wrap };
  const into = (name: string, field: unknown, place: (value: unknown) => unknown) =>
    placesOf({ path: `${path}.${name}`, schema: field as z.ZodType, wrap: (v) => wrap(place(v)) });
  if (schema instanceof z.ZodObject)
    return [
      here,
      ...Object.entries(schema.shape).flatMap(([name, field]) =>
        into(name, field, (value) => ({ [name]: value })),
      ),
    ];
  if (schema instanceof z.ZodArray) return [here, ...into("0", schema.element, (value) => [value])];
  if (schema instanceof z.ZodRecord)
    return [here, ...into("name", schema.valueType, (value) => ({ name: value }))];
  if (schema instanceof z.ZodUnion)
    return schema.options.flatMap((option) => into("|", option, (value) => value));
  return [here];
}

const bodies = ROUTES.flatMap((route) => {
  const schema = "stream" in route ? route.line : route.method === "GET" ? null : route.body;
  return schema ? [{ path: route.operation, schema, wrap: (value: unknown) => value }] : [];
});

describe("a body at its size limit", () => {
  test.each(bodies)(
    "$path answers each worst case with an error or a value",
    (body) => {
      for (const { wrap } of placesOf(body))
        for (const value of [...TEXTS, ...LISTS, OBJECT]) {
          try {
            checkBody(body.schema, wrap(value));
          } catch (error) {
            expect(error).toBeInstanceOf(ApiError);
          }
        }
    },
    GENEROUS_MS,
  );

  test.each(bodies)("$path refuses a long list before its entries", (body) => {
    for (const { path, schema, wrap } of placesOf(body)) {
      if (!(schema instanceof z.ZodArray || schema instanceof z.ZodRecord)) continue;
      const value = schema instanceof z.ZodArray ? LISTS[1] : OBJECT;
      const found = Object.values(findOversized(body.schema, wrap(value)));
      expect([path, ...found]).toEqual([path, expect.stringMatching(/^must have at most \d+ e/)]);
    }
  });
});

test("an email address of a megabyte is refused by its length, not by its pattern", () => {
  const body = bodies.find(({ path }) => path === "createContact")!;
  expect(findOversized(body.schema, { email: TEXTS[0] })).toEqual({
    email: "must be at most 254 characters",
  });
});

describe("without a session", () => {
  test("a body over 8 KiB is refused before it is parsed", async () => {
    await using it = await startTestServer();
    const body = { email: "a.".repeat(LIMITS.openBodyBytes), password: "x" };
    const answer = await openBrowser(it.url).post("/sign-in", body);
    expect(answer.status).toBe(413);
    expect(answer.body.details).toEqual({ body: "must be at most 8 KiB" });
  });

  test("the address is charged for bodies that are never valid", async () => {
    await using it = await startTestServer();
    const browser = openBrowser(it.url);
    for (let i = 0; i < LIMITS.openBodiesPerMinute; i += 1)
      expect((await browser.post("/sign-in", [])).status).toBe(400);
    const refused = await browser.post("/sign-in", []);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});
