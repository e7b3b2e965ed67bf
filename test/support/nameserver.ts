/** A nameserver for tests, on UDP and TCP of one port of 127.0.0.1 (RFC 1035). */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { parse } from "ipaddr.js";

/** What the nameserver does with queries for a name. A name without a record does not exist (NXDOMAIN). */
export interface Record {
  addresses?: string[];
  /** The name that the addresses belong to. */
  cname?: string;
  /** Truncates the response by UDP, so that the client has to ask by TCP. */
  truncated?: boolean;
  /** Never answers, for all types or for one. */
  silent?: boolean | "A" | "AAAA";
}

export interface Nameserver extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  address: string;
  /** The queries so far, such as `udp A hooks.test`. */
  queries: string[];
  /** Answers the queries that were kept waiting with NXDOMAIN, and all further ones. */
  release(): void;
}

type Protocol = "udp" | "tcp";

const TYPES: { [code: number]: "A" | "AAAA" } = { 1: "A", 28: "AAAA" };
const CNAME = 5;
const HEADER_BYTES = 12;

export async function startNameserver(
  recordOf: (name: string) => Record | undefined,
): Promise<Nameserver> {
  const queries: string[] = [];
  const kept: (() => void)[] = [];
  const sockets = new Set<Socket>();
  let isReleased = false;

  function handle(query: Buffer, protocol: Protocol, send: (response: Buffer) => void): void {
    const { name, type } = readQuestion(query);
    queries.push(`${protocol} ${TYPES[type]} ${name}`);
    const record = recordOf(name);
    const refuse = () => send(respond(query, undefined, protocol));
    if (isReleased) refuse();
    else if (record?.silent === true || record?.silent === TYPES[type]) kept.push(refuse);
    else send(respond(query, record, protocol));
  }

  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes: Buffer) => {
      let rest = bytes;
      while (rest.length > 2) {
        const end = 2 + rest.readUInt16BE(0);
        handle(rest.subarray(2, end), "tcp", (response) => {
          socket.write(Buffer.concat([uint16(response.length), response]));
        });
        rest = rest.subarray(end);
      }
    });
  });
  tcp.listen(0, "127.0.0.1");
  await once(tcp, "listening");
  const { port } = tcp.address() as { port: number };
  const udp = createSocket("udp4");
  udp.on("message", (query, client) =>
    handle(query, "udp", (response) => udp.send(response, client.port, client.address)),
  );
  udp.bind(port, "127.0.0.1");
  await once(udp, "listening");

  return {
    address: `127.0.0.1:${port}`,
    queries,
    release() {
      isReleased = true;
      for (const refuse of kept.splice(0)) refuse();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      udp.close();
      tcp.close();
      await once(tcp, "close");
    },
  };
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let offset = HEADER_BYTES;
  for (let length = query[offset]!; length > 0; length = query[offset]!) {
    labels.push(query.toString("latin1", offset + 1, offset + 1 + length));
    offset += 1 + length;
  }
  return { name: labels.join("."), type: query.readUInt16BE(offset + 1), end: offset + 5 };
}

function respond(query: Buffer, record: Record | undefined, protocol: Protocol): Buffer {
  const { name, type, end } = readQuestion(query);
  const isTruncated = protocol === "udp" && record?.truncated === true;
  const answers = isTruncated || !record ? [] : answersOf(name, type, record);
  const response = Buffer.from(query.subarray(0, end));
  // A response, recursion desired and available, truncated, NXDOMAIN.
  response.writeUInt16BE(0x8180 | (isTruncated ? 0x200 : 0) | (record ? 0 : 3), 2);
  response.writeUInt16BE(answers.length, 6);
  response.writeUInt32BE(0, 8);
  return Buffer.concat([response, ...answers]);
}

function answersOf(name: string, type: number, { addresses = [], cname }: Record): Buffer[] {
  const owner = encodeName(cname ?? name);
  const parsed = addresses
    .map(parse)
    .filter((address) => (address.kind() === "ipv4" ? "A" : "AAAA") === TYPES[type]);
  return [
    ...(cname ? [resource(encodeName(name), CNAME, encodeName(cname))] : []),
    ...parsed.map((address) => resource(owner, type, Buffer.from(address.toByteArray()))),
  ];
}

function resource(owner: Buffer, type: number, data: Buffer): Buffer {
  const [internet, lifetime] = [1, 60];
  const head = [uint16(type), uint16(internet), uint16(0), uint16(lifetime), uint16(data.length)];
  return Buffer.concat([owner, ...head, data]);
}

const encodeName = (name: string): Buffer =>
  Buffer.concat([
    ...name.split(".").map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.from([0]),
  ]);

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
