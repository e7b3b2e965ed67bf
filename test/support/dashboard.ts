/** A browser at the dashboard. It keeps cookies and sends the same origin headers as a page of the server. */
import { Secret, TOTP } from "otpauth";
import type { User } from "../../src/access/users.ts";
import { cliActor } from "../../src/store/actor.ts";
import { type Answer, createClient } from "./client.ts";
import type { TestServer } from "./harness.ts";

export const EMAIL = "maria@example.com";
export const PASSWORD = "correct horse battery";

export interface Browser {
  cookies: Map<string, string>;
  /** `path` is under /dashboard/api. */
  send(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  patch(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  delete(path: string, headers?: Record<string, string>): Promise<Answer>;
}

/** `from`: its address, for a server that trusts X-Forwarded-For. */
export function openBrowser(url: string, from = "192.0.2.7"): Browser {
  const client = createClient(url, null);
  const cookies = new Map<string, string>();
  const browser: Browser = {
    cookies,
    async send(method, path, body, headers = {}) {
      const reading = method === "GET" || method === "HEAD";
      const answer = await client.send(method, `/dashboard/api${path}`, {
        headers: {
          "x-forwarded-for": from,
          "user-agent": "Browser/1.0",
          "sec-fetch-site": "same-origin",
          cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; "),
          ...(reading ? {} : { "content-type": "application/json" }),
          ...headers,
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      for (const line of answer.headers.getSetCookie()) {
        const { name, value } = Bun.Cookie.parse(line);
        if (value === "") cookies.delete(name);
        else cookies.set(name, value);
      }
      return answer;
    },
    get: (path, headers) => browser.send("GET", path, undefined, headers),
    post: (path, body, headers) => browser.send("POST", path, body, headers),
    put: (path, body, headers) => browser.send("PUT", path, body, headers),
    patch: (path, body, headers) => browser.send("PATCH", path, body, headers),
    delete: (path, headers) => browser.send("DELETE", path, undefined, headers),
  };
  return browser;
}

/** Creates an account as the command line does. */
export async function makeAccount(
  { server }: TestServer,
  email = EMAIL,
  password = PASSWORD,
): Promise<User> {
  const passwordHash = await server.passwords.hash(password);
  return server.store.change(cliActor("test", "test"), (tx) =>
    server.users.create(tx, { email, name: null, passwordHash }),
  );
}

/** Returns a browser that is signed in to an existing account. */
export async function signIn(
  { url }: TestServer,
  credentials: { email?: string; password?: string; code?: string } = {},
  browser = openBrowser(url),
): Promise<Browser> {
  const answer = await browser.post("/sign-in", {
    email: EMAIL,
    password: PASSWORD,
    ...credentials,
  });
  if (answer.status !== 200) throw new Error(`signing in answered ${answer.status} ${answer.text}`);
  return browser;
}

/** Confirms an action and returns the header that carries the proof. */
export async function confirmAction(
  browser: Browser,
  action: object,
  credentials: { password?: string; code?: string } = { password: PASSWORD },
): Promise<{ "x-confirmation": string }> {
  const answer = await browser.post("/confirm", { action, ...credentials });
  if (answer.status !== 200) throw new Error(`confirming answered ${answer.status} ${answer.text}`);
  return { "x-confirmation": answer.body.data.proof };
}

/** Returns the code that an authenticator app shows at this time. */
export const codeAt = (secret: string, ms: number): string =>
  TOTP.generate({
    secret: Secret.fromBase32(secret),
    algorithm: "SHA1",
    digits: 6,
    period: 30,
    timestamp: ms,
  });

/** Enables the second factor. It does not advance the clock, so the current code is used afterwards. */
export async function enableTotp(
  browser: Browser,
  now: number,
  credentials = { password: PASSWORD },
): Promise<{ secret: string; recoveryCodes: string[] }> {
  const proof = await confirmAction(browser, { kind: "totp.enable" }, credentials);
  const enrolment = await browser.post("/totp", undefined, proof);
  const { secret } = enrolment.body.data;
  const answer = await browser.post("/totp/confirm", { code: codeAt(secret, now) });
  if (answer.status !== 200)
    throw new Error(`the second factor answered ${answer.status} ${answer.text}`);
  return { secret, recoveryCodes: answer.body.data.recovery_codes };
}
