/** Bodies and responses have their documented fields: a request sets no other, and a response reveals no other. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import type { ReadRoute, WriteRoute } from "../../src/http/route.ts";
import { ROUTES } from "../../src/routes.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { realPath, validBody } from "../support/samples.ts";

let it: TestServer;
beforeAll(async () => {
  it = await startTestServer({ config: { webhookAllow: ["192.0.2.0/24"] } });
});
afterAll(() => it[Symbol.asyncDispose]());

const FORGED_ID = "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e10";
const FORGED_TIME = "2001-01-01T00:00:00.000Z";
const UNKNOWN = { organization_id: FORGED_ID, is_admin: true };

/** A value of the same type that the server did not choose. */
function forge(value: unknown): unknown {
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  if (Array.isArray(value)) return ["forged"];
  return typeof value === "string" && /^\d{4}-/.test(value) ? FORGED_TIME : FORGED_ID;
}

/** Every route whose body has fields of an object. The other bodies are an event to test and the status of an order. */
const writes = ROUTES.filter(
  (route): route is WriteRoute =>
    "write" in route &&
    route.body !== undefined &&
    !route.bodyOptional &&
    !route.path.endsWith("/order"),
);

describe.each(writes)("$method $path", (route) => {
  test("ignores fields that only the server sets, and unknown ones", async () => {
    const client = route.path.startsWith("/platform/") ? it.platform : it.write;
    const send = async (body: object) =>
      client.send(route.method, await realPath(route, it), {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      });
    const honest = await send(validBody(route)!);
    const body = validBody(route)!;
    const accepted = Object.keys((route.body as { shape?: object }).shape ?? {});
    const readOnly = Object.entries<unknown>(honest.body.data).filter(
      ([name]) => !accepted.includes(name),
    );
    expect(readOnly.map(([name]) => name)).toContain("id");
    const forged = Object.fromEntries(readOnly.map(([name, value]) => [name, forge(value)]));
    const answer = await send({ ...UNKNOWN, ...forged, ...body });
    expect([answer.status, answer.text]).toEqual([honest.status, expect.any(String)]);
    for (const [name, value] of Object.entries(forged))
      expect([name, answer.body.data[name]]).not.toEqual([name, value]);
    expect(answer.body.data).not.toContainAnyKeys(Object.keys(UNKNOWN));
  });
});

/** The names of the fields that an object of the schema may have; a union has several such lists. */
function listFields(schema: z.ZodType): string[][] {
  if (schema instanceof z.ZodObject) return [Object.keys(schema.shape).sort()];
  return (schema as z.ZodUnion<readonly z.ZodObject[]>).options.flatMap(listFields);
}

const answering = ROUTES.filter(
  (route): route is ReadRoute | WriteRoute => !("line" in route) && "data" in route.answers,
);

describe.each(answering)("$method $path", (route) => {
  test("responds with the documented fields and no other", async () => {
    const client = route.path.startsWith("/platform/") ? it.platform : it.write;
    const path = await realPath(route, it);
    const body = "write" in route ? validBody(route) : undefined;
    const answer = await client.send(
      route.method,
      path,
      body && {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      },
    );
    const { kind, data } = route.answers as { kind: string; data: z.ZodType };
    // A secret stands beside the object, not in it.
    const objects: object[] = [kind === "secret" ? answer.body : answer.body.data].flat();
    for (const object of objects)
      expect(listFields(data)).toContainEqual(Object.keys(object).sort());
  });
});
