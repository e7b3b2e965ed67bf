/**
 * A webhook receiver that does as it is told, for tests: it records what it is sent and answers by
 * script, in order or as badly as a test asks for.
 *
 * It speaks HTTP by hand over a bare socket, so that it can also break it, and so that what it
 * records is what was on the wire. Listens on 127.0.0.1 at a free port; nothing outlives `stop()`.
 */
import { once } from "node:events";
import { type AddressInfo, createServer as createPlainServer, type Socket } from "node:net";
import { createServer as createTlsServer, type TLSSocket } from "node:tls";
import type { Certificate } from "./certificates.ts";

/**
 * How a receiver misbehaves once a request has come in whole:
 * `hang` never answers; `reset` breaks the connection at once; `closeEarly` promises 100 bytes of
 * body and closes after 4; `resetEarly` the same with a reset; `drip` sends the answer byte by byte;
 * `dripHeaders` sends header lines for ever; `garbage` is no HTTP; `endless` is a body with no end.
 */
export type Behaviour =
  | "hang"
  | "reset"
  | "closeEarly"
  | "resetEarly"
  | "drip"
  | "dripHeaders"
  | "garbage"
  | "endless";

/** One answer. Default: 200 with the body `ok`, at once, and the connection closed after it. */
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Waits this long between the end of the request and the first byte of the answer. */
  delayMs?: number;
  /** Pause between the bytes of `drip` and the lines of `dripHeaders`; 20 if not given. */
  dripMs?: number;
  behaviour?: Behaviour;
  /** These bytes in place of an HTTP answer; the connection is closed after them. */
  raw?: string | Uint8Array;
}

export interface Received {
  method: string;
  /** As on the request line: path and query. */
  path: string;
  /** Names in lower case; of a name sent twice, the last value. */
  headers: Record<string, string>;
  /** The body as UTF-8 text, byte for byte what a signature was made over. */
  body: string;
  /** When the request had come in whole: milliseconds since the epoch. */
  at: number;
  /** The name asked for in the TLS handshake; null for plain http or an address. */
  servername: string | null;
}

/** Answers in order, the last one again and again; or a function of the request and its number from 0. */
export type Script = readonly Answer[] | ((request: Received, index: number) => Answer);

export interface Receiver {
  /** `http(s)://127.0.0.1:<port>/hook`; for another host take `port`. */
  url: string;
  port: number;
  requests: Received[];
  /** Connections accepted so far, also those that never became a request. */
  connections: number;
  /** Connections open now. */
  open: number;
  /** Bytes of answers handed to the sockets so far. */
  sentBytes: number;
  /** Changes what is answered from the next request on. An array starts at its first answer. */
  script(script: Script): void;
  /** Resolves when `count` requests have come in; rejects after `withinMs` (5,000 if not given). */
  received(count: number, withinMs?: number): Promise<Received[]>;
  /** Resolves when no connection is open; rejects after `withinMs` (1,000 if not given). */
  idle(withinMs?: number): Promise<void>;
  /** Breaks every connection and frees the port. Resolves when both are done; again is no harm. */
  stop(): Promise<void>;
  /** For `await using`: the receiver ends with the test, whatever happens in it. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ReceiverOptions {
  /** Speaks https with this certificate; plain http without. */
  tls?: Certificate;
  script?: Script;
}

const OK: Answer = { body: "ok" };
const ENDLESS_PIECE = Buffer.alloc(64 * 1024, "x");

/** Starts a receiver; ends with `stop()`. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  let answerTo = scripted(options.script ?? [OK]);

  const until = (done: () => boolean, withinMs: number, late: () => string) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => {
      if (done()) resolve();
    };
    const timer = setTimeout(() => reject(new Error(late())), withinMs);
    waiting.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      waiting.delete(look);
    });
  };

  const onConnection = (socket: Socket) => {
    receiver.connections += 1;
    sockets.add(socket);
    socket.on("close", () => {
      sockets.delete(socket);
      for (const look of waiting) look();
    });
    socket.on("error", () => socket.destroy());
    readRequests(socket, (request) => {
      receiver.requests.push(request);
      for (const look of waiting) look();
      void reply(socket, answerTo(request), (bytes) => {
        receiver.sentBytes += bytes;
      });
    });
  };
  const server = options.tls
    ? createTlsServer({ ...options.tls }, onConnection)
    : createPlainServer(onConnection);
  // A client that hangs up in the handshake is part of many tests, not a failure of the receiver.
  server.on("tlsClientError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

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
      const came = () => receiver.requests.length;
      const late = () => `${came()} of ${count} requests came in ${withinMs} ms`;
      await until(() => came() >= count, withinMs, late);
      return receiver.requests;
    },
    idle(withinMs = 1_000) {
      const late = () => `${sockets.size} connections are still open after ${withinMs} ms`;
      return until(() => sockets.size === 0, withinMs, late);
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

function scripted(script: Script): (request: Received) => Answer {
  let index = 0;
  return (request) => {
    const current = index++;
    if (typeof script === "function") return script(request, current);
    return script[Math.min(current, script.length - 1)] ?? OK;
  };
}

/** Calls back for each whole request on a connection. Knows Content-Length bodies, as we send them. */
function readRequests(socket: Socket, onRequest: (request: Received) => void): void {
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

/** Where the body begins, or -1 while the head is not there yet. */
function headEnd(bytes: Buffer): number {
  const blank = bytes.indexOf("\r\n\r\n");
  return blank === -1 ? -1 : blank + 4;
}

function parseHead(head: string): Pick<Received, "method" | "path" | "headers"> {
  const [requestLine = "", ...lines] = head.split("\r\n");
  const [method = "", path = ""] = requestLine.split(" ");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { method, path, headers };
}

/** Carries out one answer. `count` is told of every byte sent. */
async function reply(
  socket: Socket,
  answer: Answer,
  count: (bytes: number) => void,
): Promise<void> {
  const send = (data: string | Uint8Array) => {
    count(data.length);
    return socket.write(data);
  };
  if (answer.delayMs) await pause(answer.delayMs);
  if (answer.raw !== undefined) {
    send(answer.raw);
    socket.end();
    return;
  }
  switch (answer.behaviour) {
    case undefined:
      send(head(answer));
      send(bodyOf(answer));
      socket.end();
      return;
    case "hang":
      return;
    case "reset":
      resetConnection(socket);
      return;
    case "closeEarly":
      send(`${statusLine(answer)}content-length: 100\r\n\r\npart`);
      socket.end();
      return;
    case "resetEarly":
      send(`${statusLine(answer)}content-length: 100\r\n\r\npart`);
      await pause(20);
      resetConnection(socket);
      return;
    case "garbage":
      send("\u0000\u0001 220 mail.example.com ESMTP, not a web server\r\n\r\n");
      socket.end();
      return;
    case "drip":
      for (const byte of Buffer.concat([Buffer.from(head(answer)), bodyOf(answer)])) {
        if (socket.destroyed) return;
        send(Uint8Array.of(byte));
        await pause(answer.dripMs ?? 20);
      }
      socket.end();
      return;
    case "dripHeaders":
      send(statusLine(answer));
      for (let line = 0; !socket.destroyed; line++) {
        send(`x-${line}: y\r\n`);
        await pause(answer.dripMs ?? 20);
      }
      return;
    case "endless":
      send(`${statusLine(answer)}connection: close\r\n\r\n`);
      while (!socket.destroyed) {
        if (!send(ENDLESS_PIECE)) await drained(socket);
        // Lets the other side run: both live in one process.
        await pause(0);
      }
  }
}

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

/** A TLS socket has no reset of its own; cutting it without a goodbye is what a receiver can do. */
function resetConnection(socket: Socket): void {
  if ("encrypted" in socket) socket.destroy();
  else socket.resetAndDestroy();
}

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms).unref());

/** When the socket takes more again, or is gone. */
const drained = (socket: Socket) =>
  new Promise<void>((done) => {
    socket.once("drain", done);
    socket.once("close", () => done());
  });
