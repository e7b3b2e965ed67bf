/** Egress: which URLs and addresses are allowed, and that the connection goes to a checked address. */
import { describe, expect, test } from "bun:test";
import { parseCidr } from "../../src/lib/ip.ts";
import { createEgress } from "../../src/webhooks/egress.ts";
import { CERTIFIED_NAME, valid } from "../support/certificates.ts";
import {
  localEgress,
  MESSAGE,
  PUBLIC_ADDRESS,
  publicEgress,
  refusalText,
  resolvesTo,
  SHORT_LIMITS,
} from "../support/egress.ts";
import { startReceiver } from "../support/receiver.ts";

const EVERYTHING = ["0.0.0.0/0", "::/0"].map(parseCidr);

describe("unsupported URLs are refused with a sentence that says why", () => {
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
    expect(await refusalText(publicEgress(), url)).toBe("the URL must be a complete https address");
  });

  test.each([
    "https://user:secret@example.com/",
    "https://user@example.com/",
    "https://:x@a.example/",
  ])("%s is refused: credentials would appear in logs and lists", async (url) => {
    expect(await refusalText(publicEgress(), url)).toContain("user name or password");
  });

  test("port 0 is refused; every other port of a public receiver is allowed", async () => {
    expect(await refusalText(publicEgress(), "https://example.com:0/")).toBe(
      "the port must be from 1 to 65535",
    );
    for (const port of [22, 25, 443, 6379, 8443, 65_535]) {
      expect(await publicEgress().check(`https://example.com:${port}/`)).toBeNull();
    }
  });

  test("plain http is refused, and the refusal names --webhook-allow", async () => {
    expect(await refusalText(publicEgress(), "http://example.com/")).toContain("--webhook-allow");
    expect(await refusalText(localEgress(), `http://${PUBLIC_ADDRESS}/`)).toBe(
      `plain http to ${PUBLIC_ADDRESS} is refused; use https, or --webhook-allow ${PUBLIC_ADDRESS}/32 would allow it`,
    );
  });
});

describe("an address that is not public is refused however it is written", () => {
  test.each([
    // Loopback as a number, shortened, in octal, in hexadecimal, mixed, with a trailing dot.
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
    // With percent-encoding, digits and dots of other scripts, a backslash, blanks, a missing slash.
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
    // Unspecified: most systems connect to themselves.
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
    const message = await refusalText(publicEgress(), url);
    expect(message).toContain(`the address ${address} is `);
    expect(message).toContain(`--webhook-allow ${address}/${address.includes(":") ? 128 : 32}`);
  });

  test("the addresses of a name are checked the same way, in whatever form DNS returns them", async () => {
    const answers = [
      "10.0.0.1",
      "::1",
      "::ffff:10.0.0.1",
      "0:0:0:0:0:0:0:1",
      "100.64.0.1",
      "2002:a00:1::",
    ];
    for (const address of answers) {
      expect(await refusalText(publicEgress(address), "https://hooks.example.com/")).toContain(
        "--webhook-allow",
      );
    }
    for (const odd of ["fe80::1%eth0", "fd00::1%1", "not an address", ""]) {
      expect(await refusalText(publicEgress(odd), "https://hooks.example.com/")).toBe(
        `the address ${odd} cannot be used for webhooks`,
      );
    }
  });

  test("a name is refused only if none of its addresses is public", async () => {
    const check = (...addresses: string[]) =>
      publicEgress(...addresses).check("https://hooks.example.com/");
    expect(await check("10.0.0.1", "::1", "169.254.169.254")).not.toBeNull();
    expect(await check("10.0.0.1", PUBLIC_ADDRESS)).toBeNull();
    expect(await check(PUBLIC_ADDRESS, "2606:4700::1111", "::1")).toBeNull();
  });

  test("localhost is this machine, whatever DNS says", async () => {
    expect(await refusalText(publicEgress(PUBLIC_ADDRESS), "https://localhost/")).toContain(
      "127.0.0.1",
    );
  });
});

test("public addresses and international names are allowed", async () => {
  for (const url of [
    "https://hooks.example.com/a?b=c",
    "https://hooks.example.com./",
    "https://bücher.example/",
    `https://${PUBLIC_ADDRESS}/`,
    "https://172.15.255.255/",
    "https://172.32.0.1/",
    "https://100.63.255.255/",
    "https://100.128.0.1/",
    "https://[2606:4700::1111]/",
    "https://[::ffff:93.184.215.14]/",
    // Bytes that would be link-local in a translated address mean nothing in an ordinary one.
    "https://[2600:a9fe:a9fe::a9fe:a9fe]/",
  ]) {
    expect(await publicEgress().check(url)).toBeNull();
  }
});

describe("--webhook-allow", () => {
  test("allows exactly its network", async () => {
    const egress = createEgress({
      allow: [parseCidr("10.1.0.0/16")],
      resolve: resolvesTo("10.1.2.3"),
    });
    for (const inside of ["https://10.1.0.0/", "http://10.1.255.255/", "http://hooks.internal/"]) {
      expect(await egress.check(inside)).toBeNull();
    }
    for (const outside of ["https://10.0.255.255/", "http://10.2.0.0/", "https://127.0.0.1/"]) {
      expect(await refusalText(egress, outside)).toContain("--webhook-allow");
    }
    expect(await egress.check("https://[::ffff:10.1.2.3]/")).toBeNull();
    expect(await refusalText(egress, "https://[64:ff9b::10.1.2.3]/")).toContain(
      "64:ff9b::a01:203/128",
    );
  });

  test("allows IPv6 networks too", async () => {
    const egress = createEgress({ allow: [parseCidr("fd12::/16")], resolve: resolvesTo() });
    expect(await egress.check("http://[fd12::1]/")).toBeNull();
    expect(await refusalText(egress, "http://[fd13::1]/")).toContain("fd13::1/128");
  });

  test("allows a name that also has an address outside", async () => {
    const egress = createEgress({
      allow: [parseCidr("10.1.0.0/16")],
      resolve: resolvesTo("10.2.0.1", "10.1.0.1"),
    });
    expect(await egress.check("https://hooks.internal/")).toBeNull();
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
  ])("never allows link-local addresses and metadata services: %s", async (url) => {
    const egress = createEgress({ allow: EVERYTHING });
    for (const address of [url, url.replace("https:", "http:")]) {
      expect(await refusalText(egress, address)).toContain("no setting allows it");
    }
  });
});

describe("the connection goes to a checked address", () => {
  test("the name is resolved once for each delivery, not again by the socket", async () => {
    await using receiver = await startReceiver({ tls: valid });
    let lookups = 0;
    const resolve = async () => (lookups++ === 0 ? ["127.0.0.1"] : ["10.0.0.1"]);
    const url = `https://${CERTIFIED_NAME}:${receiver.port}/`;
    const egress = localEgress({ resolve });
    expect(await egress.post(url, MESSAGE)).toMatchObject({ statusCode: 200 });
    expect(lookups).toBe(1);
    // A name that was allowed is refused once it resolves to a private address.
    expect((await egress.post(url, MESSAGE)).error).toContain("--webhook-allow 10.0.0.1/32");
    expect(receiver.connections).toBe(1);
  });

  test("the next checked address is tried if one does not connect", async () => {
    await using receiver = await startReceiver({ tls: valid });
    const egress = localEgress({ resolve: resolvesTo("127.0.0.2", "127.0.0.1") });
    const url = `https://${CERTIFIED_NAME}:${receiver.port}/`;
    expect(await egress.post(url, MESSAGE)).toMatchObject({ statusCode: 200 });
  });

  test("no connection goes to an address that is not allowed, wherever it stands among the others", async () => {
    await using receiver = await startReceiver();
    for (const addresses of [
      ["127.0.0.1", "127.0.0.2"],
      ["127.0.0.2", "127.0.0.1"],
    ]) {
      const egress = createEgress({
        allow: [parseCidr("127.0.0.2/32")],
        resolve: resolvesTo(...addresses),
        limits: SHORT_LIMITS,
      });
      const { error } = await egress.post(`http://hooks.internal:${receiver.port}/`, MESSAGE);
      expect(error).toBe("the connection was refused");
    }
    expect(receiver.connections).toBe(0);
  });

  test("if none connects, the error says so", async () => {
    const receiver = await startReceiver();
    await receiver.stop();
    for (const addresses of [["127.0.0.1"], ["127.0.0.2", "127.0.0.1"]]) {
      const egress = localEgress({ resolve: resolvesTo(...addresses) });
      const url = `http://${CERTIFIED_NAME}:${receiver.port}/`;
      expect(await egress.post(url, MESSAGE)).toMatchObject({
        statusCode: null,
        error: "the connection was refused",
        answer: null,
      });
    }
  });

  test("a name without an address, or whose lookup hangs or fails, passes the check but is not sent to", async () => {
    for (const resolve of [
      resolvesTo(),
      () => Promise.reject(new Error("ENOTFOUND")),
      () => {
        throw new Error("resolver broken");
      },
      () => new Promise<string[]>(() => {}),
    ]) {
      const egress = createEgress({ allow: [], resolve, limits: { connectMs: 100 } });
      expect(await egress.check("https://hooks.example.com/")).toBeNull();
      expect(await egress.post("https://hooks.example.com/", MESSAGE)).toMatchObject({
        statusCode: null,
        error: "no address was found for hooks.example.com",
      });
    }
  });

  test.each(["127.0.0.1", "::1"])("localhost reaches a receiver on %s alone", async (hostname) => {
    using receiver = Bun.serve({ hostname, port: 0, fetch: () => new Response("ok") });
    const egress = localEgress({ allow: ["127.0.0.0/8", "::1/128"].map(parseCidr) });
    const outcome = await egress.post(`http://localhost:${receiver.port}/`, MESSAGE);
    expect(outcome).toMatchObject({ statusCode: 200, error: null });
  });

  test("the hosts file and the nameservers of the system are the default", async () => {
    const egress = createEgress({ allow: [], limits: { connectMs: 1_000 } });
    const { error } = await egress.post("https://no-such-name.invalid/", MESSAGE);
    expect(error).toBe("no address was found for no-such-name.invalid");
  });
});
