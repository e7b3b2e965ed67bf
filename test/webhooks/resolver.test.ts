/** Names of receivers, resolved through a real nameserver on loopback. */
import { expect, test } from "bun:test";
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createPasswords } from "../../src/access/passwords.ts";
import { parseCidr } from "../../src/lib/ip.ts";
import { createEgress } from "../../src/webhooks/egress.ts";
import { createResolver } from "../../src/webhooks/resolver.ts";
import { temporaryDirectory } from "../support/directory.ts";
import { MESSAGE } from "../support/egress.ts";
import { type Record, startNameserver } from "../support/nameserver.ts";
import { startReceiver } from "../support/receiver.ts";
import { startWebhookWorld } from "../support/webhooks.ts";

const LOOPBACK = [parseCidr("127.0.0.0/8")];
const NO_FILE = "/nonexistent";
const FILES = { hostsFile: NO_FILE, configFile: NO_FILE };

const startNames = (names: { [name: string]: Record }) => startNameserver((name) => names[name]);

test("a name has its addresses of both families, also those of its canonical name", async () => {
  const addresses = ["192.0.2.1", "192.0.2.2", "2001:db8::1"];
  await using nameserver = await startNames({
    "hooks.test": { addresses },
    "alias.test": { cname: "hooks.test", addresses },
  });
  const resolve = createResolver({ ...FILES, nameservers: [nameserver.address] });
  expect(await resolve("hooks.test")).toEqual(addresses);
  expect(await resolve("alias.test")).toEqual(addresses);
  expect(await resolve("unknown.test")).toEqual([]);
});

test("a truncated response is asked for again by TCP, so that no address is missed", async () => {
  const addresses = Array.from({ length: 60 }, (_, i) => `192.0.2.${i}`);
  await using nameserver = await startNames({ "many.test": { addresses, truncated: true } });
  const resolve = createResolver({ ...FILES, nameservers: [nameserver.address] });
  expect((await resolve("many.test")).toSorted()).toEqual(addresses.toSorted());
  expect(nameserver.queries).toContain("tcp A many.test");
});

test("the next nameserver is asked when one does not answer", async () => {
  await using dead = await startNameserver(() => ({ silent: true }));
  await using nameserver = await startNames({ "hooks.test": { addresses: ["192.0.2.1"] } });
  const resolve = createResolver({
    ...FILES,
    nameservers: [dead.address, nameserver.address],
    limits: { tryMs: 100 },
  });
  expect(await resolve("hooks.test")).toEqual(["192.0.2.1"]);
  expect(dead.queries).toContain("udp A hooks.test");
});

test("a family that is never answered leaves the addresses of the other", async () => {
  await using nameserver = await startNames({
    "hooks.test": { addresses: ["192.0.2.1"], silent: "AAAA" },
  });
  for (const limits of [{ tryMs: 50 }, { totalMs: 50 }]) {
    const resolve = createResolver({ ...FILES, nameservers: [nameserver.address], limits });
    expect(await resolve("hooks.test")).toEqual(["192.0.2.1"]);
  }
});

test("search domains apply as in resolv.conf: after the name itself, or before it if it has fewer dots than ndots", async () => {
  using directory = temporaryDirectory();
  const configFile = join(directory.path, "resolv.conf");
  await using nameserver = await startNames({
    "hooks.two.test": { addresses: ["192.0.2.2"] },
    "a.b": { addresses: ["192.0.2.3"] },
    "a.b.one.test": { addresses: ["192.0.2.4"] },
  });
  const resolve = createResolver({
    hostsFile: NO_FILE,
    configFile,
    nameservers: [nameserver.address],
  });
  writeFileSync(configFile, "domain ignored.test\n# search no.test\nsearch one.test two.test.\n");
  expect(await resolve("hooks")).toEqual(["192.0.2.2"]);
  expect(await resolve("a.b")).toEqual(["192.0.2.3"]);
  writeFileSync(configFile, "search one.test two.test ; comment\noptions rotate ndots:2\n");
  expect(await resolve("a.b")).toEqual(["192.0.2.4"]);
});

test("the hosts file comes before DNS, and a change of it counts at once", async () => {
  using directory = temporaryDirectory();
  const hostsFile = join(directory.path, "hosts");
  await using nameserver = await startNames({ "receiver.test": { addresses: ["192.0.2.9"] } });
  const resolve = createResolver({ ...FILES, hostsFile, nameservers: [nameserver.address] });
  expect(await resolve("receiver.test")).toEqual(["192.0.2.9"]);
  writeFileSync(
    hostsFile,
    "127.0.0.7 other Receiver.test # 10.0.0.1 comment\nnonsense receiver.test\n::1\treceiver.test\n",
  );
  expect(await resolve("receiver.test")).toEqual(["127.0.0.7", "::1"]);
  expect(await resolve("other")).toEqual(["127.0.0.7"]);
  writeFileSync(hostsFile, "127.0.0.8 receiver.test");
  utimesSync(hostsFile, 1, 1);
  expect(await resolve("receiver.test")).toEqual(["127.0.0.8"]);
});

test("concurrent calls for a name share one lookup, and the number of lookups is bounded", async () => {
  await using nameserver = await startNameserver(() => ({ silent: true }));
  const resolve = createResolver({
    ...FILES,
    nameservers: [nameserver.address],
    limits: { atOnce: 2, tryMs: 60_000, totalMs: 60_000 },
  });
  const shared = Promise.all(Array.from({ length: 20 }, () => resolve("one.test")));
  const other = resolve("two.test");
  expect(await resolve("three.test").catch(String)).toContain("too many names");
  while (nameserver.queries.length < 4) await Bun.sleep(5);
  nameserver.release();
  expect((await shared).flat()).toEqual([]);
  expect(await other).toEqual([]);
  expect(nameserver.queries.filter((query) => query.endsWith("one.test"))).toHaveLength(2);
  expect(await resolve("three.test")).toEqual([]);
});

test.if(process.platform === "linux")("lookups that time out leave no descriptors", async () => {
  await using nameserver = await startNameserver(() => ({ silent: true }));
  const resolve = createResolver({
    ...FILES,
    nameservers: [nameserver.address],
    limits: { tryMs: 20 },
  });
  const countDescriptors = () => readdirSync("/proc/self/fd").length;
  const before = countDescriptors();
  for (let round = 0; round < 2; round += 1) {
    await Promise.all(Array.from({ length: 60 }, (_, i) => resolve(`dead-${i}.test`)));
  }
  expect(countDescriptors()).toBeLessThan(before + 10);
});

test("an international name reaches its receiver, and every resolved address is checked", async () => {
  await using receiver = await startReceiver();
  await using nameserver = await startNames({
    "xn--bcher-kva.test": { addresses: ["127.0.0.1"] },
    "rebound.test": { addresses: ["169.254.169.254"] },
    "mixed.test": { addresses: ["169.254.169.254", "127.0.0.1"] },
  });
  const resolve = createResolver({ ...FILES, nameservers: [nameserver.address] });
  const egress = createEgress({ allow: LOOPBACK, resolve });
  const post = (host: string) => egress.post(`http://${host}:${receiver.port}/`, MESSAGE);
  expect(await post("bücher.test")).toMatchObject({ statusCode: 200 });
  expect(await post("localhost")).toMatchObject({ statusCode: 200 });
  expect(await post("mixed.test")).toMatchObject({ statusCode: 200 });
  expect((await post("rebound.test")).error).toContain("169.254.169.254");
  expect(receiver.requests).toHaveLength(3);
});

test("while names of 40 subscriptions are never answered, sign-in and a healthy subscription go on", async () => {
  await using receiver = await startReceiver();
  await using nameserver = await startNameserver((name) =>
    name === "healthy.test" ? { addresses: ["127.0.0.1"] } : { silent: true },
  );
  const passwords = createPasswords();
  const hash = await passwords.hash("correct horse battery");
  const minute = 60_000;
  const resolve = createResolver({
    ...FILES,
    nameservers: [nameserver.address],
    limits: { tryMs: minute, totalMs: minute },
  });
  const egress = createEgress({
    allow: LOOPBACK,
    resolve,
    limits: { connectMs: minute, totalMs: minute },
  });
  await using world = startWebhookWorld({ egress });
  const subscribe = (host: string) => world.subscribe(`http://${host}:${receiver.port}/`);
  const dead = await Promise.all(Array.from({ length: 40 }, (_, i) => subscribe(`dead-${i}.test`)));
  const healthy = await subscribe("healthy.test");
  for (let i = 0; i < 20; i += 1) await world.emit();
  await receiver.received(20);
  expect(await passwords.verify("correct horse battery", hash)).toBe(true);
  expect(await Bun.file(import.meta.path).text()).toContain("while names of 40");
  const deadNames = new Set(nameserver.queries.filter((query) => query.includes("A dead-")));
  expect(deadNames.size).toBe(80);
  expect(
    dead.every(({ id }) => world.deliveries(id).every((one) => one.attempts.length === 0)),
  ).toBe(true);
  nameserver.release();
  await world.pass(0);
  expect(world.deliveries(healthy.id).every(({ status }) => status === "succeeded")).toBe(true);
  expect(world.deliveries(dead[0]!.id)[0]!.attempts[0]!.error).toBe(
    "no address was found for dead-0.test",
  );
});
