/** Who is calling: a forged header is never believed, and one caller is one network. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { clientAddress, isWithin, networkOf, parseCidr, plainAddress } from "../../src/lib/ip.ts";

const networks = (...texts: string[]) => texts.map(parseCidr);

describe("the client's address", () => {
  test.each([
    ["nobody is trusted: the header is not read", "198.51.100.7", "192.0.2.1", [], "198.51.100.7"],
    [
      "an untrusted peer: the header is not believed",
      "198.51.100.7",
      "192.0.2.1",
      ["10.0.0.0/8"],
      "198.51.100.7",
    ],
    ["a trusted proxy: whom it names", "10.0.0.1", "192.0.2.1", ["10.0.0.0/8"], "192.0.2.1"],
    ["a trusted proxy without the header: itself", "10.0.0.1", null, ["10.0.0.0/8"], "10.0.0.1"],
    ["a trusted proxy with an empty header: itself", "10.0.0.1", "", ["10.0.0.0/8"], "10.0.0.1"],
    [
      "what the client forged stands left of what the proxy saw",
      "10.0.0.1",
      "1.1.1.1, 192.0.2.1",
      ["10.0.0.0/8"],
      "192.0.2.1",
    ],
    [
      "a client that forges a trusted address",
      "10.0.0.1",
      "10.0.0.9, 192.0.2.1",
      ["10.0.0.0/8"],
      "192.0.2.1",
    ],
    [
      "several trusted proxies in a row",
      "10.0.0.1",
      "192.0.2.1, 10.0.0.3,10.0.0.2",
      ["10.0.0.0/8"],
      "192.0.2.1",
    ],
    [
      "proxies of several networks",
      "10.0.0.1",
      "192.0.2.1, 203.0.113.5",
      ["10.0.0.0/8", "203.0.113.5"],
      "192.0.2.1",
    ],
    [
      "an untrusted hop ends the row",
      "10.0.0.1",
      "192.0.2.1, 203.0.113.5, 10.0.0.2",
      ["10.0.0.0/8"],
      "203.0.113.5",
    ],
    [
      "all hops trusted: the left-most",
      "10.0.0.1",
      "10.0.0.3, 10.0.0.2",
      ["10.0.0.0/8"],
      "10.0.0.3",
    ],
    [
      "rubbish where the proxy should speak: the proxy",
      "10.0.0.1",
      "192.0.2.1, unknown",
      ["10.0.0.0/8"],
      "10.0.0.1",
    ],
    [
      "rubbish further left is not reached",
      "10.0.0.1",
      "unknown, 192.0.2.1",
      ["10.0.0.0/8"],
      "192.0.2.1",
    ],
    ["an IPv4 peer on an IPv6 socket", "::ffff:10.0.0.1", "192.0.2.1", ["10.0.0.0/8"], "192.0.2.1"],
    ["an IPv4-mapped hop", "10.0.0.1", "192.0.2.1, ::ffff:10.0.0.2", ["10.0.0.0/8"], "192.0.2.1"],
    ["an IPv4-mapped client", "10.0.0.1", "::ffff:192.0.2.1", ["10.0.0.0/8"], "192.0.2.1"],
    ["a mapped peer without trust is IPv4", "::ffff:198.51.100.7", null, [], "198.51.100.7"],
    ["IPv6 all along", "fd00::1", "2001:db8::5, fd00::2", ["fd00::/8"], "2001:db8::5"],
    [
      "spaces and tabs around",
      "10.0.0.1",
      " \t192.0.2.1\t , 10.0.0.2 ",
      ["10.0.0.0/8"],
      "192.0.2.1",
    ],
    ["a peer that is no address", "", "192.0.2.1", ["10.0.0.0/8"], ""],
  ] as const)("%s", (_, peer, header, trusted, expected) => {
    expect(clientAddress(peer, header, networks(...trusted))).toBe(expected);
  });

  test("is the right-most untrusted address, whatever is to the left of it", () => {
    const hop = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constant("10.0.0.9"));
    fc.assert(
      fc.property(fc.array(hop), fc.array(fc.nat(255), { maxLength: 4 }), (forged, proxies) => {
        const seen = ["192.0.2.1", ...proxies.map((n) => `10.0.0.${n}`)];
        const header = [...forged, ...seen].join(", ");
        expect(clientAddress("10.0.0.1", header, networks("10.0.0.0/8"))).toBe("192.0.2.1");
      }),
    );
  });

  test("is an address of the header or the peer for every header, and never an exception", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.ipV4(), fc.constant("")),
        fc.string(),
        (peer, header) => {
          const address = clientAddress(peer, header, networks("0.0.0.0/0", "::/0"));
          expect(address === peer || plainAddress(address) === address).toBe(true);
        },
      ),
    );
  });
});

describe("the network that counts as one client", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2::", "2001:db8:1:2::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["", ""],
    ["unix", "unix"],
  ])("%s is %s", (address, network) => expect(networkOf(address)).toBe(network));

  test("two IPv6 addresses are one network exactly if their first 64 bits are equal", () => {
    const part = fc.nat(0xffff);
    const half = fc.tuple(part, part, part, part);
    fc.assert(
      fc.property(half, half, half, half, (a, b, c, d) => {
        const address = (left: number[], right: number[]) =>
          [...left, ...right].map((n) => n.toString(16)).join(":");
        fc.pre(a.some((n, i) => n !== b[i]) && a[0] !== 0 && b[0] !== 0);
        expect(networkOf(address(a, c))).toBe(networkOf(address(a, d)));
        expect(networkOf(address(a, c))).not.toBe(networkOf(address(b, c)));
      }),
    );
  });
});

describe("networks", () => {
  test.each([
    ["10.1.2.3", "10.0.0.0/8", true],
    ["11.0.0.0", "10.0.0.0/8", false],
    ["10.1.2.3", "10.1.2.3", true],
    ["10.1.2.4", "10.1.2.3", false],
    ["10.1.2.3", "10.200.0.1/8", true],
    ["192.0.2.127", "192.0.2.0/25", true],
    ["192.0.2.128", "192.0.2.0/25", false],
    ["8.8.8.8", "0.0.0.0/0", true],
    ["2001:db8::1", "0.0.0.0/0", false],
    ["8.8.8.8", "::/0", false],
    ["::ffff:10.1.2.3", "10.0.0.0/8", true],
    ["fd12::1", "fd00::/8", true],
    ["fe00::1", "fd00::/8", false],
    ["2001:db8::1", "2001:db8::1", true],
    ["2001:db8::2", "2001:db8::1", false],
  ])("%s is within %s: %p", (address, network, within) => {
    expect(isWithin(address, networks(network))).toBe(within);
  });

  test("an IPv4 network contains exactly the addresses with its prefix", () => {
    const bits = (n: number) => [24, 16, 8, 0].map((shift) => (n >>> shift) & 255).join(".");
    const number = fc.nat(2 ** 32 - 1);
    fc.assert(
      fc.property(
        number,
        number,
        fc.integer({ min: 0, max: 32 }),
        fc.boolean(),
        (a, b, length, near) => {
          const mask = length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
          const other = near ? ((a & mask) | (b & ~mask)) >>> 0 : b;
          const same = (a & mask) >>> 0 === (other & mask) >>> 0;
          expect(isWithin(bits(other), networks(`${bits(a)}/${length}`))).toBe(same);
        },
      ),
    );
  });

  test("only complete addresses are accepted, no short or octal notation of old C libraries", () => {
    for (const text of [
      ...["10", "10/8", "10.0/8", "010.0.0.1", "0x0a.0.0.1", "10.0.0.1/33", "10.0.0.1/-1"],
      ...[
        "10.0.0.1/",
        "10.0.0.256",
        "",
        " ",
        "/8",
        "host",
        "::1/129",
        "10.0.0.0/8/8",
        "10.0.0.0/8 ",
      ],
    ]) {
      expect(() => parseCidr(text)).toThrow();
    }
  });

  test("every address has one canonical form, and other text has none", () => {
    expect(plainAddress("::ffff:10.0.0.1")).toBe("10.0.0.1");
    expect(plainAddress("2001:DB8:0:0:0:0:0:1")).toBe("2001:db8::1");
    for (const text of ["", "unknown", "10.0.0.1:443", "[::1]", "_hidden"]) {
      expect(plainAddress(text)).toBeNull();
    }
  });
});
