/**
 * The only door out: where it leads, whom it trusts, and that no receiver can hold it open, fill the
 * memory or make it lie. Real sockets on loopback throughout; the limits are shortened where a test
 * waits for one.
 */
import { describe, expect, test } from "bun:test";
import { gzipSync } from "node:zlib";
import { LIMITS } from "../../src/config.ts";
import { parseCidr } from "../../src/lib/ip.ts";
import { createEgress, type EgressOptions } from "../../src/webhooks/egress.ts";
import {
  authority,
  CERTIFIED_NAME,
  type Certificate,
  expired,
  selfSigned,
  valid,
  wrongName,
} from "../support/certificates.ts";
import { type Answer, startReceiver } from "../support/receiver.ts";

const LOOPBACK = parseCidr("127.0.0.0/8");
const EVERYTHING = ["0.0.0.0/0", "::/0"].map(parseCidr);
const PUBLIC = "93.184.215.14";
const MESSAGE = { headers: { "content-type": "application/json" }, body: '{"name":"Zoë"}' };
const SHORT = { totalMs: 500, connectMs: 250 };

const resolvesTo =
  (...addresses: string[]) =>
  async () =>
    addresses;

/** A door as a self-hoster would set it up for receivers on the same machine. */
const homeDoor = (options: Partial<EgressOptions> = {}) =>
  createEgress({
    allow: [LOOPBACK],
    ca: authority,
    resolve: resolvesTo("127.0.0.1"),
    ...options,
  });

/** A door with nothing opened. Names resolve to `addresses`, a public one if not given. */
const closedDoor = (...addresses: string[]) =>
  createEgress({
    allow: [],
    resolve: resolvesTo(...(addresses.length > 0 ? addresses : [PUBLIC])),
  });

/** Both ways in must say the same: what `check` lets pass, `post` would send. */
async function refusal(door: ReturnType<typeof createEgress>, url: string) {
  const refused = await door.check(url);
  if (refused === null) return null;
  const outcome = await door.post(url, MESSAGE);
  expect(outcome).toMatchObject({ statusCode: null, error: refused.message, answer: null });
  return refused.message;
}

describe("an ordinary delivery", () => {
  test("arrives byte for byte, once, with our headers and a length, for the name in the URL", async () => {
    await using receiver = await startReceiver({
      tls: valid,
      script: [{ status: 201, body: "é" }],
    });
    const url = `https://${CERTIFIED_NAME}:${receiver.port}/hook?to=1#here`;
    const outcome = await homeDoor().post(url, MESSAGE);
    expect(outcome).toEqual({
      statusCode: 201,
      error: null,
      answer: "é",
      durationMs: expect.any(Number),
    });
    expect(receiver.requests).toHaveLength(1);
    expect(receiver.requests[0]).toMatchObject({
      method: "POST",
      path: "/hook?to=1",
      body: MESSAGE.body,
      servername: CERTIFIED_NAME,
      headers: {
        "content-type": "application/json",
        "content-length": String(Buffer.byteLength(MESSAGE.body)),
        host: `${CERTIFIED_NAME}:${receiver.port}`,
      },
    });
  });

  test("carries a body of bytes as it is", async () => {
    await using receiver = await startReceiver();
    await homeDoor().post(receiver.url, { headers: {}, body: Buffer.from(MESSAGE.body) });
    expect(receiver.requests[0]?.body).toBe(MESSAGE.body);
  });

  test("uses a new connection each time, so none outlives the check that was made for it", async () => {
    await using receiver = await startReceiver({
      script: [{ headers: { connection: "keep-alive" } }],
    });
    const door = homeDoor();
    await door.post(receiver.url, MESSAGE);
    await door.post(receiver.url, MESSAGE);
    expect(receiver.connections).toBe(2);
    expect(receiver.requests[1]?.headers.connection).toBe("close");
  });

  test("whole milliseconds are reported as its duration", async () => {
    await using receiver = await startReceiver({ script: [{ delayMs: 100 }] });
    const { durationMs } = await homeDoor().post(receiver.url, MESSAGE);
    expect(durationMs).toBeGreaterThanOrEqual(99);
    expect(durationMs).toBeLessThan(1_500);
    expect(Number.isInteger(durationMs)).toBe(true);
  });

  test("many at once do not disturb each other", async () => {
    await using receiver = await startReceiver({
      tls: valid,
      script: (request) => ({ body: request.path }),
    });
    const door = homeDoor();
    const paths = Array.from({ length: 50 }, (_, n) => `/${n}`);
    const outcomes = await Promise.all(
      paths.map((path) => door.post(`https://localhost:${receiver.port}${path}`, MESSAGE)),
    );
    expect(outcomes.map((outcome) => outcome.answer)).toEqual(paths);
  });
});

describe("any status is only a status, and no redirect is followed", () => {
  test.each([200, 204, 400, 410, 429, 500, 503])("%i", async (status) => {
    const script = [{ status, headers: { "retry-after": "86400" } }];
    await using receiver = await startReceiver({ script });
    expect(await homeDoor().post(receiver.url, MESSAGE)).toMatchObject({
      statusCode: status,
      error: null,
    });
    expect(receiver.requests).toHaveLength(1);
  });

  test.each([300, 301, 302, 303, 307, 308])(
    "%i to itself or to a metadata service",
    async (status) => {
      await using receiver = await startReceiver();
      for (const location of [receiver.url, "/hook", "https://169.254.169.254/latest/meta-data"]) {
        receiver.script([{ status, headers: { location }, body: "moved" }]);
        expect(await homeDoor().post(receiver.url, MESSAGE)).toMatchObject({
          statusCode: status,
          error: null,
          answer: "moved",
        });
      }
      expect(receiver.connections).toBe(3);
    },
  );
});

describe("URLs that are none of ours are refused with a plain sentence", () => {
  test.each([
    "",
    "not a url",
    "hooks.example.com/x",
    "https://",
    "https://./",
    "https://../",
    "https://256.256.256.256/",
    "https://example.com:99999/",
    "https://127.0.0.1%00.example.com/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "ftp://example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_SET",
    "javascript:alert(1)",
    "data:text/plain,x",
    "unix:/run/docker.sock",
    "ws://example.com/",
  ])("%p is not a complete https address", async (url) => {
    expect(await refusal(closedDoor(), url)).toBe("the URL must be a complete https address");
  });

  test.each([
    "https://user:secret@example.com/",
    "https://user@example.com/",
    "https://:x@a.example/",
  ])("%s: credentials would end up in logs and lists", async (url) => {
    expect(await refusal(closedDoor(), url)).toContain("user name or password");
  });

  test("port 0 is refused; every other port of a public receiver may be used", async () => {
    expect(await refusal(closedDoor(), "https://example.com:0/")).toBe(
      "the port must be from 1 to 65535",
    );
    for (const port of [22, 25, 443, 6379, 8443, 65_535]) {
      expect(await closedDoor().check(`https://example.com:${port}/`)).toBeNull();
    }
  });

  test("plain http is refused and the refusal names --webhook-allow", async () => {
    expect(await refusal(closedDoor(), "http://example.com/")).toContain("--webhook-allow");
    expect(await refusal(homeDoor(), `http://${PUBLIC}/`)).toBe(
      `plain http to ${PUBLIC} is refused; use https, or --webhook-allow ${PUBLIC}/32 would allow it`,
    );
  });
});

describe("an address that is not public is refused in every spelling", () => {
  test.each([
    // Loopback by number, shortened, in octal, in hexadecimal, mixed, with a trailing dot.
    ["https://127.0.0.1/", "127.0.0.1"],
    ["https://127.255.255.254/", "127.255.255.254"],
    ["https://2130706433/", "127.0.0.1"],
    ["https://0x7f000001/", "127.0.0.1"],
    ["https://0x7F.0.0.1/", "127.0.0.1"],
    ["https://0177.0.0.1/", "127.0.0.1"],
    ["https://017700000001/", "127.0.0.1"],
    ["https://0177.0x0.0.01/", "127.0.0.1"],
    ["https://127.1/", "127.0.0.1"],
    ["https://127.0.1/", "127.0.0.1"],
    ["https://127.0.0.1./", "127.0.0.1"],
    ["https://0x7f.1./", "127.0.0.1"],
    // Through percent-encoding, other scripts' digits and dots, a backslash, blanks, a missing slash.
    ["https://%31%32%37.0.0.1/", "127.0.0.1"],
    ["https://１２７.０.０.１/", "127.0.0.1"],
    ["https://①②⑦.0.0.1/", "127.0.0.1"],
    ["https://127。0。0。1/", "127.0.0.1"],
    ["https:\\\\127.0.0.1\\hook", "127.0.0.1"],
    ["https:127.0.0.1", "127.0.0.1"],
    [" https://127.0.0\t.1/ ", "127.0.0.1"],
    // This machine by name.
    ["https://localhost/", "127.0.0.1"],
    ["https://LOCALHOST/", "127.0.0.1"],
    ["https://localhost./", "127.0.0.1"],
    ["https://localhost../", "127.0.0.1"],
    ["https://app.localhost/", "127.0.0.1"],
    ["https://ⓛocalhost/", "127.0.0.1"],
    // Unspecified: most systems connect it to themselves.
    ["https://0/", "0.0.0.0"],
    ["https://0.0.0.0/", "0.0.0.0"],
    ["https://0.1.2.3/", "0.1.2.3"],
    ["https://[::]/", "::"],
    ["https://[0:0:0:0:0:0:0:0]/", "::"],
    // Private, carrier, documentation, benchmark, multicast, reserved, broadcast.
    ["https://10.1.2.3/", "10.1.2.3"],
    ["https://172.16.0.1/", "172.16.0.1"],
    ["https://172.31.255.255/", "172.31.255.255"],
    ["https://192.168.0.1/", "192.168.0.1"],
    ["https://3232235521/", "192.168.0.1"],
    ["https://100.64.0.1/", "100.64.0.1"],
    ["https://100.127.255.255/", "100.127.255.255"],
    ["https://192.0.0.8/", "192.0.0.8"],
    ["https://192.0.2.1/", "192.0.2.1"],
    ["https://192.88.99.1/", "192.88.99.1"],
    ["https://198.18.0.1/", "198.18.0.1"],
    ["https://198.19.255.255/", "198.19.255.255"],
    ["https://198.51.100.1/", "198.51.100.1"],
    ["https://203.0.113.1/", "203.0.113.1"],
    ["https://224.0.0.1/", "224.0.0.1"],
    ["https://239.255.255.255/", "239.255.255.255"],
    ["https://240.0.0.1/", "240.0.0.1"],
    ["https://255.255.255.255/", "255.255.255.255"],
    ["https://[::1]/", "::1"],
    ["https://[0:0::0:1]/", "::1"],
    ["https://[fc00::1]/", "fc00::1"],
    ["https://[fd12:3456::1]/", "fd12:3456::1"],
    ["https://[fec0::1]/", "fec0::1"],
    ["https://[ff02::1]/", "ff02::1"],
    ["https://[100::1]/", "100::1"],
    ["https://[2001:db8::1]/", "2001:db8::1"],
    ["https://[3fff::1]/", "3fff::1"],
    ["https://[2001:2::1]/", "2001:2::1"],
    ["https://[2001:20::1]/", "2001:20::1"],
    ["https://[5f00::1]/", "5f00::1"],
    ["https://[4000::1]/", "4000::1"],
    // IPv4 inside IPv6: mapped, translated, compatible, NAT64, 6to4, Teredo.
    ["https://[::ffff:127.0.0.1]/", "127.0.0.1"],
    ["https://[::ffff:7f00:1]/", "127.0.0.1"],
    ["https://[0:0:0:0:0:ffff:0a00:0001]/", "10.0.0.1"],
    ["https://[::ffff:0:127.0.0.1]/", "::ffff:0:7f00:1"],
    ["https://[::127.0.0.1]/", "::7f00:1"],
    ["https://[64:ff9b::127.0.0.1]/", "64:ff9b::7f00:1"],
    ["https://[64:ff9b::10.0.0.1]/", "64:ff9b::a00:1"],
    ["https://[64:ff9b:1::10.0.0.1]/", "64:ff9b:1::a00:1"],
    ["https://[2002:7f00:1::]/", "2002:7f00:1::"],
    ["https://[2002:c0a8:1::1]/", "2002:c0a8:1::1"],
    ["https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/", "2001:0:4136:e378:8000:63bf:80ff:fffe"],
  ])("%s", async (url, address) => {
    const message = await refusal(closedDoor(), url);
    expect(message).toContain(`the address ${address} is `);
    expect(message).toContain(`--webhook-allow ${address}/${address.includes(":") ? 128 : 32}`);
  });

  test("what a name resolves to is judged the same way, in whatever form DNS says it", async () => {
    const answers = [
      "10.0.0.1",
      "::1",
      "::ffff:10.0.0.1",
      "0:0:0:0:0:0:0:1",
      "100.64.0.1",
      "2002:a00:1::",
    ];
    for (const address of answers) {
      expect(await refusal(closedDoor(address), "https://hooks.example.com/")).toContain(
        "--webhook-allow",
      );
    }
    for (const odd of ["fe80::1%eth0", "fd00::1%1", "not an address", ""]) {
      expect(await refusal(closedDoor(odd), "https://hooks.example.com/")).toBe(
        `the address ${odd} cannot be used for webhooks`,
      );
    }
  });

  test("one address that is not public refuses the name, wherever it stands among public ones", async () => {
    for (const addresses of [
      [PUBLIC, "10.0.0.1"],
      ["10.0.0.1", PUBLIC],
      [PUBLIC, "2606:4700::1111", "::1"],
    ]) {
      expect(await refusal(closedDoor(...addresses), "https://hooks.example.com/")).not.toBeNull();
    }
  });

  test("localhost is this machine whatever DNS says about it", async () => {
    expect(await refusal(closedDoor(PUBLIC), "https://localhost/")).toContain("127.0.0.1");
  });
});

test("public addresses and international names pass, by name and by number", async () => {
  for (const url of [
    "https://hooks.example.com/a?b=c",
    "https://hooks.example.com./",
    "https://bücher.example/",
    `https://${PUBLIC}/`,
    "https://172.15.255.255/",
    "https://172.32.0.1/",
    "https://100.63.255.255/",
    "https://100.128.0.1/",
    "https://[2606:4700::1111]/",
    "https://[::ffff:93.184.215.14]/",
    // Bytes that would be link-local in a translated address are chance in an ordinary one.
    "https://[2600:a9fe:a9fe::a9fe:a9fe]/",
  ]) {
    expect(await closedDoor().check(url)).toBeNull();
  }
});

describe("--webhook-allow", () => {
  test("opens exactly its network", async () => {
    const door = createEgress({
      allow: [parseCidr("10.1.0.0/16")],
      resolve: resolvesTo("10.1.2.3"),
    });
    for (const inside of ["https://10.1.0.0/", "http://10.1.255.255/", "http://hooks.internal/"]) {
      expect(await door.check(inside)).toBeNull();
    }
    for (const outside of ["https://10.0.255.255/", "http://10.2.0.0/", "https://127.0.0.1/"]) {
      expect(await refusal(door, outside)).toContain("--webhook-allow");
    }
    expect(await door.check("https://[::ffff:10.1.2.3]/")).toBeNull();
    expect(await refusal(door, "https://[64:ff9b::10.1.2.3]/")).toContain("64:ff9b::a01:203/128");
  });

  test("opens IPv6 networks too", async () => {
    const door = createEgress({ allow: [parseCidr("fd12::/16")], resolve: resolvesTo() });
    expect(await door.check("http://[fd12::1]/")).toBeNull();
    expect(await refusal(door, "http://[fd13::1]/")).toContain("fd13::1/128");
  });

  test("does not let a name pass that also has an address outside", async () => {
    const door = createEgress({
      allow: [parseCidr("10.1.0.0/16")],
      resolve: resolvesTo("10.1.0.1", "10.2.0.1"),
    });
    expect(await refusal(door, "https://hooks.internal/")).toContain("10.2.0.1");
  });

  test.each([
    "https://169.254.169.254/latest/meta-data/",
    "https://169.254.0.1/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://0251.0376.0251.0376/",
    "https://169.254.43518/",
    "https://[fe80::1]/",
    "https://[febf::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://[::ffff:0:169.254.169.254]/",
    "https://[::169.254.169.254]/",
    "https://[64:ff9b::169.254.169.254]/",
    "https://[64:ff9b:1::169.254.169.254]/",
    "https://[64:ff9b:1:a9fe:a9:fe00::]/",
    "https://[2002:a9fe:a9fe::1]/",
    "https://[2001:0:4136:e378:8000:63bf:5601:5601]/",
    "https://[fd00:ec2::254]/",
    "https://[fd20:ce::254]/",
    "https://100.100.100.200/",
    "https://168.63.129.16/",
    "https://192.0.0.192/",
  ])("never opens link-local addresses and metadata services: %s", async (url) => {
    const door = createEgress({ allow: EVERYTHING });
    for (const address of [url, url.replace("https:", "http:")]) {
      expect(await refusal(door, address)).toContain("no setting allows it");
    }
  });
});

describe("the connection goes to an address that was checked", () => {
  test("the name is resolved once for a delivery, and never again by the socket", async () => {
    await using receiver = await startReceiver({ tls: valid });
    let asked = 0;
    const resolve = async () => (asked++ === 0 ? ["127.0.0.1"] : ["10.0.0.1"]);
    const url = `https://${CERTIFIED_NAME}:${receiver.port}/`;
    const door = homeDoor({ resolve });
    expect(await door.post(url, MESSAGE)).toMatchObject({ statusCode: 200 });
    expect(asked).toBe(1);
    // A name that was in order when it was entered is refused once it turns inwards.
    expect((await door.post(url, MESSAGE)).error).toContain("--webhook-allow 10.0.0.1/32");
    expect(receiver.connections).toBe(1);
  });

  test("the next checked address is tried when one does not connect", async () => {
    await using receiver = await startReceiver({ tls: valid });
    const door = homeDoor({ resolve: resolvesTo("127.0.0.2", "127.0.0.1") });
    const url = `https://${CERTIFIED_NAME}:${receiver.port}/`;
    expect(await door.post(url, MESSAGE)).toMatchObject({ statusCode: 200 });
  });

  test("when none connects, the sentence says so", async () => {
    const receiver = await startReceiver();
    await receiver.stop();
    for (const addresses of [["127.0.0.1"], ["127.0.0.2", "127.0.0.1"]]) {
      const door = homeDoor({ resolve: resolvesTo(...addresses) });
      const url = `http://${CERTIFIED_NAME}:${receiver.port}/`;
      expect(await door.post(url, MESSAGE)).toMatchObject({
        statusCode: null,
        error: "the connection was refused",
        answer: null,
      });
    }
  });

  test("a name without an address, or one whose lookup hangs or fails, may be entered but not sent to", async () => {
    for (const resolve of [
      resolvesTo(),
      () => Promise.reject(new Error("ENOTFOUND")),
      () => {
        throw new Error("resolver broken");
      },
      () => new Promise<string[]>(() => {}),
    ]) {
      const door = createEgress({ allow: [], resolve, limits: { connectMs: 100 } });
      expect(await door.check("https://hooks.example.com/")).toBeNull();
      expect(await door.post("https://hooks.example.com/", MESSAGE)).toMatchObject({
        statusCode: null,
        error: "no address was found for hooks.example.com",
      });
    }
  });

  test("the system's resolver is asked when no other is given", async () => {
    const door = createEgress({ allow: [], limits: { connectMs: 1_000 } });
    const { error } = await door.post("https://no-such-name.invalid/", MESSAGE);
    expect(error).toBe("no address was found for no-such-name.invalid");
  });
});

/** What came of a post to a receiver with this certificate, through a door that trusts `ca`. */
async function postTo(tls: Certificate, host: string, ca: string | null) {
  await using receiver = await startReceiver({ tls });
  const outcome = await homeDoor({ ca }).post(`https://${host}:${receiver.port}/`, MESSAGE);
  expect(receiver.requests).toHaveLength(outcome.error === null ? 1 : 0);
  return outcome.error ?? outcome.statusCode;
}

describe("a receiver proves that it is the one in the URL, or is sent nothing", () => {
  const UNKNOWN =
    "the receiver's certificate is not signed by a known authority; add the authority with --webhook-ca";

  test("a certificate of the private authority is good for its names and addresses", async () => {
    for (const host of [CERTIFIED_NAME, `${CERTIFIED_NAME}.`, "localhost", "127.0.0.1"]) {
      expect(await postTo(valid, host, authority)).toBe(200);
    }
  });

  test("without --webhook-ca a private authority is not trusted", async () => {
    expect(await postTo(valid, CERTIFIED_NAME, null)).toBe(UNKNOWN);
    expect(await postTo(valid, CERTIFIED_NAME, selfSigned.cert)).toBe(UNKNOWN);
  });

  test("a certificate that signed itself is trusted only when it was given", async () => {
    expect(await postTo(selfSigned, CERTIFIED_NAME, authority)).toBe(UNKNOWN);
    expect(await postTo(selfSigned, CERTIFIED_NAME, selfSigned.cert)).toBe(200);
    expect(await postTo(selfSigned, CERTIFIED_NAME, `${authority}\n${selfSigned.cert}`)).toBe(200);
  });

  test("a certificate for another name is refused, by name and by address", async () => {
    const sentence = "the receiver's certificate is for another name";
    for (const host of [CERTIFIED_NAME, "localhost", "127.0.0.1"]) {
      expect(await postTo(wrongName, host, authority)).toBe(sentence);
    }
    expect(await postTo(wrongName, "other.example.com", authority)).toBe(200);
    expect(await postTo(valid, "127.0.0.2.example.com", authority)).toBe(sentence);
  });

  test("an expired certificate is refused", async () => {
    expect(await postTo(expired, CERTIFIED_NAME, authority)).toBe(
      "the receiver's certificate has expired",
    );
  });

  test("a receiver that speaks plain http behind an https URL is refused", async () => {
    await using receiver = await startReceiver({ script: [{ behaviour: "garbage" }] });
    const url = `https://127.0.0.1:${receiver.port}/`;
    const { error, durationMs } = await homeDoor({ limits: SHORT }).post(url, MESSAGE);
    expect(error).toBe("the connection was not established within 0.25 s");
    expect(durationMs).toBeLessThan(1_000);
    expect(receiver.requests).toEqual([]);
  });

  test.each(["", "not PEM", valid.key, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"])(
    "what is no certificate is not taken for an authority: %j",
    (ca) => {
      expect(() => createEgress({ allow: [], ca })).toThrow(/--webhook-ca/);
    },
  );

  test("one broken certificate among good ones is named by its place", () => {
    const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    expect(() => createEgress({ allow: [], ca: authority + broken })).toThrow(
      "certificate 2 in the file of --webhook-ca is invalid",
    );
  });
});

const HEADER_FLOOD = "x: y\r\n".repeat(200_000);
const CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const UNFINISHED = "the receiver closed the connection before its response was complete";
const TOO_SLOW = "the receiver did not complete its response within 0.5 s";
const TOO_LARGE = "the headers of the response are too large";
const NOT_HTTP = "the response is not HTTP";
const BEGUN = " (the response had begun with status 200)";

const MISBEHAVIOURS: [string, Answer, string][] = [
  ["never answers", { behaviour: "hang" }, TOO_SLOW],
  ["answers too late", { delayMs: 700 }, TOO_SLOW],
  ["drips its head byte by byte", { behaviour: "drip" }, TOO_SLOW],
  ["drips header lines for ever", { behaviour: "dripHeaders" }, TOO_SLOW],
  ["drips its body", { behaviour: "drip", dripMs: 5, body: "z".repeat(999) }, TOO_SLOW + BEGUN],
  ["closes without a word", { raw: "" }, UNFINISHED],
  ["resets without a word", { behaviour: "reset" }, UNFINISHED],
  ["closes within the status line", { raw: "HTTP/1.1 2" }, UNFINISHED],
  ["closes within its body", { behaviour: "closeEarly" }, UNFINISHED + BEGUN],
  ["resets after its headers", { behaviour: "resetEarly" }, UNFINISHED + BEGUN],
  ["closes between chunks", { raw: `${CHUNKED}4\r\npart\r\n` }, UNFINISHED + BEGUN],
  ["speaks another protocol", { behaviour: "garbage" }, NOT_HTTP],
  ["speaks HTTP/0.9", { raw: "<h1>hello</h1>" }, NOT_HTTP],
  ["has a status of five digits", { raw: "HTTP/1.1 20000 OK\r\n\r\n" }, NOT_HTTP],
  ["breaks its own header line", { raw: "HTTP/1.1 200 OK\r\nx: a\rb: c\r\n\r\nok" }, NOT_HTTP],
  ["has a header without a colon", { raw: "HTTP/1.1 200 OK\r\nx y\r\n\r\nok" }, NOT_HTTP],
  [
    "says two lengths",
    { raw: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 5\r\n\r\nok" },
    NOT_HTTP,
  ],
  [
    "says a length and chunks",
    { raw: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" },
    NOT_HTTP,
  ],
  ["has a chunk of no size", { raw: `${CHUNKED}zz\r\nhello\r\n` }, NOT_HTTP + BEGUN],
  ["says 4 MB about a chunk", { raw: `${CHUNKED}5;${"a".repeat(4e6)}\r\n` }, NOT_HTTP + BEGUN],
  ["sends one header of 4 MB", { headers: { x: "y".repeat(4e6) } }, TOO_LARGE],
  ["sends 200,000 headers", { raw: `HTTP/1.1 200 OK\r\n${HEADER_FLOOD}\r\n` }, TOO_LARGE],
  ["sends 200,000 trailers", { raw: `${CHUNKED}0\r\n${HEADER_FLOOD}\r\n` }, TOO_LARGE + BEGUN],
  [
    "never comes to the point",
    { raw: "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(50_000) },
    "the receiver sent too many interim responses",
  ],
];

describe.each([
  ["http", undefined],
  ["https", valid],
] as const)("over %s", (_, tls) => {
  test.each(MISBEHAVIOURS)(
    "a receiver that %s costs its time limit at most, and the sentence says what it did",
    async (_, answer, error) => {
      await using receiver = await startReceiver({ tls, script: [answer] });
      const outcome = await homeDoor({ limits: SHORT }).post(receiver.url, MESSAGE);
      expect(outcome.error).toBe(error);
      expect(outcome.statusCode).toBeNull();
      expect(outcome.answer === null).toBe(!error.endsWith(BEGUN));
      expect(outcome.durationMs).toBeLessThan(1_000);
      expect(receiver.requests).toHaveLength(1);
      // Nothing of it stays behind: the receiver sees that we have hung up.
      await receiver.idle();
    },
  );

  test("an answer just within the time counts", async () => {
    const script = [{ delayMs: 250, status: 202 }];
    await using receiver = await startReceiver({ tls, script });
    const outcome = await homeDoor({ limits: SHORT }).post(receiver.url, MESSAGE);
    expect(outcome).toMatchObject({ statusCode: 202, error: null });
  });

  test("once connected, the limit for connecting no longer counts", async () => {
    await using receiver = await startReceiver({ tls, script: [{ delayMs: 200 }] });
    const limits = { totalMs: 1_000, connectMs: 100 };
    expect(await homeDoor({ limits }).post(receiver.url, MESSAGE)).toMatchObject({
      statusCode: 200,
    });
  });

  test("a body without end is cut after 64 KiB; the status counts and 4 KiB are kept", async () => {
    await using receiver = await startReceiver({ tls, script: [{ behaviour: "endless" }] });
    const outcome = await homeDoor().post(receiver.url, MESSAGE);
    expect(outcome).toMatchObject({ statusCode: 200, error: null, answer: "x".repeat(4096) });
    // What the socket buffers hold on both sides, not what the receiver would have sent.
    await receiver.idle();
    expect(receiver.sentBytes).toBeLessThan(16 * 1024 * 1024);
  });

  test("a body of 10 GB is cut by what came, not believed by its length", async () => {
    const raw = `HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n${"y".repeat(70_000)}`;
    await using receiver = await startReceiver({ tls, script: [{ raw }] });
    const outcome = await homeDoor().post(receiver.url, MESSAGE);
    expect(outcome).toMatchObject({ statusCode: 200, error: null, answer: "y".repeat(4096) });
  });

  test("a compressed answer is asked not to be, and is never unpacked", async () => {
    const body = gzipSync(Buffer.alloc(40_000_000));
    const headers = { "content-encoding": "gzip" };
    await using receiver = await startReceiver({ tls, script: [{ headers, body }] });
    const outcome = await homeDoor().post(receiver.url, MESSAGE);
    expect(outcome).toMatchObject({ statusCode: 200, error: null });
    expect(Buffer.byteLength(outcome.answer!)).toBeLessThanOrEqual(4096);
    expect(outcome.answer).toContain("\uFFFD");
    expect(receiver.requests[0]?.headers["accept-encoding"]).toBe("identity");
  });

  test("HTTP/1.0, an answer sent twice, a few interim answers and an upgrade are only a status", async () => {
    await using receiver = await startReceiver({ tls });
    const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    for (const [raw, statusCode, answer] of [
      ["HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end"],
      [`${ok}HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno`, 200, "ok"],
      [`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n${ok}`, 200, "ok"],
      ["HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n", 101, ""],
      [`${CHUNKED}3\r\nabc\r\n2\r\nde\r\n0\r\nx: y\r\n\r\n`, 200, "abcde"],
    ] as const) {
      receiver.script([{ raw }]);
      const outcome = await homeDoor({ limits: SHORT }).post(receiver.url, MESSAGE);
      expect(outcome).toMatchObject({ statusCode, error: null, answer });
    }
  });
});

describe("what is kept of an answer is well-formed text of at most 4 KiB", () => {
  test.each<[string, string | Uint8Array, string]>([
    ["nothing", "", ""],
    ["exactly 4 KiB", "x".repeat(4096), "x".repeat(4096)],
    ["one byte more", "x".repeat(4097), "x".repeat(4096)],
    ["a character of two bytes over the edge", `${"é".repeat(2047)}xéé`, `${"é".repeat(2047)}x`],
    ["a character of four bytes over the edge", `x${"😀".repeat(2000)}`, `x${"😀".repeat(1023)}`],
    ["bytes that are no text", Buffer.alloc(9_000, 0xff), "\uFFFD".repeat(1365)],
    ["half a character", Uint8Array.of(0x61, 0xc3, 0x28), "a\uFFFD("],
    ["a surrogate", Uint8Array.of(0xed, 0xa0, 0x80), "\uFFFD".repeat(3)],
    ["control characters", "a\u0000b\u001b[31mc\u009b\td\r\n", "a\uFFFDb\uFFFD[31mc\uFFFD\td\r\n"],
  ])("%s", async (_, body, kept) => {
    await using receiver = await startReceiver({ script: [{ body }] });
    const { answer } = await homeDoor().post(receiver.url, MESSAGE);
    expect(answer).toBe(kept);
    expect(Buffer.byteLength(answer!)).toBeLessThanOrEqual(4096);
    expect(answer!.isWellFormed()).toBe(true);
  });
});

test("100 receivers at their worst at once leave no more memory behind than is kept", async () => {
  await using receiver = await startReceiver({ script: [{ behaviour: "endless" }] });
  const door = homeDoor();
  const flood = () =>
    Promise.all(Array.from({ length: 100 }, () => door.post(receiver.url, MESSAGE)));
  await flood();
  Bun.gc(true);
  const before = process.memoryUsage().rss;
  for (let round = 0; round < 5; round++) await flood();
  Bun.gc(true);
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
  expect(receiver.sentBytes / receiver.connections).toBeLessThan(8 * 1024 * 1024);
});

test("a header that HTTP cannot carry is an outcome, not an injection and not an exception", async () => {
  await using receiver = await startReceiver();
  const bad: [string, string][] = [
    ["x-a", "1\r\nx-b: 2"],
    ["x a", "1"],
    ["x-a", "\u2603"],
  ];
  for (const [name, value] of bad) {
    const headers = { [name]: value };
    const outcome = await homeDoor().post(receiver.url, { headers, body: "" });
    expect(outcome).toMatchObject({ statusCode: null, error: "a header cannot be sent" });
  }
  expect(receiver.connections).toBe(0);
});

test("the host and the length that are sent are the true ones, whatever headers are handed in", async () => {
  await using receiver = await startReceiver();
  const headers = { Host: "10.0.0.1", "Accept-Encoding": "gzip" };
  await homeDoor().post(receiver.url, { headers, body: "{}" });
  expect(receiver.requests[0]?.headers).toMatchObject({
    host: `127.0.0.1:${receiver.port}`,
    "accept-encoding": "identity",
    "content-length": "2",
  });
});

test("the limits are 10 s in all, 5 s to connect, 64 KiB read and 4 KiB kept", () => {
  expect(LIMITS.egress).toEqual({
    totalMs: 10_000,
    connectMs: 5_000,
    answerBytes: 65_536,
    keptBytes: 4_096,
  });
});

describe("the environment", () => {
  /** Posts to both URLs in a process of its own, and fetches one as a control. Prints what came. */
  const CHILD = `
    const { createEgress } = await import(${JSON.stringify(
      Bun.resolveSync("../../src/webhooks/egress.ts", import.meta.dir),
    )});
    const { parseCidr } = await import(${JSON.stringify(
      Bun.resolveSync("../../src/lib/ip.ts", import.meta.dir),
    )});
    const { urls, ca, control } = JSON.parse(process.env.TEST_INPUT);
    const resolve = async () => ["127.0.0.1"];
    const door = createEgress({ allow: [parseCidr("127.0.0.0/8")], ca, resolve });
    const outcomes = [];
    for (const url of urls) outcomes.push(await door.post(url, { headers: {}, body: "{}" }));
    const seen = await fetch(control).then((response) => response.text());
    console.log(JSON.stringify({ outcomes, seen }));
  `;

  async function inChild(env: Record<string, string>, input: object) {
    const child = Bun.spawn([process.execPath, "-e", CHILD], {
      env: { PATH: process.env.PATH, ...env, TEST_INPUT: JSON.stringify(input) },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect(await child.exited, err).toBe(0);
    return JSON.parse(out);
  }

  test("of proxies is ignored, though the same process uses them elsewhere", async () => {
    await using proxy = await startReceiver({ script: [{ body: "from the proxy" }] });
    await using plain = await startReceiver();
    await using secure = await startReceiver({ tls: valid });
    const address = `http://127.0.0.1:${proxy.port}`;
    const names = [
      "HTTP_PROXY",
      "HTTPS_PROXY",
      "ALL_PROXY",
      "http_proxy",
      "https_proxy",
      "all_proxy",
    ];
    const env = Object.fromEntries(names.map((name) => [name, address]));
    const { outcomes, seen } = await inChild(
      { ...env, NODE_USE_ENV_PROXY: "1" },
      {
        urls: [
          `http://${CERTIFIED_NAME}:${plain.port}/`,
          `https://${CERTIFIED_NAME}:${secure.port}/`,
        ],
        ca: authority,
        control: "http://control.example.com/",
      },
    );
    expect(outcomes).toMatchObject([{ statusCode: 200 }, { statusCode: 200 }]);
    expect(seen).toBe("from the proxy");
    expect(proxy.connections).toBe(1);
    expect([plain.connections, secure.connections]).toEqual([1, 1]);
  });

  test("may add authorities of the system's; --webhook-ca comes beside them, not in their place", async () => {
    await using bySystem = await startReceiver({ tls: valid });
    await using byOption = await startReceiver({ tls: selfSigned });
    const urls = [bySystem, byOption].map(({ port }) => `https://127.0.0.1:${port}/`);
    const extra = new URL("../support/fixtures/authority.crt", import.meta.url).pathname;
    const { outcomes } = await inChild(
      { NODE_EXTRA_CA_CERTS: extra },
      { urls, ca: selfSigned.cert, control: urls[0] },
    );
    expect(outcomes).toMatchObject([{ statusCode: 200 }, { statusCode: 200 }]);
  });

  test("cannot turn the verification of certificates off", async () => {
    await using secure = await startReceiver({ tls: selfSigned });
    const url = `https://127.0.0.1:${secure.port}/`;
    const { outcomes, seen } = await inChild(
      { NODE_TLS_REJECT_UNAUTHORIZED: "0" },
      { urls: [url], ca: null, control: url },
    );
    expect(outcomes[0].error).toContain("not signed by a known authority");
    expect(seen).toBe("ok");
    expect(secure.requests).toHaveLength(1);
  });
});
