/** A key or session that ends while a request is under way: the request stores nothing, and an open stream ends. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createConnection, type Socket } from "node:net";
import type { Session } from "../../src/access/sessions.ts";
import type { WriteRoute } from "../../src/http/route.ts";
import { ROUTES } from "../../src/routes.ts";
import { cliActor } from "../../src/store/actor.ts";
import type { Transaction } from "../../src/store/transaction.ts";
import { makeAccount } from "../support/dashboard.ts";
import { startTestServer, type TestServer } from "../support/harness.ts";
import { realPath, sampleCall, validBody } from "../support/samples.ts";

let it: TestServer;
let userId: string;
beforeAll(async () => {
  it = await startTestServer({ config: { webhookAllow: ["192.0.2.0/24"] } });
  userId = (await makeAccount(it)).id;
});
afterAll(() => it[Symbol.asyncDispose]());

const change = <T>(work: (tx: Transaction) => T) =>
  it.server.store.change(cliActor("test", "test"), work);
const auditRows = () =>
  (it.server.db.$client.query("select id from audit_head").get() as { id: number }).id;

async function waitUntil(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000 && !condition(); i += 1) await Bun.sleep(5);
  expect(condition()).toBe(true);
}

interface Open {
  socket: Socket;
  received(): string;
  closed: Promise<void>;
}

/** Sends the head of a request and nothing of its body. */
function openRequest(method: string, path: string, headers: Record<string, string>): Open {
  const { port } = new URL(it.url);
  const lines = Object.entries({ host: `127.0.0.1:${port}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const socket = createConnection(Number(port), "127.0.0.1");
  let text = "";
  socket.on("data", (data) => {
    text += data.toString();
  });
  socket.on("error", () => {});
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n`);
  return { socket, received: () => text, closed };
}

/** Sends a request whose body arrives after `end`; returns the response's status line and body. */
async function sendAcross(
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string,
  isAdmitted: () => boolean,
  end: () => Promise<unknown>,
): Promise<string> {
  const request = openRequest(method, path, {
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    ...headers,
  });
  request.socket.write(body.slice(0, 1));
  await waitUntil(isAdmitted);
  await end();
  request.socket.write(body.slice(1));
  await waitUntil(() => request.received().includes("\r\n\r\n"));
  request.socket.destroy();
  return request.received();
}

async function makeKey(kind: "live" | "plat", expires_at: string | null = null) {
  const scope = kind === "plat" ? null : "write";
  const { key, token } = await change((tx) =>
    it.server.keys.create(tx, { name: "Ending", kind, scope, expires_at }),
  );
  const { keys } = it.server;
  return {
    authorization: { authorization: `Bearer ${token}` },
    isUsed: () => keys.lastUse(key).at !== null,
    disable: () => change((tx) => keys.setActive(tx, key, false)),
    remove: () => change((tx) => keys.remove(tx, key)),
  };
}

async function makeSession() {
  const { sessions } = it.server;
  const { session, token } = await change((tx) => sessions.start(tx, userId));
  return {
    headers: { cookie: `allison_session=${token}`, "sec-fetch-site": "same-origin" },
    isUsed: () => sessions.lastUse(session as Session).ip !== null,
    end: () => change((tx) => sessions.end(tx, session)),
  };
}

/** Routes of the API whose body can be under way. */
const WRITES = ROUTES.filter(
  (route): route is WriteRoute => route.method !== "GET" && "write" in route && "body" in route,
);

describe("a key that is disabled while the body of a request is under way", () => {
  test.each(WRITES)("stores nothing by $method $path", async (route) => {
    const path = await realPath(route, it);
    const key = await makeKey(route.access === "platform" ? "plat" : "live");
    const body = JSON.stringify(validBody(route) ?? {});
    let rows = 0;
    const answer = await sendAcross(
      route.method,
      path,
      key.authorization,
      body,
      key.isUsed,
      async () => {
        await key.disable();
        rows = auditRows();
      },
    );
    expect(answer).toStartWith("HTTP/1.1 401");
    expect(answer).toContain("WWW-Authenticate: Bearer");
    expect(answer).toEndWith('{"error":"unauthorized"}');
    expect(auditRows()).toBe(rows);
  });

  test("is refused as well when it is deleted, and when it expires", async () => {
    const path = "/v1/contacts";
    const body = JSON.stringify({ phone_number: "+15550199999" });
    const deleted = await makeKey("live");
    expect(
      await sendAcross("POST", path, deleted.authorization, body, deleted.isUsed, deleted.remove),
    ).toStartWith("HTTP/1.1 401");
    const expiry = Date.now() + 1_000;
    const expiring = await makeKey("live", new Date(expiry).toISOString());
    const wait = () => Bun.sleep(expiry - Date.now() + 10);
    expect(
      await sendAcross("POST", path, expiring.authorization, body, expiring.isUsed, wait),
    ).toStartWith("HTTP/1.1 401");
    expect((await it.read.get("/v1/contacts?phone_number=%2B15550199999")).body.data).toEqual([]);
  });

  test("is refused by a write that shares the commit which disables it", async () => {
    const { server } = it;
    const { key } = await change((tx) =>
      server.keys.create(tx, { name: "Same", kind: "live", scope: "write", expires_at: null }),
    );
    const actor = {
      ...cliActor("test", "test"),
      requireValid: () => server.keys.requireActive(key),
    };
    const disabled = change((tx) => server.keys.setActive(tx, key, false));
    let isRun = false;
    const write = server.store.change(actor, () => {
      isRun = true;
    });
    expect(write).rejects.toThrow("credential_ended");
    await disabled;
    await write.catch(() => {});
    expect(isRun).toBe(false);
  });
});

describe("a session that ends while the body of a request is under way", () => {
  test("stores nothing by any route of the dashboard that takes a body", async () => {
    const id = "019a9f3e-6c1a-7b04-9f2e-3d5c8a7b6e10";
    const writes = it.server.dashboardRoutes.filter(
      ({ method }) => method !== "GET" && method !== "DELETE",
    );
    for (const { method, path } of writes) {
      const session = await makeSession();
      const route = WRITES.find(
        (each) => each.method === method && path === `/dashboard/api${each.path}`,
      );
      const here = route
        ? `/dashboard/api${await realPath(route, it)}`
        : path.replace(/:index/, "0").replace(/:\w+/g, id);
      const body = JSON.stringify((route && validBody(route)) ?? { name: "Other", active: false });
      const isPublic = /sign-in|first-account|invitation/.test(path);
      let rows = 0;
      const answer = await sendAcross(
        method,
        here,
        session.headers,
        body,
        () => isPublic || session.isUsed(),
        async () => {
          await session.end();
          rows = auditRows();
        },
      );
      expect(`${method} ${path} ${answer}`).toMatch(/ HTTP\/1\.1 4\d\d/);
      if (route) expect(`${method} ${path} ${answer}`).toContain(" HTTP/1.1 401");
      expect([path, auditRows()]).toEqual([path, rows]);
    }
  });

  test("renames neither the account nor the organization", async () => {
    for (const path of ["/user", "/organization"]) {
      const session = await makeSession();
      const answer = await sendAcross(
        "PATCH",
        `/dashboard/api${path}`,
        session.headers,
        '{"name":"Somebody else"}',
        session.isUsed,
        session.end,
      );
      expect([path, answer.split("\r\n")[0]]).toEqual([path, "HTTP/1.1 401 Unauthorized"]);
    }
  });
});

describe("an open NDJSON stream", () => {
  const openImport = (authorization: Record<string, string>) =>
    openRequest("POST", "/platform/v1/calls", {
      ...authorization,
      "content-type": "application/x-ndjson",
      "transfer-encoding": "chunked",
    });
  const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
  const line = (external_id: string) =>
    chunk(`${JSON.stringify({ ...sampleCall(), external_id })}\n`);

  test("stores no further line once its platform key is deleted", async () => {
    const key = await makeKey("plat");
    const stream = openImport(key.authorization);
    stream.socket.write(line("stream-1"));
    await waitUntil(() => stream.received().includes("stream-1"));
    await key.remove();
    const rows = auditRows();
    stream.socket.write(line("stream-2"));
    await stream.closed;
    expect(stream.received()).not.toContain("stream-2");
    expect(auditRows()).toBe(rows);
  });

  test("of an idle sender ends with its key", async () => {
    const key = await makeKey("plat");
    const stream = openImport(key.authorization);
    stream.socket.write(line("idle-1"));
    await waitUntil(() => stream.received().includes("idle-1"));
    await key.disable();
    await stream.closed;
    expect(stream.received()).toContain("idle-1");
  });

  test("of the audit log that nobody reads ends with its session", async () => {
    await change((tx) => {
      for (let i = 0; i < 15_000; i += 1) {
        const email = `user${i}@example.com`;
        it.server.users.create(tx, { email, name: "N".repeat(900), passwordHash: "x" });
      }
    });
    const session = await makeSession();
    const stream = openRequest("GET", "/dashboard/api/audit/export", session.headers);
    stream.socket.pause();
    await waitUntil(session.isUsed);
    await session.end();
    // The kernel's buffers may hold what was sent before; the connection has no more.
    await Bun.sleep(1_500);
    stream.socket.resume();
    await stream.closed;
    expect(stream.received()).not.toContain("user14999@example.com");
  });
});
