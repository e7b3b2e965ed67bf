/** A page of another site cannot reach a server on loopback by a name of its own that resolves to this machine. */
import { describe, expect, test } from "bun:test";
import { createHostCheck } from "../../src/http/hosts.ts";
import { type Answer, createClient } from "../support/client.ts";
import { startTestServer } from "../support/harness.ts";
import { startTestMock } from "../support/mock.ts";

const PUBLIC_URL = "https://allison.example";
const PATHS = [
  ...[
    "/v1/me",
    "/v1/nothing",
    "/platform/v1/calls/x",
    "/dashboard/api/session",
    "/dashboard/api/x",
  ],
  ...["/", "/sign-in", "/docs", "/openapi.json", "/health", "/nothing"],
];
const FOREIGN = [
  ...["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example"],
  ...["10.0.0.1", "0.0.0.0", "[::2]", "allison.example.evil.example", "not a host"],
];

const expectError = ({ status, body }: Answer, expected: number, code: string) =>
  expect([status, body?.error]).toEqual([expected, code]);

describe("a server on loopback", () => {
  test("serves loopback names and the host of its public URL, and no other host, on every path", async () => {
    await using it = await startTestServer({ config: { publicUrl: PUBLIC_URL } });
    const { port } = new URL(it.url);
    const own = ["localhost", `LOCALHOST:${port}`, "app.localhost", "127.0.0.1", "127.1.2.3:1"];
    const client = createClient(it.url, null);
    for (const path of PATHS) {
      for (const host of [...own, "[::1]", "allison.example", "Allison.Example:443"])
        expect([path, host, (await client.get(path, { host })).status]).not.toContain(421);
      for (const host of FOREIGN) {
        const answer = await client.get(path, { host });
        expectError(answer, 421, "misdirected_request");
        expect([path, host, Object.keys(answer.body.details)]).toEqual([path, host, ["host"]]);
      }
    }
  });

  test("does so as a mock too, whose control endpoints also refuse pages of other origins", async () => {
    await using mock = await startTestMock();
    const client = createClient(mock.url, null);
    const { host } = new URL(mock.url);
    for (const path of ["/mock/state", "/mock/requests/1", "/mock/faults", "/v1/me", "/"]) {
      expectError(await client.get(path, { host: "evil.example" }), 421, "misdirected_request");
      expect((await client.get(path, { host })).status).not.toBe(421);
    }
    for (const origin of ["http://evil.example", `http://${host}.evil.example`, "null"]) {
      for (const path of ["/mock/reset", "/mock/trigger", "/mock/faults"])
        expectError(await client.post(path, {}, { origin }), 403, "forbidden_origin");
      expectError(await client.get("/mock/state", { origin }), 403, "forbidden_origin");
    }
    expect((await client.get("/mock/state", { origin: `http://${host}` })).status).toBe(200);
  });
});

test("a server that other machines reach serves every host", () => {
  const requireServed = createHostCheck("0.0.0.0", () => PUBLIC_URL);
  const headers = { host: "any.example" };
  expect(() => requireServed(new Request("http://any.example", { headers }))).not.toThrow();
});
