/** A request sets the documented fields of its body and nothing else: neither what the server sets nor unknown fields. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { WriteRoute } from "../../src/http/route.ts";
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
const routes = ROUTES.filter(
  (route): route is WriteRoute =>
    "write" in route &&
    route.body !== undefined &&
    !route.bodyOptional &&
    !route.path.endsWith("/order"),
);

describe.each(routes)("$method $path", (route) => {
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
