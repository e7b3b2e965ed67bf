/** Loose modes and links in the data directory: what a server restricts, refuses and never follows. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Config, defaultConfig } from "../../src/config.ts";
import type { Log } from "../../src/lib/log.ts";
import { createLog } from "../../src/lib/log.ts";
import { startServer } from "../../src/server.ts";
import { LOCK_FILE, SERVER_FILE } from "../../src/store/lock.ts";
import { DATABASE_FILE, KEY_FILE } from "../../src/store/paths.ts";
import { temporaryDirectory } from "../support/directory.ts";

let directory: ReturnType<typeof temporaryDirectory>;
let data: string;
/** A file of another program, outside the data directory. */
let victim: string;
beforeEach(() => {
  directory = temporaryDirectory();
  data = join(directory.path, "data");
  victim = join(directory.path, "victim");
});
afterEach(() => directory[Symbol.dispose]());

const modeOf = (name: string) => statSync(join(data, name)).mode & 0o777;

/** Starts and stops a server; returns the warnings of its log. */
async function runServer(config: Partial<Config> = {}): Promise<unknown[][]> {
  const warnings: unknown[][] = [];
  const log = Object.assign(Object.create(createLog("silent")) as Log, {
    warn: (...line: unknown[]) => warnings.push(line),
  });
  const server = await startServer({ config: defaultConfig({ data, port: 0, ...config }), log });
  await server.stop();
  return warnings;
}

describe("a server", () => {
  test("restricts its directory, key and database if other users have access, with a line for each", async () => {
    expect(await runServer()).toEqual([]);
    const loose = [
      [".", 0o777, 0o700],
      [KEY_FILE, 0o644, 0o600],
      [DATABASE_FILE, 0o664, 0o600],
    ] as const;
    for (const [name, mode] of loose) chmodSync(join(data, name), mode);
    const warnings = await runServer();
    expect(warnings).toEqual(
      loose.map(([name, mode, now]) => [
        { path: join(data, name), mode: `0${mode.toString(8)}`, now: `0${now.toString(8)}` },
        expect.stringContaining("restricted the mode"),
      ]),
    );
    for (const [name, , now] of loose) expect([name, modeOf(name)]).toEqual([name, now]);
    expect(await runServer()).toEqual([]);
  });

  test.each([0o666, 0o644, 0o604, 0o620])(
    "refuses a TLS key with mode %o, and names the command that restricts it",
    async (mode) => {
      const key = join(directory.path, "tls.key");
      const fixtures = join(import.meta.dir, "../support/fixtures");
      writeFileSync(key, readFileSync(join(fixtures, "server.key")));
      chmodSync(key, mode);
      const tls = { tlsCert: join(fixtures, "server.crt"), tlsKey: key };
      expect(runServer(tls)).rejects.toThrow(`mode 0${mode.toString(8)}). Run chmod 0600 ${key}`);
      await runServer(tls).catch(() => {});
      expect(existsSync(data)).toBe(false);
      chmodSync(key, 0o640);
      expect(await runServer(tls)).toEqual([]);
    },
  );

  test("replaces a link in place of the key of a first start, and writes nothing through it", async () => {
    writeFileSync(victim, "theirs");
    mkdirSync(data, { mode: 0o700 });
    symlinkSync(victim, join(data, `${KEY_FILE}.new`));
    await runServer();
    expect(readFileSync(victim, "utf8")).toBe("theirs");
    expect(lstatSync(join(data, KEY_FILE)).isFile()).toBe(true);
  });

  test.each([LOCK_FILE, DATABASE_FILE])("does not start through a link named %s", async (name) => {
    await runServer();
    for (const each of readdirSync(data)) rmSync(join(data, each));
    symlinkSync(victim, join(data, name));
    const refused = await runServer().catch((error) => error);
    expect(refused).toBeInstanceOf(Error);
    expect(existsSync(victim)).toBe(false);
    writeFileSync(victim, "", { mode: 0o644 });
    if (name === LOCK_FILE) {
      expect(runServer()).rejects.toThrow("is a symbolic link");
      await runServer().catch(() => {});
    }
    expect(readFileSync(victim, "utf8")).toBe("");
    expect(statSync(victim).mode & 0o777).toBe(0o644);
  });

  test("writes its address into a new file, not through a link", async () => {
    await runServer();
    writeFileSync(victim, "theirs");
    symlinkSync(victim, join(data, SERVER_FILE));
    await runServer();
    expect(readFileSync(victim, "utf8")).toBe("theirs");
  });
});
