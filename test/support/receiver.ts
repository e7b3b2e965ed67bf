/**
 * A webhook receiver for tests: it records requests and answers by script, correctly or with a fault.
 *
 * It speaks HTTP by hand over a bare socket, so that it can break the protocol and records the bytes on the wire. It
 * listens on 127.0.0.1 at a free port. Nothing outlives `stop()`.
 */
import { once } from "node:events";
import { type AddressInfo, createServer as createPlainServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { Certificate } from "./certificates.ts";

/**
 * The fault after a complete request: `hang` never answers; `reset` resets the connection; `closeEarly` announces a body
 * of 100 bytes and closes after 4; `resetEarly` the same with a reset; `drip` sends the response byte by byte;
 * `dripHeaders` sends header lines without end; `garbage` is not HTTP; `endless` is a body without end.
 */
export type Fault =
  | "hang"
  | "reset"
  | "closeEarly"
  | "resetEarly"
  | "drip"
  | "dripHeaders"
  | "garbage"
  | "endless";

/** One answer. Default: 200 with the body `ok`, without delay, and the connection is closed after it. */
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** The time between the end of the request and the first byte of the answer. */
  delayMs?: number;
  /** The time between the bytes of `drip` or the lines of `dripHeaders`; default 20. */
  dripMs?: number;
  fault?: Fault;
  /** The bytes to send instead of an HTTP response; the connection is closed after them. */
  raw?: string | Uint8Array;
}

export interface ReceivedRequest {
  method: string;
  /** As on the request line: path and query. */
  path: string;
  /** Names in lower case; the last value of a repeated name. */
  headers: Record<string, string>;
  /** The body as UTF-8 text, byte for byte as it was signed. */
  body: string;
  /** When the request was complete, in milliseconds since the epoch. */
  at: number;
  /** The server name of the TLS handshake; null for plain http or an address. */
  servername: string | null;
}

/** Answers in order, repeating the last one; or a function of the request and its index. */
export type Script = readonly Answer[] | ((request: ReceivedRequest, index: number) => Answer);

export interface Receiver {
  /** `http(s)://127.0.0.1:<port>/hook`. */
  url: string;
  port: number;
  requests: ReceivedRequest[];
  /** Connections accepted so far, including those without a request. */
  connections: number;
  /** Open connections. */
  open: number;
  /** Bytes of answers written to sockets so far. */
  sentBytes: number;
  /** Replaces the script, starting at its first answer. */
  script(script: Script): void;
  /** Resolves when `count` requests have arrived; rejects after `withinMs` (default 5,000). */
  received(count: number, withinMs?: number): Promise<ReceivedRequest[]>;
  /** Resolves when no connection is open; rejects after `withinMs` (default 1,000). */
  idle(withinMs?: number): Promise<void>;
  /** Closes every connection and the port. May be called again. */
  stop(): Promise<void>;
  /** For `await using`: stops the receiver at the end of the test. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ReceiverOptions {
  /** Speaks https with this certificate; plain http without. */
  tls?: Certificate;
  script?: Script;
}

const OK: Answer = { body: "ok" };
const ENDLESS_CHUNK = Buffer.alloc(64 * 1024, "x");

/** Starts a receiver; ends with `stop()`. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const sockets = new Set<Socket>();
  const changes = createCondition();
  let answerTo = scripted(options.script ?? [OK]);

  const onConnection = (socket: Socket) => {
    receiver.connections += 1;
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      changes.recheck();
    });
    socket.on("error", () => socket.destroy());
    readRequests(socket, (request) => {
      receiver.requests.push(request);
      changes.recheck();
      void reply(socket, answerTo(request), (bytes) => {
        receiver.sentBytes += bytes;
      });
    });
  };
  const { server, port } = await listen(options.tls, onConnection);

  const receiver: Receiver = {
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${port}/hook`,
    port,
    requests: [],
    connections: 0,
    sentBytes: 0,
    script(script) {
      answerTo = scripted(script);
    },
    get open() {
      return sockets.size;
    },
    async received(count, withinMs = 5_000) {
      const late = () => `${receiver.requests.length} of ${count} requests came in ${withinMs} ms`;
      await changes.until(() => receiver.requests.length >= count, withinMs, late);
      return receiver.requests;
    },
    idle(withinMs = 1_000) {
      const late = () => `${sockets.size} connections are still open after ${withinMs} ms`;
      return changes.until(() => sockets.size === 0, withinMs, late);
    },
    async stop() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    [Symbol.asyncDispose]: () => receiver.stop(),
  };
  return receiver;
}

async function listen(tls: Certificate | undefined, onConnection: (socket: Socket) => void) {
  const server = tls ? createTlsServer({ ...tls }, onConnection) : createPlainServer(onConnection);
  // Many tests close the connection during the handshake; that is not an error of the receiver.
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { server, port };
}

/** Waits for conditions that are checked again at each `recheck()`. */
function createCondition() {
  const checks = new Set<() => void>();
  return {
    recheck() {
      for (const check of checks) check();
    },
    /** Resolves when `isMet`; rejects with the text of `late` after `withinMs`. */
    until(isMet: () => boolean, withinMs: number, late: () => string): Promise<void> {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const check = () => {
        if (isMet()) resolve();
      };
      const timer = setTimeout(() => reject(new Error(late())), withinMs);
      checks.add(check);
      check();
      return promise.finally(() => {
        clearTimeout(timer);
        checks.delete(check);
      });
    },
  };
}

function scripted(script: Script): (request: ReceivedRequest) => Answer {
  let index = 0;
  return (request) => {
    const current = index++;
    if (typeof script === "function") return script(request, current);
    return script[Math.min(current, script.length - 1)] ?? OK;
  };
}

/** Calls back for each complete request on a connection. Bodies must have a Content-Length. */
function readRequests(socket: Socket, onRequest: (request: ReceivedRequest) => void): void {
  let buffered = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (let end = headEnd(buffered); end !== -1; end = headEnd(buffered)) {
      const { method, path, headers } = parseHead(buffered.toString("latin1", 0, end - 4));
      const bodyEnd = end + Number(headers["content-length"] ?? 0);
      if (buffered.length < bodyEnd) return;
      const body = buffered.toString("utf8", end, bodyEnd);
      buffered = buffered.subarray(bodyEnd);
      const servername = (socket as TLSSocket).servername || null;
      onRequest({ method, path, headers, body, at: Date.now(), servername });
    }
  });
}

/** The offset of the body, or -1 while the head is incomplete. */
function headEnd(bytes: Buffer): number {
  const blank = bytes.indexOf("\r\n\r\n");
  return blank === -1 ? -1 : blank + 4;
}

function parseHead(head: string): Pick<ReceivedRequest, "method" | "path" | "headers"> {
  const [requestLine = "", ...lines] = head.split("\r\n");
  const [method = "", path = ""] = requestLine.split(" ");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { method, path, headers };
}

/** Sends one answer. `count` receives the length of everything sent. */
async function reply(
  socket: Socket,
  answer: Answer,
  count: (bytes: number) => void,
): Promise<void> {
  const send: Send = (data) => {
    count(data.length);
    return socket.write(data);
  };
  if (answer.delayMs) await pause(answer.delayMs);
  if (answer.fault !== undefined && answer.raw === undefined) {
    await FAULTS[answer.fault](socket, send, answer);
    return;
  }
  if (answer.raw !== undefined) send(answer.raw);
  else {
    send(head(answer));
    send(bodyOf(answer));
  }
  socket.end();
}

type Send = (data: string | Uint8Array) => boolean;

const FAULTS: Record<Fault, (socket: Socket, send: Send, answer: Answer) => void | Promise<void>> =
  {
    hang() {},
    reset: resetConnection,
    closeEarly(socket, send, answer) {
      send(`${statusLine(answer)}content-length: 100\r\n\r\npart`);
      socket.end();
    },
    async resetEarly(socket, send, answer) {
      send(`${statusLine(answer)}content-length: 100\r\n\r\npart`);
      await pause(20);
      resetConnection(socket);
    },
    garbage(socket, send) {
      send("\u0000\u0001 220 mail.example.com ESMTP, not a web server\r\n\r\n");
      socket.end();
    },
    async drip(socket, send, answer) {
      for (const byte of Buffer.concat([Buffer.from(head(answer)), bodyOf(answer)])) {
        if (socket.destroyed) return;
        send(Uint8Array.of(byte));
        await pause(answer.dripMs ?? 20);
      }
      socket.end();
    },
    async dripHeaders(socket, send, answer) {
      send(statusLine(answer));
      for (let line = 0; !socket.destroyed; line++) {
        send(`x-${line}: y\r\n`);
        await pause(answer.dripMs ?? 20);
      }
    },
    async endless(socket, send, answer) {
      send(`${statusLine(answer)}connection: close\r\n\r\n`);
      while (!socket.destroyed) {
        if (!send(ENDLESS_CHUNK)) await drained(socket);
        // Lets the client run: both share one process.
        await pause(0);
      }
    },
  };

const statusLine = ({ status = 200 }: Answer) => `HTTP/1.1 ${status} As scripted\r\n`;

function bodyOf(answer: Answer): Buffer {
  const { body = answer.status === undefined ? "ok" : "" } = answer;
  return Buffer.from(body as string);
}

function head(answer: Answer): string {
  const headers = {
    "content-length": String(bodyOf(answer).length),
    connection: "close",
    ...answer.headers,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${statusLine(answer)}${lines.join("")}\r\n`;
}

/** A TLS socket cannot be reset; destroying it closes the connection without a TLS close. */
function resetConnection(socket: Socket): void {
  if ("encrypted" in socket) socket.destroy();
  else socket.resetAndDestroy();
}

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms).unref());

/** Resolves when the socket accepts more data or is closed. */
const drained = (socket: Socket) =>
  new Promise<void>((done) => {
    socket.once("drain", done);
    socket.once("close", () => done());
  });
