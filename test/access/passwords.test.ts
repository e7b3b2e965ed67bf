/** Passwords: how they are stored, and how much work on them is done at the same time. */
import { afterEach, describe, expect, spyOn, test } from "bun:test";
import { createPasswords, generatePassword, passwordIssue } from "../../src/access/passwords.ts";
import { LIMITS } from "../../src/config.ts";
import { systemRandom } from "../../src/lib/random.ts";

const spies: { mockRestore(): void }[] = [];
afterEach(() => {
  for (const spy of spies.splice(0)) spy.mockRestore();
});

test("passwords are stored as argon2id with 19 MiB, two passes and a salt", async () => {
  const passwords = createPasswords();
  const hash = await passwords.hash("correct horse battery");
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{43}\$[\w+/]{43}$/);
  expect(await passwords.hash("correct horse battery")).not.toBe(hash);
  expect(await passwords.verify("correct horse battery", hash)).toBe(true);
  expect(await passwords.verify("correct horse batterz", hash)).toBe(false);
});

test("a password without an account is checked against a hash of the same cost, and never matches", async () => {
  const verify = spyOn(Bun.password, "verify");
  spies.push(verify);
  const passwords = createPasswords();
  expect(await passwords.verify("correct horse battery", null)).toBe(false);
  const costOf = (hash: string) => hash.split("$").slice(0, 4).join("$");
  const hash = await passwords.hash("x");
  const placeholder = verify.mock.calls[0]![1] as string;
  expect(costOf(placeholder)).toBe(costOf(hash));
  expect(placeholder.length).toBe(hash.length);
});

describe("many passwords at the same time", () => {
  test("are hashed two at a time, in order, and refused when the queue is full", async () => {
    let running = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    const spy = spyOn(Bun.password, "hash").mockImplementation(async (password) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
      return password as string;
    });
    spies.push(spy);
    const passwords = createPasswords();
    const many = LIMITS.passwordsAtOnce + LIMITS.passwordsWaiting;
    const order: string[] = [];
    const taken = Array.from({ length: many }, async (_, i) => {
      order.push(await passwords.hash(String(i)));
    });
    const refused = await passwords.hash("one too many").catch((error) => error);
    expect(refused).toMatchObject({ failure: { kind: "password_queue_full" } });
    for (let i = 0; i < many; i += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      ends[i]!();
    }
    await Promise.all(taken);
    expect(most).toBe(LIMITS.passwordsAtOnce);
    expect(order).toEqual(Array.from({ length: many }, (_, i) => String(i)));
    const later = passwords.hash("later");
    await new Promise((resolve) => setImmediate(resolve));
    ends.at(-1)!();
    expect(await later).toBe("later");
  });

  test("a failure passes its slot on to the next", async () => {
    const passwords = createPasswords();
    const broken = Array.from({ length: 4 }, () => passwords.verify("x", "no hash"));
    for (const each of await Promise.allSettled(broken)) expect(each.status).toBe("rejected");
    expect(await passwords.verify("x", null)).toBe(false);
  });
});

test("generated passwords are long, differ, and are allowed", () => {
  const made = Array.from({ length: 100 }, () => generatePassword(systemRandom));
  expect(new Set(made).size).toBe(100);
  for (const password of made) {
    expect(password).toMatch(/^[A-Za-z0-9]{20}$/);
    expect(passwordIssue(password)).toBeNull();
  }
});
